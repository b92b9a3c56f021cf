#include "unit.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "http/http.h"

static struct ctx cx;
static int authenticated, passed, ran;
static enum rc auth_rc, pass_rc;
static bool lose_once;

static enum rc
authenticate(struct ctx *c, const struct req *rq, uint32_t perm)
{
	(void)rq;
	(void)perm;
	authenticated++;
	return auth_rc == RC_OK ? RC_OK : FAIL(c, auth_rc, "no");
}

static enum rc
pass(struct ctx *c)
{
	passed++;
	return pass_rc == RC_OK ? RC_OK : FAIL(c, pass_rc, "the gate");
}

static enum rc
show(struct ctx *c, const struct req *rq, struct resp *rs)
{
	const char *q = req_param(c, rq, "q");

	ran++;
	if (lose_once) {
		lose_once = false;
		sb_puts(&rs->body, "half an answer");
		(void)FAIL(c, RC_RETRY, "lost");
		c->err.again = true;
		return RC_RETRY;
	}
	rs->status = 200;
	sb_printf(&rs->body, "thing:%s:%s", req_arg(rq, "id"), q ? q : "-");
	return RC_OK;
}

static enum rc
answer(struct resp *rs, const char *json)
{
	ran++;
	return resp_json(rs, 200, json);
}

/* A handler that answers always the same. */
#define FIXED(name, json)                                                                          \
	static enum rc name(struct ctx *c, const struct req *rq, struct resp *rs)                  \
	{                                                                                          \
		(void)c, (void)rq;                                                                 \
		return answer(rs, json);                                                           \
	}

FIXED(special, "\"special\"")
FIXED(make, "\"made\"")
FIXED(put, "\"put\"")
FIXED(login, "\"in\"")

static enum rc
refuse_fields(struct ctx *c, const struct req *rq, struct resp *rs)
{
	(void)rq, (void)rs;
	ran++;
	(void)err_field(c, "name", "The name field is required.");
	(void)err_field_code(c, "required", NULL);
	(void)err_field(c, "price", "The price must be whole.");
	return err_field(c, "name", "The name is silly.");
}

static enum rc
fail_inside(struct ctx *c, const struct req *rq, struct resp *rs)
{
	(void)rq, (void)rs;
	ran++;
	return FAIL(c, RC_INTERNAL, "a secret of ours");
}

/* A value that the database refused, and no field to tell of. */
static enum rc
fail_vaguely(struct ctx *c, const struct req *rq, struct resp *rs)
{
	(void)rq, (void)rs;
	ran++;
	(void)FAIL(c, RC_INVALID, "a value is out of range or malformed");
	return err_detail(&c->err, "some_query: 22008 no such day");
}

static const struct route routes[] = {
	{ "", "GET", "/api/things/:id", 1, .fn = show },
	{ "", "GET", "/api/things/special", 1, .fn = special },
	{ "", "POST", "/api/things", 1, .fn = make },
	{ "", "POST", "/api/acts/:id", 1, .fn = show },
	{ "", "PUT", "/api/things/:id", 1, .fn = put },
	{ "", "POST", "/api/login", 0, .fn = login },
	{ "", "GET", "/api/fields", 0, .fn = refuse_fields },
	{ "", "GET", "/api/bug", 0, .fn = fail_inside },
	{ "", "GET", "/api/vague", 0, .fn = fail_vaguely },
};

static const struct http_policy policy = {
	.routes = routes,
	.nroutes = countof(routes),
	.authenticate = authenticate,
	.pass = pass,
	.origins = "http://localhost:3000, https://isp.example/",
	.url = "http://isp.test",
};

static int
setup(void **state)
{
	(void)state;
	cx = (struct ctx){ .mem = arena_new(4096), .request_id = "r1" };
	authenticated = passed = ran = 0;
	auth_rc = pass_rc = RC_OK;
	lose_once = false;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(cx.mem);
	return 0;
}

static struct resp
ask_with(struct req rq)
{
	struct resp rs;

	if (rq.body == NULL)
		rq.body = "";
	if (rq.body_len == 0)
		rq.body_len = strlen(rq.body);
	http_dispatch(&cx, &policy, &rq, &rs);
	return rs;
}

static struct resp
ask(const char *method, const char *path, const char *query)
{
	return ask_with((struct req){ .method = method, .path = path, .query = query });
}

