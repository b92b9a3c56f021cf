/* secret.c: accounts on routers, with and without a subscription. */
#include <cJSON.h>
#include <string.h>

#include "api/api.h"
#include "api/form.h"
#include "api/mikrotik.h"
#include "base/jw.h"
#include "router/import.h"
#include "router/provision.h"
#include "sql.h"

static const char *const services[] = { "pppoe", "hotspot", "any", NULL };
static const char *const actions[] = { "create", "update", "delete", NULL };

/* clang-format off */
static const struct field fields[] = {
	{ "username",       FT_TEXT,   RW | FF_NEEDED | FF_SORT | FF_FILTER, 1, 64 },
	{ "password",       FT_SECRET, WO | FF_NEEDED, 1, 64, .check = form_printable,
	  .hint = "printable ASCII" },
	{ "service",        FT_TEXT,   RW | FF_FILTER, .max = 16, .among = services,
	  .dflt = "\"pppoe\"" },
	{ "profile",        FT_TEXT,   RW | FF_NULL, .max = 64 },
	{ "customer_id",    FT_UUID,   RW | FF_NULL | FF_FILTER },
	{ "router_id",      FT_UUID,   RW | FF_NULL | FF_FILTER,
	  .hint = "null: the default router" },
	{ "local_address",  FT_TEXT,   RW | FF_NULL, .max = 45, .check = form_address },
	{ "remote_address", FT_TEXT,   RW | FF_NULL, .max = 45, .check = form_address },
	{ "comment",        FT_TEXT,   RW | FF_NULL, .max = 255 },
	{ "disabled",       FT_BOOL,   RW | FF_FILTER, .dflt = "false" },
	{ "subscription_id", FT_UUID,  RO | FF_NULL | FF_FILTER },
	{ "package_id",     FT_UUID,   RO | FF_NULL | FF_FILTER },
	{ "has_password",   FT_BOOL,   RO },
	{ "wanted",         FT_TEXT,   RO },
	{ "imported",       FT_BOOL,   RO | FF_FILTER },
	{ "mikrotik_id",    FT_TEXT,   RO | FF_NULL },
	{ "online",         FT_BOOL,   RO | FF_NULL },
	{ "sync_state",     FT_TEXT,   RO | FF_FILTER },
	{ "sync_error",     FT_TEXT,   RO | FF_NULL, .hint = "why, a line for each router" },
	{ "synced_at",      FT_TIME,   RO | FF_NULL },
	{ "created_at",     FT_TIME,   RO | FF_SORT },
	{ "updated_at",     FT_TIME,   RO | FF_SORT },
	{ "customer.name",  FT_TEXT,   RO | FF_NULL },
};

static const char *const search[] = { "username", "comment", NULL };

/* A new account gets the default router; that of a subscription is changed at the subscription. */
static enum rc
check(struct ctx *cx, const char *id, struct cJSON *in)
{
	struct db_rows *rows;

	if (id != NULL)
		return db_exec(cx, &SQL_account_require_own, V_TEXT(id),
		    V_TEXT(shape_json(cx, in)));
	if (shape_text(in, "router_id") != NULL)
		return RC_OK;
	TRY(db_row(cx, &SQL_router_default, &rows));
	if (db_text(rows, 0, "id") != NULL)
		op_put(in, "router_id", db_text(rows, 0, "id"));
	return RC_OK;
}

const struct resource secret_resource = {
	.name = "mikrotik_secret",
	.label = "The account",
	.table = "mikrotik_secrets",
	.view = "secret_rows",
	.search = search,
	.fields = fields, .nfields = countof(fields),
	.secret_of = "mikrotik_secrets",
	.counted = true,
	.check = check,
	.audited = true,
};

const struct op secret_delete_op = {
	.summary = "Take an account without a subscription off its router and out of the list",
	.status = 204,
};
const struct op secret_sync_op = {
	.summary = "Bring an account in order on its router now", .row = &secret_resource,
};

static const struct field sync_fields[] = {
	{ "secretId", FT_UUID, FF_CREATE | FF_NEEDED },
	{ "action",   FT_TEXT, FF_CREATE, .max = 16, .among = actions, .dflt = "\"update\"" },
};

const struct op mikrotik_sync_secret_op = {
	.summary = "Bring an account in order on its router now, or remove it: {success}",
	.fields = sync_fields, .nfields = countof(sync_fields), .flag = FF_CREATE,
	.answer = op_success_parts, .nanswer = countof(op_success_parts),
};
static const struct field mikrotik_import_secrets_parts[] = {
	{ "success", FT_BOOL },
	{ "imported", FT_INT },
	{ "adopted", FT_INT },
	{ "total", FT_INT },
	{ "skipped", FT_INT },
	{ "errors", FT_LIST },
};

const struct op mikrotik_import_secrets_op = {
	.summary = "Take the accounts of a router into the list; nothing changes there: {success "
		   "imported adopted total skipped errors}",
	.params = mikrotik_router_param, .nparams = 1,
	.answer = mikrotik_import_secrets_parts, .nanswer = countof(mikrotik_import_secrets_parts),
};
/* clang-format on */

enum rc
secret_delete(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(db_exec(cx, &SQL_account_remove, V_TEXT(id), V_TEXT(cx->ip)));
	rs->status = 204;
	return RC_OK;
}

enum rc
secret_sync(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(provision_account(cx, id));
	return crud_answer(cx, &secret_resource, id, 200, rs);
}

enum rc
mikrotik_sync_secret(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct cJSON *in;
	const char *id;
	enum rc rc;

	TRY(op_read(cx, &mikrotik_sync_secret_op, rq, &in));
	id = shape_text(in, "secretId");
	if (strcmp(shape_text(in, "action"), "delete") == 0)
		TRY(db_exec(cx, &SQL_account_remove, V_TEXT(id), V_TEXT(cx->ip)));
	rc = provision_account(cx, id);
	if (rc == RC_NOT_FOUND)
		return err_field(cx, "secretId", "The selected secret id is invalid.");
	TRY(rc);
	return mikrotik_success(rs);
}

enum rc
mikrotik_import_secrets(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct jw w = jw_new(&rs->body);
	struct import_report report;
	const char *router_id;

	TRY(mikrotik_router(cx, rq, &router_id));
	TRY(import_secrets(cx, router_id, &report));
	rs->status = 200;
	jw_obj(&w, NULL);
	jw_bool(&w, "success", true);
	jw_i64(&w, "imported", report.imported);
	jw_i64(&w, "adopted", report.adopted);
	jw_i64(&w, "total", report.total);
	jw_i64(&w, "skipped", report.skipped);
	jw_arr(&w, "errors");
	for (size_t i = 0; i < report.nerrors; i++)
		jw_str(&w, NULL, report.errors[i]);
	jw_end(&w);
	jw_end(&w);
	return RC_OK;
}
