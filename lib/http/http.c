/* http.c: from a request to its route, and from an outcome to its answer. */
#include "http/http.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/jw.h"
#include "base/log.h"

enum { RETRY_SECONDS = 2, THROTTLE_SECONDS = 60 };

static const int status_of[RC__MAX] = {
	[RC_OK] = 200,
	[RC_MALFORMED] = 400,
	[RC_UNAUTH] = 401,
	[RC_DENIED] = 403,
	[RC_NOT_FOUND] = 404,
	[RC_METHOD] = 405,
	[RC_CONFLICT] = 409,
	[RC_TOO_LARGE] = 413,
	[RC_MEDIA] = 415,
	[RC_INVALID] = 422,
	[RC_THROTTLED] = 429,
	[RC_UPSTREAM] = 502,
	[RC_RETRY] = 503,
	[RC_INTERNAL] = 500,
};

/* ---- finding the route ----------------------------------------------------------------------- */

/* The next character of a path, its escape undone; a slash that is escaped parts nothing. */
static char
take_char(const char **at)
{
	const char *s = *at;

	if (s[0] == '%' && isxdigit((unsigned char)s[1]) && isxdigit((unsigned char)s[2])) {
		char c = (char)strtol((char[]){ s[1], s[2], '\0' }, NULL, 16);

		*at += 3;
		return (char)(c != '/' ? c : '%');
	}
	*at += 1;
	return *s;
}

/* How many :name parts pat has when path fits it, -1 when it does not. */
static int
path_fit(const char *pat, const char *path)
{
	int nargs = 0;

	while (*pat != '\0') {
		if (*pat != ':') {
			if (*path == '\0' || *pat++ != take_char(&path))
				return -1;
			continue;
		}
		if (*path == '/' || *path == '\0')
			return -1;
		path = strchrnul(path, '/');
		pat = strchrnul(pat, '/');
		nargs++;
	}
	return *path == '\0' ? nargs : -1;
}

/* HEAD is GET without its body, which the web server leaves out. */
static const char *
method_of(const struct req *rq)
{
	return strcmp(rq->method, "HEAD") == 0 ? "GET" : rq->method;
}

static const struct route *
find_route(const struct http_policy *hp, const char *path, const char *method)
{
	const struct route *best = NULL;
	int fewest = REQ_ARGS_MAX + 1;

	for (const struct route *rt = hp->routes; rt < hp->routes + hp->nroutes; rt++) {
		int nargs = path_fit(rt->path, path);

		if (nargs < 0 || nargs >= fewest || strcmp(rt->method, method) != 0)
			continue;
		best = rt;
		fewest = nargs;
	}
	return best;
}

/* "GET, HEAD, POST, OPTIONS" of a path; "" when no route has it. */
static const char *
allowed(struct ctx *cx, const struct http_policy *hp, const char *path)
{
	struct sb s = sb_new(cx->mem);

	for (const struct route *rt = hp->routes; rt < hp->routes + hp->nroutes; rt++) {
		if (path_fit(rt->path, path) < 0 || strstr(s.buf, rt->method) != NULL)
			continue;
		sb_printf(&s, "%s, ", rt->method);
		if (strcmp(rt->method, "GET") == 0)
			sb_puts(&s, "HEAD, ");
	}
	if (s.len > 0)
		sb_puts(&s, "OPTIONS");
	return s.buf;
}

static enum rc
no_route(struct ctx *cx, const struct http_policy *hp, const struct req *rq, struct resp *rs)
{
	const char *allow = allowed(cx, hp, rq->path);

	if (allow[0] == '\0')
		return FAIL(cx, RC_NOT_FOUND, "There is nothing at this address.");
	resp_header(rs, "Allow", allow);
	return FAIL(cx, RC_METHOD, "%.20s is not possible at this address.", rq->method);
}

