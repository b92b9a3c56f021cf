/*
 * A request of any bytes through routes, query, shapes and paginator: nothing
 * crashes, leaks or answers anything but a known status.  First line: method,
 * path and query separated by blanks; the rest is the body.
 */
#include <stdlib.h>
#include <string.h>

#include "http/page.h"
#include "http/shape.h"

int LLVMFuzzerTestOneInput(const unsigned char *, size_t);

static const char *const kinds[] = { "pppoe", "hotspot", NULL };

/* clang-format off */
static const struct field fields[] = {
	{ "name",   FT_TEXT,   FF_CREATE | FF_NEEDED, 1, 10 },
	{ "kind",   FT_TEXT,   FF_CREATE | FF_FILTER, .max = 16, .among = kinds, .dflt = "\"pppoe\"" },
	{ "price",  FT_MONEY,  FF_CREATE, 0, 999999999999 },
	{ "count",  FT_INT,    FF_CREATE, -5, 10 },
	{ "active", FT_BOOL,   FF_CREATE },
	{ "from",   FT_DATE,   FF_CREATE | FF_NULL },
	{ "ref",    FT_UUID,   FF_CREATE },
	{ "email",  FT_EMAIL,  FF_CREATE | FF_LOWER, .max = 254 },
	{ "secret", FT_SECRET, FF_CREATE, .max = 8 },
	{ "days",   FT_LIST,   FF_CREATE, .among = kinds },
	{ "meta",   FT_JSON,   FF_CREATE },
	{ "at",     FT_TIME,   FF_CREATE },
	{ "notes",  FT_TEXT,   FF_CREATE | FF_LINES, .max = 100, .chars = "._-" },
};
/* clang-format on */

/* Read an accepted body a second time: it is accepted, and is the same. */
static void
read_twice(struct ctx *cx, struct req *rq, struct cJSON *in)
{
	struct req again = *rq;
	struct cJSON *out;

	again.body = shape_json(cx, in);
	again.body_len = strlen(again.body);
	if (shape_read(cx, fields, countof(fields), FF_CREATE, &again, &out) != RC_OK ||
	    strcmp(shape_json(cx, out), again.body) != 0)
		abort();
}

static enum rc
create(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct req copy = *rq;
	struct cJSON *in;

	TRY(shape_read(cx, fields, countof(fields), FF_CREATE, rq, &in));
	read_twice(cx, &copy, in);
	return resp_json(rs, 201, shape_json(cx, in));
}

static enum rc
list(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct page p;

	TRY(page_read(cx, rq, &p));
	for (size_t i = 0; i < countof(fields); i++) {
		const char *val = req_param(cx, rq, fields[i].name);

		if (val != NULL)
			TRY(shape_param(cx, &fields[i], val));
	}
	p.total = (int64_t)strlen(rq->query);
	page_write(cx, rq, rs, &p, "[]", 0);
	return RC_OK;
}

static enum rc
show(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	return resp_json(rs, 200, id);
}

static const struct route routes[] = {
	{ "", "GET", "/a", 1, .fn = list },
	{ "", "POST", "/a", 1, .fn = create },
	{ "", "GET", "/a/:id", 1, .fn = show },
	{ "", "PUT", "/a/:id/b/:name", 0, .fn = create },
};

static const struct http_policy policy = {
	.routes = routes,
	.nroutes = countof(routes),
	.origins = "http://a, http://b",
	.url = "http://x",
};

/* The next word of *at, which moves behind it. */
static const char *
word(char **at)
{
	char *s = *at;
	size_t n = strcspn(s, " \n");

	*at = s + n + (s[n] == ' ');
	s[n] = '\0';
	return s;
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
	struct ctx cx = { .mem = arena_new(4096) };
	char *text = arena_alloc(cx.mem, n + 1), *head, *newline;
	struct req rq = { .content_type = "application/json" };
	struct resp rs;

	memcpy(text, data, n);
	newline = memchr(text, '\n', n);
	rq.body = newline != NULL ? newline + 1 : "";
	rq.body_len = newline != NULL ? n - (size_t)(newline + 1 - text) : 0;
	if (newline != NULL)
		*newline = '\0';
	head = text;
	rq.method = word(&head);
	rq.path = word(&head);
	rq.query = word(&head);
	rq.origin = rq.query;
	http_dispatch(&cx, &policy, &rq, &rs);
	if (rs.status < 200 || rs.status >= 500)
		abort();
	arena_free(cx.mem);
	return 0;
}
