/* shape.c: a body held against a table of fields. */
#include "http/shape.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "base/json.h"
#include "base/utf8.h"
#include "base/value.h"
#include "http/http.h"

enum { JSON_MAX = 65536 };

/* One field being read: what came, how it was spelt, and where it goes. */
struct reading {
	struct ctx *cx;
	const struct field *f;
	const cJSON *v;       /* NULL: absent */
	struct json_span raw; /* the value's own text */
	cJSON *out;
	enum fflag flag;
};

typedef bool (*read_fn)(struct reading *);

static void
free_json(void *j)
{
	cJSON_Delete(j);
}

/* "due_date" is "due date" in a sentence, as Laravel has it. */
static const char *
spoken(struct ctx *cx, const char *name)
{
	char *s = arena_strdup(cx->mem, name);

	for (char *p = s; *p != '\0'; p++)
		if (*p == '_')
			*p = ' ';
	return s;
}

/* "The due date must …", with the field's hint behind it. */
static bool
field_error(struct ctx *cx, const struct field *f, const char *what)
{
	const char *name = spoken(cx, f->name);

	if (f->hint != NULL)
		(void)err_field(cx, f->name, "The %s %s (%s).", name, what, f->hint);
	else
		(void)err_field(cx, f->name, "The %s %s.", name, what);
	return false;
}

/* The hint of a locked field says which address sets it. */
static bool
required(struct reading *r)
{
	if (r->f->flags & FF_LOCKED)
		return field_error(r->cx, r->f, "field is required");
	(void)err_field(r->cx, r->f->name, "The %s field is required.", spoken(r->cx, r->f->name));
	return false;
}

