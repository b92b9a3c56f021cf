/* Logins, limits of their tries, rights of their tokens: auth.c and user.c. */
#include <libpq-fe.h>

#include "ask.h"

#include "no_memory.h"

/* A user with a real password; the e-mail is new. */
static const char *
somebody(const char *role, const char *password)
{
	const char *email = FMT("%s@example.net", crypt_token(&ask.cx, 10));
	struct answer a = want(201, "POST", "/api/users",
	    FMT("{\"name\":\"S\",\"email\":\"%s\",\"password\":\"%s\",\"role\":\"%s\"}", email,
		password, role));

	assert_null(strstr(a.body, "password"));
	return email;
}

static const char *
login_body(const char *email, const char *password)
{
	return FMT("{\"email\":\"%s\",\"password\":\"%s\"}", email, password);
}

/* Each test comes from an address of its own, so that their failures do not add up. */
static void
from(const char *ip)
{
	ask.cx.ip = ip;
}

static void
login_gives_user_and_token(void **state)
{
	const char *email = somebody("operator", "correct horse 1");
	struct answer a;

	(void)state;
	from("10.0.0.1");
	/* A token that is no longer good must not stand in the way. */
	a = ask_as("999|nonsense", "POST", "/api/auth/login", login_body(email, "correct horse 1"));
	assert_int_equal(a.status, 200);
	assert_string_equal(text(&(struct answer){ .json = cJSON_GetObjectItem(a.json, "user") },
				"role"),
	    "operator");
	ask.token = text(&a, "token");
	assert_true(strlen(strchr(ask.token, '|')) > 40);
	a = want(200, "GET", "/api/me", NULL);
	assert_true(strcasecmp(text(&a, "email"), email) == 0);
	a = want(200, "GET", "/api/auth/user", NULL);
	assert_non_null(cJSON_GetObjectItem(a.json, "user"));
	(void)want(200, "POST", "/api/logout", NULL);
	a = want(401, "GET", "/api/me", NULL);
	assert_string_equal(a.body,
	    "{\"message\":\"Unauthenticated.\",\"code\":\"unauthenticated\"}");
}

/* As the owner: time does not pass in a test, nothing is imported, few logins are made. */
static void
set(const char *table, const char *what, const char *where)
{
	PGconn *db = PQconnectdb(getenv("TEST_DB"));
	PGresult *res = PQexec(db, FMT("UPDATE %s SET %s WHERE %s", table, what, where));

	assert_string_equal(PQcmdTuples(res), "1");
	PQclear(res);
	PQfinish(db);
}

/* Let these attempts be of one minute, however long the hashes of their passwords take. */
static void
within_a_minute(const char *key)
{
	set("throttles", "since = since + interval '1 hour'", FMT("key = lower('%s')", key));
}

static void
failures_are_throttled_by_person_and_address(void **state)
{
	const char *email = somebody("viewer", "correct horse 1");
	struct answer a;

	(void)state;
	from("10.0.0.2");
	ask.token = NULL;
	/* Success costs nothing of the five. */
	for (int i = 0; i < 3; i++)
		(void)want(200, "POST", "/api/login", login_body(email, "correct horse 1"));
	within_a_minute(FMT("login:%s:10.0.0.2", email));
	for (int i = 0; i < 5; i++) {
		a = want(422, "POST", "/api/login", login_body(email, "wrong"));
		assert_true(names(&a, "email"));
	}
	a = want(429, "POST", "/api/login", login_body(email, "correct horse 1"));
	assert_non_null(strstr(a.headers, "Retry-After: "));
	/* Others at this address, and this person elsewhere, go on. */
	(void)want(422, "POST", "/api/login", login_body("nobody@example.net", "wrong"));
	from("10.0.0.3");
	(void)want(200, "POST", "/api/login", login_body(email, "correct horse 1"));
}

/* Most are only counted: to make thirty takes more than the minute on a busy machine. */
static void
an_address_has_thirty_failures(void **state)
{
	(void)state;
	from("10.0.0.4");
	ask.token = NULL;
	(void)want(422, "POST", "/api/login", login_body("n1@example.net", "wrong"));
	set("throttles", "hits = hits + 28", "key = 'login-address:10.0.0.4'");
	within_a_minute("login-address:10.0.0.4");
	(void)want(422, "POST", "/api/login", login_body("n30@example.net", "wrong"));
	(void)want(429, "POST", "/api/login", login_body("n31@example.net", "wrong"));
}

