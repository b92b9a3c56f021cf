/* router.c: the routers, and the RADIUS server. */
#include <cJSON.h>
#include <string.h>

#include "api/api.h"
#include "api/form.h"
#include "base/jw.h"
#include "router/router_test.h"
#include "sql.h"

static const char *const verifications[] = { "verify", "pin", "adh", "none", NULL };

/* clang-format off */
static const struct field router_fields[] = {
	{ "host",              FT_TEXT,   RW | FF_NEEDED | FF_SORT | FF_FILTER | FF_LOWER, 1, 253,
	  .check = form_host },
	{ "port",              FT_INT,    RW | FF_FILTER, 1, 65535,
	  .hint = "by default 8728, with ssl 8729" },
	{ "ssl",               FT_BOOL,   RW, .dflt = "false" },
	{ "name",              FT_TEXT,   RW | FF_NEEDED | FF_SORT, 1, 255 },
	{ "username",          FT_TEXT,   RW | FF_NEEDED, 1, 64, .check = form_printable },
	{ "password",          FT_SECRET, WO, .max = 128, .check = form_printable },
	{ "tls_verify",        FT_TEXT,   RW, .max = 16, .among = verifications,
	  .dflt = "\"verify\"" },
	{ "tls_fingerprint",   FT_TEXT,   RW | FF_NULL, .max = 95, .check = form_digest,
	  .hint = "for tls_verify pin" },
	{ "tls_ca",            FT_TEXT,   RW | FF_NULL | FF_LINES, .max = 65536,
	  .check = form_pem, .hint = "PEM, for tls_verify verify" },
	{ "ppp_local_address", FT_TEXT,   RW | FF_NULL, .max = 63, .check = form_printable,
	  .hint = "of the profiles we make" },
	{ "ppp_pool",          FT_TEXT,   RW | FF_NULL, .max = 63, .check = form_printable,
	  .hint = "of the profiles we make" },
	{ "connect_timeout_ms", FT_INT,   RW, 100, 60000, .dflt = "5000" },
	{ "read_timeout_ms",   FT_INT,    RW, 100, 60000, .dflt = "15000" },
	{ "is_active",         FT_BOOL,   RW | FF_FILTER, .dflt = "true" },
	{ "has_password",      FT_BOOL,   RO },
	{ "last_connected_at", FT_TIME,   RO | FF_NULL | FF_SORT },
	{ "version",           FT_TEXT,   RO | FF_NULL },
	{ "broken_since",      FT_TIME,   RO | FF_NULL },
	{ "last_error",        FT_TEXT,   RO | FF_NULL },
	{ "broken", FT_BOOL, RO | FF_FILTER },
	{ "accounts", FT_INT, RO | FF_SORT },
	{ "pending", FT_INT, RO | FF_SORT, .hint = "accounts to be synced" },
	{ "failed", FT_INT, RO | FF_SORT },
	{ "online", FT_INT, RO | FF_SORT, .hint = "sessions" },
	{ "created_at",        FT_TIME,   RO | FF_SORT },
	{ "updated_at",        FT_TIME,   RO | FF_SORT },
};

static const char *const router_search[] = { "name", "host", NULL };

static int
port_of(const struct cJSON *in)
{
	if (shape_has(in, "port"))
		return (int)shape_i64(in, "port");
	return shape_bool(in, "ssl") ? 8729 : 8728;
}

/* Require the password with a change of address: else the stored one would be sent to any host. */
static enum rc
require_password(struct ctx *cx, const char *id, const struct cJSON *in)
{
	static const char *const place[] = { "host", "port", "tls_verify" };
	struct db_rows *rows;
	bool moved;

	if (shape_has(in, "password"))
		return RC_OK;
	TRY(db_row_if_any(cx, &SQL_router_place, &rows, V_TEXT(id)));
	if (db_count(rows) == 0)
		return RC_OK;
	moved = shape_has(in, "ssl") && shape_bool(in, "ssl") != db_bool(rows, 0, "ssl");
	for (size_t i = 0; i < countof(place); i++) {
		const char *val = strcmp(place[i], "port") == 0 && shape_has(in, "port")
				      ? arena_printf(cx->mem, "%lld", (long long)shape_i64(in, "port"))
				      : shape_text(in, place[i]);

		moved = moved || (val != NULL && strcmp(val, db_text(rows, 0, place[i])) != 0);
	}
	return !moved ? RC_OK
		      : err_field(cx, "password",
			    "The password is required to change host, port, ssl or tls_verify.");
}

static enum rc
check_router(struct ctx *cx, const char *id, struct cJSON *in)
{
	if (id != NULL)
		return require_password(cx, id, in);
	if (id == NULL && !shape_has(in, "password"))
		cJSON_AddStringToObject(in, "password", "");
	if (id == NULL && !shape_has(in, "port"))
		cJSON_AddNumberToObject(in, "port", port_of(in));
	return RC_OK;
}

const struct resource router_resource = {
	.name = "router_setting",
	.label = "The router",
	.table = "router_settings",
	.view = "router_setting_rows",
	.search = router_search,
	.fields = router_fields, .nfields = countof(router_fields),
	.secret_of = "router_settings",
	.check = check_router,
	.audited = true,
	.counted = true,
};

