/* meta_fields.c: GET /api/meta, from which the browser draws lists, forms and actions. */
#include <string.h>

#include "api/api.h"
#include "api/form.h"
#include "base/jw.h"
#include "midtrans/midtrans.h"
#include "sql.h"

/* clang-format off */
static const char *const type_names[] = { "text", "int", "money", "bool", "date", "uuid", "email",
	"secret", "list", "json", "time", "number", "object", "rows", "map", NULL };
static const char *const roles[] = { "viewer", "operator", "admin", NULL };

static const struct field field_parts[] = {
	{ "name",     FT_TEXT },
	{ "type",     FT_TEXT, .among = type_names },
	{ "create",   FT_BOOL, FF_RARE },
	{ "update",   FT_BOOL, FF_RARE },
	{ "required", FT_BOOL, FF_RARE },
	{ "shown",    FT_BOOL, FF_RARE },
	{ "filter",   FT_BOOL, FF_RARE },
	{ "sort",     FT_BOOL, FF_RARE },
	{ "nullable", FT_BOOL, FF_RARE },
	{ "lines",    FT_BOOL, FF_RARE },
	{ "locked",   FT_BOOL, FF_RARE },
	{ "fixed",    FT_BOOL, FF_RARE, .hint = "given at creation, the same at a change" },
	{ "min",      FT_INT,  FF_RARE },
	{ "max",      FT_INT,  FF_RARE },
	{ "unit",     FT_TEXT, FF_RARE },
	{ "ref",      FT_TEXT, FF_RARE, .hint = "the resource whose row it names" },
	{ "pattern",  FT_TEXT, FF_RARE, .hint = "a regular expression of the whole value" },
	{ "among",    FT_LIST, FF_RARE },
	{ "default",  FT_JSON, FF_RARE },
	{ "hint",     FT_TEXT, FF_RARE },
	{ "hint_key", FT_TEXT, FF_RARE, .hint = "the name of the hint for translations" },
};

static const struct field right_parts[] = {
	{ "role",    FT_TEXT, .among = roles },
	{ "ability", FT_TEXT },
};

static const struct field action_parts[] = {
	{ "name",       FT_TEXT },
	{ "method",     FT_TEXT },
	{ "path",       FT_TEXT },
	{ "summary",    FT_TEXT },
	{ "dry_run",    FT_BOOL },
	{ "permission", FT_OBJECT, .parts = right_parts, .nparts = countof(right_parts) },
	{ "fields",     FT_ROWS, .parts = field_parts, .nparts = countof(field_parts) },
};

static const struct field resource_parts[] = {
	{ "name",        FT_TEXT },
	{ "path",        FT_TEXT },
	{ "label",       FT_TEXT, .hint = "the column that names a row" },
	{ "search",      FT_BOOL },
	{ "searches",    FT_LIST },
	{ "csv",         FT_BOOL },
	{ "sum",         FT_TEXT, FF_NULL, .hint = "the column whose sum a filtered list tells" },
	{ "filters",     FT_ROWS, .parts = field_parts, .nparts = countof(field_parts) },
	{ "children",    FT_LIST },
	{ "permissions", FT_MAP,  .parts = right_parts, .nparts = countof(right_parts) },
	{ "actions",     FT_ROWS, .parts = action_parts, .nparts = countof(action_parts) },
	{ "fields",      FT_ROWS, .parts = field_parts, .nparts = countof(field_parts) },
};

static const struct field meta_parts[] = {
	{ "version",       FT_TEXT },
	{ "currency",      FT_TEXT },
	{ "time_zone",     FT_TEXT },
	{ "business_day",  FT_DATE },
	{ "midtrans",      FT_BOOL, .hint = "customers can pay online" },
	{ "last_proven_restore", FT_TIME, FF_NULL },
	{ "resources",     FT_ROWS, .parts = resource_parts, .nparts = countof(resource_parts) },
};
/* clang-format on */

const struct op meta_fields_op = {
	.summary = "The fields, filters, rights and acts of every resource, and what the browser "
		   "must know of the system",
	.answer = meta_parts,
	.nanswer = countof(meta_parts),
};

