/*
 * openapi.c: the description of every address, written from the tables that
 * serve it: routes, ops, resources, fields.  `isp-api --print-openapi` prints it;
 * test/unit/api/openapi.golden.json shows its changes in the diff.
 */
#include <string.h>

#include "api/api.h"
#include "base/jw.h"

/* ---- what a route takes and gives, whoever serves it ---- */

static const char *
spaced(struct ctx *cx, const char *name)
{
	char *s = arena_strdup(cx->mem, name);

	for (char *c = s; *c != '\0'; c++)
		if (*c == '_')
			*c = ' ';
	return s;
}

static struct op
crud_op(struct ctx *cx, const struct route *rt)
{
	const struct resource *res = rt->resource;
	const char *name = spaced(cx, res->name);

	if (rt->verb == crud_list)
		return (struct op){ .list = res,
			.summary = arena_printf(cx->mem, "List the %s", spaced(cx, res->table)) };
	if (rt->verb == crud_show)
		return (
		    struct op){ .row = res, .summary = arena_printf(cx->mem, "Show one %s", name) };
	if (rt->verb == crud_delete)
		return (struct op){ .status = 204,
			.summary = arena_printf(cx->mem, "Delete one %s", name) };
	if (rt->verb == crud_create)
		return (struct op){ .fields = res->fields,
			.nfields = res->nfields,
			.row = res,
			.flag = FF_CREATE,
			.status = 201,
			.summary = arena_printf(cx->mem, "Create a %s", name) };
	return (struct op){ .fields = res->fields,
		.nfields = res->nfields,
		.row = res,
		.flag = FF_UPDATE,
		.summary = arena_printf(cx->mem, "Change one %s", name) };
}

static struct op
op_of(struct ctx *cx, const struct route *rt)
{
	return rt->verb != NULL ? crud_op(cx, rt) : *rt->op;
}

/* ---- fields as JSON Schema ---- */

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

static void
put_schema(struct jw *w, const char *key, const struct field *f)
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
		put_schema(w, "id", &(const struct field){ "id", FT_UUID });
	for (size_t i = 0; i < n; i++)
		if ((fields[i].flags & (unsigned)flag) != 0)
			put_schema(w, fields[i].name, &fields[i]);
	jw_end(w);
	jw_end(w);
}

/* ---- parameters ---- */

static void
put_param(struct jw *w, const char *in, const struct field *f)
{
	jw_obj(w, NULL);
	jw_str(w, "name", f->name);
	jw_str(w, "in", in);
	if (strcmp(in, "path") == 0)
		jw_bool(w, "required", true);
	put_schema(w, "schema", f);
	jw_end(w);
}

/* Every :name of the path; all are ids of rows, but those of tokens are numbers. */
static void
put_path_params(struct ctx *cx, struct jw *w, const char *path)
{
	bool token = strstr(path, "/tokens/") != NULL;

	for (const char *at = strchr(path, ':'); at != NULL; at = strchr(at + 1, ':')) {
		char *name = arena_strdup(cx->mem, at + 1);

		name[strcspn(name, "/")] = '\0';
		put_param(w, "path",
		    &(const struct field){ name, token ? FT_INT : FT_UUID, 0, 1, INT32_MAX });
	}
}

/* "name" and "-name" of every field that sorts. */
static void
put_sort(struct ctx *cx, struct jw *w, const struct resource *res)
{
	jw_obj(w, NULL);
	jw_str(w, "name", "sort");
	jw_str(w, "in", "query");
	jw_obj(w, "schema");
	jw_str(w, "type", "string");
	jw_arr(w, "enum");
	for (size_t i = 0; i < res->nfields; i++) {
		if ((res->fields[i].flags & FF_SORT) == 0)
			continue;
		jw_str(w, NULL, res->fields[i].name);
		jw_str(w, NULL, arena_printf(cx->mem, "-%s", res->fields[i].name));
	}
	jw_end(w);
	jw_end(w);
	jw_end(w);
}

static void
put_filters(struct jw *w, const struct resource *res)
{
	for (size_t i = 0; i < res->nfields; i++) {
		struct field f = res->fields[i];

		if ((f.flags & FF_FILTER) == 0)
			continue;
		f.dflt = NULL;
		f.flags = 0;
		put_param(w, "query", &f);
	}
	for (size_t i = 0; i < res->nfilters; i++) {
		struct field f = *res->filters[i].form;

		f.name = res->filters[i].param;
		put_param(w, "query", &f);
	}
}

