/* test_register.c: the first user, and a password that was forgotten, as auth.c answers them; their
 * rows: test/sql/session.sql and test/unit/people/test_user.c. */
#include "rows.h"

#include <cJSON.h>

#include "api/api.h"
#include "base/conf.h"
#include "people/session.h"

static struct resp rs;

static enum rc
post(enum rc (*handler)(struct ctx *, const struct req *, struct resp *), const char *body)
{
	const struct req rq = { .method = "POST",
		.query = "",
		.body = body,
		.body_len = strlen(body),
		.content_type = "application/json" };

	rs = (struct resp){ .body = sb_new(cx.mem) };
	cx.err = (struct err){ 0 };
	return handler(&cx, &rq, &rs);
}

#define ANI                                                                                        \
	"{\"name\":\"Ani\",\"email\":\"Ani@example.net\",\"password\":\"correct horse\","          \
	"\"password_confirmation\":\"%s\",\"setup_token\":\"%s\"}"

static const char *
ani(const char *again, const char *setup)
{
	return arena_printf(cx.mem, ANI, again, setup);
}

static void
the_first_user_gets_a_session(void **state)
{
	struct conf cf = { 0 };
	struct token token;
	const char *at;

	(void)state;
	for (int i = 0; i < CONF__MAX; i++)
		cf.val[i] = "";
	cf.val[CONF_APP_ENV] = "local";
	cx.conf = &cf;
	assert_int_equal(post(auth_register, ani("battery staple", "")), RC_INVALID);
	assert_string_equal(cx.err.fields->field, "password");
	assert_string_equal(cx.err.fields->code, "{\"code\":\"confirmation\"}");
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM users"), 0);
	assert_int_equal(post(auth_register, ani("correct horse", "")), RC_OK);
	assert_int_equal(rs.status, 201);
	assert_non_null(strstr(rs.body.buf, "\"email\":\"ani@example.net\""));
	assert_null(strstr(rs.body.buf, "argon2id"));
	at = strstr(rs.body.buf, "\"token\":\"");
	assert_non_null(at);
	assert_true(session_token(&cx,
	    arena_printf(cx.mem, "%.*s", (int)strcspn(at + 9, "\""), at + 9), &token));
	assert_string_equal(sql("SELECT token AS v FROM personal_access_tokens"), token.hash);
	assert_string_equal(cx.actor.name, "ani@example.net");
	assert_string_equal(sql("SELECT DISTINCT actor AS v FROM audit_logs"
				" WHERE created_at = now()"),
	    "ani@example.net");
	assert_int_equal(post(auth_register, ani("correct horse", "")), RC_DENIED);
}

/* Somebody deactivates the first user before the session opens: no token is shown that opens
 * nothing. */
static void
a_first_user_without_a_session_is_refused(void **state)
{
	struct conf cf = { 0 };

	(void)state;
	for (int i = 0; i < CONF__MAX; i++)
		cf.val[i] = "";
	cf.val[CONF_APP_ENV] = "local";
	cx.conf = &cf;
	(void)sql("CREATE FUNCTION unit_off() RETURNS trigger LANGUAGE plpgsql AS"
		  " $$ BEGIN NEW.is_active := false; RETURN NEW; END $$");
	(void)sql("CREATE TRIGGER unit_off BEFORE INSERT ON users FOR EACH ROW"
		  " EXECUTE FUNCTION unit_off()");
	assert_int_equal(post(auth_register, ani("correct horse", "")), RC_INVALID);
	assert_string_equal(cx.err.fields->msg, "Your account has been deactivated.");
	assert_int_equal(rs.body.len, 0);
}