static void
give(struct reading *r, cJSON *val)
{
	cJSON_AddItemToObject(r->out, r->f->name, val);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static bool
is_among(const char *const *among, const char *s)
{
	for (; *among != NULL; among++)
		if (strcmp(*among, s) == 0)
			return true;
	return false;
}

static bool
check_among(struct ctx *cx, const struct field *f, const char *s)
{
	struct sb list = sb_new(cx->mem);

	if (f->among == NULL || is_among(f->among, s))
		return true;
	sb_puts(&list, "must be one of: ");
	for (const char *const *a = f->among; *a != NULL; a++)
		sb_printf(&list, "%s%s", a == f->among ? "" : ", ", *a);
	return field_error(cx, f, list.buf);
}

static bool
check_length(struct ctx *cx, const struct field *f, const char *s)
{
	int64_t n = (int64_t)utf8_length(s);

	if (n < f->min)
		return field_error(cx, f,
		    arena_printf(cx->mem, "must be at least %" PRId64 " characters", f->min));
	if (f->max > 0 && n > f->max)
		return field_error(cx, f,
		    arena_printf(cx->mem, "must not be greater than %" PRId64 " characters",
			f->max));
	return true;
}

static bool
check_chars(struct ctx *cx, const struct field *f, const char *s)
{
	const char *what;

	if (utf8_has_control(s, (f->flags & FF_LINES) != 0))
		return field_error(cx, f, "must not hold control characters");
	if (f->chars == NULL)
		return true;
	for (; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && strchr(f->chars, *s) == NULL)
			break;
	if (*s == '\0')
		return true;
	what = f->chars[0] != '\0'
		   ? arena_printf(cx->mem, "may hold letters, digits and %s only", f->chars)
		   : "may hold letters and digits only";
	return field_error(cx, f, what);
}

static bool
check_text(struct ctx *cx, const struct field *f, const char *s)
{
	if (!check_length(cx, f, s) || !check_chars(cx, f, s) || !check_among(cx, f, s))
		return false;
	return f->check == NULL || f->check(cx, f->name, s);
}

static const char *
lowered(struct ctx *cx, const struct field *f, const char *s)
{
	char *low = arena_strdup(cx->mem, s);

	if (!(f->flags & FF_LOWER))
		return s;
	for (char *p = low; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return low;
}

/* Blanks around a text are nobody's intention, but in a secret they may be. */
static const char *
trimmed(struct ctx *cx, const struct field *f, const char *s)
{
	size_t n;
	char *t;

	if (f->type == FT_SECRET || (f->flags & FF_EXACT))
		return s;
	s += strspn(s, " \t\r\n");
	t = arena_strdup(cx->mem, s);
	for (n = strlen(t); n > 0 && strchr(" \t\r\n", t[n - 1]) != NULL; n--)
		t[n - 1] = '\0';
	return t;
}

static const char *
text_of(struct reading *r)
{
	const char *s = cJSON_GetStringValue(r->v);

	return s != NULL ? trimmed(r->cx, r->f, s) : NULL;
}

/* A form of text (date, e-mail, …): its test, and what is said when it fails. */
struct form {
	bool (*fits)(const char *);
	const char *what;
};

static const struct form forms[] = {
	[FT_DATE] = { value_is_date, "must be a date (YYYY-MM-DD)" },
	[FT_UUID] = { value_is_uuid, "must be a valid id" },
	[FT_EMAIL] = { value_is_email, "must be a valid email address" },
	[FT_TIME] = { value_is_time, "must be a time in ISO 8601" },
	[FT_JSON] = { 0 },
};

static bool
check_form(struct ctx *cx, const struct field *f, const char *s)
{
	if (!forms[f->type].fits(s))
		return field_error(cx, f, forms[f->type].what);
	return check_length(cx, f, s);
}

static bool
read_text(struct reading *r)
{
	const char *s = text_of(r);

	if (s == NULL)
		return field_error(r->cx, r->f, "must be a text");
	if (!check_text(r->cx, r->f, s))
		return false;
	give(r, cJSON_CreateString(lowered(r->cx, r->f, s)));
	return true;
}

static bool
read_form(struct reading *r)
{
	const char *s = text_of(r);

	if (s == NULL)
		return field_error(r->cx, r->f, forms[r->f->type].what);
	if (!check_form(r->cx, r->f, s))
		return false;
	if (r->f->check != NULL && !r->f->check(r->cx, r->f->name, s))
		return false;
	give(r, cJSON_CreateString(lowered(r->cx, r->f, s)));
	return true;
}

/* ---- numbers and truth ----------------------------------------------------------------------- */

static bool
check_range(struct ctx *cx, const struct field *f, int64_t n)
{
	if (n >= f->min && n <= f->max)
		return true;
	return field_error(cx, f,
	    arena_printf(cx->mem, "must be between %" PRId64 " and %" PRId64, f->min, f->max));
}

/* A number is read from its own text: a double would hide a part of it. */
static bool
read_whole(struct reading *r)
{
	const char *s = cJSON_GetStringValue(r->v), *what = "must be a whole number";
	struct json_span raw = r->raw;
	int64_t n;

	if (r->f->type == FT_MONEY)
		what = "must be a whole amount of rupiah";
	if (s != NULL)
		raw = (struct json_span){ s, strcspn(s, "eE") == strlen(s) ? strlen(s) : 0 };
	if ((s == NULL && !cJSON_IsNumber(r->v)) || !value_whole(raw.at, raw.len, &n))
		return field_error(r->cx, r->f, what);
	if (!check_range(r->cx, r->f, n))
		return false;
	give(r, cJSON_CreateNumber((double)n));
	return true;
}

static bool
read_bool(struct reading *r)
{
	const char *s = cJSON_GetStringValue(r->v);
	int64_t n;
	bool val;

	if (cJSON_IsBool(r->v))
		val = cJSON_IsTrue(r->v);
	else if (s != NULL && (strcmp(s, "0") == 0 || strcmp(s, "1") == 0))
		val = *s == '1';
	else if (cJSON_IsNumber(r->v) && value_whole(r->raw.at, r->raw.len, &n) && (n | 1) == 1)
		val = n == 1;
	else
		return field_error(r->cx, r->f, "must be true or false");
	give(r, cJSON_CreateBool(val));
	return true;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static bool
list_has(const cJSON *list, const char *s)
{
	const cJSON *v;

	cJSON_ArrayForEach (v, list)
		if (strcmp(v->valuestring, s) == 0)
			return true;
	return false;
}

static bool
read_list(struct reading *r)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *v;

	give(r, list);
	if (!cJSON_IsArray(r->v))
		return field_error(r->cx, r->f, "must be a list");
	cJSON_ArrayForEach (v, r->v) {
		const char *s = cJSON_GetStringValue(v);

		if (s == NULL)
			return field_error(r->cx, r->f, "must be a list of texts");
		if (!check_among(r->cx, r->f, s) || !check_chars(r->cx, r->f, s))
			return false;
		if (!list_has(list, s))
			cJSON_AddItemToArray(list, cJSON_CreateString(s));
	}
	if (cJSON_GetArraySize(list) < r->f->min)
		return field_error(r->cx, r->f, "must not be empty");
	if (r->f->max > 0 && cJSON_GetArraySize(list) > r->f->max)
		return field_error(r->cx, r->f, "has too many entries");
	return true;
}

static bool
read_json(struct reading *r)
{
	if (r->raw.len > (r->f->max > 0 ? (size_t)r->f->max : (size_t)JSON_MAX))
		return field_error(r->cx, r->f, "is too long");
	give(r, cJSON_Duplicate(r->v, true));
	return true;
}

static const read_fn readers[] = {
	[FT_TEXT] = read_text,
	[FT_INT] = read_whole,
	[FT_MONEY] = read_whole,
	[FT_BOOL] = read_bool,
	[FT_DATE] = read_form,
	[FT_UUID] = read_form,
	[FT_EMAIL] = read_form,
	[FT_SECRET] = read_text,
	[FT_LIST] = read_list,
	[FT_JSON] = read_json,
	[FT_TIME] = read_form,
};

/* Browsers send "" where nothing was typed: as Laravel does, that is null. */
static bool
is_empty(struct reading *r)
{
	const char *s = text_of(r);

	if (r->v == NULL || cJSON_IsNull(r->v))
		return true;
	if (s == NULL || r->f->type == FT_LIST)
		return false;
	return s[0] == '\0' || (r->f->type == FT_SECRET && strcmp(s, "********") == 0);
}

/* Must it have a value?  named: it was given one that is none. */
static bool
is_due(struct reading *r, bool named)
{
	if (r->flag != FF_CREATE)
		return named && !(r->f->flags & FF_NULL);
	return (r->f->flags & FF_NEEDED) || ((r->f->flags & FF_GRANTS) && cJSON_IsNull(r->v));
}

static bool
read_empty(struct reading *r)
{
	const struct field *f = r->f;
	bool named = r->v != NULL && f->type != FT_SECRET;

	if (is_due(r, named))
		return required(r);
	if (named && (f->flags & FF_NULL))
		give(r, cJSON_CreateNull());
	else if (r->flag == FF_CREATE && f->dflt != NULL)
		give(r, cJSON_Parse(f->dflt));
	return true;
}

static bool
read_field(struct reading *r)
{
	return is_empty(r) ? read_empty(r) : readers[r->f->type](r);
}

/* ---- the body -------------------------------------------------------------------------------- */

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
				return FAIL(cx, RC_MALFORMED, "The body names \"%.60s\" twice.",
				    v->string);
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

/* The member called name, and its own text. */
static void
find(const struct body *b, struct reading *r)
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
		find(b, &r);
		fit = read_field(&r) && fit;
	}
	*ret = out;
	return fit ? RC_OK : cx->err.rc;
}

