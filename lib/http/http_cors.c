/* http_cors.c: answers to browsers whose page has another origin. */
#include <string.h>
#include <strings.h>

#include "http/http_int.h"

/*
 * Find the next origin of a comma list, without a slash at its end; returns its length, 0:
 * no more.
 */
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

/* True when the list holds this origin before `end` (NULL: its end). */
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

/* Exclude texts that no Origin header can be: nginx would read them as its own syntax. */
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

void
http_cors(const struct http_policy *hp, const struct req *rq, struct resp *rs)
{
	if (rq->origin == NULL || rq->origin[0] == '\0')
		return;
	/* nginx/isp.conf sets the same in nginx's own answers */
	resp_header(rs, "Vary", "Origin");
	if (!may_call(hp, rq))
		return;
	resp_header(rs, "Access-Control-Allow-Origin", rq->origin);
	resp_header(rs, "Access-Control-Expose-Headers", "X-Request-Id, Retry-After, X-Ignored");
}

void
http_answer_options(struct ctx *cx, const struct http_policy *hp, const struct req *rq,
    struct resp *rs)
{
	const char *allow = http_allowed(cx, hp, rq->path);

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