static const char *const types[] = {
	[FT_TEXT] = "text",
	[FT_INT] = "int",
	[FT_MONEY] = "money",
	[FT_BOOL] = "bool",
	[FT_DATE] = "date",
	[FT_UUID] = "uuid",
	[FT_EMAIL] = "email",
	[FT_SECRET] = "secret",
	[FT_LIST] = "list",
	[FT_JSON] = "json",
	[FT_TIME] = "time",
	[FT_NUMBER] = "number",
	[FT_OBJECT] = "object",
	[FT_ROWS] = "rows",
	[FT_MAP] = "map",
};

/* ---- one field ---- */

static void
put_flags(struct jw *w, unsigned flags)
{
	static const struct {
		unsigned flag;
		const char *name;
	} words[] = {
		{ FF_CREATE, "create" },
		{ FF_UPDATE, "update" },
		{ FF_NEEDED, "required" },
		{ FF_SHOWN, "shown" },
		{ FF_FILTER, "filter" },
		{ FF_SORT, "sort" },
		{ FF_NULL, "nullable" },
		{ FF_LINES, "lines" },
		{ FF_LOCKED, "locked" },
		{ FF_FIXED, "fixed" },
	};

	for (size_t i = 0; i < countof(words); i++)
		if ((flags & words[i].flag) != 0)
			jw_bool(w, words[i].name, true);
}

static bool
ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), t = strlen(tail);

	return n >= t && strcmp(s + n - t, tail) == 0;
}

/* The unit of a number, from its type or its name. */
static const char *
unit_of(const struct field *f)
{
	static const char *const units[][2] = {
		{ "_days", "days" },
		{ "_nights", "nights" },
		{ "_hours", "hours" },
		{ "_per_minute", "per minute" },
		{ "_minutes", "minutes" },
		{ "_seconds", "seconds" },
		{ "_ms", "ms" },
		{ "_percent", "percent" },
	};

	if (f->type == FT_MONEY)
		return "rupiah";
	for (size_t i = 0; f->type == FT_INT && i < countof(units); i++)
		if (ends_with(f->name, units[i][0]))
			return units[i][1];
	return NULL;
}

static const struct resource *
resource_named(const char *name, size_t n)
{
	for (const struct route *rt = api_routes; rt < api_routes + api_nroutes; rt++)
		if (rt->resource != NULL && strlen(rt->resource->name) == n &&
		    memcmp(rt->resource->name, name, n) == 0)
			return rt->resource;
	return NULL;
}

/* The resources of ids whose names do not show them. */
static const char *
noun_of(const struct field *f)
{
	static const char *const nouns[][2] = {
		{ "router_id", "router_setting" },
		{ "next_package_id", "package" },
		{ "device_id", "snmp_device" },
		{ "interface_id", "snmp_interface" },
		{ "target_id", "ping_target" },
		{ "channel_id", "notification_setting" },
	};

	for (size_t i = 0; i < countof(nouns); i++)
		if (strcmp(f->name, nouns[i][0]) == 0)
			return nouns[i][1];
	return f->noun;
}

/* The resource to whose rows an id refers: customer_id to customers. */
static const struct resource *
reference_of(const struct field *f)
{
	const char *noun = noun_of(f);

	if (f->type != FT_UUID)
		return NULL;
	if (noun != NULL)
		return resource_named(noun, strlen(noun));
	return ends_with(f->name, "_id") ? resource_named(f->name, strlen(f->name) - 3) : NULL;
}

static void
put_words(struct jw *w, const char *key, const char *const *words)
{
	jw_arr(w, key);
	for (; words != NULL && *words != NULL; words++)
		jw_str(w, NULL, *words);
	jw_end(w);
}

/* Owner and name of the field, for the browser's translations: "customer.phone". */
static void
put_hint(struct ctx *cx, struct jw *w, const char *owner, const char *name, const char *hint)
{
	if (hint == NULL)
		return;
	jw_str(w, "hint", hint);
	jw_str(w, "hint_key", arena_printf(cx->mem, "%s.%s", owner, name));
}