static void
put_list_params(struct ctx *cx, struct jw *w, const struct resource *res)
{
	static const struct field page[] = {
		{ "page", FT_INT, 0, 1, 1000000000, .dflt = "1" },
		{ "per_page", FT_INT, 0, 1, 100, .dflt = "20" },
	};

	for (size_t i = 0; i < countof(page); i++)
		put_param(w, "query", &page[i]);
	if (res->search != NULL)
		put_param(w, "query", &(const struct field){ "search", FT_TEXT, .max = 255 });
	if (res->hidden_param != NULL)
		put_param(w, "query", &(const struct field){ res->hidden_param, FT_BOOL });
	put_sort(cx, w, res);
	put_filters(w, res);
}

static void
put_params(struct ctx *cx, struct jw *w, const struct route *rt, const struct op *op)
{
	jw_arr(w, "parameters");
	put_path_params(cx, w, rt->path);
	for (size_t i = 0; i < op->nparams; i++)
		put_param(w, "query", &op->params[i]);
	if (op->list != NULL)
		put_list_params(cx, w, op->list);
	jw_end(w);
}

/* ---- bodies and answers ---- */

static void
open_json(struct jw *w)
{
	jw_obj(w, "content");
	jw_obj(w, "application/json");
}

static void
close_json(struct jw *w)
{
	jw_end(w);
	jw_end(w);
}

static void
put_ref(struct ctx *cx, struct jw *w, const char *key, const char *name)
{
	jw_obj(w, key);
	jw_str(w, "$ref", arena_printf(cx->mem, "#/components/%s", name));
	jw_end(w);
}

static void
put_body(struct jw *w, const struct op *op)
{
	bool needed = false;

	if (op->fields == NULL)
		return;
	for (size_t i = 0; i < op->nfields && op->flag == FF_CREATE; i++)
		needed = needed || (op->fields[i].flags & FF_NEEDED) != 0;
	jw_obj(w, "requestBody");
	jw_bool(w, "required", needed);
	open_json(w);
	openapi_fields(w, "schema", op->fields, op->nfields, op->flag);
	close_json(w);
	jw_end(w);
}

/* Laravel's paginator around the rows. */
static void
put_page(struct ctx *cx, struct jw *w, const char *name)
{
	static const char *const numbers[] = { "current_page", "from", "last_page", "per_page",
		"to", "total" };
	static const char *const urls[] = { "first_page_url", "last_page_url", "next_page_url",
		"path", "prev_page_url" };

	jw_obj(w, "schema");
	jw_str(w, "type", "object");
	jw_obj(w, "properties");
	jw_obj(w, "data");
	jw_str(w, "type", "array");
	put_ref(cx, w, "items", arena_printf(cx->mem, "schemas/%s", name));
	jw_end(w);
	for (size_t i = 0; i < countof(numbers); i++)
		put_schema(w, numbers[i],
		    &(const struct field){ .type = FT_INT, .flags = FF_NULL });
	for (size_t i = 0; i < countof(urls); i++)
		put_schema(w, urls[i], &(const struct field){ .type = FT_TEXT, .flags = FF_NULL });
	jw_raw(w, "links", "{\"type\":\"array\"}");
	jw_raw(w, "total_is_estimate", "{\"type\":\"boolean\"}");
	jw_end(w);
	jw_end(w);
}

static void
put_success(struct ctx *cx, struct jw *w, const struct op *op)
{
	int status = op->status != 0 ? op->status : 200;

	jw_obj(w, arena_printf(cx->mem, "%d", status));
	jw_str(w, "description", status == 204 ? "Done" : op->summary);
	if (op->row != NULL || op->list != NULL) {
		open_json(w);
		if (op->list != NULL)
			put_page(cx, w, op->list->name);
		else
			put_ref(cx, w, "schema",
			    arena_printf(cx->mem, "schemas/%s", op->row->name));
		close_json(w);
	}
	jw_end(w);
}

/* ---- one operation ---- */

static void
put_permission(struct jw *w, uint32_t perm)
{
	const char *role = (perm & P_ADMIN) != 0 ? "admin" : "operator";
	const char *ability = NULL;

	if (perm == 0) {
		jw_raw(w, "security", "[]");
		return;
	}
	if ((perm & (P_ADMIN | P_OPERATOR)) == 0)
		role = "viewer";
	if ((perm & P_FULL) != 0)
		ability = "*";
	else if ((perm & P_NETWORK) != 0)
		ability = "network";
	else if ((perm & P_BILLING) != 0)
		ability = "billing";
	else if ((perm & P_READ) != 0)
		ability = "read";
	jw_str(w, "x-role", role);
	jw_str(w, "x-ability", ability);
}

