/* People who may log in: what becomes of their passwords, and who is the first of them. */
#include "rows.h"

#include "no_memory.h"

#include <cJSON.h>

#include "base/conf.h"
#include "people/user.h"

static void
forget(void *json)
{
	cJSON_Delete(json);
}

static struct cJSON *
input(const char *text)
{
	struct cJSON *in = cJSON_Parse(text);

	assert_non_null(in);
	arena_defer(cx.mem, forget, in);
	return in;
}

static const char *
hash_of(const char *id)
{
	return sql("SELECT password AS v FROM users WHERE id = '%s'", id);
}

#define ANI "{\"name\":\"Ani\",\"email\":\"Ani@example.net\",\"password\":\"correct horse\"}"

static void
a_password_is_kept_as_a_hash(void **state)
{
	const char *id;

	(void)state;
	assert_int_equal(user_add(&cx, input(ANI), &id), RC_OK);
	assert_int_equal(strncmp(hash_of(id), "$argon2id$", 10), 0);
	assert_true(crypt_password_verify(hash_of(id), "correct horse"));
	assert_string_equal(sql("SELECT email || ' ' || role AS v FROM users"),
	    "ani@example.net operator");
	assert_null(sql("SELECT meta::text AS v FROM audit_logs"
			" WHERE meta::text LIKE '%%horse%%' OR meta::text LIKE '%%argon%%'"));
	assert_int_equal(user_add(&cx, input(ANI), &id), RC_INVALID);
	assert_string_equal(cx.err.fields->field, "email");
}

static void
other_changes_leave_password_and_sessions(void **state)
{
	const char *id, *hash;

	(void)state;
	assert_int_equal(user_add(&cx, input(ANI), &id), RC_OK);
	hash = hash_of(id);
	(void)sql("INSERT INTO personal_access_tokens (user_id, name, token, abilities)"
		  " VALUES ('%s', 't', repeat('a', 64), '{read}')",
	    id);
	assert_int_equal(user_set(&cx, id, input("{\"name\":\"Budi\",\"role\":\"viewer\"}")),
	    RC_OK);
	assert_string_equal(sql("SELECT name || ' ' || role AS v FROM users"), "Budi viewer");
	assert_string_equal(hash_of(id), hash);
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM personal_access_tokens"), 1);
	assert_int_equal(user_set(&cx, crypt_uuid(&cx), input("{\"name\":\"X\"}")), RC_NOT_FOUND);
}

/* All but the one it was given by. */
static void
a_new_password_ends_the_sessions(void **state)
{
	const char *id;

	(void)state;
	assert_int_equal(user_add(&cx, input(ANI), &id), RC_OK);
	cx.actor.token_id =
	    sql_i64("INSERT INTO personal_access_tokens (user_id, name, token, abilities)"
		    " SELECT '%s', 't', repeat(n::text, 64), '{read}' FROM generate_series(1, 3) n"
		    " RETURNING id::text AS v",
		id);
	assert_int_equal(user_set(&cx, id, input("{\"password\":\"battery staple\"}")), RC_OK);
	assert_true(crypt_password_verify(hash_of(id), "battery staple"));
	assert_int_equal(sql_i64("SELECT min(id)::text AS v FROM personal_access_tokens"
				 " HAVING count(*) = 1"),
	    cx.actor.token_id);
}

static void
the_first_one_is_admin_and_the_only_one(void **state)
{
	const char *id;

	(void)state;
	assert_int_equal(user_register(&cx,
			     input("{\"name\":\"A\",\"email\":\"a@example.net\","
				   "\"password\":\"correct horse\",\"role\":\"viewer\"}"),
			     false, &id),
	    RC_OK);
	assert_string_equal(sql("SELECT role AS v FROM users"), "admin");
	assert_true(crypt_password_verify(hash_of(id), "correct horse"));
	assert_int_equal(user_register(&cx, input(ANI), false, &id), RC_DENIED);
}

