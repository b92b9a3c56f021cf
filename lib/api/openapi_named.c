/* openapi_named.c: the named schemas of the OpenAPI document: rows, pages, bodies, answers. */
#include <string.h>

#include "api/openapi_int.h"
#include "base/jw.h"

/* ---- rows and pages ---- */

enum { KINDS_MAX = 64 };

struct kinds {
	const struct resource *seen[KINDS_MAX];
	size_t n;
};

static bool
is_new(struct kinds *k, const struct resource *res)
{
	if (res == NULL || k->n == KINDS_MAX)
		return false;
	for (size_t i = 0; i < k->n; i++)
		if (k->seen[i] == res)
			return false;
	k->seen[k->n++] = res;
	return true;
}

/* The resource whose rows a view shows; NULL: none of the API. */
static const struct resource *
resource_of_view(const char *view)
{
	for (const struct route *rt = api_routes; rt < api_routes + api_nroutes; rt++)
		if (rt->resource != NULL && strcmp(rt->resource->view, view) == 0)
			return rt->resource;
	return NULL;
}

/* Arrays of other resources' rows, which show and create return besides the columns. */
static void
put_children(struct ctx *cx, struct jw *w, const struct resource *res)
{
	struct field *parts = arena_alloc(cx->mem, res->nchildren * sizeof(*parts));

	for (size_t i = 0; i < res->nchildren; i++) {
		const struct resource *child = resource_of_view(res->children[i].view);

		parts[i] = (struct field){ res->children[i].name, FT_ROWS,
			.noun = child != NULL ? child->name : NULL };
	}
	jw_obj(w, arena_printf(cx->mem, "%s_shown", res->name));
	jw_arr(w, "allOf");
	openapi_ref(cx, w, NULL, arena_printf(cx->mem, "schemas/%s", res->name));
	openapi_fields(cx, w, NULL, parts, res->nchildren, 0);
	jw_end(w);
	jw_end(w);
}

/* Laravel's paginator around the rows. */
static void
put_page_of(struct ctx *cx, struct jw *w, const struct resource *res)
{
	const struct field data = { "data", FT_ROWS, .noun = res->name };

	jw_obj(w, arena_printf(cx->mem, "%s_page", res->name));
	jw_arr(w, "allOf");
	openapi_ref(cx, w, NULL, "schemas/page");
	openapi_fields(cx, w, NULL, &data, 1, 0);
	jw_end(w);
	jw_end(w);
}

static const struct field link_parts[] = {
	{ "url", FT_TEXT, FF_NULL },
	{ "label", FT_TEXT },
	{ "active", FT_BOOL },
};

static const struct field page[] = {
	{ "current_page", FT_INT },
	{ "first_page_url", FT_TEXT },
	{ "from", FT_INT, FF_NULL },
	{ "last_page", FT_INT },
	{ "last_page_url", FT_TEXT },
	{ "links", FT_ROWS, .parts = link_parts, .nparts = countof(link_parts) },
	{ "next_page_url", FT_TEXT, FF_NULL },
	{ "path", FT_TEXT },
	{ "per_page", FT_INT },
	{ "prev_page_url", FT_TEXT, FF_NULL },
	{ "to", FT_INT, FF_NULL },
	{ "total", FT_INT },
	{ "total_is_estimate", FT_BOOL, FF_RARE },
	{ "sum_amount", FT_MONEY, FF_RARE },
};

static const struct field error[] = {
	{ "message", FT_TEXT },
	{ "code", FT_TEXT },
	{ "errors", FT_MAP, FF_RARE, .hint = "texts by field; with 422" },
	{ "codes", FT_MAP, FF_RARE, .hint = "by field: {code, and the bound that it broke}" },
};

/* ---- bodies and answers ---- */

/* An object, or an array of such objects. */
static void
put_answer(struct ctx *cx, struct jw *w, const char *name, const struct op *op)
{
	const char *key = arena_printf(cx->mem, "%s_answer", name);

	if (op->many) {
		jw_obj(w, key);
		jw_str(w, "type", "array");
		key = "items";
	}
	if (op->nullable) {
		jw_obj(w, key);
		jw_arr(w, "oneOf");
		key = NULL;
	}
	if (op->row != NULL)
		openapi_ref(cx, w, key, arena_printf(cx->mem, "schemas/%s", op->row->name));
	else
		openapi_fields(cx, w, key, op->answer, op->nanswer, 0);
	if (op->nullable) {
		jw_raw(w, NULL, "{\"type\":\"null\"}");
		jw_end(w);
		jw_end(w);
	}
	if (op->many)
		jw_end(w);
}

static void
put_bodies(struct ctx *cx, struct jw *w)
{
	for (const struct route *rt = api_routes; rt < api_routes + api_nroutes; rt++) {
		struct op op = openapi_op(cx, rt);
		const char *name = openapi_name(cx, rt);

		if (!openapi_is_first(cx, rt))
			continue;
		if (op.fields != NULL)
			openapi_fields(cx, w, name, op.fields, op.nfields, op.flag);
		if (op.answer != NULL || op.many || op.nullable)
			put_answer(cx, w, name, &op);
	}
}

static bool
has_id(const struct resource *res)
{
	for (size_t i = 0; i < res->nfields; i++)
		if (strcmp(res->fields[i].name, "id") == 0)
			return true;
	return res->single;
}

/* Describe a row; each has an id, even when its table does not list one. */
static void
put_row(struct ctx *cx, struct jw *w, const struct resource *res)
{
	struct field *fields = arena_alloc(cx->mem, (res->nfields + 1) * sizeof(*fields));
	size_t n = 0;

	if (!has_id(res))
		fields[n++] = (struct field){ "id", FT_UUID, FF_SHOWN };
	memcpy(fields + n, res->fields, res->nfields * sizeof(*fields));
	openapi_fields(cx, w, res->name, fields, n + res->nfields, FF_SHOWN);
	if (res->nchildren > 0)
		put_children(cx, w, res);
}

void
openapi_schemas(struct ctx *cx, struct jw *w)
{
	struct kinds rows = { .n = 0 }, pages = { .n = 0 };

	jw_obj(w, "schemas");
	openapi_fields(cx, w, "page", page, countof(page), 0);
	openapi_fields(cx, w, "error", error, countof(error), 0);
	for (size_t i = 0; i < api_nroutes; i++) {
		struct op op = openapi_op(cx, &api_routes[i]);
		const struct resource *res = op.row != NULL ? op.row : op.list;

		if (is_new(&rows, res))
			put_row(cx, w, res);
		if (is_new(&pages, op.list))
			put_page_of(cx, w, op.list);
	}
	put_bodies(cx, w);
	jw_end(w);
}
