/*
 * openapi.c: describes every address, from the tables that serve it: routes, ops,
 * resources, fields.
 *
 * `isp-api --print-openapi` prints it; test/unit/api/openapi.golden.json shows its changes
 * in the diff.
 */
#include <string.h>

#include "api/openapi_int.h"
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

struct op
openapi_op(struct ctx *cx, const struct route *rt)
{
	return rt->verb != NULL ? crud_op(cx, rt) : *rt->op;
}

const char *
openapi_name(struct ctx *cx, const struct route *rt)
{
	static const char crud[] = "crud_";

	if (rt->resource == NULL)
		return rt->name;
	return arena_printf(cx->mem, "%s_%s", rt->resource->name, rt->name + strlen(crud));
}

bool
openapi_is_first(struct ctx *cx, const struct route *rt)
{
	for (const struct route *before = api_routes; before < rt; before++)
		if (strcmp(openapi_name(cx, before), openapi_name(cx, rt)) == 0)
			return false;
	return true;
}

/* ---- parameters ---- */

static void
put_param(struct ctx *cx, struct jw *w, const char *in, const struct field *f)
{
	jw_obj(w, NULL);
	jw_str(w, "name", f->name);
	jw_str(w, "in", in);
	if (strcmp(in, "path") == 0)
		jw_bool(w, "required", true);
	openapi_field(cx, w, "schema", f);
	jw_end(w);
}

/* Every :name of the path; all are ids of rows, except those of tokens, which are numbers. */
static void
put_path_params(struct ctx *cx, struct jw *w, const char *path)
{
	bool token = strstr(path, "/tokens/") != NULL;

	for (const char *at = strchr(path, ':'); at != NULL; at = strchr(at + 1, ':')) {
		char *name = arena_strdup(cx->mem, at + 1);

		name[strcspn(name, "/")] = '\0';
		put_param(cx, w, "path",
		    &(const struct field){ name, token ? FT_INT : FT_UUID, 0, 1, INT32_MAX });
	}
}

