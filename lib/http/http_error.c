/* http_error.c: an error as the answer that the caller reads, and as a line of the log. */
#include <string.h>

#include "base/jw.h"
#include "base/log.h"
#include "http/http_int.h"

enum { RETRY_SECONDS = 2, THROTTLE_SECONDS = 60 };

/* A failure as callers see it: the status, and the code for errors without one. */
static const struct {
	int status;
	const char *code;
} answers[RC__MAX] = {
	[RC_OK] = { 200, "" },
	[RC_MALFORMED] = { 400, "malformed" },
	[RC_UNAUTH] = { 401, "unauthenticated" },
	[RC_DENIED] = { 403, "forbidden" },
	[RC_NOT_FOUND] = { 404, "not_found" },
	[RC_METHOD] = { 405, "method_not_allowed" },
	[RC_CONFLICT] = { 409, "conflict" },
	[RC_TOO_LARGE] = { 413, "too_large" },
	[RC_MEDIA] = { 415, "unsupported_media_type" },
	[RC_INVALID] = { 422, "invalid" },
	[RC_THROTTLED] = { 429, "throttled" },
	[RC_UPSTREAM] = { 502, "upstream_failed" },
	[RC_RETRY] = { 503, "unavailable" },
	[RC_INTERNAL] = { 500, "internal" },
};

typedef void (*put_field_fn)(struct jw *, const struct field_err *);

static void
put_text(struct jw *w, const struct field_err *f)
{
	jw_str(w, NULL, f->msg);
}

static void
put_code(struct jw *w, const struct field_err *f)
{
	jw_raw(w, NULL, f->code != NULL ? f->code : "{\"code\":\"invalid\"}");
}

static bool
seen_before(const struct field_err *all, const struct field_err *f)
{
	for (; all != f; all = all->next)
		if (strcmp(all->field, f->field) == 0)
			return true;
	return false;
}

/* Write each field with an array that `put` fills from its errors, in any order. */
static void
write_fields(struct jw *w, const char *key, const struct err *e, put_field_fn put)
{
	jw_obj(w, key);
	for (const struct field_err *f = e->fields; f != NULL; f = f->next) {
		if (seen_before(e->fields, f))
			continue;
		jw_arr(w, f->field);
		for (const struct field_err *same = f; same != NULL; same = same->next)
			if (strcmp(same->field, f->field) == 0)
				put(w, same);
		jw_end(w);
	}
	jw_end(w);
}

/* The message in Laravel's form: the first text, and the number of further ones. */
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

void
http_write_error(struct ctx *cx, struct resp *rs)
{
	const struct err *e = &cx->err;
	struct jw w;

	rs->status = answers[e->rc].status;
	rs->body = sb_new(cx->mem);
	rs->content_type = NULL;
	rs->more = NULL;
	retry_after(cx, rs);
	w = jw_new(&rs->body);
	jw_obj(&w, NULL);
	jw_str(&w, "message", message_of(cx));
	jw_str(&w, "code", e->code[0] != '\0' ? e->code : answers[e->rc].code);
	if (e->rc == RC_INVALID) {
		write_fields(&w, "errors", e, put_text);
		write_fields(&w, "codes", e, put_code);
	}
	jw_end(&w);
}

/*
 * A refused request must name its field; an error without one means that our own check is
 * missing.
 */
static bool
is_our_bug(const struct err *e)
{
	return e->rc == RC_INTERNAL || (e->rc == RC_INVALID && e->fields == NULL);
}

void
http_log_error(const struct ctx *cx, const struct req *rq)
{
	bool bug = is_our_bug(&cx->err);

	if (!bug && cx->err.rc != RC_UPSTREAM && cx->err.rc != RC_RETRY)
		return;
	log_err(bug ? LOG_ERROR : LOG_WARN, "request", cx);
	if (bug)
		log_event(LOG_ERROR, "request_was", "method", rq->method, "path", rq->path, "rid",
		    cx->request_id, NULL);
}
