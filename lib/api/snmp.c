/* snmp.c: SNMP devices, their interfaces, charts of bandwidth. */
#include <cJSON.h>
#include <string.h>

#include "api/api.h"
#include "api/chart.h"
#include "api/form.h"
#include "base/conf.h"
#include "net/probe.h"
#include "sql.h"

static const char *const versions[] = { "1", "2c", "3", NULL };
static const char *const levels[] = { "noAuthNoPriv", "authNoPriv", "authPriv", NULL };
static const char *const auths[] = { "MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512",
	NULL };
static const char *const privs[] = { "DES", "AES", "AES-192", "AES-256", NULL };
static const char *const types[] = { "router", "switch", "olt", "server", "other", NULL };
static const char *const states[] = { "up", "down", "unknown", NULL };
static const char *const device_search[] = { "name", "host", "location", NULL };

/* clang-format off */
static const struct field device_fields[] = {
	{ "name",           FT_TEXT,   RW | FF_NEEDED | FF_SORT, 1, 255 },
	{ "host",           FT_TEXT,   RW | FF_NEEDED | FF_SORT | FF_FILTER | FF_LOWER, 1, 253,
	  .check = form_host },
	{ "port",           FT_INT,    RW, 1, 65535, .dflt = "161" },
	{ "version",        FT_TEXT,   RW | FF_FILTER, .max = 2, .among = versions, .dflt = "\"2c\"" },
	{ "community",      FT_SECRET, WO, .max = 128, .check = form_printable,
	  .hint = "by default public; give one that may only read" },
	{ "security_name",  FT_TEXT,   RW | FF_NULL, .max = 64, .check = form_printable,
	  .hint = "for version 3" },
	{ "security_level", FT_TEXT,   RW | FF_NULL, .max = 16, .among = levels,
	  .hint = "for version 3" },
	{ "auth_protocol",  FT_TEXT,   RW | FF_NULL, .max = 8, .among = auths },
	{ "auth_password",  FT_SECRET, WO, 8, 128, .check = form_printable },
	{ "priv_protocol",  FT_TEXT,   RW | FF_NULL, .max = 8, .among = privs },
	{ "priv_password",  FT_SECRET, WO, 8, 128, .check = form_printable },
	{ "device_type",    FT_TEXT,   RW | FF_FILTER, .max = 8, .among = types,
	  .dflt = "\"router\"" },
	{ "location",       FT_TEXT,   RW | FF_NULL, .max = 255 },
	{ "parent_id",      FT_UUID,   RW | FF_NULL | FF_FILTER,
	  .hint = "the device before it; while that fails, this one causes no alert" },
	{ "router_id",      FT_UUID,   RW | FF_NULL | FF_FILTER },
	{ "is_active",      FT_BOOL,   RW | FF_FILTER, .dflt = "true" },
	{ "has_community",     FT_BOOL, RO },
	{ "has_auth_password", FT_BOOL, RO },
	{ "has_priv_password", FT_BOOL, RO },
	{ "status",         FT_TEXT,   RO | FF_FILTER, .max = 8, .among = states },
	{ "last_polled_at", FT_TIME,   RO | FF_NULL | FF_SORT },
	{ "status_since",   FT_TIME,   RO | FF_NULL },
	{ "last_error",     FT_TEXT,   RO | FF_NULL },
	{ "sys_name",       FT_TEXT,   RO | FF_NULL },
	{ "sys_descr",      FT_TEXT,   RO | FF_NULL },
	{ "uptime_seconds", FT_INT,    RO | FF_NULL },
	{ "latency_ms",     FT_NUMBER, RO | FF_NULL },
	{ "discovered_at",  FT_TIME,   RO | FF_NULL },
	{ "created_at",     FT_TIME,   RO | FF_SORT },
	{ "updated_at",     FT_TIME,   RO | FF_SORT },
};

static const struct field interface_fields[] = {
	{ "monitor_bandwidth", FT_BOOL, FF_UPDATE | RO | FF_FILTER },
	{ "manual_speed",      FT_INT,  FF_UPDATE | RO | FF_NULL, 1, INT64_C(100000000000000),
	  .hint = "bit/s, where the device reports a wrong one" },
	{ "device_id",       FT_UUID, RO | FF_FILTER },
	{ "if_name",         FT_TEXT, RO | FF_SORT },
	{ "if_index",        FT_INT,  RO | FF_SORT },
	{ "if_descr",        FT_TEXT, RO | FF_NULL },
	{ "if_alias",        FT_TEXT, RO | FF_NULL },
	{ "if_speed",        FT_INT,  RO | FF_NULL },
	{ "if_oper_status",  FT_TEXT, RO | FF_FILTER, .max = 8 },
	{ "if_admin_status", FT_TEXT, RO },
	{ "is_present",      FT_BOOL, RO | FF_FILTER },
	{ "in_rate",         FT_INT,  RO | FF_NULL },
	{ "out_rate",        FT_INT,  RO | FF_NULL },
	{ "read_at",         FT_TIME, RO | FF_NULL },
	{ "created_at",      FT_TIME, RO | FF_SORT },
	{ "updated_at",      FT_TIME, RO },
	{ "device.name", FT_TEXT, RO },
};
/* clang-format on */

