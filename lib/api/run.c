/* run.c: nightly runs, and the history of a line. */
#include "api/api.h"
#include "sql.h"

/* clang-format off */
static const struct field fields[] = {
	{ "number",      FT_INT,  RO },
	{ "date",        FT_DATE, RO | FF_FILTER | FF_SORT },
	{ "started_at",  FT_TIME, RO },
	{ "finished_at", FT_TIME, RO | FF_NULL },
	{ "duration_ms", FT_INT,  RO | FF_NULL },
	{ "counts",      FT_JSON, RO | FF_NULL },
	{ "report",      FT_JSON, RO | FF_NULL },
	{ "is_forced",   FT_BOOL, RO },
	{ "actor",       FT_TEXT, RO | FF_NULL },
	{ "undone_at",   FT_TIME, RO | FF_NULL },
	{ "undone_by",   FT_TEXT, RO | FF_NULL },
	{ "created_at",  FT_TIME, RO | FF_SORT },
};

static const struct field history_fields[] = {
	{ "type",            FT_TEXT, RO | FF_FILTER, .max = 16 },
	{ "title",           FT_TEXT, RO },
	{ "text",            FT_TEXT, RO },
	{ "customer_id",     FT_UUID, RO },
	{ "subscription_id", FT_UUID, RO | FF_NULL },
	{ "actor",           FT_TEXT, RO | FF_NULL },
	{ "cause_type",      FT_TEXT, RO | FF_NULL, .hint = "of the row that caused this one" },
	{ "cause_id",        FT_UUID, RO | FF_NULL },
	{ "cause",           FT_TEXT, RO | FF_NULL, .hint = "in words" },
	{ "created_at",      FT_TIME, RO | FF_SORT },
};

const struct resource run_resource = {
	.name = "run", .label = "The run", .table = "billing_runs", .view = "run_rows",
	.fields = fields, .nfields = countof(fields),
	.counted = true,
};
const struct resource history_resource = {
	.name = "history", .label = "The entry", .table = "billing_logs", .view = "history_rows",
	.fields = history_fields, .nfields = countof(history_fields),
};

static const struct field run_undo_parts[] = {
	{ "restored", FT_INT },
};

const struct op run_undo_op = {
	.summary = "Put all lines on again that a run took off: {restored}",
	.answer = run_undo_parts, .nanswer = countof(run_undo_parts),
	.dry_run = true,
};
const struct op subscription_history_op = {
	.summary = "What happened to a line, each entry with its cause", .list = &history_resource,
};
const struct op customer_history_op = {
	.summary = "What happened to a customer, each entry with its cause",
	.list = &history_resource,
};
/* clang-format on */

enum rc
run_undo(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(db_row_if_any(cx, &SQL_billing_run_undo, &rows, V_TEXT(id)));
	if (db_count(rows) == 0)
		return FAIL(cx, RC_NOT_FOUND, "There is no such run.");
	return op_answer(rs, 200, rows);
}

enum rc
subscription_history(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return op_list_of_subscription(cx, rq, rs, &history_resource);
}

enum rc
customer_history(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return op_list_of_customer(cx, rq, rs, &history_resource);
}