/* Put the decoded :name parts of the path into rq->args. */
static enum rc
read_args(struct ctx *cx, const char *pat, struct req *rq)
{
	const char *path = rq->path;
	size_t nargs = 0;

	memset(rq->args, 0, sizeof(rq->args));
	for (; *pat != '\0'; pat++) {
		size_t name, val;

		if (*pat != ':') {
			(void)take_char(&path);
			continue;
		}
		assert(nargs < REQ_ARGS_MAX);
		name = strcspn(pat + 1, "/");
		val = strcspn(path, "/");
		rq->args[nargs].name = arena_printf(cx->mem, "%.*s", (int)name, pat + 1);
		TRY(req_decode(cx, path, val, &rq->args[nargs++].val));
		pat += name;
		path += val;
	}
	return RC_OK;
}

const char *
http_pool_name(enum route_pool pool)
{
	static const char *const names[POOL__MAX] = {
		[POOL_FAST] = "fast",
		[POOL_LOGIN] = "login",
		[POOL_ROUTER] = "router",
		[POOL_GATEWAY] = "gateway",
	};

	return names[pool];
}

/* ---- running it ------------------------------------------------------------------------------ */

/* NUL and broken UTF-8 anywhere in the address are refused before anything looks at it. */
static enum rc
check_address(struct ctx *cx, const struct req *rq)
{
	const char *text;

	TRY(req_decode(cx, rq->path, strlen(rq->path), &text));
	return rq->query != NULL ? req_decode(cx, rq->query, strlen(rq->query), &text) : RC_OK;
}

/* A body that is no JSON object is refused also where nobody reads it: it may have been cut off. */
static enum rc
check_json(struct ctx *cx, const struct req *rq)
{
	struct json_span spans[JSON_MEMBERS];
	size_t n;

	return json_check(cx, rq->body, rq->body_len, spans, &n);
}

/* On addresses of anybody the handler says what a bad body is: the gateway has its own rules. */
static enum rc
check_body(struct ctx *cx, const struct req *rq, const struct route *rt)
{
	size_t max = rt->perm == 0 ? REQ_BODY_MAX_PUBLIC : REQ_BODY_MAX;

	if (rq->body_len > max)
		return FAIL(cx, RC_TOO_LARGE, "The body is larger than %zu KiB.", max / 1024);
	if (rq->body_len == 0 || strcmp(rt->method, "GET") == 0)
		return RC_OK;
	if (!req_is_json(rq))
		return FAIL(cx, RC_MEDIA, "The body must be declared as application/json.");
	return rt->perm == 0 ? RC_OK : check_json(cx, rq);
}

/*
 * A read runs along with the look-up of its token, in one round trip; all else
 * waits for it.
 */
static enum rc
enter(struct ctx *cx, const struct http_policy *hp, const struct route *rt, const struct req *rq)
{
	if (rt->perm == 0)
		return check_body(cx, rq, rt);
	if (hp->authenticate != NULL)
		TRY(hp->authenticate(cx, rq, rt->perm));
	if (strcmp(rt->method, "GET") != 0 && hp->pass != NULL)
		TRY(hp->pass(cx));
	return check_body(cx, rq, rt);
}

static enum rc
run_route(struct ctx *cx, const struct http_policy *hp, const struct route *rt, struct req *rq,
    struct resp *rs)
{
	enum rc rc = read_args(cx, rt->path, rq);

	if (rc == RC_OK)
		rc = enter(cx, hp, rt, rq);
	if (rc == RC_OK)
		rc = rt->verb != NULL ? rt->verb(cx, rq, rs, rt->resource) : rt->fn(cx, rq, rs);
	if (hp->pass != NULL)
		TRY(hp->pass(cx));
	return rc;
}

