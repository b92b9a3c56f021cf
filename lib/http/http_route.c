/* http_route.c: from a path to its route and the values in it. */
#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "http/http_int.h"

/* The next character of a path, decoded; an escaped slash separates no parts. */
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

/* The number of :name parts of pat when path fits it; -1 when it does not. */
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

/* HEAD is GET without its body, which the web server cuts. */
const char *
http_method_of(const struct req *rq)
{
	return strcmp(rq->method, "HEAD") == 0 ? "GET" : rq->method;
}

const struct route *
http_find_route(const struct http_policy *hp, const char *path, const char *method)
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

const char *
http_allowed(struct ctx *cx, const struct http_policy *hp, const char *path)
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

enum rc
http_no_route(struct ctx *cx, const struct http_policy *hp, const struct req *rq, struct resp *rs)
{
	const char *allow = http_allowed(cx, hp, rq->path);

	if (allow[0] == '\0')
		return FAIL(cx, RC_NOT_FOUND, "There is nothing at this address.");
	resp_header(rs, "Allow", allow);
	return FAIL(cx, RC_METHOD, "%.20s is not possible at this address.", rq->method);
}

enum rc
http_read_args(struct ctx *cx, const char *pat, struct req *rq)
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