static void
finds_routes(void **state)
{
	struct resp rs = ask("GET", "/api/things/7", "a=1&q=x%20y+z&q=%C3%A9");

	(void)state;
	assert_int_equal(rs.status, 200);
	assert_string_equal(rs.body.buf, "thing:7:\xC3\xA9");
	assert_string_equal(ask("GET", "/api/things/a%2Fb", NULL).body.buf, "thing:a/b:-");
	assert_string_equal(ask("GET", "/api/things/special", NULL).body.buf, "\"special\"");
	assert_string_equal(ask("HEAD", "/api/things/special", NULL).body.buf, "\"special\"");
	/* nginx forgives a doubled and a trailing slash: so does the worker. */
	assert_string_equal(ask("GET", "//api//things/7/", NULL).body.buf, "thing:7:-");
	assert_int_equal(ask("GET", "/api/things/", NULL).status, 405);
	assert_int_equal(ask("GET", "/api/things/1/2", NULL).status, 404);
	assert_int_equal(ask("GET", "/nowhere", NULL).status, 404);
}

static void
says_what_is_allowed(void **state)
{
	struct resp rs = ask("DELETE", "/api/things/special", NULL);

	(void)state;
	assert_int_equal(rs.status, 405);
	assert_non_null(strstr(rs.headers.buf, "Allow: GET, HEAD, PUT, OPTIONS\r\n"));
	assert_int_equal(authenticated, 0);
}

static void
bad_encoding_is_400(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", "/api/things/%00", NULL).status, 400);
	assert_int_equal(ask("GET", "/api/things/%ff", NULL).status, 400);
	assert_int_equal(ask("GET", "/api/things/7", "q=%ed%a0%80").status, 400);
	assert_int_equal(ask("GET", "/api/things/7", "other=%00").status, 400);
	assert_int_equal(ask("GET", "/api/things/7", "q=100%").status, 200);
}

static void
gate_decides_before_and_after(void **state)
{
	(void)state;
	pass_rc = RC_UNAUTH;
	assert_int_equal(ask("GET", "/api/things/7", NULL).status, 401);
	assert_int_equal(ran, 1); /* a read runs along, but does not answer */
	assert_int_equal(ask("POST", "/api/things", NULL).status, 401);
	assert_int_equal(ran, 1);
	pass_rc = RC_OK;
	auth_rc = RC_DENIED;
	assert_int_equal(ask("GET", "/api/things/7", NULL).status, 403);
	assert_int_equal(ran, 1);
	assert_int_equal(ask("POST", "/api/login", NULL).status, 200);
}

static void
unauthenticated_is_answered_as_laravel_does(void **state)
{
	(void)state;
	auth_rc = RC_UNAUTH;
	assert_string_equal(ask("GET", "/api/things/7", NULL).body.buf,
	    "{\"message\":\"Unauthenticated.\",\"code\":\"unauthenticated\"}");
}

static void
bodies_are_json_and_small(void **state)
{
	struct req rq = { .method = "POST", .path = "/api/things", .body = "{}" };

	(void)state;
	assert_int_equal(ask_with(rq).status, 415);
	rq.content_type = "text/plain";
	assert_int_equal(ask_with(rq).status, 415);
	rq.content_type = "application/json; charset=utf-8";
	assert_int_equal(ask_with(rq).status, 200);
	/* Also where nobody reads it: a request that was cut off is not done. */
	rq.body = "{\"a\":";
	assert_int_equal(ask_with(rq).status, 400);
	rq.body = "[]";
	assert_int_equal(ask_with(rq).status, 400);
	assert_int_equal(ran, 1);
	rq.body_len = REQ_BODY_MAX + 1;
	assert_int_equal(ask_with(rq).status, 413);
	rq.path = "/api/login";
	rq.body_len = REQ_BODY_MAX_PUBLIC + 1;
	assert_int_equal(ask_with(rq).status, 413);
}

static void
a_read_is_repeated_once(void **state)
{
	(void)state;
	lose_once = true;
	assert_string_equal(ask("GET", "/api/things/7", NULL).body.buf, "thing:7:-");
	assert_int_equal(ran, 2);
	assert_int_equal(authenticated, 2);
}

/*
 * Bug: a payment whose connection broke may have been booked; the request was run again,
 * which could book it twice.
 */
static void
a_write_is_never_repeated(void **state)
{
	(void)state;
	lose_once = true;
	assert_int_equal(ask("POST", "/api/acts/7", "{}").status, 503);
	assert_int_equal(ran, 1);
}

