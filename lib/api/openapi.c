/*
 * openapi.c: the description of every address, written from the tables that
 * serve it: routes, ops, resources, fields.  `isp-api --print-openapi` prints it;
 * test/unit/api/openapi.golden.json shows its changes in the diff.
 */
#include <string.h>

#include "api/openapi_int.h"

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
		openapi_field(w, numbers[i],
		    &(const struct field){ .type = FT_INT, .flags = FF_NULL });
	for (size_t i = 0; i < countof(urls); i++)
		openapi_field(w, urls[i],
		    &(const struct field){ .type = FT_TEXT, .flags = FF_NULL });
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
	openapi_params(cx, w, rt, &op);
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