static void
deactivation_stops_tokens_and_logins(void **state)
{
	const char *email = somebody("operator", "correct horse 1"), *admin = ask.token, *id;
	struct answer a;

	(void)state;
	from("10.0.0.5");
	a = want(200, "POST", "/api/login", login_body(email, "correct horse 1"));
	id = cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetObjectItem(a.json, "user"), "id"));
	ask.token = text(&a, "token");
	(void)want(200, "GET", "/api/customers", NULL);
	assert_int_equal(ask_as(admin, "PATCH", FMT("/api/users/%s", id), "{\"is_active\":false}")
			     .status,
	    200);
	(void)want(401, "GET", "/api/customers", NULL);
	a = want(422, "POST", "/api/login", login_body(email, "correct horse 1"));
	assert_string_equal(text(&a, "message"), "Your account has been deactivated.");
}

static void
abilities_and_roles_both_count(void **state)
{
	const char *viewer = user_with("viewer", "\"*\""), *reader = user_with("admin", "\"read\"");
	const char *cashier = user_with("operator", "\"read\",\"billing\"");
	static const char customer[] = "{\"name\":\"Ani\"}";

	(void)state;
	assert_int_equal(ask_as(NULL, "GET", "/api/customers", NULL).status, 401);
	assert_int_equal(ask_as(viewer, "GET", "/api/customers", NULL).status, 200);
	assert_int_equal(ask_as(viewer, "POST", "/api/customers", customer).status, 403);
	assert_int_equal(ask_as(reader, "GET", "/api/audit-logs", NULL).status, 200);
	assert_int_equal(ask_as(reader, "POST", "/api/customers", customer).status, 403);
	assert_int_equal(ask_as(reader, "GET", "/api/users", NULL).status, 403);
	assert_int_equal(ask_as(cashier, "POST", "/api/customers", customer).status, 201);
	assert_int_equal(ask_as(cashier, "GET", "/api/audit-logs", NULL).status, 403);
	assert_int_equal(ask_as(cashier, "POST", "/api/auth/tokens", "{\"name\":\"x\"}").status,
	    403);
	assert_int_equal(ask_as(cashier, "PUT", "/api/settings", "{\"lead_days\":3}").status, 403);
}

static void
tokens_of_scripts(void **state)
{
	struct answer a, mine;
	const char *other = user_with("admin", "\"*\""), *path;

	(void)state;
	a = want(201, "POST", "/api/auth/tokens",
	    "{\"name\":\"report\",\"abilities\":[\"read\"],"
	    "\"expires_at\":\"2999-01-01T00:00:00Z\"}");
	path = FMT("/api/auth/tokens/%" PRId64, number(&a, "id"));
	assert_int_equal(ask_as(text(&a, "token"), "GET", "/api/packages", NULL).status, 200);
	assert_int_equal(ask_as(text(&a, "token"), "DELETE", path, NULL).status, 403);
	mine = want(200, "GET", "/api/auth/tokens", NULL);
	assert_int_equal(number(&mine, "total"), 2);
	assert_null(strstr(mine.body, strchr(text(&a, "token"), '|') + 1));
	assert_int_equal(ask_as(other, "DELETE", path, NULL).status, 404);
	/* A number with something behind it names no token: not the one of its first digits. */
	(void)want(404, "DELETE", FMT("%sx", path), NULL);
	(void)want(404, "DELETE", "/api/auth/tokens/9999999999999999999", NULL);
	assert_int_equal(ask_as(text(&a, "token"), "GET", "/api/packages", NULL).status, 200);
	(void)want(204, "DELETE", path, NULL);
	(void)want(404, "DELETE", path, NULL);
	(void)want(404, "DELETE", "/api/auth/tokens/x", NULL);
	assert_int_equal(ask_as(text(&a, "token"), "GET", "/api/packages", NULL).status, 401);
	a = want(422, "POST", "/api/auth/tokens", "{\"name\":\"x\",\"expires_at\":\"2001-01-01\"}");
	assert_true(names(&a, "expires_at"));
	a = want(422, "POST", "/api/auth/tokens",
	    "{\"name\":\"x\",\"expires_at\":\"2001-01-01T00:00:00Z\"}");
	assert_true(names(&a, "expires_at"));
	a = want(422, "POST", "/api/auth/tokens", "{\"name\":\"x\",\"abilities\":[\"root\"]}");
	assert_true(names(&a, "abilities"));
}