static enum rc
run(struct ctx *cx, const struct http_policy *hp, struct req *rq, struct resp *rs)
{
	const char *method = method_of(rq);
	const struct route *rt;
	enum rc rc;

	TRY(check_address(cx, rq));
	rq->path = req_plain_path(cx, rq->path);
	rt = find_route(hp, rq->path, method);
	if (rt == NULL)
		return no_route(cx, hp, rq, rs);
	rc = run_route(cx, hp, rt, rq, rs);
	if (rc != RC_OK && cx->err.again && strcmp(method, "GET") == 0) {
		cx->err = (struct err){ 0 };
		cx->actor = (struct actor){ 0 };
		rs->body = sb_new(cx->mem);
		rs->headers = sb_new(cx->mem);
		rc = run_route(cx, hp, rt, rq, rs);
	}
	return rc;
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* The texts of one field together, however they came in. */
static void
write_field(struct jw *w, const struct field_err *first)
{
	jw_arr(w, first->field);
	for (const struct field_err *f = first; f != NULL; f = f->next)
		if (strcmp(f->field, first->field) == 0)
			jw_str(w, NULL, f->msg);
	jw_end(w);
}

static bool
seen_before(const struct field_err *all, const struct field_err *f)
{
	for (; all != f; all = all->next)
		if (strcmp(all->field, f->field) == 0)
			return true;
	return false;
}

static void
write_fields(struct jw *w, const struct err *e)
{
	jw_obj(w, "errors");
	for (const struct field_err *f = e->fields; f != NULL; f = f->next)
		if (!seen_before(e->fields, f))
			write_field(w, f);
	jw_end(w);
}

/* As Laravel says it: the first text, and how many more there are. */
static const char *
message_of(struct ctx *cx)
{
	const struct err *e = &cx->err;
	int more = -1;

	if (e->rc == RC_INTERNAL)
		return "Something went wrong on our side. It has been logged.";
	if (e->rc == RC_UNAUTH)
		return "Unauthenticated.";
	for (const struct field_err *f = e->fields; f != NULL; f = f->next)
		more++;
	if (more <= 0)
		return e->msg;
	return arena_printf(cx->mem, "%s (and %d more %s)", e->msg, more,
	    more == 1 ? "error" : "errors");
}

static void
retry_after(struct ctx *cx, struct resp *rs)
{
	int s = cx->err.retry_after;

	if (cx->err.rc != RC_RETRY && cx->err.rc != RC_THROTTLED)
		return;
	if (s <= 0)
		s = cx->err.rc == RC_RETRY ? RETRY_SECONDS : THROTTLE_SECONDS;
	resp_header(rs, "Retry-After", arena_printf(cx->mem, "%d", s));
}

static void
write_error(struct ctx *cx, struct resp *rs)
{
	struct jw w;

	rs->status = status_of[cx->err.rc];
	rs->body = sb_new(cx->mem);
	retry_after(cx, rs);
	w = jw_new(&rs->body);
	jw_obj(&w, NULL);
	jw_str(&w, "message", message_of(cx));
	if (cx->err.rc == RC_INVALID)
		write_fields(&w, &cx->err);
	jw_end(&w);
}

/* What is wrong with a request is told by field: where none is named, it was for us to see it. */
static bool
is_our_bug(const struct err *e)
{
	return e->rc == RC_INTERNAL || (e->rc == RC_INVALID && e->fields == NULL);
}

static void
log_outcome(const struct ctx *cx, const struct req *rq)
{
	bool bug = is_our_bug(&cx->err);

	if (!bug && cx->err.rc != RC_UPSTREAM && cx->err.rc != RC_RETRY)
		return;
	log_err(bug ? LOG_ERROR : LOG_WARN, "request", cx);
	if (bug)
		log_event(LOG_ERROR, "request_was", "method", rq->method, "path", rq->path, "rid",
		    cx->request_id, NULL);
}

/* ---- other origins --------------------------------------------------------------------------- */

/* The next of a comma list, without the slash people put behind it; its length, 0: no more. */
static size_t
take_origin(const char **at, const char **ret)
{
	size_t len = 0;

	while (len == 0 && **at != '\0') {
		*at += strspn(*at, ", ");
		*ret = *at;
		len = strcspn(*at, ", ");
		*at += len;
		while (len > 0 && (*ret)[len - 1] == '/')
			len--;
	}
	return len;
}

/* Does a list hold this origin before end?  NULL: to its end. */
static bool
is_listed(const char *list, const char *end, const char *origin, size_t n)
{
	const char *one;
	size_t len;

	while (n > 0 && (len = take_origin(&list, &one)) > 0 && (end == NULL || one < end))
		if (len == n && strncasecmp(one, origin, n) == 0)
			return true;
	return false;
}

static bool
may_call(const struct http_policy *hp, const struct req *rq)
{
	const char *origin = rq->origin != NULL ? rq->origin : "";

	return hp->origins != NULL && is_listed(hp->origins, NULL, origin, strlen(origin));
}

/* What no Origin header can be is left out: the web server would take it for its own words. */
static bool
is_origin(const char *s, size_t n)
{
	const char *host = strstr(s, "://");

	return host != NULL && host < s + n &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			 ":/.-_+[]") >= n;
}