static void
errors_in_laravels_shape(void **state)
{
	struct resp rs = ask("GET", "/api/fields", NULL);

	(void)state;
	assert_int_equal(rs.status, 422);
	assert_string_equal(rs.body.buf,
	    "{\"message\":\"The name field is required. (and 2 more errors)\","
	    "\"code\":\"invalid\",\"errors\":{"
	    "\"name\":[\"The name field is required.\",\"The name is silly.\"],"
	    "\"price\":[\"The price must be whole.\"]},\"codes\":{"
	    "\"name\":[{\"code\":\"required\"},{\"code\":\"invalid\"}],"
	    "\"price\":[{\"code\":\"invalid\"}]}}");
	rs = ask("GET", "/api/bug", NULL);
	assert_int_equal(rs.status, 500);
	assert_null(strstr(rs.body.buf, "secret"));
	auth_rc = RC_RETRY;
	rs = ask("GET", "/api/things/7", NULL);
	assert_int_equal(rs.status, 503);
	assert_non_null(strstr(rs.headers.buf, "Retry-After: "));
}

/* The lines that were logged while the path was asked for. */
static const char *
logged(const char *path)
{
	int saved = dup(STDERR_FILENO), log = memfd_create("log", MFD_CLOEXEC);
	char *logged = arena_alloc(cx.mem, 4096);

	assert_int_equal(dup2(log, STDERR_FILENO), STDERR_FILENO);
	(void)ask("GET", path, NULL);
	(void)dup2(saved, STDERR_FILENO);
	assert_true(pread(log, logged, 4095, 0) >= 0);
	(void)close(saved);
	(void)close(log);
	return logged;
}

/*
 * Bug: a value that only the database refuses has passed our own checks, and no field
 * shows which it is: a malformed configured day was answered so, again and again, without
 * a line in the log.
 */
static void
an_error_of_no_field_is_logged(void **state)
{
	(void)state;
	assert_string_equal(logged("/api/fields"), "");
	assert_non_null(strstr(logged("/api/vague"), "some_query: 22008 no such day"));
	assert_non_null(strstr(logged("/api/vague"), "path=/api/vague"));
	assert_non_null(strstr(logged("/api/bug"), "a secret of ours"));
	assert_int_equal(ask("GET", "/api/vague", NULL).status, 422);
}

static void
other_origins(void **state)
{
	struct req rq = { .method = "OPTIONS",
		.path = "/api/things/7",
		.origin = "http://localhost:3000" };
	struct resp rs = ask_with(rq);

	(void)state;
	assert_int_equal(rs.status, 204);
	assert_int_equal(rs.body.len, 0);
	assert_non_null(strstr(rs.headers.buf, "Access-Control-Max-Age: 600\r\n"));
	assert_non_null(
	    strstr(rs.headers.buf, "Access-Control-Allow-Origin: http://localhost:3000\r\n"));
	rq.origin = "https://isp.example";
	rq.method = "GET";
	assert_non_null(
	    strstr(ask_with(rq).headers.buf, "Access-Control-Allow-Origin: https://isp.example"));
	rq.origin = "https://evil.example";
	assert_null(strstr(ask_with(rq).headers.buf, "Allow-Origin"));
	assert_int_equal(authenticated, 2);
}

/* Each once, or nginx does not start; what would end its quotes is no origin. */
static void
origins_are_printed_for_nginx(void **state)
{
	struct sb s = sb_new(cx.mem);

	(void)state;
	http_print_origins(&s, " http://localhost:3000/ ,/,https://ISP.example,default,"
			       "http://LOCALHOST:3000,http://a\"b,http://a;b,app://here,");
	assert_string_equal(s.buf, "\"http://localhost:3000\" $http_origin;\n"
				   "\"https://ISP.example\" $http_origin;\n"
				   "\"app://here\" $http_origin;\n");
	s = sb_new(cx.mem);
	http_print_origins(&s, "");
	assert_string_equal(s.buf, "");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(finds_routes),
		CASE(says_what_is_allowed),
		CASE(bad_encoding_is_400),
		CASE(gate_decides_before_and_after),
		CASE(unauthenticated_is_answered_as_laravel_does),
		CASE(bodies_are_json_and_small),
		CASE(a_read_is_repeated_once),
		CASE(a_write_is_never_repeated),
		CASE(errors_in_laravels_shape),
		CASE(an_error_of_no_field_is_logged),
		CASE(other_origins),
		CASE(origins_are_printed_for_nginx),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
