/* mikrotik_user.c: acts on users of routers: end a session, switch an account, sync it. */
#include <cJSON.h>
#include <string.h>

#include "api/api.h"
#include "api/mikrotik.h"
#include "router/provision.h"
#include "router/router.h"
#include "router/session.h"
#include "sql.h"

static const char *const switches[] = { "enable", "disable", NULL };

/* clang-format off */
static const struct field disconnect_fields[] = {
	{ "name",      FT_TEXT, FF_CREATE | FF_NEEDED, 1, 64 },
	{ "router_id", FT_UUID, FF_CREATE | FF_NULL },
};
const struct op mikrotik_disconnect_op = {
	.summary = "End every PPP session of a user; 404 when offline",
	.fields = disconnect_fields, .nfields = countof(disconnect_fields), .flag = FF_CREATE,
	.answer = op_success_parts, .nanswer = countof(op_success_parts),
};

static const struct field user_fields[] = {
	{ "username",  FT_TEXT, FF_CREATE | FF_NEEDED, 1, 64 },
	{ "type",      FT_TEXT, FF_CREATE, .max = 16, .among = mikrotik_user_kinds,
	  .dflt = "\"pppoe\"" },
	{ "router_id", FT_UUID, FF_CREATE | FF_NULL },
};
const struct op mikrotik_disconnect_user_op = {
	.summary = "End every session of a user; 404 when offline",
	.fields = user_fields, .nfields = countof(user_fields), .flag = FF_CREATE,
	.answer = op_success_parts, .nanswer = countof(op_success_parts),
};
const struct op mikrotik_user_delete_op = {
	.summary = "Take an account without a subscription off its router: {success}",
	.fields = user_fields, .nfields = countof(user_fields), .flag = FF_CREATE,
	.answer = op_success_parts, .nanswer = countof(op_success_parts),
};

static const struct field toggle_fields[] = {
	{ "username", FT_TEXT, FF_CREATE | FF_NEEDED, 1, 64 },
	{ "type",     FT_TEXT, FF_CREATE, .max = 16, .among = mikrotik_user_kinds,
	  .dflt = "\"pppoe\"" },
	{ "action",   FT_TEXT, FF_CREATE | FF_NEEDED, .max = 16, .among = switches },
};
const struct op mikrotik_user_toggle_op = {
	.summary = "Switch the account of a user on or off, on the router too: {success}",
	.fields = toggle_fields, .nfields = countof(toggle_fields), .flag = FF_CREATE,
	.answer = op_success_parts, .nanswer = countof(op_success_parts),
};

static const struct field create_fields[] = {
	{ "subscriptionId", FT_UUID, FF_CREATE | FF_NEEDED },
};
const struct op mikrotik_user_create_op = {
	.summary = "Bring the account of a subscription onto its router now: {success}",
	.fields = create_fields, .nfields = countof(create_fields), .flag = FF_CREATE,
	.answer = op_success_parts, .nanswer = countof(op_success_parts),
};

static const struct field update_fields[] = {
	{ "username", FT_TEXT, FF_CREATE | FF_NEEDED, 1, 64 },
};
const struct op mikrotik_user_update_op = {
	.summary = "Bring the account of a user in order on its router now: {success}",
	.fields = update_fields, .nfields = countof(update_fields), .flag = FF_CREATE,
	.answer = op_success_parts, .nanswer = countof(op_success_parts),
};

static const struct field package_fields[] = {
	{ "packageId", FT_UUID, FF_CREATE | FF_NEEDED },
};
const struct op mikrotik_sync_package_op = {
	.summary = "Make or correct the profile of a package on every active router: {success}",
	.fields = package_fields, .nfields = countof(package_fields), .flag = FF_CREATE,
	.answer = op_success_parts, .nanswer = countof(op_success_parts),
};
/* clang-format on */