static void
put_form(struct ctx *cx, struct jw *w, const struct field *f)
{
	const struct resource *ref = reference_of(f);

	if (f->min != 0 || f->max != 0) {
		jw_i64(w, "min", f->min);
		jw_i64(w, "max", f->max);
	}
	if (unit_of(f) != NULL)
		jw_str(w, "unit", unit_of(f));
	if (ref != NULL)
		jw_str(w, "ref", ref->name);
	if (form_pattern(cx, f) != NULL)
		jw_str(w, "pattern", form_pattern(cx, f));
	if (f->among != NULL)
		put_words(w, "among", f->among);
	if (f->dflt != NULL)
		jw_raw(w, "default", f->dflt);
}

static void
put_field(struct ctx *cx, struct jw *w, const char *owner, const char *name, const struct field *f)
{
	jw_obj(w, NULL);
	jw_str(w, "name", name);
	jw_str(w, "type", types[f->type]);
	put_flags(w, f->flags);
	put_form(cx, w, f);
	put_hint(cx, w, owner, name, f->hint);
	jw_end(w);
}

/* ---- one resource ---- */

/* The column that names a row for people. */
static const char *
label_of(const struct resource *res)
{
	static const char *const names[] = { "name", "title", "invoice_number", "mikrotik_username",
		"username", "subject", NULL };

	for (const char *const *name = names; *name != NULL; name++)
		for (size_t i = 0; i < res->nfields; i++)
			if (strcmp(res->fields[i].name, *name) == 0)
				return *name;
	return "id";
}

static void
put_lists(struct ctx *cx, struct jw *w, const struct resource *res)
{
	jw_str(w, "label", label_of(res));
	jw_bool(w, "search", res->search != NULL);
	put_words(w, "searches", res->search);
	jw_bool(w, "csv", true);
	jw_str(w, "sum", res->sum);
	jw_arr(w, "filters");
	for (size_t i = 0; i < res->nfilters; i++)
		put_field(cx, w, res->name, res->filters[i].param, res->filters[i].field);
	if (res->hidden_param != NULL)
		put_field(cx, w, res->name, res->hidden_param,
		    &(const struct field){ "hidden", FT_BOOL });
	jw_end(w);
	jw_arr(w, "children");
	for (size_t i = 0; i < res->nchildren; i++)
		jw_str(w, NULL, res->children[i].name);
	jw_end(w);
}

static const char *
role_of(uint32_t perm)
{
	if ((perm & P_ADMIN) != 0)
		return "admin";
	return (perm & P_OPERATOR) != 0 ? "operator" : "viewer";
}

static void
put_right(struct jw *w, const char *key, const struct route *rt)
{
	static const struct {
		uint32_t perm;
		const char *name;
	} abilities[] = { { P_FULL, "*" }, { P_NETWORK, "network" }, { P_BILLING, "billing" },
		{ P_READ, "read" } };

	jw_obj(w, key);
	jw_str(w, "role", role_of(rt->perm));
	for (size_t i = 0; i < countof(abilities); i++)
		if ((rt->perm & abilities[i].perm) != 0) {
			jw_str(w, "ability", abilities[i].name);
			break;
		}
	jw_end(w);
}

/*
 * The part of a path behind a resource's address: "" the list, "/:id" a row, "/:id/cancel"
 * an act.
 */
static const char *
rest_of(const struct route *rt, const char *path)
{
	size_t n = strlen(path);

	if (strncmp(rt->path, path, n) != 0 || (rt->path[n] != '\0' && rt->path[n] != '/'))
		return NULL;
	return rt->path + n;
}

/* Write the rights to list, create, show, change and delete. */
static void
put_rights(struct jw *w, const char *path)
{
	static const struct {
		const char *method, *rest, *name;
	} verbs[] = { { "GET", "", "list" }, { "POST", "", "create" }, { "GET", "/:id", "show" },
		{ "PUT", "/:id", "update" }, { "PUT", "", "update" },
		{ "DELETE", "/:id", "delete" } };

	jw_obj(w, "permissions");
	for (const struct route *rt = api_routes; rt < api_routes + api_nroutes; rt++) {
		const char *rest = rest_of(rt, path);

		for (size_t i = 0; rest != NULL && i < countof(verbs); i++)
			if (strcmp(rt->method, verbs[i].method) == 0 &&
			    strcmp(rest, verbs[i].rest) == 0)
				put_right(w, verbs[i].name, rt);
	}
	jw_end(w);
}