/* "name" and "-name" of every field that a list can be sorted by. */
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
put_filters(struct ctx *cx, struct jw *w, const struct resource *res)
{
	for (size_t i = 0; i < res->nfields; i++) {
		struct field f = res->fields[i];

		if ((f.flags & FF_FILTER) == 0)
			continue;
		f.dflt = NULL;
		f.flags = 0;
		put_param(cx, w, "query", &f);
	}
	for (size_t i = 0; i < res->nfilters; i++) {
		struct field f = *res->filters[i].field;

		f.name = res->filters[i].param;
		put_param(cx, w, "query", &f);
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
		put_param(cx, w, "query", &page[i]);
	if (res->search != NULL)
		put_param(cx, w, "query",
		    &(const struct field){ "search", FT_TEXT, .max = 255,
			.hint = "a part of a text; with fewer than three letters or digits in a "
				"row the beginning of a word" });
	if (res->hidden_param != NULL)
		put_param(cx, w, "query", &(const struct field){ res->hidden_param, FT_BOOL });
	put_sort(cx, w, res);
	put_filters(cx, w, res);
}

/* Parameters that any act may have: dry_run, Idempotency-Key. */
static void
put_act_params(struct ctx *cx, struct jw *w, const struct op *op)
{
	if (op->dry_run)
		put_param(cx, w, "query",
		    &(const struct field){ "dry_run", FT_BOOL,
			.hint = "only say what would happen; also as a field of the body" });
	if (op->keyed)
		put_param(cx, w, "header",
		    &(const struct field){ "Idempotency-Key", FT_TEXT, .max = 255,
			.hint = "the same again: no second act" });
}

static void
put_params(struct ctx *cx, struct jw *w, const struct route *rt, const struct op *op)
{
	jw_arr(w, "parameters");
	put_path_params(cx, w, rt->path);
	for (size_t i = 0; i < op->nparams; i++)
		put_param(cx, w, "query", &op->params[i]);
	if (op->list != NULL)
		put_list_params(cx, w, op->list);
	put_act_params(cx, w, op);
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

void
openapi_ref(struct ctx *cx, struct jw *w, const char *key, const char *name)
{
	jw_obj(w, key);
	jw_str(w, "$ref", arena_printf(cx->mem, "#/components/%s", name));
	jw_end(w);
}

static void
put_file_body(struct jw *w)
{
	static const char text[] = "{\"schema\":{\"type\":\"string\"}}";

	jw_obj(w, "requestBody");
	jw_bool(w, "required", true);
	jw_obj(w, "content");
	jw_raw(w, "text/csv", text);
	jw_raw(w, "application/octet-stream", text);
	jw_end(w);
	jw_end(w);
}

static void
put_body(struct ctx *cx, struct jw *w, const struct route *rt, const struct op *op)
{
	bool needed = false;

	if (rt->file)
		put_file_body(w);
	if (op->fields == NULL)
		return;
	for (size_t i = 0; i < op->nfields && op->flag == FF_CREATE; i++)
		needed = needed || (op->fields[i].flags & FF_NEEDED) != 0;
	jw_obj(w, "requestBody");
	jw_bool(w, "required", needed);
	open_json(w);
	openapi_ref(cx, w, "schema", arena_printf(cx->mem, "schemas/%s", openapi_name(cx, rt)));
	close_json(w);
	jw_end(w);
}

/* A list returns a page; a row comes with its children. */
static const char *
answer_schema(struct ctx *cx, const struct route *rt, const struct op *op)
{
	if (op->list != NULL)
		return arena_printf(cx->mem, "schemas/%s_page", op->list->name);
	if (op->row == NULL || op->many || op->nullable)
		return arena_printf(cx->mem, "schemas/%s_answer", openapi_name(cx, rt));
	return arena_printf(cx->mem, "schemas/%s%s", op->row->name,
	    op->row->nchildren > 0 ? "_shown" : "");
}

static void
put_csv(struct jw *w)
{
	jw_raw(w, "text/csv", "{\"schema\":{\"type\":\"string\"}}");
}

/* The schema of PDF and PNG. */
static void
put_file(struct jw *w, const char *media)
{
	jw_obj(w, "content");
	jw_raw(w, media, "{\"schema\":{\"type\":\"string\",\"format\":\"binary\"}}");
	jw_end(w);
}

static void
put_success(struct ctx *cx, struct jw *w, const struct route *rt, const struct op *op)
{
	int status = op->status != 0 ? op->status : 200;

	jw_obj(w, arena_printf(cx->mem, "%d", status));
	jw_str(w, "description", status == 204 ? "Done" : op->summary);
	if (op->row != NULL || op->list != NULL || op->answer != NULL) {
		open_json(w);
		openapi_ref(cx, w, "schema", answer_schema(cx, rt, op));
		jw_end(w);
		if (op->list != NULL)
			put_csv(w);
		jw_end(w);
	}
	if (op->media != NULL)
		put_file(w, op->media);
	jw_end(w);
}

/* The errors of this operation, besides those that any may return. */
static void
put_errors(struct ctx *cx, struct jw *w, const struct route *rt, const struct op *op)
{
	const struct {
		const char *status;
		bool may;
	} errors[] = {
		{ "401", rt->perm != 0 },
		{ "403", rt->perm != 0 },
		{ "404", strchr(rt->path, ':') != NULL },
		{ "409", strcmp(rt->method, "GET") != 0 },
		{ "422", op->fields != NULL || op->params != NULL || op->list != NULL },
	};

	for (size_t i = 0; i < countof(errors); i++)
		if (errors[i].may)
			openapi_ref(cx, w, errors[i].status, "responses/error");
	openapi_ref(cx, w, "default", "responses/error");
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

/* The tag of a path: its noun. */
static const char *
tag_of(struct ctx *cx, const char *path)
{
	const char *noun = path + strlen("/api/");

	return arena_printf(cx->mem, "%.*s", (int)strcspn(noun, "/."), noun);
}

/* "invoice_mark_paid"; a second address, and PATCH besides PUT, get names of their own. */
static const char *
operation_id(struct ctx *cx, const struct route *rt)
{
	const char *name = openapi_name(cx, rt);

	if (openapi_is_first(cx, rt))
		return name;
	if (strcmp(rt->method, "PATCH") == 0)
		return arena_printf(cx->mem, "%s_patch", name);
	return arena_printf(cx->mem, "%s_%s", name, tag_of(cx, rt->path));
}

static void
put_operation(struct ctx *cx, struct jw *w, const struct route *rt)
{
	struct op op = openapi_op(cx, rt);
	char *method = arena_strdup(cx->mem, rt->method);

	for (char *c = method; *c != '\0'; c++)
		*c = (char)(*c - 'A' + 'a');
	jw_obj(w, method);
	jw_str(w, "operationId", operation_id(cx, rt));
	jw_arr(w, "tags");
	jw_str(w, NULL, tag_of(cx, rt->path));
	jw_end(w);
	jw_str(w, "summary", op.summary);
	put_permission(w, rt->perm);
	jw_str(w, "x-pool", http_pool_name(rt->pool));
	put_params(cx, w, rt, &op);
	put_body(cx, w, rt, &op);
	jw_obj(w, "responses");
	put_success(cx, w, rt, &op);
	put_errors(cx, w, rt, &op);
	jw_end(w);
	jw_end(w);
}

/* OpenAPI's form of "/api/invoices/:id/mark-paid": "/api/invoices/{id}/mark-paid". */
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

/* The schema of errors: message for people, code for programs. */
static void
put_error_response(struct ctx *cx, struct jw *w)
{
	jw_obj(w, "error");
	jw_str(w, "description",
	    "message for people, code for programs; errors and codes name "
	    "fields and come with 422");
	open_json(w);
	openapi_ref(cx, w, "schema", "schemas/error");
	close_json(w);
	jw_end(w);
}

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
	put_error_response(cx, &w);
	jw_end(&w);
	openapi_schemas(cx, &w);
	jw_end(&w);
	jw_end(&w);
	return s.buf;
}