static void
a_new_password_ends_the_other_sessions(void **state)
{
	const char *email = somebody("viewer", "correct horse 1"), *first, *second;
	struct answer a;

	(void)state;
	from("10.0.0.6");
	a = want(200, "POST", "/api/login", login_body(email, "correct horse 1"));
	first = text(&a, "token");
	a = want(200, "POST", "/api/login", login_body(email, "correct horse 1"));
	second = text(&a, "token");
	ask.token = first;
	a = want(422, "PUT", "/api/auth/password",
	    "{\"current_password\":\"no\",\"password\":\"battery staple\","
	    "\"password_confirmation\":\"battery staple\"}");
	assert_true(names(&a, "current_password"));
	a = want(422, "PUT", "/api/auth/password",
	    "{\"current_password\":\"correct horse 1\",\"password\":\"battery staple\","
	    "\"password_confirmation\":\"another\"}");
	assert_true(names(&a, "password") || names(&a, "password_confirmation"));
	is_out_of_memory = true;
	(void)want(503, "PUT", "/api/auth/password",
	    "{\"current_password\":\"correct horse 1\",\"password\":\"battery staple\","
	    "\"password_confirmation\":\"battery staple\"}");
	is_out_of_memory = false;
	(void)want(200, "PUT", "/api/auth/password",
	    "{\"current_password\":\"correct horse 1\",\"password\":\"battery staple\","
	    "\"password_confirmation\":\"battery staple\"}");
	(void)want(200, "GET", "/api/me", NULL);
	assert_int_equal(ask_as(second, "GET", "/api/me", NULL).status, 401);
	(void)want(422, "POST", "/api/login", login_body(email, "correct horse 1"));
	(void)want(200, "POST", "/api/login", login_body(email, "battery staple"));
}

/*
 * Bug: blanks around a password were cut off at the log-in and kept where it is set: a
 * user whose password began or ended with one was locked out for good.
 */
static void
a_password_keeps_its_blanks(void **state)
{
	const char *email = somebody("viewer", "  two before ");
	struct answer a;

	(void)state;
	from("10.0.0.9");
	(void)want(422, "POST", "/api/login", login_body(email, "two before"));
	a = want(200, "POST", "/api/login", login_body(email, "  two before "));
	ask.token = text(&a, "token");
	(void)want(422, "PUT", "/api/auth/password",
	    "{\"current_password\":\"two before\",\"password\":\"        \","
	    "\"password_confirmation\":\"        \"}");
	(void)want(200, "PUT", "/api/auth/password",
	    "{\"current_password\":\"  two before \",\"password\":\"        \","
	    "\"password_confirmation\":\"        \"}");
	(void)want(422, "POST", "/api/login", login_body(email, "         "));
	(void)want(200, "POST", "/api/login", login_body(email, "        "));
}

/* With a stolen token the password could be guessed without end, and nobody saw. */
static void
guesses_of_the_present_password_are_throttled(void **state)
{
	static const char guess[] = "{\"current_password\":\"no\",\"password\":\"battery staple\","
				    "\"password_confirmation\":\"battery staple\"}";
	const char *email = somebody("viewer", "correct horse 1"), *admin = ask.token;
	struct answer a;

	(void)state;
	from("10.0.0.7");
	a = want(200, "POST", "/api/login", login_body(email, "correct horse 1"));
	ask.token = text(&a, "token");
	within_a_minute(FMT("login:%s:10.0.0.7", email));
	for (int i = 0; i < 5; i++)
		(void)want(422, "PUT", "/api/auth/password", guess);
	(void)want(429, "PUT", "/api/auth/password", guess);
	(void)want(429, "POST", "/api/login", login_body(email, "correct horse 1"));
	a = ask_as(admin, "GET", "/api/audit-logs?action=login_failed&per_page=1", NULL);
	assert_non_null(strstr(a.body, "current password"));
}

static void
tokens_end_by_date_and_by_rest(void **state)
{
	static const char tokens[] = "personal_access_tokens";
	const char *token = user_with("viewer", "\"*\""),
		   *it = FMT("id = %ld", strtol(token, NULL, 10));

	(void)state;
	set(tokens, "last_used_at = now() - interval '29 days'", it);
	assert_int_equal(ask_as(token, "GET", "/api/customers", NULL).status, 200);
	set(tokens, "last_used_at = now() - interval '31 days'", it);
	assert_int_equal(ask_as(token, "GET", "/api/customers", NULL).status, 401);
	set(tokens, "last_used_at = now(), expires_at = now() + interval '1 minute'", it);
	assert_int_equal(ask_as(token, "GET", "/api/customers", NULL).status, 200);
	set(tokens, "expires_at = now() - interval '1 second'", it);
	assert_int_equal(ask_as(token, "GET", "/api/customers", NULL).status, 401);
}