static void
a_guarded_system_wants_its_setup_token(void **state)
{
	const char *id;

	(void)state;
	(void)sql("UPDATE settings SET setup_token = '%s'", crypt_sha256_hex(&cx, "let me in"));
	assert_int_equal(user_register(&cx, input(ANI), true, &id), RC_INVALID);
	assert_string_equal(cx.err.fields->field, "setup_token");
}

static void
with_the_setup_token_once(void **state)
{
	const char *id;

	(void)state;
	(void)sql("UPDATE settings SET setup_token = '%s'", crypt_sha256_hex(&cx, "let me in"));
	assert_int_equal(user_register(&cx,
			     input("{\"name\":\"A\",\"email\":\"a@example.net\","
				   "\"password\":\"correct horse\",\"setup_token\":\"let me in\"}"),
			     true, &id),
	    RC_OK);
	assert_null(sql("SELECT setup_token AS v FROM settings"));
}

/* Nothing is a setup token where none was printed, and no token is none. */
static void
a_setup_token_must_have_been_printed(void **state)
{
	const char *id;

	(void)state;
	assert_int_equal(user_register(&cx, input(ANI), true, &id), RC_INVALID);
	assert_int_equal(user_register(&cx,
			     input("{\"name\":\"A\",\"email\":\"a@example.net\","
				   "\"password\":\"correct horse\",\"setup_token\":\"\"}"),
			     true, &id),
	    RC_INVALID);
	assert_string_equal(cx.err.fields->code, "{\"code\":\"wrong\"}");
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM users"), 0);
	assert_int_equal(user_may_register(&cx), RC_OK);
}

/* The token of the newest mail to that address. */
static const char *
mailed_token(void)
{
	const char *id = sql("SELECT id::text AS v FROM message_outbox WHERE created_at = now()"
			     " AND event = 'password_reset' ORDER BY id DESC"),
		   *token;

	assert_non_null(id);
	assert_int_equal(crypt_unseal(&cx, arena_printf(cx.mem, "message_outbox:%s:secret", id),
			     sql("SELECT secret AS v FROM message_outbox WHERE id = '%s'", id),
			     &token),
	    RC_OK);
	return token;
}

static void
a_mailed_token_sets_a_new_password_once(void **state)
{
	const char *id, *token;

	(void)state;
	assert_int_equal(user_add(&cx, input(ANI), &id), RC_OK);
	assert_int_equal(user_forgot_password(&cx, "ani@example.net"), RC_OK);
	token = mailed_token();
	assert_string_equal(sql("SELECT token AS v FROM password_reset_tokens"),
	    crypt_sha256_hex(&cx, token));
	assert_int_equal(user_reset_password(&cx, "ani@example.net", "guess", "battery staple"),
	    RC_INVALID);
	assert_string_equal(cx.err.fields->field, "token");
	assert_string_equal(cx.err.fields->code, "{\"code\":\"expired\"}");
	assert_true(crypt_password_verify(hash_of(id), "correct horse"));
	cx.err = (struct err){ 0 };
	assert_int_equal(user_reset_password(&cx, "Ani@example.net", token, "battery staple"),
	    RC_OK);
	assert_true(crypt_password_verify(hash_of(id), "battery staple"));
	assert_string_equal(sql("SELECT actor AS v FROM audit_logs WHERE action = 'password_reset'"
				" AND created_at = now()"),
	    "Ani@example.net");
	assert_int_equal(user_reset_password(&cx, "ani@example.net", token, "correct horse"),
	    RC_INVALID);
}

/* Without its hash a password is neither set nor stored, and a mailed token is there for the next
 * try. */
static void
a_password_without_a_hash_is_not_set(void **state)
{
	const char *id, *token;

	(void)state;
	is_out_of_memory = true;
	assert_int_equal(user_add(&cx, input(ANI), &id), RC_RETRY);
	is_out_of_memory = false;
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM users"), 0);
	assert_int_equal(user_add(&cx, input(ANI), &id), RC_OK);
	assert_int_equal(user_forgot_password(&cx, "ani@example.net"), RC_OK);
	token = mailed_token();
	is_out_of_memory = true;
	assert_int_equal(user_reset_password(&cx, "ani@example.net", token, "new words"), RC_RETRY);
	is_out_of_memory = false;
	assert_int_equal(user_reset_password(&cx, "ani@example.net", token, "new words"), RC_OK);
}

