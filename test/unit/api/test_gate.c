/*
 * The gate: a request whose token fails executes nothing. Bug: `Bearer 1|aaaa…` on a list
 * of 400,000 rows was answered 401 after 3 to 5 s: the list and its count ran behind the
 * look-up of the token, and only the answer was withheld; ten such connections delayed the
 * webhook by 8 s.
 */
#include "ask.h"

#include <libpq-fe.h>

#include "http/limit.h"

/* A lock of the session stays after a rollback: it tells whether a list was executed. */
static const struct db_stmt costly = { "gate_costly", "SELECT pg_advisory_lock(4711)", 0 };
static const struct db_stmt undo_costly = { NULL, "SELECT pg_advisory_unlock_all()", 0 };
static const struct db_stmt counted = { NULL,
	"SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711"
	" AND pid = pg_backend_pid()",
	0 };

static enum rc
run_costly(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;

	(void)rq;
	TRY(db_rows(cx, &costly, &rows));
	return resp_json(rs, 200, "{}");
}

static const struct route routes[] = {
	{ "", "GET", "/api/costly", P_OPERATOR | P_READ, POOL_FAST, .fn = run_costly },
	{ "", "POST", "/api/costly", P_OPERATOR | P_BILLING, POOL_FAST, .fn = run_costly },
	{ "", "GET", "/api/auth/user", P_VIEWER | P_READ, POOL_FAST, .fn = run_costly },
};

static int
ask_costly(const char *method, const char *path, const char *token)
{
	struct http_policy policy = { .routes = routes,
		.nroutes = countof(routes),
		.authenticate = api_authenticate,
		.pass = db_gate_pass,
		.refused = api_refused };
	struct req rq = { .method = method,
		.path = path,
		.query = "",
		.body = "",
		.authorization = token != NULL ? FMT("Bearer %s", token) : "" };
	struct resp rs;

	ask.cx.actor = (struct actor){ 0 };
	http_dispatch(&ask.cx, &policy, &rq, &rs);
	db_rollback(&ask.cx);
	return rs.status;
}

/* True when the list was executed since the last call of this. */
static bool
executed(void)
{
	struct db_rows *rows;

	assert_int_equal(db_rows(&ask.cx, &counted, &rows), RC_OK);
	assert_int_equal(db_exec(&ask.cx, &undo_costly), RC_OK);
	return db_i64(rows, 0, "n") > 0;
}

static const char *
guess(void)
{
	return FMT("%lld|aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", strtoll(ask.token, NULL, 10));
}

/* How many tokens have been used. */
static int64_t
noted_uses(void)
{
	static const struct db_stmt used = { NULL,
		"SELECT count(last_used_at) AS n FROM personal_access_tokens", 0 };
	struct db_rows *rows;

	assert_int_equal(db_rows(&ask.cx, &used, &rows), RC_OK);
	return db_i64(rows, 0, "n");
}

static void
failed_token_executes_nothing(void **state)
{
	static const struct {
		const char *method, *role, *abilities;
		int status;
	} cases[] = {
		{ "GET", "viewer", "\"*\"", 403 },
		{ "POST", "viewer", "\"*\"", 403 },
		{ "GET", "admin", "\"billing\"", 403 },
		{ "POST", "admin", "\"read\",\"network\"", 403 },
	};

	(void)state;
	assert_int_equal(ask_costly("GET", "/api/costly", guess()), 401);
	assert_int_equal(noted_uses(), 0);
	assert_int_equal(ask_costly("POST", "/api/costly", guess()), 401);
	assert_int_equal(ask_costly("GET", "/api/costly", NULL), 401);
	assert_int_equal(ask_costly("GET", "/api/costly", "987654321|aaaaaaaaaaaaaaaa"), 401);
	for (size_t i = 0; i < countof(cases); i++)
		assert_int_equal(ask_costly(cases[i].method, "/api/costly",
				     user_with(cases[i].role, cases[i].abilities)),
		    cases[i].status);
	assert_false(executed());
	assert_int_equal(ask_costly("GET", "/api/costly", user_with("operator", "\"read\"")), 200);
	assert_true(executed());
	assert_int_equal(ask_costly("POST", "/api/costly", ask.token), 200);
	assert_true(executed());
}

/* Guesses are slowed down; a valid token and the question who I am are not. Sixty are free, and one
 * more each second: whoever guesses faster than that is refused before long. */
static void
only_failed_tokens_are_limited(void **state)
{
	bool refused = false;

	(void)state;
	ask.cx.ip = "192.0.2.77";
	for (int i = 0; i < 60; i++)
		assert_int_equal(ask_costly("GET", "/api/costly", guess()), 401);
	for (int i = 0; i < 600 && !refused; i++)
		refused = ask_costly("GET", "/api/costly", guess()) == 429;
	assert_true(refused);
	assert_int_equal(ask_costly("GET", "/api/costly", ask.token), 200);
	assert_int_equal(ask_costly("GET", "/api/auth/user", guess()), 401);
	assert_int_equal(ask_costly("GET", "/api/costly", NULL), 401);
	ask.cx.ip = "127.0.0.1";
}

static void
say(const char *text)
{
	const struct db_stmt st = { NULL, text, 0 };

	assert_int_equal(db_exec(&ask.cx, &st), RC_OK);
}

/*
 * Every request of the console passes the gate, so that a token used a moment ago costs one row:
 * its use is noted once a minute, and only then the settings are read. Here they cannot be.
 */
static void
a_token_in_use_is_noted_once_a_minute(void **state)
{
	const char *token = user_with("operator", "\"read\"");
	PGconn *other = PQconnectdb(getenv("TEST_DB"));

	(void)state;
	assert_int_equal(ask_costly("GET", "/api/costly", token), 200);
	say("SET lock_timeout = '200ms'");
	PQclear(PQexec(other, "BEGIN; LOCK TABLE settings"));
	assert_int_equal(ask_costly("GET", "/api/costly", token), 200);
	PQclear(PQexec(other, "ROLLBACK"));
	PQclear(PQexec(other, FMT("UPDATE personal_access_tokens SET"
				  " last_used_at = now() - interval '61 seconds' WHERE id = %lld",
				  strtoll(token, NULL, 10))));
	PQclear(PQexec(other, "BEGIN; LOCK TABLE settings"));
	assert_int_equal(ask_costly("GET", "/api/costly", token), 503);
	PQfinish(other);
	say("RESET lock_timeout");
	assert_int_equal(ask_costly("GET", "/api/costly", token), 200);
}

static int
open_group(void **state)
{
	if (ask_open(state) != 0)
		return -1;
	limit_open();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ASK_TEST(failed_token_executes_nothing),
		ASK_TEST(a_token_in_use_is_noted_once_a_minute),
		ASK_TEST(only_failed_tokens_are_limited),
	};

	return cmocka_run_group_tests_name("gate", tests, open_group, ask_close);
}
