/* http.c: from a request to its route, and from an outcome to its answer. */
#include "http/http.h"

#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "http/http_int.h"

/* Refuse NUL and broken UTF-8 anywhere in the address before any other code reads it. */
static enum rc
check_address(struct ctx *cx, const struct req *rq)
{
	const char *text;

	TRY(req_decode(cx, rq->path, strlen(rq->path), &text));
	return rq->query != NULL ? req_decode(cx, rq->query, strlen(rq->query), &text) : RC_OK;
}

/*
 * Refuse a body that is no JSON object even when the handler ignores it: it may have been
 * cut off.
 */
static enum rc
check_json(struct ctx *cx, const struct req *rq)
{
	struct json_span spans[JSON_MEMBERS];
	size_t n;

	return json_check(cx, rq->body, rq->body_len, spans, &n);
}

/*
 * On addresses without a permission the handler judges the body: Midtrans' messages have
 * rules of their own.
 */
static enum rc
check_body(struct ctx *cx, const struct req *rq, const struct route *rt)
{
	size_t max = rt->perm == 0 ? REQ_BODY_MAX_PUBLIC : REQ_BODY_MAX;

	if (rt->file)
		max = REQ_BODY_MAX_FILE;
	if (rq->body_len > max)
		return FAIL(cx, RC_TOO_LARGE, "The body is larger than %zu KiB.", max / 1024);
	if (rq->body_len == 0 || rt->file || strcmp(rt->method, "GET") == 0)
		return RC_OK;
	if (!req_is_json(rq))
		return FAIL(cx, RC_MEDIA, "The body must be declared as application/json.");
	return rt->perm == 0 ? RC_OK : check_json(cx, rq);
}

/*
 * Queue a read with the look-up of its token, in one round trip; any other request waits
 * for the look-up.
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

enum rc
http_run(struct ctx *cx, const struct route *rt, const struct req *rq, struct resp *rs)
{
	return rt->verb != NULL ? rt->verb(cx, rq, rs, rt->resource) : rt->fn(cx, rq, rs);
}

static enum rc
run_route(struct ctx *cx, const struct http_policy *hp, const struct route *rt, struct req *rq,
    struct resp *rs)
{
	enum rc rc = http_read_args(cx, rt->path, rq);

	if (rc == RC_OK)
		rc = enter(cx, hp, rt, rq);
	if (rc == RC_OK)
		rc = hp->run != NULL ? hp->run(cx, rt, rq, rs) : http_run(cx, rt, rq, rs);
	if (hp->pass != NULL)
		TRY(hp->pass(cx));
	return rc;
}

static enum rc
run(struct ctx *cx, const struct http_policy *hp, struct req *rq, struct resp *rs)
{
	const char *method = http_method_of(rq);
	const struct route *rt;
	enum rc rc;

	TRY(check_address(cx, rq));
	rq->path = req_plain_path(cx, rq->path);
	rt = http_find_route(hp, rq->path, method);
	if (rt == NULL)
		return http_no_route(cx, hp, rq, rs);
	rc = run_route(cx, hp, rt, rq, rs);
	if (rc != RC_OK && cx->err.again && strcmp(method, "GET") == 0) {
		cx->err = (struct err){ 0 };
		cx->actor = (struct actor){ 0 };
		*rs = (struct resp){ .body = sb_new(cx->mem), .headers = sb_new(cx->mem) };
		rc = run_route(cx, hp, rt, rq, rs);
	}
	return rc;
}

/* Bytes a second at which nginx hands out an answer, header included: about two seconds each. */
#define SLOW_RATE "400"

/*
 * A client that goes on asking with failed tokens gets its answers slowly. nginx holds them, no
 * worker waits: 64 connections that asked as fast as they were refused took both processors, and
 * a webhook 100 ms.
 */
static void
answer_failure(struct ctx *cx, const struct http_policy *hp, const struct req *rq, struct resp *rs,
    enum rc rc)
{
	bool slow = false;

	if (rc == RC_UNAUTH && hp->refused != NULL) {
		rc = hp->refused(cx, rq);
		slow = rc == RC_THROTTLED;
	}
	assert(cx->err.rc == rc);
	http_write_error(cx, rs);
	if (slow)
		resp_header(rs, "X-Accel-Limit-Rate", SLOW_RATE);
	http_log_error(cx, rq);
}

void
http_dispatch(struct ctx *cx, const struct http_policy *hp, struct req *rq, struct resp *rs)
{
	enum rc rc;

	*rs = (struct resp){ .body = sb_new(cx->mem), .headers = sb_new(cx->mem) };
	cx->err = (struct err){ 0 };
	rq->base = hp->url;
	if (strcmp(rq->method, "OPTIONS") == 0) {
		http_answer_options(cx, hp, rq, rs);
	} else if ((rc = run(cx, hp, rq, rs)) != RC_OK) {
		answer_failure(cx, hp, rq, rs, rc);
	}
	if (hp->pool != NULL)
		resp_header(rs, "X-Pool", hp->pool);
	http_cors(hp, rq, rs);
}

enum rc
resp_json(struct resp *rs, int status, const char *json)
{
	rs->status = status;
	rs->body = sb_view(rs->body.mem, json);
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
