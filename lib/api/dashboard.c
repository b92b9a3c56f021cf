/* dashboard.c: the first screen, and the rehearsal of tonight's run. */
#include <string.h>

#include "api/api.h"
#include "base/jw.h"
#include "billing/billing.h"
#include "db/rowjson.h"
#include "sql.h"

static const struct field dashboard_stats_parts[] = {
	{ "total_customers", FT_INT },
	{ "active_customers", FT_INT },
	{ "total_packages", FT_INT },
	{ "active_subscriptions", FT_INT },
	{ "suspended_subscriptions", FT_INT },
	{ "unpaid_invoices", FT_INT },
	{ "overdue_invoices", FT_INT },
	{ "monthly_revenue", FT_MONEY },
	{ "total_revenue", FT_MONEY },
	{ "totalCustomers", FT_INT },
	{ "activeSubscriptions", FT_INT },
	{ "unpaidInvoices", FT_INT },
	{ "monthlyRevenue", FT_MONEY },
	{ "recent_payments", FT_ROWS, .noun = "payment" },
	{ "expiring_subscriptions", FT_ROWS, .noun = "subscription" },
	{ "overdue_list", FT_ROWS, .noun = "invoice" },
};

const struct op dashboard_stats_op = {
	.summary =
	    "Counts, revenue, the newest payments, what expires within 7 days, what is overdue",
	.answer = dashboard_stats_parts,
	.nanswer = countof(dashboard_stats_parts),
};

static void
put_rows(struct ctx *cx, struct jw *w, const char *key, const struct db_rows *rows)
{
	struct sb s = sb_new(cx->mem);

	rowjson_array(&s, rows);
	jw_raw(w, key, s.buf);
}

/* Every number under its name, and four of them under the name the browser knows. */
static void
put_numbers(struct jw *w, const struct db_rows *rows)
{
	static const char *const names[][2] = {
		{ "total_customers", "totalCustomers" },
		{ "active_customers" },
		{ "total_packages" },
		{ "active_subscriptions", "activeSubscriptions" },
		{ "suspended_subscriptions" },
		{ "unpaid_invoices", "unpaidInvoices" },
		{ "overdue_invoices" },
		{ "monthly_revenue", "monthlyRevenue" },
		{ "total_revenue" },
	};

	for (size_t i = 0; i < countof(names); i++)
		for (size_t j = 0; j < 2 && names[i][j] != NULL; j++)
			jw_i64(w, names[i][j], db_i64(rows, 0, names[i][0]));
}

enum rc
dashboard_stats(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	static const struct {
		const char *key;
		const struct db_stmt *stmt;
	} parts[] = {
		{ NULL, &SQL_dashboard_numbers },
		{ "recent_payments", &SQL_dashboard_payments },
		{ "expiring_subscriptions", &SQL_dashboard_expiring },
		{ "overdue_list", &SQL_dashboard_overdue },
	};
	struct db_rows *rows[countof(parts)];
	struct jw w = jw_new(&rs->body);

	(void)rq;
	for (size_t i = 0; i < countof(parts); i++)
		TRY(db_send_rows(cx, parts[i].stmt, &rows[i]));
	TRY(db_sync(cx));
	rs->status = 200;
	jw_obj(&w, NULL);
	put_numbers(&w, rows[0]);
	for (size_t i = 1; i < countof(parts); i++)
		put_rows(cx, &w, parts[i].key, rows[i]);
	jw_end(&w);
	return RC_OK;
}

/* clang-format off */
static const struct field activity_params[] = {
	{ "limit", FT_INT, 0, 1, 100, .dflt = "20" },
};

const struct op dashboard_activities_op = {
	.summary = "The newest billing logs with the customer's name, as an array",
	.params = activity_params, .nparams = countof(activity_params),
	.row = &billing_log_resource,
	.many = true,
};

static const struct field preview_params[] = {
	{ "date", FT_DATE, .hint = "the business day; by default today" },
};

static const struct field run_line_parts[] = {
	{ "step", FT_TEXT },
	{ "outcome", FT_TEXT },
	{ "subscription_id", FT_UUID, FF_NULL },
	{ "username", FT_TEXT, FF_NULL },
	{ "customer_name", FT_TEXT, FF_NULL },
	{ "invoice_number", FT_TEXT, FF_NULL },
	{ "amount", FT_MONEY },
	{ "due_date", FT_DATE, FF_NULL },
	{ "detail", FT_TEXT, FF_NULL },
};

static const struct field step_parts[] = {
	{ "done", FT_INT },
	{ "refused", FT_INT },
	{ "skipped", FT_INT },
	{ "held", FT_INT },
	{ "failed", FT_INT },
	{ "guarded", FT_INT },
};

static const struct field billing_rehearse_parts[] = {
	{ "date", FT_DATE },
	{ "dry_run", FT_BOOL },
	{ "missed_days", FT_TEXT, FF_NULL },
	{ "steps", FT_MAP, .parts = step_parts, .nparts = countof(step_parts) },
	{ "lines", FT_ROWS, .parts = run_line_parts, .nparts = countof(run_line_parts) },
};

const struct op billing_rehearse_op = {
	.summary = "What billing-cron would do on that day",
	.params = preview_params, .nparams = countof(preview_params),
	.answer = billing_rehearse_parts,
	.nanswer = countof(billing_rehearse_parts),
};
/* clang-format on */

enum rc
dashboard_activities(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	int64_t limit;

	TRY(req_param_int(cx, rq, "limit", 1, 100, 20, &limit));
	TRY(db_rows(cx, &SQL_dashboard_activities, &rows, V_I64(limit)));
	rs->status = 200;
	rowjson_array(&rs->body, rows);
	return RC_OK;
}

enum rc
billing_rehearse(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *date = req_param(cx, rq, "date"), *json;

	if (date != NULL)
		TRY(shape_param(cx, &preview_params[0], date));
	TRY(api_act(cx));
	TRY(billing_preview(cx, date, &json));
	return resp_json(rs, 200, json);
}
