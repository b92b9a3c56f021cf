/* monitoring.c: the state of the network, alerts, announced work. */

#include "api/api.h"
#include "base/jw.h"
#include "sql.h"

static const char *const alert_types[] = { "device_down", "device_up", "high_latency",
	"packet_loss", "bandwidth", "payment", "subscription", "system", NULL };
static const char *const severities[] = { "info", "warning", "critical", NULL };
static const char *const alert_search[] = { "title", "message", NULL };
static const char *const window_search[] = { "title", "note", NULL };

static const struct field sentence_parts[] = {
	{ "title", FT_TEXT },
	{ "message", FT_TEXT },
};

const struct field alert_text_parts[ALERT_TEXT_PARTS] = {
	{ "id", FT_OBJECT, .parts = sentence_parts, .nparts = countof(sentence_parts) },
	{ "en", FT_OBJECT, .parts = sentence_parts, .nparts = countof(sentence_parts) },
};

/* clang-format off */
static const struct field alert_fields[] = {
	{ "type",              FT_TEXT, RO | FF_FILTER, .max = 16, .among = alert_types },
	{ "severity",          FT_TEXT, RO | FF_FILTER, .max = 8, .among = severities },
	{ "title",             FT_TEXT, RO },
	{ "message",           FT_TEXT, RO },
	{ "code",              FT_TEXT, RO | FF_NULL, .max = 64 },
	{ "texts",             FT_OBJECT, RO | FF_NULL, .parts = alert_text_parts,
	    .nparts = ALERT_TEXT_PARTS,
	    .hint = "the title and the message in each language; {name} stands for a value of fields" },
	{ "fields",            FT_JSON, RO | FF_NULL,
	    .hint = "the values; since is a moment, date and last are days" },
	{ "meta",              FT_JSON, RO | FF_NULL },
	{ "is_open",           FT_BOOL, RO | FF_FILTER },
	{ "resolved_at",       FT_TIME, RO | FF_NULL },
	{ "is_read",           FT_BOOL, RO | FF_FILTER },
	{ "notification_sent", FT_BOOL, RO | FF_FILTER },
	{ "created_at",        FT_TIME, RO | FF_SORT },
	{ "updated_at",        FT_TIME, RO },
};

static const struct field window_fields[] = {
	{ "title",     FT_TEXT, RW | FF_NEEDED | FF_SORT, 1, 255 },
	{ "note",      FT_TEXT, RW | FF_NULL | FF_LINES, .max = 1000 },
	{ "starts_at", FT_TIME, RW | FF_NEEDED | FF_SORT },
	{ "ends_at",   FT_TIME, RW | FF_NEEDED | FF_SORT },
	{ "device_id", FT_UUID, RW | FF_NULL | FF_FILTER, .hint = "none of the three: everything" },
	{ "target_id", FT_UUID, RW | FF_NULL | FF_FILTER },
	{ "router_id", FT_UUID, RW | FF_NULL | FF_FILTER },
	{ "is_now",    FT_BOOL, RO | FF_FILTER },
	{ "created_at", FT_TIME, RO | FF_SORT },
	{ "updated_at", FT_TIME, RO },
};

static const struct field newest_params[] = {
	{ "limit", FT_INT, 0, 1, 100, .dflt = "20" },
};
/* clang-format on */

const struct resource alert_resource = {
	.name = "alert",
	.label = "The alert",
	.table = "alert_logs",
	.view = "alert_rows",
	.search = alert_search,
	.fields = alert_fields,
	.nfields = countof(alert_fields),
	.counted = true,
};

const struct resource maintenance_window_resource = {
	.name = "maintenance_window",
	.label = "The maintenance window",
	.table = "maintenance_windows",
	.view = "maintenance_window_rows",
	.search = window_search,
	.fields = window_fields,
	.nfields = countof(window_fields),
	.audited = true,
	.counted = true,
};