/* "post_api_invoices_id_mark_paid": unique, and a name in any language. */
static const char *
operation_id(struct ctx *cx, const struct route *rt)
{
	char *s = arena_printf(cx->mem, "%s%s", rt->method, rt->path);

	for (char *c = s; *c != '\0'; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
		else if (*c == '/' || *c == '-' || *c == '.' || *c == ':')
			*c = '_';
	}
	return s;
}

static void
put_operation(struct ctx *cx, struct jw *w, const struct route *rt)
{
	struct op op = op_of(cx, rt);
	char *method = arena_strdup(cx->mem, rt->method);

	for (char *c = method; *c != '\0'; c++)
		*c = (char)(*c - 'A' + 'a');
	jw_obj(w, method);
	jw_str(w, "operationId", operation_id(cx, rt));
	jw_str(w, "summary", op.summary);
	put_permission(w, rt->perm);
	jw_str(w, "x-pool", http_pool_name(rt->pool));
	put_params(cx, w, rt, &op);
	put_body(w, &op);
	jw_obj(w, "responses");
	put_success(cx, w, &op);
	put_ref(cx, w, "default", "responses/error");
	jw_end(w);
	jw_end(w);
}

/* "/api/invoices/:id/mark-paid" as OpenAPI writes it: "/api/invoices/{id}/mark-paid". */
static const char *
braced(struct ctx *cx, const char *path)
{
	struct sb s = sb_new(cx->mem);

	while (*path != '\0') {
		size_t n = strcspn(path, ":");

		sb_add(&s, path, n);
		path += n;
		if (*path == ':') {
			n = strcspn(path, "/");
			sb_printf(&s, "{%.*s}", (int)n - 1, path + 1);
			path += n;
		}
	}
	return s.buf;
}

static bool
is_first_of_path(const struct route *rt)
{
	for (const struct route *before = api_routes; before < rt; before++)
		if (strcmp(before->path, rt->path) == 0)
			return false;
	return true;
}

static void
put_paths(struct ctx *cx, struct jw *w)
{
	const struct route *end = api_routes + api_nroutes;

	jw_obj(w, "paths");
	for (const struct route *rt = api_routes; rt < end; rt++) {
		if (!is_first_of_path(rt))
			continue;
		jw_obj(w, braced(cx, rt->path));
		for (const struct route *same = rt; same < end; same++)
			if (strcmp(same->path, rt->path) == 0)
				put_operation(cx, w, same);
		jw_end(w);
	}
	jw_end(w);
}

/* ---- the rows ---- */

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

static void
put_schemas(struct ctx *cx, struct jw *w)
{
	struct kinds k = { .n = 0 };

	jw_obj(w, "schemas");
	for (size_t i = 0; i < api_nroutes; i++) {
		struct op op = op_of(cx, &api_routes[i]);
		const struct resource *res = op.row != NULL ? op.row : op.list;

		if (is_new(&k, res))
			openapi_fields(w, res->name, res->fields, res->nfields, FF_SHOWN);
	}
	jw_end(w);
}

static const char error_response[] =
    "{\"description\":\"What went wrong: message for people, code for programs; errors and codes "
    "name fields and come with 422\","
    "\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\","
    "\"required\":[\"message\",\"code\"],"
    "\"properties\":{\"message\":{\"type\":\"string\"},\"code\":{\"type\":\"string\"},"
    "\"errors\":{\"type\":\"object\","
    "\"additionalProperties\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}},"
    "\"codes\":{\"type\":\"object\","
    "\"additionalProperties\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
    "\"required\":[\"code\"],\"properties\":{\"code\":{\"type\":\"string\"}},"
    "\"additionalProperties\":true}}}}}}}}";

static const char about[] =
    "Unknown fields of a body are ignored. null, and \"\" where nothing was typed, clears a "
    "field that may be null and keeps a secret; for any other it is 422 on a change, and on "
    "creation as if the field was not given.";

const char *
openapi_json(struct ctx *cx)
{
	struct sb s = sb_new(cx->mem);
	struct jw w = jw_new(&s);

	jw_obj(&w, NULL);
	jw_str(&w, "openapi", "3.1.0");
	jw_obj(&w, "info");
	jw_str(&w, "title", "ISP Billing");
	jw_str(&w, "description", about);
	jw_str(&w, "version", ISP_VERSION);
	jw_end(&w);
	jw_raw(&w, "security", "[{\"token\":[]}]");
	put_paths(cx, &w);
	jw_obj(&w, "components");
	jw_raw(&w, "securitySchemes", "{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"}}");
	jw_obj(&w, "responses");
	jw_raw(&w, "error", error_response);
	jw_end(&w);
	put_schemas(cx, &w);
	jw_end(&w);
	jw_end(&w);
	return s.buf;
}
