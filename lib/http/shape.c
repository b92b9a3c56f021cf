/* shape.c: checks a body against a table of fields. */
#include "http/shape.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "http/http.h"
#include "http/shape_int.h"

static void
free_json(void *j)
{
	cJSON_Delete(j);
}

struct body {
	cJSON *in;
	struct json_span spans[JSON_MEMBERS];
	size_t n;
};

static enum rc
refuse_repeated(struct ctx *cx, const cJSON *in)
{
	for (const cJSON *v = in->child; v != NULL; v = v->next)
		for (const cJSON *w = v->next; w != NULL; w = w->next)
			if (strcmp(v->string, w->string) == 0)
				return FAIL(cx, RC_MALFORMED, "The body names \"%.*s\" twice.",
				    (int)utf8_cut(v->string, 60), v->string);
	return RC_OK;
}

static enum rc
parse(struct ctx *cx, const struct req *rq, struct body *b)
{
	if (rq->body_len == 0) {
		b->in = cJSON_CreateObject();
		arena_defer(cx->mem, free_json, b->in);
		return RC_OK;
	}
	if (!req_is_json(rq))
		return FAIL(cx, RC_MEDIA, "The body must be declared as application/json.");
	TRY(json_check(cx, rq->body, rq->body_len, b->spans, &b->n));
	b->in = cJSON_Parse(rq->body);
	arena_defer(cx->mem, free_json, b->in);
	if (!cJSON_IsObject(b->in))
		return FAIL(cx, RC_MALFORMED, "The body must be a JSON object.");
	return refuse_repeated(cx, b->in);
}

/* Find the member with this name, and its own text. */
static void
find_field(const struct body *b, struct reading *r)
{
	size_t i = 0;

	for (r->v = b->in->child; r->v != NULL; r->v = r->v->next, i++)
		if (strcmp(r->v->string, r->f->name) == 0) {
			r->raw = b->spans[i];
			return;
		}
}

enum rc
shape_read(struct ctx *cx, const struct field *fields, size_t n, enum fflag flag,
    const struct req *rq, struct cJSON **ret)
{
	struct body *b = arena_alloc(cx->mem, sizeof(*b));
	cJSON *out = cJSON_CreateObject();
	bool fit = true;

	arena_defer(cx->mem, free_json, out);
	cx->err = (struct err){ 0 };
	TRY(parse(cx, rq, b));
	for (const struct field *f = fields; f < fields + n; f++) {
		struct reading r = { .cx = cx, .f = f, .out = out, .flag = flag };

		if (!(f->flags & (unsigned)flag))
			continue;
		find_field(b, &r);
		fit = shape_read_field(&r) && fit;
	}
	*ret = out;
	return fit ? RC_OK : cx->err.rc;
}

static bool
is_named(const struct some_fields *some, const char *name)
{
	for (const char *const *n = some->names; *n != NULL; n++)
		if (strcmp(*n, name) == 0)
			return true;
	return false;
}

enum rc
shape_read_some(struct ctx *cx, const struct some_fields *some, enum fflag flag,
    const struct req *rq, struct cJSON **ret)
{
	struct field *named = arena_alloc(cx->mem, some->n * sizeof(*named));
	size_t n = 0;

	for (size_t i = 0; i < some->n; i++)
		if (is_named(some, some->fields[i].name))
			named[n++] = some->fields[i];
	return shape_read(cx, named, n, flag, rq, ret);
}

enum rc
shape_whole(struct ctx *cx, const struct req *rq, struct cJSON **ret)
{
	struct body *b = arena_alloc(cx->mem, sizeof(*b));

	TRY(parse(cx, rq, b));
	*ret = b->in;
	return RC_OK;
}

bool
shape_refused(const struct ctx *cx, const char *name)
{
	for (const struct field_err *f = cx->err.fields; f != NULL; f = f->next)
		if (strcmp(f->field, name) == 0)
			return true;
	return false;
}

const char *
shape_text(const struct cJSON *in, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(in, name));
}

int64_t
shape_i64(const struct cJSON *in, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(in, name);

	if (cJSON_IsRaw(v))
		return strtoll(v->valuestring, NULL, 10);
	return cJSON_IsNumber(v) ? (int64_t)v->valuedouble : 0; /* a default of a field table */
}

bool
shape_bool(const struct cJSON *in, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(in, name));
}

bool
shape_has(const struct cJSON *in, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(in, name) != NULL;
}

const char *
shape_json(struct ctx *cx, const struct cJSON *in)
{
	char *text = cJSON_PrintUnformatted(in);

	if (text == NULL)
		abort();
	arena_defer(cx->mem, cJSON_free, text);
	return text;
}