/* Guesses of a token are counted as log-ins are. */
static void
guesses_of_a_mailed_token_are_throttled(void **state)
{
	const char *id;

	(void)state;
	assert_int_equal(user_add(&cx, input(ANI), &id), RC_OK);
	assert_int_equal(user_forgot_password(&cx, "ani@example.net"), RC_OK);
	for (int i = 0; i < 5; i++)
		assert_int_equal(user_reset_password(&cx, "ani@example.net", "guess", "new words"),
		    RC_INVALID);
	cx.err = (struct err){ 0 };
	assert_int_equal(user_reset_password(&cx, "ani@example.net", mailed_token(), "new words"),
	    RC_THROTTLED);
}

/* A table that cannot be read is no wrong token. */
static void
a_database_that_fails_is_no_wrong_token(void **state)
{
	static const char *const gone[] = { "throttles", "password_reset_tokens", "users" };
	const char *id;

	(void)state;
	assert_int_equal(user_add(&cx, input(ANI), &id), RC_OK);
	for (size_t i = 0; i < countof(gone); i++) {
		(void)sql("SAVEPOINT whole");
		(void)sql("ALTER TABLE %s RENAME TO elsewhere", gone[i]);
		cx.err = (struct err){ 0 };
		assert_int_equal(user_reset_password(&cx, "ani@example.net", "t", "new words"),
		    RC_INTERNAL);
		(void)sql("ROLLBACK TO SAVEPOINT whole");
	}
	(void)sql("ALTER TABLE users RENAME TO elsewhere");
	assert_int_equal(user_register(&cx, input(ANI), false, &id), RC_INTERNAL);
}

static void
the_password_of_development_is_known(void **state)
{
	struct conf cf = { 0 };
	const char *id, *email;

	(void)state;
	assert_int_equal(user_add(&cx, input(ANI), &id), RC_OK);
	cf.val[CONF_APP_ENV] = "production";
	assert_int_equal(user_with_known_password(&cx, &cf, &email), RC_OK);
	assert_null(email);
	/* As in sql/seed/dev_admin.sql: admin123. */
	(void)sql("UPDATE users SET password = '$argon2id$v=19$m=65536,t=2,p=1$"
		  "ktsSf+YRh+LG51oBaLjkRw$KwGjowqtdrZiu+DBX3ZpwqRb2RAkkj9pATIeCIFuKsY'");
	assert_int_equal(user_with_known_password(&cx, &cf, &email), RC_OK);
	assert_string_equal(email, "ani@example.net");
	cf.val[CONF_APP_ENV] = "local";
	assert_int_equal(user_with_known_password(&cx, &cf, &email), RC_OK);
	assert_null(email);
	/* A database that cannot be asked is no good news. */
	cf.val[CONF_APP_ENV] = "production";
	(void)sql("ALTER TABLE users RENAME TO elsewhere");
	assert_int_equal(user_with_known_password(&cx, &cf, &email), RC_INTERNAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(a_password_is_kept_as_a_hash),
		ROWS_TEST(other_changes_leave_password_and_sessions),
		ROWS_TEST(a_new_password_ends_the_sessions),
		ROWS_TEST(the_first_one_is_admin_and_the_only_one),
		ROWS_TEST(a_guarded_system_wants_its_setup_token),
		ROWS_TEST(with_the_setup_token_once),
		ROWS_TEST(a_setup_token_must_have_been_printed),
		ROWS_TEST(a_mailed_token_sets_a_new_password_once),
		ROWS_TEST(a_password_without_a_hash_is_not_set),
		ROWS_TEST(guesses_of_a_mailed_token_are_throttled),
		ROWS_TEST(a_database_that_fails_is_no_wrong_token),
		ROWS_TEST(the_password_of_development_is_known),
	};

	return cmocka_run_group_tests_name("user", tests, rows_open, rows_close);
}
