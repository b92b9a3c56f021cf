/*
 * ask.h: requests through http_dispatch() against $TEST_DB, without a socket.
 *
 * Each test makes the rows it needs, under names nobody else has, as an admin
 * of its own; nothing is cleaned up: the database is thrown away.
 */
#ifndef ASK_H
#define ASK_H

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include <cJSON.h>

#include "api/api.h"
#include "base/crypt.h"
#include "base/log.h"
#include "db/db.h"
#include "people/session.h"
#include "sql.h"

struct ask {
	struct arena *life; /* of the group */
	struct ctx cx;
	const char *token; /* sent with every request; NULL: none */
	const char *key;   /* Idempotency-Key of every request; NULL: none */
};

static struct ask ask;

/* An id that nobody has. */
static const char nowhere[] = "00000000-0000-4000-8000-000000000000";

/* The address of a route, each of its parts that is a name replaced by `part`. */
static inline const char *
address_with(const struct route *route, const char *part)
{
	struct sb s = sb_new(ask.cx.mem);

	for (const char *p = route->path; *p != '\0';) {
		size_t n = *p == ':' ? strcspn(p, "/") : 1;

		if (*p == ':')
			sb_puts(&s, part);
		else
			sb_putc(&s, *p);
		p += n;
	}
	return s.buf;
}

static const struct http_policy ask_policy = {
	.routes = api_routes,
	.authenticate = api_authenticate,
	.run = api_run,
	.pass = db_gate_pass,
	.origins = "http://localhost:5173",
	.url = "http://localhost:8080",
};

/* The answer; its body is also parsed (NULL with 204). */
struct answer {
	int status;
	const char *body;
	const char *headers;
	cJSON *json;
};

static void
ask_delete(void *json)
{
	cJSON_Delete(json);
}

static inline struct answer
ask_as(const char *token, const char *method, const char *path, const char *body)
{
	struct ctx *cx = &ask.cx;
	char *at = arena_strdup(cx->mem, path), *query = strchr(at, '?');
	struct http_policy policy = ask_policy;
	struct resp rs;
	struct req rq = {
		.method = method,
		.path = at,
		.query = query != NULL ? query + 1 : "",
		.body = body != NULL ? body : "",
		.body_len = body != NULL ? strlen(body) : 0,
		.content_type = body != NULL ? "application/json" : "",
		.authorization = token != NULL ? arena_printf(cx->mem, "Bearer %s", token) : "",
		.idempotency_key = ask.key != NULL ? ask.key : "",
		.origin = "",
	};
	struct answer a;

	if (query != NULL)
		*query = '\0';
	policy.nroutes = api_nroutes;
	cx->actor = (struct actor){ 0 };
	http_dispatch(cx, &policy, &rq, &rs);
	db_rollback(cx); /* as the end of a request's arena does */
	a = (struct answer){ rs.status, rs.body.buf, rs.headers.buf, NULL };
	if (rs.status != 204) {
		a.json = cJSON_Parse(a.body);
		assert_non_null(a.json);
		arena_defer(cx->mem, ask_delete, a.json);
	}
	return a;
}

static inline struct answer
ask_it(const char *method, const char *path, const char *body)
{
	return ask_as(ask.token, method, path, body);
}

/* The same, which must answer with this status. */
static inline struct answer
want(int status, const char *method, const char *path, const char *body)
{
	struct answer a = ask_it(method, path, body);

	if (a.status != status)
		print_error("%s %s %s: %d %s\n", method, path, body != NULL ? body : "", a.status,
		    a.body);
	assert_int_equal(a.status, status);
	return a;
}

static inline const char *
text(const struct answer *a, const char *name)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(a->json, name));

	return s != NULL ? s : "";
}

static inline int64_t
number(const struct answer *a, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(a->json, name);

	assert_true(cJSON_IsNumber(v));
	return (int64_t)v->valuedouble;
}

/* Is this field named in the errors of a 422? */
static inline bool
names(const struct answer *a, const char *field)
{
	return cJSON_HasObjectItem(cJSON_GetObjectItemCaseSensitive(a->json, "errors"), field);
}

#define FMT(...) arena_printf(ask.cx.mem, __VA_ARGS__)

/* A user of that role, and a token of those abilities. */
static inline const char *
user_with(const char *role, const char *abilities)
{
	struct ctx *cx = &ask.cx;
	const char *hash, *session_hash, *id, *token, *secret = session_secret(cx, &hash);
	struct db_rows *rows;
	int64_t session;

	(void)session_secret(cx, &session_hash);
	assert_int_equal(db_rows(cx, &SQL_user_add, &rows,
			     V_TEXT(FMT("{\"name\":\"T\",\"email\":\"%s@example.net\","
					"\"password\":\"none\",\"role\":\"%s\"}",
				 crypt_token(cx, 12), role)),
			     V_TEXT("127.0.0.1")),
	    RC_OK);
	id = db_text(rows, 0, "id");
	assert_int_equal(db_rows(cx, &SQL_session_open, &rows, V_TEXT(id), V_NULL,
			     V_TEXT(session_hash), V_TEXT("t"), V_TEXT("127.0.0.1")),
	    RC_OK);
	session = db_i64(rows, 0, "id");
	assert_int_equal(db_rows(cx, &SQL_token_add, &rows, V_TEXT(id), V_I64(session),
			     V_TEXT(FMT("{\"name\":\"t\",\"abilities\":[%s]}", abilities)),
			     V_TEXT(hash), V_TEXT("127.0.0.1")),
	    RC_OK);
	token = FMT("%" PRId64 "|%s", db_i64(rows, 0, "id"), secret);
	assert_int_equal(db_rows(cx, &SQL_session_close, &rows, V_I64(session), V_TEXT(id),
			     V_TEXT("127.0.0.1")),
	    RC_OK);
	return token;
}

static inline int
ask_open(void **state)
{
	static struct db_conf conf;

	(void)state;
	log_open("test");
	conf = (struct db_conf){ .conninfo = getenv("TEST_DB"),
		.role = "isp_api",
		.program = "test",
		.timezone = "Asia/Jakarta",
		.today = "2026-03-02" };
	assert_non_null(conf.conninfo);
	ask.life = arena_new(65536);
	ask.cx = (struct ctx){ .mem = ask.life, .request_id = "test", .ip = "127.0.0.1" };
	assert_int_equal(crypt_open(&ask.cx,
			     "base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", ""),
	    RC_OK);
	assert_int_equal(db_open(&ask.cx, &conf, &ask.cx.db), RC_OK);
	ask.cx.mem = arena_new(65536);
	return 0;
}

static inline int
ask_close(void **state)
{
	(void)state;
	arena_free(ask.cx.mem);
	db_close(ask.cx.db);
	arena_free(ask.life);
	return 0;
}

static inline int
ask_begin(void **state)
{
	(void)state;
	ask.token = user_with("admin", "\"*\"");
	return 0;
}

static inline int
ask_end(void **state)
{
	(void)state;
	arena_reset(ask.cx.mem);
	return 0;
}

#define ASK_TEST(f) cmocka_unit_test_setup_teardown(f, ask_begin, ask_end)

#endif
