/* report.c: reports over some days, as JSON or CSV, and the account of a customer. */
#include <string.h>

#include "api/api.h"
#include "db/rowcsv.h"
#include "db/rowjson.h"
#include "sql.h"

static const char *const formats[] = { "json", "csv", NULL };
static const char *const groups[] = { "day", "month", "method", "actor", NULL };

/* clang-format off */
static const struct field params[] = {
	{ "from",   FT_DATE, .hint = "the first day; by default of this month" },
	{ "to",     FT_DATE, .hint = "the last day; by default today; at most 366 days" },
	{ "format", FT_TEXT, .max = 8, .among = formats, .dflt = "\"json\"" },
	{ "by",     FT_TEXT, .max = 8, .among = groups, .dflt = "\"day\"" },
};
enum { PARAM_FORMAT = 2, PARAM_BY = 3, REPORT_PARAMS = 3 };

static const struct field revenue_rows[] = {
	{ "name", FT_TEXT }, { "payments", FT_INT }, { "received", FT_MONEY }, { "given_back", FT_MONEY },
	{ "revenue", FT_MONEY },
};
static const struct field receivables_rows[] = {
	{ "customer_id", FT_UUID }, { "customer", FT_TEXT }, { "phone", FT_TEXT, FF_NULL }, { "bills", FT_INT },
	{ "not_due", FT_MONEY }, { "days_0_30", FT_MONEY }, { "days_31_60", FT_MONEY },
	{ "days_61_90", FT_MONEY }, { "days_over_90", FT_MONEY }, { "total", FT_MONEY },
};
static const struct field tax_rows[] = {
	{ "issued_on", FT_DATE }, { "invoice_number", FT_TEXT }, { "customer", FT_TEXT },
	{ "npwp", FT_TEXT, FF_NULL }, { "base", FT_MONEY }, { "untaxed", FT_MONEY },
	{ "tax_amount", FT_MONEY }, { "amount", FT_MONEY }, { "status", FT_TEXT },
};
static const struct field payments_rows[] = {
	{ "day", FT_DATE }, { "customer", FT_TEXT }, { "invoice_number", FT_TEXT, FF_NULL },
	{ "method", FT_TEXT, FF_NULL }, { "source", FT_TEXT }, { "reference", FT_TEXT, FF_NULL },
	{ "amount", FT_MONEY }, { "fee", FT_MONEY }, { "status", FT_TEXT }, { "id", FT_UUID },
};
static const struct field subscribers_rows[] = {
	{ "package", FT_TEXT }, { "price", FT_MONEY }, { "active", FT_INT }, { "suspended", FT_INT },
	{ "expired", FT_INT }, { "began", FT_INT }, { "ended", FT_INT },
};
static const struct field statement_rows[] = {
	{ "day", FT_DATE }, { "type", FT_TEXT }, { "text", FT_TEXT, FF_NULL }, { "amount", FT_MONEY },
	{ "balance", FT_MONEY }, { "id", FT_TEXT },
};
static const struct field statement_parts[] = {
	{ "customer_id", FT_UUID }, { "customer", FT_TEXT }, { "from", FT_DATE }, { "to", FT_DATE },
	{ "opening", FT_MONEY },
	{ "rows", FT_ROWS, .parts = statement_rows, .nparts = countof(statement_rows) },
	{ "closing", FT_MONEY },
};
#define REPORT(name) \
	static const struct field name##_parts[] = { \
		{ "from", FT_DATE }, { "to", FT_DATE }, \
		{ "rows", FT_ROWS, .parts = name##_rows, .nparts = countof(name##_rows) }, \
	}
REPORT(revenue);
REPORT(receivables);
REPORT(tax);
REPORT(payments);
REPORT(subscribers);

const struct op report_revenue_op = {
	.summary = "Money received less reversals and refunds, by their days: {from, to, rows: "
		   "[{name payments received given_back revenue}]}",
	.params = params, .nparams = countof(params),
	.answer = revenue_parts, .nanswer = countof(revenue_parts),
};
const struct op report_receivables_op = {
	.summary = "The debt of each customer at the end of the last day, by age on it: {from, to, rows}",
	.params = params, .nparams = REPORT_PARAMS,
	.answer = receivables_parts, .nanswer = countof(receivables_parts),
};
const struct op report_tax_op = {
	.summary = "The tax of each bill of these days, with the customer's npwp: {from, to, rows}",
	.params = params, .nparams = REPORT_PARAMS,
	.answer = tax_parts, .nanswer = countof(tax_parts),
};
const struct op report_payments_op = {
	.summary = "Each payment of these days: {from, to, rows}",
	.params = params, .nparams = REPORT_PARAMS,
	.answer = payments_parts, .nanswer = countof(payments_parts),
};
const struct op report_subscribers_op = {
	.summary = "Lines by package, and how many began and ended in these days: {from, to, rows}",
	.params = params, .nparams = REPORT_PARAMS,
	.answer = subscribers_parts, .nanswer = countof(subscribers_parts),
};
const struct op customer_statement_op = {
	.summary = "The account of a customer over these days: {opening, rows, closing}, more than 0 is owed",
	.params = params, .nparams = 2,
	.answer = statement_parts, .nanswer = countof(statement_parts),
};
/* clang-format on */

