/* days.c: the days of a line, its pauses, paying ahead and changes of package. */
#include "api/api.h"
#include "api/money.h"
#include "sql.h"

static const char *const kinds[] = { "start", "period", "gift", "off", NULL };
static const char *const moments[] = { "now", "next_period", NULL };

/* clang-format off */
static const struct field fields[] = {
	{ "days",            FT_INT,  FF_CREATE | RO | FF_NEEDED, -3660, 3660,
	  .hint = "more than 0: given; less: given days taken back" },
	{ "reason",          FT_TEXT, FF_CREATE | RO | FF_NULL, .max = 255 },
	{ "kind",            FT_TEXT, RO | FF_FILTER, .max = 16, .among = kinds },
	{ "subscription_id", FT_UUID, RO },
	{ "invoice_id",      FT_UUID, RO | FF_NULL },
	{ "invoice_number",  FT_TEXT, RO | FF_NULL },
	{ "off_from",        FT_DATE, RO | FF_NULL },
	{ "back_on",         FT_DATE, RO | FF_NULL },
	{ "end_date",        FT_DATE, RO, .hint = "after this row" },
	{ "actor",           FT_TEXT, RO | FF_NULL },
	{ "entered_on",      FT_DATE, RO },
	{ "created_at",      FT_TIME, RO | FF_SORT },
};

const struct resource day_resource = {
	.name = "day",
	.label = "The row",
	.table = "service_days",
	.view = "day_rows",
	.fields = fields, .nfields = countof(fields),
};

const struct op day_list_op = {
	.summary = "The ledger of a line's days",
	.list = &day_resource,
};
const struct op day_add_op = {
	.summary = "Give days to a line, or take given ones back",
	.fields = fields, .nfields = countof(fields), .flag = FF_CREATE,
	.row = &subscription_resource,
	.dry_run = true,
};

static const struct field pause_fields[] = {
	{ "from",   FT_DATE, FF_UPDATE | FF_NULL, .hint = "first day off; today without it" },
	{ "until",  FT_DATE, FF_UPDATE | FF_NULL, .hint = "last day off; open without it" },
	{ "reason", FT_TEXT, FF_UPDATE | FF_NULL, .max = 255 },
};

const struct op subscription_pause_op = {
	.summary = "Pause a line: no service, no bills, and its days are kept",
	.fields = pause_fields, .nfields = countof(pause_fields), .flag = FF_UPDATE,
	.row = &subscription_resource,
	.dry_run = true,
};

static const struct field reason_fields[] = {
	{ "reason", FT_TEXT, FF_UPDATE | FF_NULL, .max = 255 },
};

const struct op subscription_resume_op = {
	.summary = "End a pause",
	.fields = reason_fields, .nfields = countof(reason_fields), .flag = FF_UPDATE,
	.row = &subscription_resource,
	.dry_run = true,
};

static const struct field prepay_fields[] = {
	{ "periods",  FT_INT,   FF_CREATE | FF_NEEDED, 2, 24 },
	{ "discount", FT_MONEY, FF_CREATE | FF_NULL, 0, MONEY_MAX },
	{ "dry_run",  FT_BOOL,  FF_CREATE, .dflt = "false", .hint = "only say what would happen" },
};

static const struct field line_parts[] = {
	{ "kind", FT_TEXT },
	{ "text", FT_TEXT },
	{ "quantity", FT_INT },
	{ "unit_price", FT_MONEY },
	{ "amount", FT_MONEY },
};

static const struct field subscription_prepay_parts[] = {
	{ "id", FT_UUID },
	{ "invoice_number", FT_TEXT, FF_NULL },
	{ "kind", FT_TEXT },
	{ "amount", FT_MONEY },
	{ "period_start", FT_DATE, FF_NULL },
	{ "period_end", FT_DATE, FF_NULL },
	{ "due_date", FT_DATE },
	{ "status", FT_TEXT },
	{ "lines", FT_ROWS, .parts = line_parts, .nparts = countof(line_parts) },
};

