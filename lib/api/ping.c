/* ping.c: the targets of ping, and charts of their latency. */

#include "api/api.h"
#include "api/chart.h"
#include "api/form.h"
#include "base/conf.h"
#include "net/probe.h"
#include "sql.h"

static const char *const states[] = { "up", "down", "unknown", NULL };
static const char *const target_search[] = { "name", "host", "group", NULL };

/* clang-format off */
static const struct field target_fields[] = {
	{ "name",             FT_TEXT, RW | FF_NEEDED | FF_SORT, 1, 255 },
	{ "host",             FT_TEXT, RW | FF_NEEDED | FF_SORT | FF_FILTER | FF_LOWER, 1, 253,
	  .check = form_host },
	{ "group",            FT_TEXT, RW | FF_NULL | FF_FILTER | FF_SORT, .max = 255 },
	{ "interval_seconds", FT_INT,  RW, 10, 3600, .dflt = "60" },
	{ "timeout_ms",       FT_INT,  RW, 10, 10000, .dflt = "1000" },
	{ "packet_count",     FT_INT,  RW, 1, 20, .dflt = "4" },
	{ "parent_id",        FT_UUID, RW | FF_NULL | FF_FILTER,
	  .hint = "the target before it; while that fails, this one causes no alert" },
	{ "router_id",        FT_UUID, RW | FF_NULL | FF_FILTER },
	{ "is_active",        FT_BOOL, RW | FF_FILTER, .dflt = "true" },
	{ "address",          FT_TEXT, RO | FF_NULL },
	{ "status",           FT_TEXT, RO | FF_FILTER, .max = 8, .among = states },
	{ "last_latency_ms",  FT_NUMBER, RO | FF_NULL },
	{ "jitter_ms",        FT_NUMBER, RO | FF_NULL },
	{ "packet_loss_percent", FT_NUMBER, RO | FF_NULL },
	{ "last_checked_at",  FT_TIME, RO | FF_NULL | FF_SORT },
	{ "status_since",     FT_TIME, RO | FF_NULL },
	{ "last_error",       FT_TEXT, RO | FF_NULL },
	{ "created_at",       FT_TIME, RO | FF_SORT },
	{ "updated_at",       FT_TIME, RO | FF_SORT },
};
/* clang-format on */

const struct resource ping_target_resource = {
	.name = "ping_target",
	.label = "The target",
	.table = "ping_targets",
	.view = "ping_target_rows",
	.search = target_search,
	.fields = target_fields,
	.nfields = countof(target_fields),
	.audited = true,
	.counted = true,
};

static const struct field ping_now_parts[] = {
	{ "address", FT_TEXT, FF_NULL },
	{ "sent", FT_INT },
	{ "received", FT_INT },
	{ "packet_loss_percent", FT_NUMBER },
	{ "latency_ms", FT_NUMBER, FF_NULL },
	{ "min_ms", FT_NUMBER, FF_NULL },
	{ "max_ms", FT_NUMBER, FF_NULL },
	{ "jitter_ms", FT_NUMBER, FF_NULL },
	{ "status", FT_TEXT },
};

const struct op ping_now_op = {
	.summary = "Ask the host now: {address sent received packet_loss_percent latency_ms min_ms "
		   "max_ms jitter_ms status}; nothing is stored",
	.answer = ping_now_parts,
	.nanswer = countof(ping_now_parts),
};
static const struct field ping_history_parts[] = {
	{ "recorded_at", FT_TIME },
	{ "latency_ms", FT_NUMBER, FF_NULL },
	{ "min_ms", FT_NUMBER, FF_NULL },
	{ "max_ms", FT_NUMBER, FF_NULL },
	{ "packet_loss_percent", FT_NUMBER, FF_NULL },
	{ "status", FT_TEXT },
};

const struct op ping_history_op = {
	.summary = "At most 500 points {recorded_at latency_ms min_ms max_ms packet_loss_percent "
		   "status}; where nothing was measured they are null, and unknown",
	.params = chart_params,
	.nparams = CHART_PARAMS,
	.answer = ping_history_parts,
	.nanswer = countof(ping_history_parts),
	.many = true,
};

enum rc
ping_now(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	const char *id, *printed;
	int64_t count, timeout;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(db_row_if_any(cx, &SQL_ping_target_by_id, &rows, V_TEXT(id)));
	if (db_count(rows) == 0)
		return FAIL(cx, RC_NOT_FOUND, "There is no such target.");
	count = db_i64(rows, 0, "packet_count");
	timeout = db_i64(rows, 0, "timeout_ms");
	TRY(probe_ask(cx, conf_text(cx->conf, CONF_API_SOCKET_DIR),
	    arena_printf(cx->mem, "ping %s %lld %lld", db_text(rows, 0, "host"), (long long)count,
		(long long)timeout),
	    (int)(count * (timeout + 200)) + 5000, &printed));
	return resp_json(rs, 200, printed);
}

enum rc
ping_history(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	static const struct chart chart = { "id", &SQL_ping_target_by_id, &SQL_ping_chart,
		"There is no such target." };

	return chart_answer(cx, rq, rs, &chart);
}