/* Check a parameter against its field; NULL and "" mean its default. */
static enum rc
report_param(struct ctx *cx, const struct req *rq, const struct field *f, const char *dflt,
    const char **ret)
{
	const char *val = req_param(cx, rq, f->name);

	if (val == NULL || val[0] == '\0') {
		*ret = dflt;
		return RC_OK;
	}
	TRY(shape_param(cx, f, val));
	*ret = val;
	return RC_OK;
}

struct days {
	const char *first, *last;
};

static enum rc
read_days(struct ctx *cx, const struct req *rq, struct days *ret)
{
	struct db_rows *rows;
	const char *from, *to;

	TRY(report_param(cx, rq, &params[0], NULL, &from));
	TRY(report_param(cx, rq, &params[1], NULL, &to));
	TRY(db_row(cx, &SQL_report_days, &rows, V_TEXT(from), V_TEXT(to)));
	if (db_i64(rows, 0, "days") < 1)
		return err_field(cx, "to", "The to must not be before from.");
	if (db_i64(rows, 0, "days") > 366)
		return err_field(cx, "to", "The to must be at most 366 days from from.");
	*ret = (struct days){ db_text(rows, 0, "first"), db_text(rows, 0, "last") };
	return RC_OK;
}

static void
write_csv(struct ctx *cx, const char *name, const struct days *d, const struct db_rows *rows,
    struct resp *rs)
{
	rs->content_type = "text/csv; charset=utf-8";
	resp_header(rs, "Content-Disposition",
	    arena_printf(cx->mem, "attachment; filename=\"%s-%s-%s.csv\"", name, d->first,
		d->last));
	rowcsv_head(&rs->body, rows);
	rowcsv_rows(&rs->body, rows);
}

static void
write_json(const struct days *d, const struct db_rows *rows, struct resp *rs)
{
	sb_printf(&rs->body, "{\"from\":\"%s\",\"to\":\"%s\",\"rows\":", d->first, d->last);
	rowjson_array(&rs->body, rows);
	sb_puts(&rs->body, "}");
}

static enum rc
answer_report(struct ctx *cx, const struct req *rq, const char *name, const struct days *d,
    const struct db_rows *rows, struct resp *rs)
{
	const char *format;

	TRY(report_param(cx, rq, &params[PARAM_FORMAT], "json", &format));
	rs->status = 200;
	if (strcmp(format, "csv") == 0)
		write_csv(cx, name, d, rows, rs);
	else
		write_json(d, rows, rs);
	return RC_OK;
}

static enum rc
report(struct ctx *cx, const struct req *rq, struct resp *rs, const char *name,
    const struct db_stmt *stmt)
{
	struct db_rows *rows;
	struct days d;

	TRY(read_days(cx, rq, &d));
	TRY(db_rows(cx, stmt, &rows, V_TEXT(d.first), V_TEXT(d.last)));
	return answer_report(cx, rq, name, &d, rows, rs);
}

enum rc
report_revenue(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	const char *by;
	struct days d;

	TRY(read_days(cx, rq, &d));
	TRY(report_param(cx, rq, &params[PARAM_BY], "day", &by));
	TRY(db_rows(cx, &SQL_report_revenue, &rows, V_TEXT(d.first), V_TEXT(d.last), V_TEXT(by)));
	return answer_report(cx, rq, "revenue", &d, rows, rs);
}

enum rc
report_receivables(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	struct days d;

	TRY(read_days(cx, rq, &d));
	TRY(db_rows(cx, &SQL_report_receivables, &rows, V_TEXT(d.last)));
	return answer_report(cx, rq, "receivables", &d, rows, rs);
}

enum rc
report_tax(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return report(cx, rq, rs, "tax", &SQL_report_tax);
}

enum rc
report_payments(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return report(cx, rq, rs, "payments", &SQL_report_payments);
}

enum rc
report_subscribers(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return report(cx, rq, rs, "subscribers", &SQL_report_subscribers);
}

enum rc
customer_statement(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	const char *id;
	struct days d;

	TRY(op_customer(cx, rq, &id));
	TRY(read_days(cx, rq, &d));
	TRY(db_row(cx, &SQL_customer_statement, &rows, V_TEXT(id), V_TEXT(d.first),
	    V_TEXT(d.last)));
	return resp_json(rs, 200, db_text(rows, 0, "answer"));
}