const struct op subscription_prepay_op = {
	.summary = "One bill over several periods: {id, amount, period_start, period_end, lines}",
	.fields = prepay_fields, .nfields = countof(prepay_fields), .flag = FF_CREATE,
	.status = 201,
	.params = op_dry_run_param, .nparams = countof(op_dry_run_param),
	.answer = subscription_prepay_parts, .nanswer = countof(subscription_prepay_parts),
};

static const struct field change_fields[] = {
	{ "package_id", FT_UUID, FF_CREATE | FF_NEEDED },
	{ "effective",  FT_TEXT, FF_CREATE, .max = 16, .among = moments, .dflt = "\"now\"" },
	{ "prorate",    FT_BOOL, FF_CREATE, .dflt = "false",
	  .hint = "bill or credit the difference of the days left" },
	{ "dry_run",  FT_BOOL,  FF_CREATE, .dflt = "false", .hint = "only say what would happen" },
};

static const struct field subscription_change_parts[] = {
	{ "effective_from", FT_DATE },
	{ "lines", FT_ROWS, .parts = line_parts, .nparts = countof(line_parts) },
	{ "amount", FT_MONEY, FF_NULL },
	{ "credit", FT_MONEY, FF_NULL },
	{ "end_date", FT_DATE },
};

const struct op subscription_change_op = {
	.summary = "Change the package: {effective_from, lines, amount, credit, end_date}",
	.fields = change_fields, .nfields = countof(change_fields), .flag = FF_CREATE,
	.params = op_dry_run_param, .nparams = countof(op_dry_run_param),
	.answer = subscription_change_parts, .nanswer = countof(subscription_change_parts),
};
/* clang-format on */

enum rc
day_list(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return op_list_of_subscription(cx, rq, rs, &day_resource);
}

/* Run a statement of (id, body) on the line of the path; the answer is the line. */
static enum rc
change_and_show_line(struct ctx *cx, const struct req *rq, struct resp *rs, const struct op *op,
    const struct db_stmt *stmt)
{
	struct cJSON *in;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(op_read(cx, op, rq, &in));
	money_bound(cx, in);
	TRY(db_exec(cx, stmt, V_TEXT(id), V_TEXT(shape_json(cx, in))));
	return crud_answer(cx, &subscription_resource, id, 200, rs);
}

enum rc
day_add(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return change_and_show_line(cx, rq, rs, &day_add_op, &SQL_subscription_days_add);
}

enum rc
subscription_pause(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return change_and_show_line(cx, rq, rs, &subscription_pause_op, &SQL_subscription_pause);
}

enum rc
subscription_resume(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct cJSON *in;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(op_read(cx, &subscription_resume_op, rq, &in));
	TRY(db_exec(cx, &SQL_subscription_resume, V_TEXT(id), V_TEXT(shape_text(in, "reason"))));
	return crud_answer(cx, &subscription_resource, id, 200, rs);
}

/* Run a statement of (id, body) on the line of the path; the answer is what it returns. */
static enum rc
change_and_report(struct ctx *cx, const struct req *rq, struct resp *rs, const struct op *op,
    const struct db_stmt *stmt)
{
	struct db_rows *rows;
	struct cJSON *in;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(op_read(cx, op, rq, &in));
	TRY(op_dry_run(cx, rq, in));
	money_bound(cx, in);
	TRY(db_row(cx, stmt, &rows, V_TEXT(id), V_TEXT(shape_json(cx, in))));
	return resp_json(rs, op->status != 0 && !shape_bool(in, "dry_run") ? op->status : 200,
	    db_text(rows, 0, "answer"));
}

enum rc
subscription_prepay(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return change_and_report(cx, rq, rs, &subscription_prepay_op, &SQL_subscription_prepay);
}

enum rc
subscription_change(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return change_and_report(cx, rq, rs, &subscription_change_op, &SQL_subscription_change);
}
