/* openapi_schema.c: writes field tables as JSON Schema. */
#include <string.h>

#include "api/form.h"
#include "api/openapi_int.h"
#include "base/jw.h"

struct form {
	const char *type, *format;
};

static const struct form forms[] = {
	[FT_TEXT] = { "string" },
	[FT_INT] = { "integer" },
	[FT_MONEY] = { "integer", "rupiah" },
	[FT_BOOL] = { "boolean" },
	[FT_DATE] = { "string", "date" },
	[FT_UUID] = { "string", "uuid" },
	[FT_EMAIL] = { "string", "email" },
	[FT_SECRET] = { "string", "password" },
	[FT_LIST] = { "array" },
	[FT_JSON] = { NULL },
	[FT_TIME] = { "string", "date-time" },
	[FT_NUMBER] = { "number" },
	[FT_OBJECT] = { "object" },
	[FT_ROWS] = { "array" },
	[FT_MAP] = { "object" },
};

static void
put_type(struct jw *w, const struct field *f)
{
	const struct form *form = &forms[f->type];

	if (form->type != NULL && (f->flags & FF_NULL) != 0) {
		jw_arr(w, "type");
		jw_str(w, NULL, form->type);
		jw_str(w, NULL, "null");
		jw_end(w);
	} else if (form->type != NULL) {
		jw_str(w, "type", form->type);
	}
	if (form->format != NULL)
		jw_str(w, "format", form->format);
}

static void
put_among(struct jw *w, const struct field *f)
{
	bool list = f->type == FT_LIST;

	if (list) {
		jw_obj(w, "items");
		jw_str(w, "type", "string");
	}
	if (f->among != NULL) {
		jw_arr(w, "enum");
		for (const char *const *word = f->among; *word != NULL; word++)
			jw_str(w, NULL, *word);
		if (!list && (f->flags & FF_NULL) != 0)
			jw_str(w, NULL, NULL);
		jw_end(w);
	}
	if (list)
		jw_end(w);
}

static void
put_bounds(struct jw *w, const struct field *f)
{
	bool number = f->type == FT_INT || f->type == FT_MONEY, list = f->type == FT_LIST;

	if (f->type == FT_UUID || (number && f->min == 0 && f->max == 0))
		return; /* an id has its form; a number without bounds is only shown */
	if (number)
		jw_i64(w, "minimum", f->min);
	else if (f->min > 0)
		jw_i64(w, list ? "minItems" : "minLength", f->min);
	if (number)
		jw_i64(w, "maximum", f->max);
	else if (f->max > 0)
		jw_i64(w, list ? "maxItems" : "maxLength", f->max);
}

/* A part of the fields of a table: those with a flag (0: all), with names read from an offset. */
struct part {
	const struct field *fields;
	size_t n;
	unsigned flag;
	size_t skip;
};

/* The last field of a table may stand for any further members. */
static bool
is_rest(const struct field *f)
{
	return strcmp(f->name, "*") == 0;
}

static bool
is_part(const struct part *p, size_t i)
{
	return p->flag == 0 || (p->fields[i].flags & p->flag) != 0;
}

/*
 * The number of fields from i on that share an object, as "customer.id" and
 * "customer.name" do; 0: the field is in none.
 */
static size_t
object_size(const struct part *p, size_t i)
{
	const char *name = p->fields[i].name, *dot = strchr(name + p->skip, '.');
	size_t n = 0;

	if (dot == NULL)
		return 0;
	while (i + n < p->n && strncmp(p->fields[i + n].name, name, (size_t)(dot - name) + 1) == 0)
		n++;
	return n;
}

/* The name of a field inside its object. */
static const char *
own_name(struct ctx *cx, const struct part *p, size_t i)
{
	const char *name = p->fields[i].name + p->skip;

	return arena_printf(cx->mem, "%.*s", (int)strcspn(name, "."), name);
}

static void put_parts(struct ctx *, struct jw *, const struct part *);

