/* subscription.c: subscriptions: a customer, a package, an account and its days. */
#include <cJSON.h>
#include <string.h>

#include "api/api.h"
#include "api/form.h"
#include "api/money.h"
#include "base/crypt.h"
#include "base/jw.h"
#include "sql.h"

const char *const subscription_states[] = { "active", "suspended", "expired", "cancelled", NULL };
static const char *const types[] = { "pppoe", "hotspot", "static", NULL };
static const char *const reasons[] = { "debt", "manual", "pause", "new", NULL };
static const char *const sync_states[] = { "synced", "pending", "failed", NULL };
static const char *const moments[] = { "now", "next_period", NULL };
static const char *const cycles[] = { "rolling", "calendar", NULL };
static const char *const modes[] = { "prepaid", "postpaid", NULL };
static const char *const policies[] = { "give_back", "restart", "keep", NULL };

/* clang-format off */
static const struct field fields[] = {
	{ "customer_id",       FT_UUID, RW | FF_NEEDED | FF_FILTER | FF_FIXED,
	  .hint = "fixed at creation" },
	{ "package_id",        FT_UUID, RW | FF_NEEDED | FF_FILTER },
	{ "effective",         FT_TEXT, FF_UPDATE, .max = 16, .among = moments,
	  .hint = "when a new package_id counts" },
	{ "next_package_id",   FT_UUID, RO | FF_NULL },
	{ "router_id",         FT_UUID, RW | FF_NULL | FF_FILTER,
	  .hint = "null: the default router" },
	{ "mikrotik_username", FT_TEXT, RW | FF_NEEDED | FF_SORT | FF_FILTER, 1, 64,
	  .chars = "._@-" },
	{ "mikrotik_password", FT_SECRET, WO | FF_NEEDED, 1, 64, .check = form_printable,
	  .hint = "printable ASCII" },
	{ "start_date",        FT_DATE, RW | FF_SORT, .hint = "with end_date, or neither" },
	{ "end_date",          FT_DATE, RW | FF_SORT, .hint = "the last day of service" },
	{ "status",            FT_TEXT, RW | FF_LOCKED | FF_FILTER | FF_SORT, .max = 16,
	  .among = subscription_states,
	  .dflt = "\"active\"", .hint = "use /suspend, /activate, /pause, /resume, /cancel" },
	{ "suspend_reason",    FT_TEXT, RO | FF_NULL | FF_FILTER, .max = 16, .among = reasons },
	{ "auto_renew",        FT_BOOL, RW | FF_FILTER, .dflt = "true" },
	{ "issue_invoice",     FT_BOOL, FF_CREATE,
	  .hint = "bill the first period now; by default where no dates are given" },
	{ "cycle",             FT_TEXT, RW | FF_NULL, .max = 16, .among = cycles,
	  .hint = "null: the setting" },
	{ "mode",              FT_TEXT, RW | FF_NULL, .max = 16, .among = modes,
	  .hint = "null: the setting" },
	{ "billing_day",       FT_INT,  RW | FF_NULL, 1, 28, .hint = "null: the setting" },
	{ "late_policy",       FT_TEXT, RW | FF_NULL, .max = 16, .among = policies,
	  .hint = "null: the setting" },
	{ "hold_until",        FT_DATE, RO | FF_NULL },
	{ "is_postpaid",       FT_BOOL, RO },
	{ "pending_days",      FT_INT,  RO, .hint = "days that the next bill gives as a discount" },
	{ "pause_from",        FT_DATE, RO | FF_NULL },
	{ "pause_until",       FT_DATE, RO | FF_NULL },
	{ "days_owed",         FT_INT,  RO, .hint = "days on after end_date, up to today" },
	{ "local_address",     FT_TEXT, RW | FF_NULL, .max = 45, .check = form_address },
	{ "remote_address",    FT_TEXT, RW | FF_NULL, .max = 45, .check = form_address,
	  .hint = "needed by static packages" },
	{ "profile",           FT_TEXT, RW | FF_NULL, 1, 63, .check = form_printable,
	  .hint = "instead of the package's" },
	{ "comment",           FT_TEXT, RW | FF_NULL, .max = 255 },
	{ "sync_state",        FT_TEXT, RO | FF_FILTER | FF_SORT, .max = 16, .among = sync_states },
	{ "sync_error",        FT_TEXT, RO | FF_NULL, .hint = "why, a line for each router" },
	{ "synced_at",         FT_TIME, RO | FF_NULL },
	{ "cancelled_at",      FT_TIME, RO | FF_NULL },
	{ "created_at",        FT_TIME, RO | FF_SORT },
	{ "updated_at",        FT_TIME, RO | FF_SORT },
	{ "has_password",      FT_BOOL, RO },
	{ "debt",              FT_MONEY, RO | FF_SORT },
	{ "next_due",          FT_DATE, RO | FF_NULL | FF_SORT },
	{ "online",            FT_BOOL, RO | FF_NULL, .hint = "null: not known" },
	{ "router.id",         FT_UUID, RO | FF_NULL },
	{ "router.name",       FT_TEXT, RO },
	{ "customer.id", FT_UUID, RO },
	{ "customer.name", FT_TEXT, RO | FF_SORT },
	{ "customer.email", FT_TEXT, RO | FF_NULL },
	{ "customer.phone", FT_TEXT, RO | FF_NULL },
	{ "customer.address", FT_TEXT, RO | FF_NULL },
	{ "customer.status", FT_TEXT, RO },
	{ "package.id", FT_UUID, RO },
	{ "package.name", FT_TEXT, RO | FF_SORT },
	{ "package.type", FT_TEXT, RO },
	{ "package.bandwidth", FT_TEXT, RO },
	{ "package.burst", FT_TEXT, RO | FF_NULL },
	{ "package.price", FT_MONEY, RO },
	{ "package.priority", FT_INT, RO },
	{ "package.validity_days", FT_INT, RO },
	{ "package.period_unit", FT_TEXT, RO },
	{ "package.validity_months", FT_INT, RO | FF_NULL },
	{ "package.router_profile", FT_TEXT, RO },
	{ "package.is_active", FT_BOOL, RO },
};

