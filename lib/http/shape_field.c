/* shape_field.c: checks one value against its field. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/sb.h"
#include "base/utf8.h"
#include "base/value.h"
#include "http/shape_int.h"

enum { JSON_MAX = 65536 };

typedef bool (*read_fn)(struct reading *);

/* Refuse with "The due date must …" and the field's hint; bounds as in err_field_code(). */
static bool
field_error(struct ctx *cx, const struct field *f, const char *code, const char *bounds,
    const char *what)
{
	const char *name = err_field_words(cx, f->name);

	if (f->hint != NULL)
		(void)err_field(cx, f->name, "The %s %s (%s).", name, what, f->hint);
	else
		(void)err_field(cx, f->name, "The %s %s.", name, what);
	(void)err_field_code(cx, code, bounds);
	return false;
}

/*
 * Refuse a required field that has no value; the hint of a locked field names the address
 * that sets it.
 */
static bool
refuse_missing(struct reading *r)
{
	if (r->f->flags & FF_LOCKED)
		return field_error(r->cx, r->f, "required", NULL, "field is required");
	(void)err_field(r->cx, r->f->name, "The %s field is required.",
	    err_field_words(r->cx, r->f->name));
	(void)err_field_code(r->cx, "required", NULL);
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

/* "choices":["a","b"] */
static const char *
choices_json(struct ctx *cx, const struct field *f)
{
	struct sb s = sb_new(cx->mem);

	for (const char *const *a = f->among; *a != NULL; a++)
		sb_printf(&s, "%s\"%s\"", a == f->among ? "\"choices\":[" : ",", *a);
	sb_putc(&s, ']');
	return s.buf;
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
	return field_error(cx, f, "choice", choices_json(cx, f), list.buf);
}

static const char *
bound(struct ctx *cx, const char *name, int64_t val)
{
	return arena_printf(cx->mem, "\"%s\":%" PRId64, name, val);
}

static bool
check_length(struct ctx *cx, const struct field *f, const char *s)
{
	int64_t n = (int64_t)utf8_length(s);

	if (n < f->min)
		return field_error(cx, f, "min_length", bound(cx, "min", f->min),
		    arena_printf(cx->mem, "must be at least %" PRId64 " characters", f->min));
	if (f->max > 0 && n > f->max)
		return field_error(cx, f, "max_length", bound(cx, "max", f->max),
		    arena_printf(cx->mem, "must not be greater than %" PRId64 " characters",
			f->max));
	return true;
}

static bool
check_chars(struct ctx *cx, const struct field *f, const char *s)
{
	const char *what;

	if (utf8_has_control(s, (f->flags & FF_LINES) != 0))
		return field_error(cx, f, "control_characters", NULL,
		    "must not hold control characters");
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
	return field_error(cx, f, "characters", NULL, what);
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

/* Remove blanks around a text, but not from a secret, where they may be meant. */
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
value_text(struct reading *r)
{
	const char *s = cJSON_GetStringValue(r->v);

	return s != NULL ? trimmed(r->cx, r->f, s) : NULL;
}

/* A form of text (date, e-mail, …): its test, and the sentence and code of its failure. */
struct form {
	bool (*fits)(const char *);
	const char *what;
	const char *code;
};

static const struct form forms[] = {
	[FT_DATE] = { value_is_date, "must be a date (YYYY-MM-DD)", "date" },
	[FT_UUID] = { value_is_uuid, "must be a valid id", "id" },
	[FT_EMAIL] = { value_is_email, "must be a valid email address", "email" },
	[FT_TIME] = { value_is_time, "must be a time in ISO 8601", "time" },
	[FT_JSON] = { 0 },
};

static bool
check_form(struct ctx *cx, const struct field *f, const char *s)
{
	if (!forms[f->type].fits(s))
		return field_error(cx, f, forms[f->type].code, NULL, forms[f->type].what);
	return check_length(cx, f, s);
}

static bool
read_text(struct reading *r)
{
	const char *s = value_text(r);

	if (s == NULL)
		return field_error(r->cx, r->f, "text", NULL, "must be a text");
	if (!check_text(r->cx, r->f, s))
		return false;
	give(r, cJSON_CreateString(lowered(r->cx, r->f, s)));
	return true;
}

static bool
read_form(struct reading *r)
{
	const char *s = value_text(r);

	if (s == NULL)
		return field_error(r->cx, r->f, forms[r->f->type].code, NULL,
		    forms[r->f->type].what);
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
	return field_error(cx, f, "range",
	    arena_printf(cx->mem, "\"min\":%" PRId64 ",\"max\":%" PRId64, f->min, f->max),
	    arena_printf(cx->mem, "must be between %" PRId64 " and %" PRId64, f->min, f->max));
}

/*
 * Read a number from its own text: a double would lose digits. Money has the same form as
 * text or as number.
 */
static bool
whole_value(struct reading *r, int64_t *ret)
{
	const char *s = cJSON_GetStringValue(r->v);
	struct json_span raw = r->raw;

	if (s == NULL && !cJSON_IsNumber(r->v))
		return false;
	if (s == NULL && r->f->type == FT_MONEY)
		s = arena_printf(r->cx->mem, "%.*s", (int)raw.len, raw.at);
	return s != NULL ? value_whole_text(s, ret) : value_whole(raw.at, raw.len, ret);
}

static bool
read_whole(struct reading *r)
{
	bool money = r->f->type == FT_MONEY;
	int64_t n;

	if (!whole_value(r, &n))
		return field_error(r->cx, r->f, money ? "money" : "integer", NULL,
		    money ? "must be a whole amount of rupiah" : "must be a whole number");
	if (!check_range(r->cx, r->f, n))
		return false;
	give(r, cJSON_CreateRaw(arena_printf(r->cx->mem, "%" PRId64, n)));
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
		return field_error(r->cx, r->f, "boolean", NULL, "must be true or false");
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
		return field_error(r->cx, r->f, "list", NULL, "must be a list");
	cJSON_ArrayForEach (v, r->v) {
		const char *s = cJSON_GetStringValue(v);

		if (s == NULL)
			return field_error(r->cx, r->f, "list_of_texts", NULL,
			    "must be a list of texts");
		if (!check_among(r->cx, r->f, s) || !check_chars(r->cx, r->f, s))
			return false;
		if (r->f->among == NULL || !list_has(list, s)) /* a list holds each choice once */
			cJSON_AddItemToArray(list, cJSON_CreateString(s));
	}
	if (cJSON_GetArraySize(list) < r->f->min)
		return field_error(r->cx, r->f, "min_items", bound(r->cx, "min", r->f->min),
		    "must not be empty");
	if (r->f->max > 0 && cJSON_GetArraySize(list) > r->f->max)
		return field_error(r->cx, r->f, "max_items", bound(r->cx, "max", r->f->max),
		    "has too many entries");
	return true;
}

static bool
read_size(struct reading *r)
{
	if (r->raw.len > (r->f->max > 0 ? (size_t)r->f->max : (size_t)JSON_MAX))
		return field_error(r->cx, r->f, "too_long", NULL, "is too long");
	return true;
}

static bool
read_json(struct reading *r)
{
	if (!read_size(r))
		return false;
	give(r, cJSON_Duplicate(r->v, true));
	return true;
}

static const struct field *
part_named(const struct field *f, const char *name)
{
	for (size_t i = 0; i < f->nparts; i++)
		if (strcmp(f->parts[i].name, name) == 0)
			return &f->parts[i];
	return NULL;
}

/* Check the form of each amount in the row; the rule finds other faults of a row. */
static bool
check_row(struct reading *r, const cJSON *row, struct json_span raw)
{
	size_t max = (size_t)cJSON_GetArraySize(row), n, i = 0;
	struct json_span *spans = arena_alloc(r->cx->mem, (max + 1) * sizeof(*spans));
	int64_t money;

	json_children(raw, spans, max, &n);
	for (const cJSON *v = row->child; v != NULL && i < n; v = v->next, i++) {
		const struct field *f = v->string != NULL ? part_named(r->f, v->string) : NULL;
		struct reading part = { .cx = r->cx, .f = f, .v = v, .raw = spans[i] };

		if (f != NULL && f->type == FT_MONEY && !whole_value(&part, &money))
			return field_error(r->cx, r->f, "money", NULL,
			    arena_printf(r->cx->mem, "must hold a whole amount of rupiah as %s",
				f->name));
	}
	return true;
}

/* Rows go on as they were written: through a double an amount would lose digits or its form. */
static bool
read_rows(struct reading *r)
{
	size_t max = (size_t)cJSON_GetArraySize(r->v), n, i = 0;
	struct json_span *rows = arena_alloc(r->cx->mem, (max + 1) * sizeof(*rows));

	if (!read_size(r))
		return false;
	json_children(r->raw, rows, max, &n);
	for (const cJSON *v = r->v->child; v != NULL && i < n; v = v->next, i++)
		if (!check_row(r, v, rows[i]))
			return false;
	give(r, cJSON_CreateRaw(arena_printf(r->cx->mem, "%.*s", (int)r->raw.len, r->raw.at)));
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
	[FT_NUMBER] = read_json,
	[FT_OBJECT] = read_json,
	[FT_ROWS] = read_rows,
	[FT_MAP] = read_json,
};

/* True for no value: null; "", which browsers send for an empty input; the mask of a secret. */
static bool
is_empty(struct reading *r)
{
	const char *s = value_text(r);

	if (r->v == NULL || cJSON_IsNull(r->v))
		return true;
	if (s == NULL || r->f->type == FT_LIST)
		return false;
	return s[0] == '\0' || (r->f->type == FT_SECRET && strcmp(s, "********") == 0);
}

/* True when the field must have a value and has none; named: the body gives null or "". */
static bool
is_missing(struct reading *r, bool named)
{
	if (r->flag != FF_CREATE)
		return named && !(r->f->flags & FF_NULL);
	return (r->f->flags & FF_NEEDED) || ((r->f->flags & FF_GRANTS) && named);
}

static bool
read_empty(struct reading *r)
{
	const struct field *f = r->f;
	bool named = r->v != NULL && f->type != FT_SECRET;

	if (is_missing(r, named))
		return refuse_missing(r);
	if (named && (f->flags & FF_NULL))
		give(r, cJSON_CreateNull());
	else if (r->flag == FF_CREATE && f->dflt != NULL)
		give(r, cJSON_Parse(f->dflt));
	return true;
}

bool
shape_read_field(struct reading *r)
{
	return is_empty(r) ? read_empty(r) : readers[r->f->type](r);
}

/* ---- parameters of a query ------------------------------------------------------------------- */

static bool
param_fits(struct ctx *cx, const struct field *f, const char *val)
{
	int64_t n;

	switch (f->type) {
	case FT_INT:
	case FT_MONEY:
		if (!value_whole(val, strlen(val), &n) || strpbrk(val, ".eE") != NULL)
			return field_error(cx, f, "integer", NULL, "must be a whole number");
		return check_range(cx, f, n);
	case FT_BOOL:
		if (strcmp(val, "0") == 0 || strcmp(val, "1") == 0 || strcmp(val, "true") == 0 ||
		    strcmp(val, "false") == 0)
			return true;
		return field_error(cx, f, "boolean", NULL, "must be true or false");
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