/* A hash that Laravel stored lets its owner in once, and is argon2id from then on. */
static void
an_imported_hash_is_replaced(void **state)
{
	static const char bcrypt[] = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
	const char *email = somebody("viewer", "correct horse 1");
	const char *her = FMT("lower(email) = lower('%s')", email);

	(void)state;
	from("10.0.0.8");
	set("users", FMT("password = '%s'", bcrypt), her);
	(void)want(422, "POST", "/api/login", login_body(email, "correct horse 1"));
	(void)want(200, "POST", "/api/login", login_body(email, "secret"));
	set("users", "name = 'Replaced'", FMT("%s AND password LIKE '$argon2id$%%'", her));
	(void)want(200, "POST", "/api/login", login_body(email, "secret"));
}

/*
 * Refuse any input alike. Bug: an anonymous caller was shown what a good registration
 * looks like.
 */
static void
registration_is_closed_once_there_is_a_user(void **state)
{
	static const char *const bodies[] = { NULL, "{}", "{", "[1]", "{\"name\":7}",
		"{\"name\":\"a\",\"name\":\"b\"}" };

	(void)state;
	ask.token = NULL;
	for (size_t i = 0; i < countof(bodies); i++)
		(void)want(403, "POST", "/api/auth/register", bodies[i]);
	(void)want(403, "POST", "/api/auth/register",
	    "{\"name\":\"X\",\"email\":\"x@example.net\",\"password\":\"long enough\","
	    "\"password_confirmation\":\"long enough\"}");
}

static void
users_by_table(void **state)
{
	const char *email = somebody("viewer", "correct horse 1");
	struct answer a;

	(void)state;
	a = want(422, "POST", "/api/users", login_body(email, "correct horse 1"));
	assert_true(names(&a, "name"));
	a = want(422, "POST", "/api/users",
	    FMT("{\"name\":\"S\",\"email\":\"%s\",\"password\":\"correct horse 1\"}", email));
	assert_true(names(&a, "email"));
	a = want(422, "POST", "/api/users",
	    "{\"name\":\"S\",\"email\":\"s@example.net\",\"password\":\"short\",\"role\":\"god\"}");
	assert_true(names(&a, "password"));
	assert_true(names(&a, "role"));
	(void)want(404, "PUT", "/api/users/00000000-0000-4000-8000-000000000000",
	    "{\"name\":\"N\"}");
	(void)want(404, "DELETE", "/api/users/not-a-uuid", NULL);
}

/* Bug: attempts were counted under an e-mail that no user had any more. */
static void
a_user_who_changes_their_address_is_known(void **state)
{
	struct answer a = want(200, "GET", "/api/me", NULL);
	const char *id = text(&a, "id");

	(void)state;
	(void)want(200, "PUT", FMT("/api/users/%s", id),
	    FMT("{\"email\":\"%s@example.net\"}", crypt_token(&ask.cx, 10)));
	a = want(200, "GET", FMT("/api/audit-logs?action=update&user_id=%s&subject_id=%s", id, id),
	    NULL);
	assert_int_equal(number(&a, "total"), 1);
}

/* Name an error where the query of the own user fails: an answer without one would read as none. */
static void
a_failed_query_is_no_answer(void **state)
{
	enum rc (*const handlers[])(struct ctx *, const struct req *, struct resp *) = { auth_me,
		auth_user };
	const struct db_stmt fails = { NULL, "SELECT 1 / 0", 0 };
	const struct req rq = { .method = "GET", .query = "" };
	struct resp rs = { .body = sb_new(ask.cx.mem) };

	(void)state;
	assert_int_equal(db_begin(&ask.cx), RC_OK);
	assert_int_not_equal(db_exec(&ask.cx, &fails), RC_OK);
	for (size_t i = 0; i < countof(handlers); i++)
		assert_int_equal(handlers[i](&ask.cx, &rq, &rs), RC_INTERNAL);
	db_rollback(&ask.cx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ASK_TEST(login_gives_user_and_token),
		ASK_TEST(failures_are_throttled_by_person_and_address),
		ASK_TEST(an_address_has_thirty_failures),
		ASK_TEST(deactivation_stops_tokens_and_logins),
		ASK_TEST(abilities_and_roles_both_count),
		ASK_TEST(tokens_of_scripts),
		ASK_TEST(a_new_password_ends_the_other_sessions),
		ASK_TEST(a_password_keeps_its_blanks),
		ASK_TEST(guesses_of_the_present_password_are_throttled),
		ASK_TEST(tokens_end_by_date_and_by_rest),
		ASK_TEST(an_imported_hash_is_replaced),
		ASK_TEST(registration_is_closed_once_there_is_a_user),
		ASK_TEST(users_by_table),
		ASK_TEST(a_user_who_changes_their_address_is_known),
		ASK_TEST(a_failed_query_is_no_answer),
	};

	return cmocka_run_group_tests_name("auth", tests, ask_open, ask_close);
}
