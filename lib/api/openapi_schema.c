/* openapi_schema.c: fields as JSON Schema. */
#include "api/openapi_int.h"

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

	if (number && f->min == 0 && f->max == 0)
		return; /* shown only: whatever it is */
	if (number)
		jw_i64(w, "minimum", f->min);
	else if (f->min > 0)
		jw_i64(w, list ? "minItems" : "minLength", f->min);
	if (number)
		jw_i64(w, "maximum", f->max);
	else if (f->max > 0)
		jw_i64(w, list ? "maxItems" : "maxLength", f->max);
}

void
openapi_field(struct jw *w, const char *key, const struct field *f)
{
	jw_obj(w, key);
	put_type(w, f);
	put_among(w, f);
	put_bounds(w, f);
	if (f->dflt != NULL)
		jw_raw(w, "default", f->dflt);
	if (f->type == FT_SECRET)
		jw_bool(w, "writeOnly", true);
	if (f->hint != NULL)
		jw_str(w, "description", f->hint);
	jw_end(w);
}

void
openapi_fields(struct jw *w, const char *key, const struct field *fields, size_t n, enum fflag flag)
{
	jw_obj(w, key);
	jw_str(w, "type", "object");
	if (flag == FF_CREATE) {
		jw_arr(w, "required");
		for (size_t i = 0; i < n; i++)
			if ((fields[i].flags & FF_CREATE) != 0 &&
			    (fields[i].flags & FF_NEEDED) != 0)
				jw_str(w, NULL, fields[i].name);
		jw_end(w);
	}
	jw_obj(w, "properties");
	if (flag == FF_SHOWN)
		openapi_field(w, "id", &(const struct field){ "id", FT_UUID });
	for (size_t i = 0; i < n; i++)
		if ((fields[i].flags & (unsigned)flag) != 0)
			openapi_field(w, fields[i].name, &fields[i]);
	jw_end(w);
	jw_end(w);
}