/* In production, and where nobody says which it is, the setup token is asked for. */
static void
production_asks_for_the_setup_token(void **state)
{
	struct conf cf = { 0 };

	(void)state;
	for (int i = 0; i < CONF__MAX; i++)
		cf.val[i] = "";
	cf.val[CONF_APP_ENV] = "production";
	(void)sql("UPDATE settings SET setup_token = '%s'", crypt_sha256_hex(&cx, "let me in"));
	cx.conf = NULL;
	assert_int_equal(post(auth_register, ani("correct horse", "let me")), RC_INVALID);
	assert_string_equal(cx.err.fields->field, "setup_token");
	cx.conf = &cf;
	assert_int_equal(post(auth_register, ani("correct horse", "let me")), RC_INVALID);
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM users"), 0);
	assert_int_equal(post(auth_register, ani("correct horse", "let me in")), RC_OK);
}

/* The answer is one for all, so that nobody learns who has an account. */
static void
a_forgotten_password_is_set_anew(void **state)
{
	const char *sent, *id, *token;

	(void)state;
	(void)sql("INSERT INTO users (name, email, password) VALUES ('A', 'ani@example.net', 'x')");
	assert_int_equal(post(auth_forgot, "{\"email\":\"nobody@example.net\"}"), RC_OK);
	sent = arena_strdup(cx.mem, rs.body.buf);
	assert_int_equal(post(auth_forgot, "{\"email\":\"Ani@example.net\"}"), RC_OK);
	assert_int_equal(rs.status, 202);
	assert_string_equal(rs.body.buf, sent);
	id = sql("SELECT id::text AS v FROM message_outbox WHERE event = 'password_reset'"
		 " AND created_at = now()");
	assert_int_equal(crypt_unseal(&cx, arena_printf(cx.mem, "message_outbox:%s:secret", id),
			     sql("SELECT secret AS v FROM message_outbox WHERE id = '%s'", id),
			     &token),
	    RC_OK);
	assert_int_equal(post(auth_reset, arena_printf(cx.mem,
					      "{\"email\":\"ani@example.net\",\"token\":\"%s\","
					      "\"password\":\"battery staple\","
					      "\"password_confirmation\":\"battery stable\"}",
					      token)),
	    RC_INVALID);
	assert_int_equal(post(auth_reset, arena_printf(cx.mem,
					      "{\"email\":\"ani@example.net\",\"token\":\"%s\","
					      "\"password\":\"battery staple\","
					      "\"password_confirmation\":\"battery staple\"}",
					      token)),
	    RC_OK);
	assert_int_equal(rs.status, 200);
	assert_true(
	    crypt_password_verify(sql("SELECT password AS v FROM users"), "battery staple"));
	assert_int_equal(post(auth_forgot, "{\"email\":\"x\"}"), RC_INVALID);
	assert_int_equal(post(auth_reset, "{\"email\":\"ani@example.net\"}"), RC_INVALID);
}

/* A password that could not be stored is not the new one, and the answer does not say so. */
static void
a_password_that_is_not_stored_is_an_error(void **state)
{
	const char *hash;

	(void)state;
	assert_int_equal(crypt_password_hash(&cx, "correct horse", &hash), RC_OK);
	cx.actor.id = sql("INSERT INTO users (name, email, password)"
			  " VALUES ('A', 'ani@example.net', '%s') RETURNING id::text AS v",
	    hash);
	(void)sql("CREATE FUNCTION unit_refuse() RETURNS trigger LANGUAGE plpgsql AS"
		  " $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$");
	(void)sql("CREATE TRIGGER unit_refuse BEFORE UPDATE ON users FOR EACH ROW"
		  " EXECUTE FUNCTION unit_refuse()");
	assert_int_equal(post(auth_password, "{\"current_password\":\"correct horse\","
					     "\"password\":\"battery staple\","
					     "\"password_confirmation\":\"battery staple\"}"),
	    RC_INTERNAL);
	assert_int_equal(rs.body.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(the_first_user_gets_a_session),
		ROWS_TEST(a_first_user_without_a_session_is_refused),
		ROWS_TEST(production_asks_for_the_setup_token),
		ROWS_TEST(a_forgotten_password_is_set_anew),
		ROWS_TEST(a_password_that_is_not_stored_is_an_error),
	};

	return cmocka_run_group_tests_name("register", tests, rows_open, rows_close);
}