static void
put_action(struct ctx *cx, struct jw *w, const struct route *rt, const char *name)
{
	jw_obj(w, NULL);
	jw_str(w, "name", name);
	jw_str(w, "method", rt->method);
	jw_str(w, "path", rt->path);
	jw_str(w, "summary", rt->op->summary);
	jw_bool(w, "dry_run", rt->op->dry_run);
	put_right(w, "permission", rt);
	jw_arr(w, "fields");
	for (size_t i = 0; i < rt->op->nfields; i++)
		if ((rt->op->fields[i].flags & (unsigned)rt->op->flag) != 0)
			put_field(cx, w, rt->name, rt->op->fields[i].name, &rt->op->fields[i]);
	jw_end(w);
	jw_end(w);
}

/* Write the actions on a row other than changing it. */
static void
put_actions(struct ctx *cx, struct jw *w, const char *path)
{
	static const char row[] = "/:id/";

	jw_arr(w, "actions");
	for (const struct route *rt = api_routes; rt < api_routes + api_nroutes; rt++) {
		const char *rest = rest_of(rt, path);

		if (rest != NULL && rt->op != NULL && strcmp(rt->method, "POST") == 0 &&
		    strncmp(rest, row, strlen(row)) == 0)
			put_action(cx, w, rt, rest + strlen(row));
	}
	jw_end(w);
}

static void
put_resource(struct ctx *cx, struct jw *w, const char *path, const struct resource *res)
{
	jw_obj(w, NULL);
	jw_str(w, "name", res->name);
	jw_str(w, "path", path);
	put_lists(cx, w, res);
	put_rights(w, path);
	put_actions(cx, w, path);
	jw_arr(w, "fields");
	for (size_t i = 0; i < res->nfields; i++)
		put_field(cx, w, res->name, res->fields[i].name, &res->fields[i]);
	jw_end(w);
	jw_end(w);
}

/* ---- all of them ---- */

/* The resource that a GET of an address without :name parts returns; NULL: none. */
static const struct resource *
resource_at(const struct route *rt)
{
	if (strcmp(rt->method, "GET") != 0 || strchr(rt->path, ':') != NULL)
		return NULL;
	if (rt->resource != NULL)
		return rt->resource;
	return rt->op->list != NULL ? rt->op->list : rt->op->row;
}

/* True for the address that lists a resource, else the first that returns it. */
static bool
is_home(const struct route *rt, const struct resource *res)
{
	for (const struct route *at = api_routes; at < api_routes + api_nroutes; at++)
		if (at->resource == res && at->verb == crud_list)
			return at == rt;
	for (const struct route *at = api_routes; at < rt; at++)
		if (resource_at(at) == res)
			return false;
	return true;
}

enum rc
meta_fields(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct jw w = jw_new(&rs->body);
	struct db_rows *rows;

	(void)rq;
	TRY(db_row(cx, &SQL_meta_business, &rows));
	rs->status = 200;
	jw_obj(&w, NULL);
	jw_str(&w, "version", ISP_VERSION);
	jw_str(&w, "currency", "IDR");
	jw_str(&w, "time_zone", db_text(rows, 0, "time_zone"));
	jw_str(&w, "business_day", db_text(rows, 0, "business_day"));
	jw_bool(&w, "midtrans", midtrans_is_configured(cx));
	jw_raw(&w, "last_proven_restore", db_text(rows, 0, "last_proven_restore"));
	jw_arr(&w, "resources");
	for (const struct route *rt = api_routes; rt < api_routes + api_nroutes; rt++) {
		const struct resource *res = resource_at(rt);

		if (res != NULL && is_home(rt, res))
			put_resource(cx, &w, rt->path, res);
	}
	jw_end(&w);
	jw_end(&w);
	return RC_OK;
}