enum rc
shape_read_some(struct ctx *cx, const struct some_fields *some, enum fflag flag,
    const struct req *rq, struct cJSON **ret)
{
	struct field *named = arena_alloc(cx->mem, some->n * sizeof(*named));
	size_t n = 0;

	for (size_t i = 0; i < some->n; i++)
		if (is_among(some->names, some->fields[i].name))
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

	return cJSON_IsNumber(v) ? (int64_t)v->valuedouble : 0;
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

static bool
param_fits(struct ctx *cx, const struct field *f, const char *val)
{
	int64_t n;

	switch (f->type) {
	case FT_INT:
	case FT_MONEY:
		if (!value_whole(val, strlen(val), &n) || strpbrk(val, ".eE") != NULL)
			return field_error(cx, f, "must be a whole number");
		return check_range(cx, f, n);
	case FT_BOOL:
		if (strcmp(val, "0") == 0 || strcmp(val, "1") == 0 || strcmp(val, "true") == 0 ||
		    strcmp(val, "false") == 0)
			return true;
		return field_error(cx, f, "must be true or false");
	case FT_DATE:
	case FT_UUID:
	case FT_EMAIL:
	case FT_TIME:
		return check_form(cx, f, val);
	default:
		return check_length(cx, f, val) && check_chars(cx, f, val) &&
		       check_among(cx, f, val);
	}
}

enum rc
shape_param(struct ctx *cx, const struct field *f, const char *val)
{
	return param_fits(cx, f, val) ? RC_OK : cx->err.rc;
}
