/* Logging in, and what a token looks like.  Its limits over HTTP: test/unit/api/test_auth.c. */
#include "rows.h"

#include "no_memory.h"

#include <crypt.h>

#include "base/sb.h"
#include "people/session.h"
#include "sql.h"

/* Somebody who may log in with "correct horse". */
static const char *
somebody(const char *email)
{
	const char *hash;

	assert_int_equal(crypt_password_hash(&cx, "correct horse", &hash), RC_OK);
	return sql("INSERT INTO users (name, email, password) VALUES ('S', '%s', '%s')"
		   " RETURNING id::text AS v",
	    email, hash);
}

/* Each try is a request of its own, with an error of its own. */
static enum rc
login(const char *email, const char *password)
{
	struct session s;

	cx.err = (struct err){ 0 };
	return session_login(&cx, email, password, &s);
}

static void
tokens_are_taken_apart(void **state)
{
	static const char secret[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH";
	static const char *const bad[] = { "", "|", "1", "1|", "1|short", "x|%s", "0|%s", "-1|%s",
		"+1|%s", " 1|%s", "1 |%s", "1%s", "99999999999999999999|%s" };
	struct token t;

	(void)state;
	assert_true(session_token(&cx, arena_printf(cx.mem, "17|%s", secret), &t));
	assert_int_equal(t.id, 17);
	assert_string_equal(t.hash, crypt_sha256_hex(&cx, secret));
	assert_true(session_token(&cx, arena_printf(cx.mem, "1|%s", secret), &t));
	assert_true(session_token(&cx, arena_printf(cx.mem, "9|%s", secret), &t));
	assert_int_equal(t.id, 9);
	assert_true(session_token(&cx, arena_printf(cx.mem, "1|%.40s", secret), &t));
	assert_false(session_token(&cx, arena_printf(cx.mem, "1|%.39s", secret), &t));
	for (size_t i = 0; i < countof(bad); i++) {
		struct sb text = sb_new(cx.mem);
		size_t n = strcspn(bad[i], "%");

		sb_add(&text, bad[i], n);
		sb_puts(&text, bad[i][n] != '\0' ? secret : "");
		if (session_token(&cx, text.buf, &t))
			fail_msg("%s", text.buf);
	}
}

static void
secrets_are_long_and_never_twice(void **state)
{
	const char *hash, *other_hash, *secret = session_secret(&cx, &hash);

	(void)state;
	assert_true(strlen(secret) >= 40);
	assert_string_equal(hash, crypt_sha256_hex(&cx, secret));
	assert_string_not_equal(secret, session_secret(&cx, &other_hash));
	assert_string_not_equal(hash, other_hash);
}

static void
a_password_gives_a_token(void **state)
{
	const char *id = somebody("ani@example.net");
	struct session s;
	struct token t;

	(void)state;
	assert_int_equal(session_login(&cx, "ANI@example.net", "correct horse", &s), RC_OK);
	assert_string_equal(s.user_id, id);
	assert_true(session_token(&cx, s.token, &t));
	assert_string_equal(sql("SELECT token AS v FROM personal_access_tokens WHERE id = %lld",
				(long long)t.id),
	    t.hash);
	assert_string_equal(cx.actor.name, "ANI@example.net");
}

/* One answer for both, so that nobody learns who has an account; the audit log knows. */
static void
wrong_password_and_wrong_person_are_one(void **state)
{
	const char *msg;

	(void)state;
	(void)somebody("ani@example.net");
	assert_int_equal(login("ani@example.net", "wrong"), RC_INVALID);
	assert_string_equal(cx.err.fields->field, "email");
	msg = arena_strdup(cx.mem, cx.err.msg);
	assert_int_equal(login("nobody@example.net", "wrong"), RC_INVALID);
	assert_string_equal(cx.err.msg, msg);
	/* Not even with the password behind the hash that an unknown person is held against. */
	assert_int_equal(login("nobody@example.net", ""), RC_INVALID);
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM audit_logs"
				 " WHERE action = 'login_failed' AND created_at = now()"),
	    3);
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM personal_access_tokens"), 0);
}

static void
a_deactivated_user_is_refused_after_the_password(void **state)
{
	const char *id = somebody("ani@example.net");
	struct session s;

	(void)state;
	(void)sql("UPDATE users SET is_active = false WHERE id = '%s'", id);
	assert_int_equal(login("ani@example.net", "wrong"), RC_INVALID);
	assert_null(strstr(cx.err.msg, "deactivated"));
	assert_int_equal(login("ani@example.net", "correct horse"), RC_INVALID);
	assert_non_null(strstr(cx.err.msg, "deactivated"));
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM audit_logs"
				 " WHERE subject_id = '%s' AND meta->>'reason' = 'deactivated'",
			     id),
	    1);
	assert_int_equal(session_open(&cx, id, &s), RC_INVALID);
}

static void
five_failures_a_minute(void **state)
{
	(void)state;
	(void)somebody("ani@example.net");
	for (int i = 0; i < 5; i++)
		assert_int_equal(login("ani@example.net", "wrong"), RC_INVALID);
	assert_int_equal(login("ani@example.net", "correct horse"), RC_THROTTLED);
	assert_in_range(cx.err.retry_after, 1, 60);
	(void)sql("UPDATE throttles SET since = since - interval '61 seconds'");
	assert_int_equal(login("ani@example.net", "correct horse"), RC_OK);
}