static void
need(struct ctx *cx, struct cJSON *in, const char *field, const char *why)
{
	if (shape_has(in, field) || shape_refused(cx, field))
		return;
	(void)err_field(cx, field, "The %s is required for %s.", field, why);
	(void)err_field_code(cx, "required", NULL);
}

/* Require the values that SNMP version 3 needs. */
static enum rc
check_device(struct ctx *cx, const char *id, struct cJSON *in)
{
	const char *version = shape_text(in, "version"), *level = shape_text(in, "security_level");
	const bool has_priv = level != NULL && strcmp(level, "authPriv") == 0;

	if (id == NULL && version != NULL && strcmp(version, "3") == 0) {
		need(cx, in, "security_name", "version 3");
		need(cx, in, "security_level", "version 3");
	}
	if (id == NULL && (has_priv || (level != NULL && strcmp(level, "authNoPriv") == 0))) {
		need(cx, in, "auth_protocol", "this security level");
		need(cx, in, "auth_password", "this security level");
	}
	if (id == NULL && has_priv) {
		need(cx, in, "priv_protocol", "this security level");
		need(cx, in, "priv_password", "this security level");
	}
	if (id == NULL && !shape_has(in, "community"))
		cJSON_AddStringToObject(in, "community", "");
	return cx->err.rc == RC_INVALID ? RC_INVALID : RC_OK;
}

static const char *const interface_search[] = { "if_name", "if_descr", "if_alias", NULL };

const struct resource snmp_device_resource = {
	.name = "snmp_device",
	.label = "The device",
	.table = "snmp_devices",
	.view = "snmp_device_rows",
	.search = device_search,
	.fields = device_fields,
	.nfields = countof(device_fields),
	.secret_of = "snmp_devices",
	.check = check_device,
	.audited = true,
	.counted = true,
};

const struct resource snmp_interface_resource = {
	.name = "snmp_interface",
	.label = "The interface",
	.table = "snmp_interfaces",
	.view = "snmp_interface_rows",
	.search = interface_search,
	.fields = interface_fields,
	.nfields = countof(interface_fields),
	.audited = true,
};

const struct op snmp_interfaces_op = {
	.summary = "The interfaces of a device",
	.list = &snmp_interface_resource,
};
const struct op snmp_discover_op = {
	.summary = "Poll the device now and list its interfaces again; the device",
	.row = &snmp_device_resource,
};

static enum rc
require_device(struct ctx *cx, const struct req *rq, const char **ret)
{
	struct db_rows *rows;

	TRY(req_uuid(cx, rq, "id", ret));
	TRY(db_row_if_any(cx, &SQL_snmp_device_exists, &rows, V_TEXT(*ret)));
	return db_count(rows) > 0 ? RC_OK : FAIL(cx, RC_NOT_FOUND, "There is no such device.");
}

enum rc
snmp_interfaces(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *id;

	TRY(require_device(cx, rq, &id));
	return crud_list_where(cx, rq, rs, &snmp_interface_resource,
	    (struct list_condition){ "device_id", id });
}

enum rc
snmp_discover(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	enum { WAIT_MS = 75000 };
	const char *id, *printed;

	TRY(require_device(cx, rq, &id));
	TRY(probe_ask(cx, conf_text(cx->conf, CONF_API_SOCKET_DIR),
	    arena_printf(cx->mem, "discover %s", id), WAIT_MS, &printed));
	return crud_answer(cx, &snmp_device_resource, id, 200, rs);
}

/* ---- charts ---- */

static const struct field snmp_bandwidth_parts[] = {
	{ "recorded_at", FT_TIME },
	{ "in_rate", FT_INT, FF_NULL },
	{ "out_rate", FT_INT, FF_NULL },
	{ "in_max", FT_INT, FF_NULL },
	{ "out_max", FT_INT, FF_NULL },
};

const struct op snmp_bandwidth_op = {
	.summary =
	    "At most 500 points {recorded_at in_rate out_rate in_max out_max} in bit/s; a gap "
	    "is null",
	.params = chart_params,
	.nparams = CHART_PARAMS,
	.answer = snmp_bandwidth_parts,
	.nanswer = countof(snmp_bandwidth_parts),
	.many = true,
};

enum rc
snmp_bandwidth(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	static const struct chart chart = { "interfaceId", &SQL_snmp_interface_exists,
		&SQL_bandwidth_chart, "There is no such interface." };

	return chart_answer(cx, rq, rs, &chart);
}