enum rc
mikrotik_body_router(struct ctx *cx, const char *router_id)
{
	struct router r;
	enum rc rc = router_id == NULL ? RC_OK : router_by_id(cx, router_id, &r);

	return rc == RC_NOT_FOUND ? err_field(cx, "router_id", "The selected router id is invalid.")
				  : rc;
}

enum rc
mikrotik_disconnect(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct cJSON *in;

	TRY(op_read(cx, &mikrotik_disconnect_op, rq, &in));
	TRY(mikrotik_body_router(cx, shape_text(in, "router_id")));
	TRY(session_end(cx, shape_text(in, "router_id"), "pppoe", shape_text(in, "name")));
	return mikrotik_success(rs);
}

enum rc
mikrotik_disconnect_user(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct cJSON *in;

	TRY(op_read(cx, &mikrotik_disconnect_user_op, rq, &in));
	TRY(mikrotik_body_router(cx, shape_text(in, "router_id")));
	TRY(session_end(cx, shape_text(in, "router_id"), shape_text(in, "type"),
	    shape_text(in, "username")));
	return mikrotik_success(rs);
}

enum rc
mikrotik_user_toggle(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	struct cJSON *in;
	bool off;

	TRY(op_read(cx, &mikrotik_user_toggle_op, rq, &in));
	off = strcmp(shape_text(in, "action"), "disable") == 0;
	TRY(db_row(cx, &SQL_account_switch, &rows, V_TEXT(shape_text(in, "username")),
	    V_BOOL(off)));
	if (db_text(rows, 0, "id") == NULL)
		return FAIL(cx, RC_NOT_FOUND, "There is no account of this name.");
	TRY(provision_account(cx, db_text(rows, 0, "id")));
	return mikrotik_success(rs);
}

enum rc
mikrotik_user_create(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	struct cJSON *in;

	TRY(op_read(cx, &mikrotik_user_create_op, rq, &in));
	TRY(db_row(cx, &SQL_account_of_subscription, &rows,
	    V_TEXT(shape_text(in, "subscriptionId"))));
	if (db_text(rows, 0, "id") == NULL)
		return err_field(cx, "subscriptionId", "The selected subscription is invalid.");
	TRY(provision_account(cx, db_text(rows, 0, "id")));
	return mikrotik_success(rs);
}

/* Find the account with the name of the body; NULL: none. */
static enum rc
named(struct ctx *cx, const struct cJSON *in, const char **ret, bool *has_subscription)
{
	struct db_rows *rows;

	TRY(db_row_if_any(cx, &SQL_account_named, &rows, V_TEXT(shape_text(in, "username"))));
	*ret = db_count(rows) > 0 ? db_text(rows, 0, "id") : NULL;
	*has_subscription = db_count(rows) > 0 && db_bool(rows, 0, "has_subscription");
	return RC_OK;
}

enum rc
mikrotik_user_update(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	bool has_subscription;
	struct cJSON *in;
	const char *id;

	TRY(op_read(cx, &mikrotik_user_update_op, rq, &in));
	TRY(named(cx, in, &id, &has_subscription));
	if (id == NULL)
		return FAIL(cx, RC_NOT_FOUND, "There is no account of this name.");
	TRY(provision_account(cx, id));
	return mikrotik_success(rs);
}

enum rc
mikrotik_user_delete(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	bool has_subscription;
	struct cJSON *in;
	const char *id;

	TRY(op_read(cx, &mikrotik_user_delete_op, rq, &in));
	TRY(named(cx, in, &id, &has_subscription));
	if (id != NULL) {
		TRY(db_exec(cx, &SQL_account_remove, V_TEXT(id), V_TEXT(cx->ip)));
		TRY(provision_account(cx, id));
	}
	return mikrotik_success(rs);
}

enum rc
mikrotik_sync_package(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct cJSON *in;

	TRY(op_read(cx, &mikrotik_sync_package_op, rq, &in));
	TRY(provision_package(cx, shape_text(in, "packageId")));
	return mikrotik_success(rs);
}