static const struct field any_day = { "day", FT_DATE };
static const struct field any_type = { "type", FT_TEXT, .max = 16, .among = types };

static const struct filter filters[] = {
	{ "end_from", "end_date",     ">=", &any_day },
	{ "end_to",   "end_date",     "<=", &any_day },
	{ "type",     "package.type", "=",  &any_type },
};

static const char *const search[] = { "mikrotik_username", "customer.name", NULL };

const struct resource subscription_resource = {
	.name = "subscription",
	.label = "The subscription",
	.table = "subscriptions",
	.view = "subscription_rows",
	.search = search,
	.fields = fields, .nfields = countof(fields),
	.filters = filters, .nfilters = countof(filters),
	.counted = true,
};

static const struct field reason_fields[] = {
	{ "reason", FT_TEXT, FF_UPDATE | FF_NULL, .max = 255 },
};

static const struct field activate_fields[] = {
	{ "until",  FT_DATE, FF_UPDATE | FF_NULL,
	  .hint = "no suspension for debt up to this day, at most 14 days on" },
	{ "reason", FT_TEXT, FF_UPDATE | FF_NULL, .max = 255 },
};

const struct op subscription_create_op = {
	.summary = "Sign a customer up",
	.fields = fields, .nfields = countof(fields), .flag = FF_CREATE,
	.row = &subscription_resource, .status = 201,
	.dry_run = true,
};
const struct op subscription_update_op = {
	.summary = "Change a subscription; the router follows",
	.fields = fields, .nfields = countof(fields), .flag = FF_UPDATE,
	.row = &subscription_resource,
	.dry_run = true,
};
const struct op subscription_delete_op = {
	.summary = "Cancel a subscription", .status = 204,
	.dry_run = true,
};
const struct op subscription_suspend_op = {
	.summary = "Cut a subscription off until it is activated by hand",
	.fields = reason_fields, .nfields = countof(reason_fields), .flag = FF_UPDATE,
	.row = &subscription_resource,
	.dry_run = true,
};
const struct op subscription_activate_op = {
	.summary = "Put a suspended or expired subscription on again",
	.fields = activate_fields, .nfields = countof(activate_fields), .flag = FF_UPDATE,
	.row = &subscription_resource,
	.dry_run = true,
};
const struct op subscription_cancel_op = {
	.summary = "Cancel a subscription for good; its username is free again",
	.fields = reason_fields, .nfields = countof(reason_fields), .flag = FF_UPDATE,
	.row = &subscription_resource,
	.dry_run = true,
};
static const struct field credential_parts[] = {
	{ "username", FT_TEXT },
	{ "password", FT_TEXT, FF_NULL },
};

const struct op subscription_credentials_op = {
	.summary = "The login of the account: {username, password}; each look is audited",
	.answer = credential_parts, .nanswer = countof(credential_parts),
};
/* clang-format on */

static const char *
place(struct ctx *cx, const char *id)
{
	return arena_printf(cx->mem, "subscriptions:%s:mikrotik_password", id);
}