void
http_print_origins(struct sb *out, const char *list)
{
	const char *at = list, *one;
	size_t len;

	while ((len = take_origin(&at, &one)) > 0)
		if (is_origin(one, len) && !is_listed(list, one, one, len))
			sb_printf(out, "\"%.*s\" $http_origin;\n", (int)len, one);
}

static void
cors(const struct http_policy *hp, const struct req *rq, struct resp *rs)
{
	if (rq->origin == NULL || rq->origin[0] == '\0')
		return;
	/* Where nginx answers itself, nginx/isp.conf says the same. */
	resp_header(rs, "Vary", "Origin");
	if (!may_call(hp, rq))
		return;
	resp_header(rs, "Access-Control-Allow-Origin", rq->origin);
	resp_header(rs, "Access-Control-Expose-Headers", "X-Request-Id, Retry-After");
}

static void
answer_options(struct ctx *cx, const struct http_policy *hp, const struct req *rq, struct resp *rs)
{
	const char *allow = allowed(cx, hp, rq->path);

	rs->status = 204;
	resp_header(rs, "Allow", allow[0] != '\0' ? allow : "OPTIONS");
	if (!may_call(hp, rq))
		return;
	resp_header(rs, "Access-Control-Allow-Methods",
	    "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
	resp_header(rs, "Access-Control-Allow-Headers",
	    "Authorization, Content-Type, Accept, Idempotency-Key, X-Requested-With");
	resp_header(rs, "Access-Control-Max-Age", "600");
}

void
http_dispatch(struct ctx *cx, const struct http_policy *hp, struct req *rq, struct resp *rs)
{
	enum rc rc;

	*rs = (struct resp){ .body = sb_new(cx->mem), .headers = sb_new(cx->mem) };
	cx->err = (struct err){ 0 };
	rq->base = hp->url;
	if (strcmp(rq->method, "OPTIONS") == 0) {
		answer_options(cx, hp, rq, rs);
	} else if ((rc = run(cx, hp, rq, rs)) != RC_OK) {
		assert(cx->err.rc == rc);
		write_error(cx, rs);
		log_outcome(cx, rq);
	}
	cors(hp, rq, rs);
}

enum rc
resp_json(struct resp *rs, int status, const char *json)
{
	rs->status = status;
	sb_puts(&rs->body, json);
	return RC_OK;
}

void
resp_header(struct resp *rs, const char *name, const char *val)
{
	sb_puts(&rs->headers, name);
	sb_puts(&rs->headers, ": ");
	for (; *val != '\0'; val++)
		sb_putc(&rs->headers, (char)((unsigned char)*val < 0x20 ? ' ' : *val));
	sb_puts(&rs->headers, "\r\n");
}