/* Describe an object of the table by its fields; it may be null if its first field may. */
static void
put_object(struct ctx *cx, struct jw *w, const struct part *p, size_t i, size_t n)
{
	struct part inner = { &p->fields[i], n, p->flag, p->skip };
	const char *name = own_name(cx, p, i);

	inner.skip += strlen(name) + 1;
	jw_obj(w, name);
	if ((p->fields[i].flags & FF_NULL) != 0)
		jw_raw(w, "type", "[\"object\",\"null\"]");
	else
		jw_str(w, "type", "object");
	put_parts(cx, w, &inner);
	jw_end(w);
}

static bool
is_required(const struct part *p, size_t i)
{
	if (p->flag == FF_UPDATE)
		return false;
	return p->flag == FF_CREATE ? (p->fields[i].flags & FF_NEEDED) != 0
				    : (p->fields[i].flags & FF_RARE) == 0;
}

/* A body must have the needed fields; an answer has all shown ones. */
static void
put_required(struct ctx *cx, struct jw *w, const struct part *p)
{
	size_t step;

	jw_arr(w, "required");
	for (size_t i = 0; i<p->n; i += step> 0 ? step : 1) {
		step = object_size(p, i);
		if (is_part(p, i) && is_required(p, i))
			jw_str(w, NULL, own_name(cx, p, i));
	}
	jw_end(w);
}

static void
put_parts(struct ctx *cx, struct jw *w, const struct part *p)
{
	size_t step;

	put_required(cx, w, p);
	jw_obj(w, "properties");
	for (size_t i = 0; i<p->n; i += step> 0 ? step : 1) {
		step = object_size(p, i);
		if (!is_part(p, i) || is_rest(&p->fields[i]))
			continue;
		if (step > 0)
			put_object(cx, w, p, i, step);
		else
			openapi_field(cx, w, own_name(cx, p, i), &p->fields[i]);
	}
	jw_end(w);
	if (p->n > 0 && is_rest(&p->fields[p->n - 1]))
		jw_raw(w, "additionalProperties", "{}");
}

void
openapi_fields(struct ctx *cx, struct jw *w, const char *key, const struct field *fields, size_t n,
    unsigned flag)
{
	struct part p = { fields, n, flag, 0 };

	jw_obj(w, key);
	jw_str(w, "type", "object");
	put_parts(cx, w, &p);
	jw_end(w);
}

/*
 * The content of an object, or of each element of an array: the row of a resource, an
 * object of parts, or any.
 */
static void
put_inner(struct ctx *cx, struct jw *w, const char *key, const struct field *f)
{
	if (f->noun != NULL)
		openapi_ref(cx, w, key, arena_printf(cx->mem, "schemas/%s", f->noun));
	else if (f->parts != NULL)
		openapi_fields(cx, w, key, f->parts, f->nparts, 0);
	else
		jw_raw(w, key, "{}");
}

/* An object that may be null: one of both schemas. */
static void
put_nested(struct ctx *cx, struct jw *w, const char *key, const struct field *f)
{
	if ((f->flags & FF_NULL) == 0) {
		put_inner(cx, w, key, f);
		return;
	}
	jw_obj(w, key);
	jw_arr(w, "oneOf");
	put_inner(cx, w, NULL, f);
	jw_raw(w, NULL, "{\"type\":\"null\"}");
	jw_end(w);
	jw_end(w);
}

void
openapi_field(struct ctx *cx, struct jw *w, const char *key, const struct field *f)
{
	if (f->type == FT_OBJECT) {
		put_nested(cx, w, key, f);
		return;
	}
	jw_obj(w, key);
	put_type(w, f);
	if (f->type == FT_ROWS || f->type == FT_MAP)
		put_inner(cx, w, f->type == FT_ROWS ? "items" : "additionalProperties", f);
	put_among(w, f);
	put_bounds(w, f);
	if (f->dflt != NULL)
		jw_raw(w, "default", f->dflt);
	if (f->type == FT_SECRET)
		jw_bool(w, "writeOnly", true);
	if (form_pattern(cx, f) != NULL)
		jw_str(w, "pattern", form_pattern(cx, f));
	if (f->hint != NULL)
		jw_str(w, "description", f->hint);
	jw_end(w);
}
