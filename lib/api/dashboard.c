/* dashboard.c: the first screen. */
#include "api/api.h"
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

enum rc
dashboard_stats(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	(void)rq;
	return op_show(cx, rs, &SQL_dashboard_stats);
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

/* clang-format on */

static const char *const ages[] = { "not_due", "1-7", "8-30", "31+", NULL };

static const struct field received_parts[] = {
	{ "method", FT_TEXT },
	{ "actor", FT_TEXT, FF_NULL },
	{ "count", FT_INT },
	{ "amount", FT_MONEY },
};

static const struct field owed_parts[] = {
	{ "count", FT_INT },
	{ "amount", FT_MONEY },
};

static const struct field age_parts[] = {
	{ "age", FT_TEXT, .among = ages },
	{ "count", FT_INT },
	{ "amount", FT_MONEY },
};

static const struct field kept_preview_parts[] = {
	{ "date", FT_DATE },
	{ "made_at", FT_TIME },
	{ "answer", FT_OBJECT, .parts = billing_report_parts, .nparts = BILLING_REPORT_PARTS },
};

static const struct field last_run_parts[] = {
	{ "id", FT_UUID },
	{ "date", FT_DATE },
	{ "started_at", FT_TIME },
	{ "duration_ms", FT_INT, FF_NULL },
	{ "counts", FT_JSON },
	{ "is_undone", FT_BOOL },
};

static const struct field expiring_parts[] = {
	{ "id", FT_UUID },
	{ "username", FT_TEXT },
	{ "customer_name", FT_TEXT },
	{ "customer_id", FT_UUID },
	{ "end_date", FT_DATE },
};

static const struct field router_parts[] = {
	{ "id", FT_UUID },
	{ "name", FT_TEXT },
	{ "broken_since", FT_TIME, FF_NULL },
	{ "accounts", FT_INT },
	{ "pending", FT_INT },
	{ "failed", FT_INT },
	{ "online", FT_INT },
	{ "cpu", FT_INT, FF_NULL },
	{ "has_drift", FT_BOOL },
};

static const struct field alert_parts[] = {
	{ "id", FT_UUID },
	{ "type", FT_TEXT },
	{ "severity", FT_TEXT },
	{ "title", FT_TEXT },
	{ "texts", FT_OBJECT, FF_NULL, .parts = alert_text_parts, .nparts = ALERT_TEXT_PARTS },
	{ "fields", FT_JSON, FF_NULL },
	{ "created_at", FT_TIME },
	{ "customers", FT_INT },
};

static const struct field month_parts[] = {
	{ "month", FT_TEXT },
	{ "received", FT_MONEY },
	{ "returned", FT_MONEY },
	{ "count", FT_INT },
};

static const struct field dashboard_show_parts[] = {
	{ "date", FT_DATE },
	{ "received_today", FT_ROWS, .parts = received_parts, .nparts = countof(received_parts) },
	{ "today_total", FT_MONEY },
	{ "month_total", FT_MONEY },
	{ "unpaid", FT_OBJECT, .parts = owed_parts, .nparts = countof(owed_parts) },
	{ "overdue", FT_OBJECT, .parts = owed_parts, .nparts = countof(owed_parts) },
	{ "ageing", FT_ROWS, .parts = age_parts, .nparts = countof(age_parts) },
	{ "preview", FT_OBJECT, FF_NULL, .parts = kept_preview_parts,
	    .nparts = countof(kept_preview_parts) },
	{ "last_run", FT_OBJECT, FF_NULL, .parts = last_run_parts,
	    .nparts = countof(last_run_parts) },
	{ "expiring_count", FT_INT },
	{ "expiring", FT_ROWS, .parts = expiring_parts, .nparts = countof(expiring_parts) },
	{ "routers", FT_ROWS, .parts = router_parts, .nparts = countof(router_parts) },
	{ "alerts", FT_ROWS, .parts = alert_parts, .nparts = countof(alert_parts) },
	{ "months", FT_ROWS, .parts = month_parts, .nparts = countof(month_parts) },
	{ "last_proven_restore", FT_TIME, FF_NULL },
};

const struct op dashboard_show_op = {
	.summary =
	    "The first screen: money of today by method and cashier, debts by age, tonight's "
	    "plan as last made, the last run, routers, alerts with their customers, 12 months",
	.answer = dashboard_show_parts,
	.nanswer = countof(dashboard_show_parts),
};

enum rc
dashboard_show(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	(void)rq;
	return op_show(cx, rs, &SQL_dashboard_show);
}

enum rc
dashboard_activities(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return op_newest(cx, rq, rs, &SQL_dashboard_activities);
}
