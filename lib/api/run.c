/* run.c: nightly runs: list, preview, guarded steps, undo; and the history of a line. */
#include <string.h>

#include "api/api.h"
#include "billing/billing.h"
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

static const struct field run_line_parts[] = {
	{ "step",            FT_TEXT },
	{ "outcome",         FT_TEXT },
	{ "subscription_id", FT_UUID, FF_NULL },
	{ "username",        FT_TEXT, FF_NULL },
	{ "customer_name",   FT_TEXT, FF_NULL },
	{ "invoice_number",  FT_TEXT, FF_NULL },
	{ "amount",          FT_MONEY },
	{ "due_date",        FT_DATE, FF_NULL },
	{ "detail",          FT_TEXT, FF_NULL },
};

static const struct field step_parts[] = {
	{ "done",    FT_INT },
	{ "refused", FT_INT },
	{ "skipped", FT_INT },
	{ "held",    FT_INT },
	{ "failed",  FT_INT },
	{ "guarded", FT_INT },
};

const struct field billing_report_parts[BILLING_REPORT_PARTS] = {
	{ "date",        FT_DATE },
	{ "dry_run",     FT_BOOL },
	{ "missed_days", FT_TEXT, FF_NULL },
	{ "only",        FT_TEXT, FF_NULL, .hint = "the steps of the run; null: all" },
	{ "steps",       FT_MAP, .parts = step_parts, .nparts = countof(step_parts) },
	{ "lines",       FT_ROWS, .parts = run_line_parts, .nparts = countof(run_line_parts) },
};

static const struct field preview_params[] = {
	{ "date", FT_DATE, .hint = "the business day; by default today" },
};

const struct op run_preview_op = {
	.summary = "What billing-cron would do on that day",
	.params = preview_params, .nparams = countof(preview_params),
	.answer = billing_report_parts, .nanswer = BILLING_REPORT_PARTS,
};

static const char *const guarded_steps[] = { "expire", "suspend", NULL };

static const struct field start_fields[] = {
	{ "steps",   FT_LIST, FF_CREATE | FF_NULL, 1, 2, .among = guarded_steps,
	    .hint = "of those that are guarded today; by default all of them" },
	{ "force",   FT_BOOL, FF_CREATE, .dflt = "false", .hint = "switch off more lines than suspend_guard allows" },
	{ "dry_run", FT_BOOL, FF_CREATE, .dflt = "false", .hint = "only report what would happen" },
};

const struct op run_start_op = {
	.summary = "Do the steps of today that the guard stopped; 409 while a run is under way",
	.fields = start_fields, .nfields = countof(start_fields), .flag = FF_CREATE,
	.params = op_dry_run_param, .nparams = countof(op_dry_run_param),
	.answer = billing_report_parts, .nanswer = BILLING_REPORT_PARTS,
};

static const struct field run_undo_parts[] = {
	{ "restored", FT_INT },
};

const struct op run_undo_op = {
	.summary = "Switch on again all lines that a run switched off: {restored}",
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
run_preview(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *date = req_param(cx, rq, "date"), *json;

	if (date != NULL)
		TRY(shape_param(cx, &preview_params[0], date));
	TRY(api_set_actor(cx));
	TRY(billing_preview(cx, date, &json));
	return resp_json(rs, 200, json);
}

/*
 * Read dry_run here, not in api_run(): a run is many transactions, with a dry run of its own.
 * Record who starts a run over the guard, whatever becomes of it.
 */
static enum rc
read_start(struct ctx *cx, const struct req *rq, struct billing_options *ret)
{
	struct db_rows *rows;
	struct cJSON *in;

	TRY(op_read(cx, &run_start_op, rq, &in));
	TRY(op_dry_run(cx, rq, in));
	ret->dry_run = shape_bool(in, "dry_run");
	ret->force = shape_bool(in, "force");
	TRY(billing_date(cx, "", &ret->date));
	TRY(db_row(cx, &SQL_billing_guarded_steps, &rows, V_TEXT(shape_json(cx, in)),
	    V_TEXT(ret->date)));
	TRY(billing_steps_read(cx, db_text(rows, 0, "steps"), &ret->steps));
	return ret->dry_run ? RC_OK
			    : db_exec(cx, &SQL_billing_run_started,
				  V_TEXT(db_text(rows, 0, "steps")), V_BOOL(ret->force));
}

/* Another run holds the lock: that is a conflict, not a failure of ours. */
static enum rc
refuse_start(struct ctx *cx)
{
	if (strcmp(cx->err.code, "run_under_way") != 0)
		return cx->err.rc;
	(void)FAIL(cx, RC_CONFLICT, "Another billing run is under way.");
	return err_code(&cx->err, "run_under_way");
}

enum rc
run_start(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct billing_options opt = { .gateway = cx };
	struct billing_report rep;

	TRY(read_start(cx, rq, &opt));
	if (billing_run(cx, &opt, NULL, NULL, &rep) != RC_OK)
		return refuse_start(cx);
	return resp_json(rs, 200, billing_report_json(cx, &rep));
}

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