/* Laravel's bcrypt is taken over, and gone after the first login. */
static void
an_imported_hash_is_renewed(void **state)
{
	struct crypt_data work = { 0 };
	const char *bcrypt, *now;

	(void)state;
	bcrypt = crypt_r("correct horse", "$2y$04$abcdefghijklmnopqrstuu", &work);
	(void)sql("INSERT INTO users (name, email, password) VALUES ('S', 'old@example.net', '%s')",
	    bcrypt);
	assert_int_equal(login("old@example.net", "wrong"), RC_INVALID);
	assert_string_equal(sql("SELECT password AS v FROM users"), bcrypt);
	assert_int_equal(login("old@example.net", "correct horse"), RC_OK);
	now = sql("SELECT password AS v FROM users");
	assert_int_equal(strncmp(now, "$argon2id$", 10), 0);
	assert_true(crypt_password_verify(now, "correct horse"));
	assert_int_equal(login("old@example.net", "correct horse"), RC_OK);
	assert_string_equal(sql("SELECT password AS v FROM users"), now);
}

/* The log-in of a full machine is tried again: the old hash stays, and no half-made one is kept. */
static void
a_hash_that_cannot_be_renewed_stays(void **state)
{
	struct crypt_data work = { 0 };
	const char *bcrypt = crypt_r("correct horse", "$2y$04$abcdefghijklmnopqrstuu", &work);

	(void)state;
	(void)sql("INSERT INTO users (name, email, password) VALUES ('S', 'old@example.net', '%s')",
	    bcrypt);
	is_out_of_memory = true;
	assert_int_equal(login("old@example.net", "correct horse"), RC_RETRY);
	is_out_of_memory = false;
	assert_string_equal(sql("SELECT password AS v FROM users"), bcrypt);
}

/* An admin's reset during the login stands: the hash that was verified is renewed, no other, and
 * nobody else's. */
static void
only_the_verified_hash_is_renewed(void **state)
{
	const char *ani = somebody("ani@example.net"),
		   *was = sql("SELECT password AS v FROM users");
	struct db_rows *rows;

	(void)state;
	(void)sql(
	    "INSERT INTO users (name, email, password) SELECT 'B', 'budi@example.net', password"
	    " FROM users");
	assert_int_equal(db_rows(&cx, &SQL_user_rehash, &rows, V_TEXT(ani), V_TEXT("another"),
			     V_TEXT("new")),
	    RC_OK);
	assert_int_equal(db_count(rows), 0);
	assert_int_equal(db_rows(&cx, &SQL_user_rehash, &rows, V_TEXT(ani), V_TEXT(was),
			     V_TEXT("new")),
	    RC_OK);
	assert_int_equal(db_count(rows), 1);
	assert_string_equal(sql("SELECT string_agg(name, ' ') AS v FROM users"
				" WHERE password = 'new'"),
	    "S");
}

static void
only_the_actor_confirms(void **state)
{
	const char *hash;

	(void)state;
	cx.actor.id = somebody("ani@example.net");
	assert_int_equal(session_confirm(&cx, "correct horse", &hash), RC_OK);
	assert_string_equal(hash, sql("SELECT password AS v FROM users"));
	assert_int_equal(session_confirm(&cx, "wrong", &hash), RC_INVALID);
	assert_string_equal(cx.err.fields->field, "current_password");
	cx.actor.id = crypt_uuid(&cx); /* deleted meanwhile */
	assert_int_equal(session_confirm(&cx, "correct horse", &hash), RC_INVALID);
}

/*
 * A table that cannot be read is our fault and not a wrong password: each statement of a login,
 * and of a password that is confirmed.
 */
static void
a_database_that_fails_is_no_wrong_password(void **state)
{
	static const char *const gone[][2] = {
		{ "throttles", "wrong" },
		{ "users", "wrong" },
		{ "audit_logs", "wrong" },
		{ "personal_access_tokens", "correct horse" },
	};

	const char *hash, *id = somebody("ani@example.net");

	(void)state;
	for (size_t i = 0; i < countof(gone); i++) {
		(void)sql("SAVEPOINT whole");
		(void)sql("ALTER TABLE %s RENAME TO elsewhere", gone[i][0]);
		assert_int_equal(login("ani@example.net", gone[i][1]), RC_INTERNAL);
		(void)sql("ROLLBACK TO SAVEPOINT whole");
		if (strcmp(gone[i][1], "wrong") != 0)
			continue;
		cx.actor = (struct actor){ .id = id, .name = "ani@example.net" };
		(void)sql("ALTER TABLE %s RENAME TO elsewhere", gone[i][0]);
		assert_int_equal(session_confirm(&cx, "wrong", &hash), RC_INTERNAL);
		(void)sql("ROLLBACK TO SAVEPOINT whole");
	}
	assert_int_equal(login("ani@example.net", "correct horse"), RC_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(tokens_are_taken_apart),
		ROWS_TEST(secrets_are_long_and_never_twice),
		ROWS_TEST(a_password_gives_a_token),
		ROWS_TEST(wrong_password_and_wrong_person_are_one),
		ROWS_TEST(a_deactivated_user_is_refused_after_the_password),
		ROWS_TEST(five_failures_a_minute),
		ROWS_TEST(an_imported_hash_is_renewed),
		ROWS_TEST(a_hash_that_cannot_be_renewed_stays),
		ROWS_TEST(only_the_verified_hash_is_renewed),
		ROWS_TEST(only_the_actor_confirms),
		ROWS_TEST(a_database_that_fails_is_no_wrong_password),
	};

	return cmocka_run_group_tests_name("session", tests, rows_open, rows_close);
}