static const struct field count_parts[] = {
	{ "total", FT_INT },
	{ "up", FT_INT },
	{ "down", FT_INT },
	{ "unknown", FT_INT },
};

static const struct field interface_parts[] = {
	{ "id", FT_UUID },
	{ "device_id", FT_UUID },
	{ "device_name", FT_TEXT },
	{ "if_name", FT_TEXT },
	{ "in_rate", FT_INT },
	{ "out_rate", FT_INT },
	{ "speed", FT_INT },
	{ "used_percent", FT_NUMBER },
};

static const struct field target_parts[] = {
	{ "id", FT_UUID },
	{ "name", FT_TEXT },
	{ "host", FT_TEXT },
	{ "status", FT_TEXT },
	{ "last_latency_ms", FT_NUMBER, FF_NULL },
	{ "packet_loss_percent", FT_NUMBER, FF_NULL },
	{ "last_checked_at", FT_TIME, FF_NULL },
};

static const struct field open_alert_parts[] = {
	{ "id", FT_UUID },
	{ "type", FT_TEXT },
	{ "severity", FT_TEXT },
	{ "title", FT_TEXT },
	{ "message", FT_TEXT },
	{ "code", FT_TEXT, FF_NULL },
	{ "texts", FT_OBJECT, FF_NULL, .parts = alert_text_parts, .nparts = ALERT_TEXT_PARTS },
	{ "fields", FT_JSON, FF_NULL },
	{ "created_at", FT_TIME },
};

static const struct field monitoring_dashboard_parts[] = {
	{ "devices", FT_OBJECT, .parts = count_parts, .nparts = countof(count_parts) },
	{ "targets", FT_OBJECT, .parts = count_parts, .nparts = countof(count_parts) },
	{ "interfaces.total", FT_INT },
	{ "interfaces.monitored", FT_INT },
	{ "worst_interfaces", FT_ROWS, .parts = interface_parts,
	    .nparts = countof(interface_parts) },
	{ "worst_targets", FT_ROWS, .parts = target_parts, .nparts = countof(target_parts) },
	{ "open_alerts", FT_ROWS, .parts = open_alert_parts, .nparts = countof(open_alert_parts) },
	{ "unread_alerts", FT_INT },
};

const struct op monitoring_dashboard_op = {
	.summary = "{devices targets (total up down unknown), interfaces, worst_interfaces[5], "
		   "worst_targets[5], open_alerts[10], unread_alerts}",
	.answer = monitoring_dashboard_parts,
	.nanswer = countof(monitoring_dashboard_parts),
};
const struct op monitoring_alerts_op = {
	.summary = "The newest alerts, as an array",
	.params = newest_params,
	.nparams = countof(newest_params),
	.row = &alert_resource,
	.many = true,
};
const struct op alert_read_op = { .summary = "Mark an alert as read", .row = &alert_resource };
static const struct field alert_read_all_parts[] = {
	{ "message", FT_TEXT },
	{ "read", FT_INT },
};

const struct op alert_read_all_op = {
	.summary = "Mark all alerts as read: {message read}",
	.answer = alert_read_all_parts,
	.nanswer = countof(alert_read_all_parts),
};

enum rc
monitoring_dashboard(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	(void)rq;
	return op_show(cx, rs, &SQL_monitoring_dashboard);
}

enum rc
monitoring_alerts(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return op_newest(cx, rq, rs, &SQL_alerts_newest);
}

enum rc
alert_read(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(db_exec(cx, &SQL_alert_read, V_TEXT(id)));
	return crud_answer(cx, &alert_resource, id, 200, rs);
}

enum rc
alert_read_all(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct jw w = jw_new(&rs->body);
	struct db_rows *rows;

	(void)rq;
	TRY(db_row(cx, &SQL_alert_read_all, &rows));
	rs->status = 200;
	jw_obj(&w, NULL);
	jw_str(&w, "message", "All alerts are read.");
	jw_i64(&w, "read", db_i64(rows, 0, "read"));
	jw_end(&w);
	return RC_OK;
}