/* Replace the password in the input by its sealed form, bound to its row. */
static enum rc
seal(struct ctx *cx, const char *id, struct cJSON *in)
{
	const char *plain = shape_text(in, "mikrotik_password"), *sealed;

	if (plain == NULL)
		return RC_OK;
	TRY(crypt_seal(cx, place(cx, id), plain, &sealed));
	op_put(in, "mikrotik_password", sealed);
	return RC_OK;
}

enum rc
subscription_create(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *id = crypt_uuid(cx);
	struct cJSON *in;

	TRY(crud_read(cx, &subscription_resource, NULL, rq, &in));
	TRY(seal(cx, id, in));
	op_put(in, "id", id);
	money_bound(cx, in);
	TRY(db_exec(cx, &SQL_subscription_create, V_TEXT(shape_json(cx, in))));
	return crud_answer(cx, &subscription_resource, id, 201, rs);
}

static enum rc
present_password(struct ctx *cx, const char *id, const char **ret)
{
	struct db_rows *rows;

	*ret = NULL;
	TRY(db_row_if_any(cx, &SQL_subscription_sealed, &rows, V_TEXT(id)));
	if (db_count(rows) > 0 &&
	    crypt_unseal(cx, place(cx, id), db_text(rows, 0, "mikrotik_password"), ret) != RC_OK)
		*ret = NULL; /* the stored one is unknown: any differs */
	return RC_OK;
}

/*
 * Keep the password when a form sends it back as it was shown: it is not new, and must end
 * no session.
 */
static enum rc
keep_password(struct ctx *cx, const char *id, struct cJSON *in)
{
	const char *plain = shape_text(in, "mikrotik_password"), *present;

	if (plain == NULL)
		return RC_OK;
	TRY(present_password(cx, id, &present));
	if (present != NULL && crypt_same(present, plain))
		cJSON_DeleteItemFromObjectCaseSensitive(in, "mikrotik_password");
	return RC_OK;
}

enum rc
subscription_update(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct cJSON *in;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(crud_read(cx, &subscription_resource, id, rq, &in));
	TRY(keep_password(cx, id, in));
	TRY(seal(cx, id, in));
	money_bound(cx, in);
	TRY(db_exec(cx, &SQL_subscription_update, V_TEXT(id), V_TEXT(shape_json(cx, in))));
	return crud_answer(cx, &subscription_resource, id, 200, rs);
}

enum rc
subscription_delete(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(db_exec(cx, &SQL_subscription_cancel, V_TEXT(id), V_NULL));
	rs->status = 204;
	return RC_OK;
}

static enum rc
act_with_reason(struct ctx *cx, const struct req *rq, struct resp *rs, const struct op *op,
    const struct db_stmt *act)
{
	struct cJSON *in;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(op_read(cx, op, rq, &in));
	TRY(db_exec(cx, act, V_TEXT(id), V_TEXT(shape_text(in, "reason"))));
	return crud_answer(cx, &subscription_resource, id, 200, rs);
}

enum rc
subscription_suspend(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return act_with_reason(cx, rq, rs, &subscription_suspend_op, &SQL_subscription_suspend);
}

enum rc
subscription_activate(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct cJSON *in;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(op_read(cx, &subscription_activate_op, rq, &in));
	TRY(db_exec(cx, &SQL_subscription_activate, V_TEXT(id), V_TEXT(shape_text(in, "until")),
	    V_TEXT(shape_text(in, "reason"))));
	return crud_answer(cx, &subscription_resource, id, 200, rs);
}

enum rc
subscription_cancel(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return act_with_reason(cx, rq, rs, &subscription_cancel_op, &SQL_subscription_cancel);
}

/* Name the reader in the audit log before the answer shows anything. */
enum rc
subscription_credentials(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct jw w = jw_new(&rs->body);
	struct db_rows *rows;
	const char *id, *plain;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(api_set_actor(cx));
	TRY(db_row_if_any(cx, &SQL_subscription_credentials, &rows, V_TEXT(id), V_TEXT(cx->ip)));
	if (db_count(rows) == 0)
		return FAIL(cx, RC_NOT_FOUND, "There is no such subscription.");
	TRY(crypt_unseal(cx, place(cx, id), db_text(rows, 0, "mikrotik_password"), &plain));
	rs->status = 200;
	jw_obj(&w, NULL);
	jw_str(&w, "username", db_text(rows, 0, "mikrotik_username"));
	jw_str(&w, "password", plain);
	jw_end(&w);
	return RC_OK;
}