const struct op router_save_op = {
	.summary = "Add a router, or change the one with this host and port: then 200, and nothing "
		   "but host is required",
	.fields = router_fields, .nfields = countof(router_fields), .flag = FF_CREATE,
	.row = &router_resource, .status = 201,
};
const struct op router_delete_op = { .summary = "Remove a router that has no accounts",
	  .status = 204 };
/* clang-format on */

/* Find the router with the address of this body. */
static enum rc
find_router(struct ctx *cx, const struct req *rq, const char **ret)
{
	static const char *const names[] = { "host", "port", "ssl", NULL };
	const struct some_fields address = { router_fields, countof(router_fields), names };
	struct db_rows *rows;
	struct cJSON *in;

	if (shape_read_some(cx, &address, FF_CREATE, rq, &in) != RC_OK)
		return RC_OK;
	TRY(db_row_if_any(cx, &SQL_router_at, &rows, V_TEXT(shape_text(in, "host")),
	    V_I64(port_of(in))));
	if (db_count(rows) > 0)
		*ret = db_text(rows, 0, "id");
	return RC_OK;
}

enum rc
router_save(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return crud_save(cx, rq, rs, &router_resource, find_router);
}

enum rc
router_delete(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(db_exec(cx, &SQL_router_remove, V_TEXT(id), V_TEXT(cx->ip)));
	rs->status = 204;
	return RC_OK;
}

/* ---- does it answer?  A person waits for it. ---- */

/* clang-format off */
static const struct field test_parts[] = {
	{ "success", FT_BOOL },
	{ "identity", FT_TEXT, FF_NULL },
	{ "message", FT_TEXT },
	{ "version", FT_TEXT, FF_NULL },
	{ "board-name", FT_TEXT, FF_NULL },
	{ "uptime", FT_TEXT, FF_NULL },
	{ "cpu-load", FT_TEXT, FF_NULL },
};

const struct op router_test_one_op = {
	.summary = "Log in to it: {success identity message version board-name uptime cpu-load}",
	.answer = test_parts, .nanswer = countof(test_parts),
};
const struct op router_test_default_op = {
	.summary = "The same with the default router",
	.answer = test_parts, .nanswer = countof(test_parts),
};
/* clang-format on */

static enum rc
test(struct ctx *cx, const char *id, struct resp *rs)
{
	struct jw w = jw_new(&rs->body);
	struct router_test report;

	TRY(api_set_actor(cx));
	TRY(router_test(cx, id, &report));
	rs->status = 200;
	jw_obj(&w, NULL);
	jw_bool(&w, "success", true);
	jw_str(&w, "identity", report.identity);
	jw_str(&w, "message", report.message);
	jw_str(&w, "version", report.version);
	jw_str(&w, "board-name", report.board_name);
	jw_str(&w, "uptime", report.uptime);
	jw_str(&w, "cpu-load", report.cpu_load);
	jw_end(&w);
	return RC_OK;
}

enum rc
router_test_one(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	return test(cx, id, rs);
}

enum rc
router_test_default(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	(void)rq;
	return test(cx, NULL, rs);
}

/* ---- RADIUS: one row or none ---- */

/* clang-format off */
static const struct field radius_fields[] = {
	{ "host",           FT_TEXT,   RW | FF_NEEDED, 1, 253, .check = form_host },
	{ "port",           FT_INT,    RW, 1, 65535, .dflt = "1812" },
	{ "secret",         FT_SECRET, WO | FF_NEEDED, 1, 128, .check = form_printable },
	{ "nas_identifier", FT_TEXT,   RW, 1, 255, .dflt = "\"mikrotik\"" },
	{ "enabled",        FT_BOOL,   RW, .dflt = "false" },
	{ "has_secret",     FT_BOOL,   RO },
	{ "in_use",         FT_BOOL,   RO, .hint = "false: no program uses RADIUS" },
	{ "created_at",     FT_TIME,   RO },
	{ "updated_at",     FT_TIME,   RO },
};

const struct resource radius_resource = {
	.name = "radius_setting",
	.label = "The RADIUS setting",
	.table = "radius_settings",
	.view = "radius_setting_rows",
	.fields = radius_fields, .nfields = countof(radius_fields),
	.secret_of = "radius_settings",
	.audited = true,
};

const struct op radius_show_op = {
	.summary = "The RADIUS server, or null", .row = &radius_resource, .nullable = true,
};
const struct op radius_save_op = {
	.summary = "Set the RADIUS server up (201), or change it: then 200, and nothing is required",
	.fields = radius_fields, .nfields = countof(radius_fields), .flag = FF_CREATE,
	.row = &radius_resource, .status = 201,
};
/* clang-format on */

enum rc
radius_show(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;

	(void)rq;
	TRY(db_row_if_any(cx, &SQL_radius_row, &rows));
	return op_answer(rs, 200, rows);
}

static enum rc
find_radius(struct ctx *cx, const struct req *rq, const char **ret)
{
	struct db_rows *rows;

	(void)rq;
	TRY(db_row_if_any(cx, &SQL_radius_row, &rows));
	if (db_count(rows) > 0)
		*ret = db_text(rows, 0, "id");
	return RC_OK;
}

enum rc
radius_save(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return crud_save(cx, rq, rs, &radius_resource, find_radius);
}
