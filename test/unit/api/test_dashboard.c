/* The first screen: numbers and lists of what stands in the database, each with what it leaves out.
 */
#include "screen.h"

static void
begin_town(void)
{
	db_set_actor(&cx);
	(void)a_package("home", "pppoe");
}

/* A customer whose only line has the name and began on a day, for 30 days; its bill. */
static const char *
a_line(const char *name, const char *day)
{
	(void)sql("WITH c AS (INSERT INTO customers (name) VALUES ('%s') RETURNING id)"
		  " SELECT subscription_create(jsonb_build_object('customer_id', c.id,"
		  " 'package_id', (SELECT id FROM packages), 'mikrotik_username', '%s',"
		  " 'mikrotik_password', 'x', 'issue_invoice', true), '%s') AS v FROM c",
	    name, name, day);
	return sql("SELECT i.id::text AS v FROM invoices i JOIN customers c ON c.id = i.customer_id"
		   " WHERE c.name = '%s'",
	    name);
}

static const char *
paid(const char *bill, int amount, const char *method, const char *day)
{
	return sql("SELECT payment_id AS v FROM payment_book(jsonb_build_object('invoice_id',"
		   " '%s', 'amount', %d, 'method', '%s', 'duplicate', true), '%s')",
	    bill, amount, method, day);
}

static void
reversed(const char *payment, const char *day)
{
	(void)sql("SELECT payment_reverse('%s', 'reversal', 'note', '%s') AS v", payment, day);
}

static void
refunded(const char *payment, int amount, const char *day)
{
	(void)sql("SELECT payment_refund('%s', 'R%d', %d, true, NULL, '%s') AS v", payment, amount,
	    amount, day);
}

/* Lines that end soon, a week from now, later, and have ended; suspended, cancelled. */
static void
customers_and_lines_are_counted(void **state)
{
	const cJSON *screen;

	(void)state;
	begin_town();
	for (const char *const *name = (const char *const[]){ "ani", "budi", "citra", "dewi", "eko",
		 "fani", "gita", NULL };
	     *name != NULL; name++)
		(void)a_line(*name, "2026-02-20");
	(void)sql("UPDATE subscriptions SET end_date = CASE mikrotik_username"
		  " WHEN 'budi' THEN date '2026-03-02' WHEN 'citra' THEN '2026-03-10'"
		  " WHEN 'dewi' THEN '2026-03-01' ELSE '2026-03-09' END");
	(void)sql("UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt'"
		  " WHERE mikrotik_username = 'eko'");
	(void)sql("UPDATE subscriptions SET status = 'cancelled' WHERE mikrotik_username ="
		  " ANY ('{fani,gita}')");
	(void)sql("UPDATE customers SET archived_at = now() WHERE name = 'gita'");
	(void)sql("UPDATE customers SET status = 'inactive' WHERE name = 'fani'");
	screen = shown(dashboard_stats);
	SHOWS("total_customers", "6");
	SHOWS("active_customers", "5");
	SHOWS("total_packages", "1");
	SHOWS("active_subscriptions", "4");
	SHOWS("suspended_subscriptions", "1");
	assert_string_equal(column(screen, "expiring_subscriptions", "mikrotik_username"),
	    " \"budi\" \"ani\"");
	screen = shown(dashboard_show);
	SHOWS("expiring_count", "2");
	assert_string_equal(column(screen, "expiring", "username"), " \"budi\" \"ani\"");
	assert_string_equal(column(screen, "expiring", "customer_name"), " \"budi\" \"ani\"");
}

/* Bills by their state, and what is left of them by the days since they were due. */
static void
debts_are_counted_by_state_and_age(void **state)
{
	const cJSON *screen;

	(void)state;
	begin_town();
	for (const char *const *day = (const char *const[]){ "2026-03-02", "2026-03-01",
		 "2026-02-23", "2026-02-22", "2026-01-31", "2026-01-30", "2026-01-01", NULL };
	     *day != NULL; day++)
		(void)sql("UPDATE invoices SET due_date = '%s' WHERE id = '%s'", *day,
		    a_line(*day, "2026-03-02"));
	(void)sql("UPDATE invoices SET status = 'overdue' WHERE due_date < '2026-03-02'");
	(void)sql("UPDATE invoices SET status = 'cancelled' WHERE due_date = '2026-01-01'");
	(void)paid(sql("SELECT id::text AS v FROM invoices WHERE due_date = '2026-02-22'"), 149999,
	    "cash", "2026-03-02");
	screen = shown(dashboard_show);
	SHOWS("unpaid", "{\"count\":1,\"amount\":150000}");
	SHOWS("overdue", "{\"count\":5,\"amount\":600001}");
	SHOWS("ageing", "[{\"age\":\"not_due\",\"count\":1,\"amount\":150000},"
			"{\"age\":\"1-7\",\"count\":2,\"amount\":300000},"
			"{\"age\":\"8-30\",\"count\":2,\"amount\":150001},"
			"{\"age\":\"31+\",\"count\":1,\"amount\":150000}]");
	screen = shown(dashboard_stats);
	SHOWS("unpaid_invoices", "1");
	SHOWS("overdue_invoices", "5");
	assert_string_equal(column(screen, "overdue_list", "due_date"),
	    " \"2026-01-30\" \"2026-01-31\" \"2026-02-22\" \"2026-02-23\" \"2026-03-01\"");
}

/* The months with money, oldest first. */
static const char *
months_of(const cJSON *screen)
{
	struct sb out = sb_new(cx.mem);
	const cJSON *row;

	cJSON_ArrayForEach (row, cJSON_GetObjectItem(screen, "months"))
		if (strcmp(part(row, "count"), "0") != 0)
			sb_printf(&out, "%s %s -%s %s;", part(row, "month"), part(row, "received"),
			    part(row, "returned"), part(row, "count"));
	return out.buf;
}

/* Money of today, of this month and of twelve months, each by its own day: a payment by when it was
 * made, a reversal or a refund by when that was. */
static void
money_is_of_its_days(void **state)
{
	const char *bill, *february, *march;
	const cJSON *screen;

	(void)state;
	begin_town();
	bill = a_line("ani", "2026-03-02");
	reversed(paid(bill, 200, "cash", "2025-03-31"), "2025-03-31");
	reversed(paid(bill, 100, "cash", "2025-04-01"), "2025-04-01");
	february = paid(bill, 30000, "cash", "2026-02-28");
	march = paid(bill, 20000, "qris", "2026-03-01");
	refunded(paid(bill, 800, "cash", "2025-04-01"), 80, "2025-04-01");
	(void)paid(bill, 7000, "cash", "2026-03-02");
	reversed(paid(bill, 5000, "qris", "2026-03-02"), "2026-03-02");
	reversed(paid(bill, 4000, "cash", "2026-02-28"), "2026-02-28");
	refunded(february, 300, "2026-02-28");
	refunded(march, 1000, "2026-03-01");
	refunded(march, 20, "2026-03-02");
	(void)sql("UPDATE payments SET payment_date = day_begin('2026-03-03') WHERE id = '%s'",
	    paid(bill, 600, "cash", "2026-03-02"));
	(void)sql("UPDATE payments SET payment_date = date_trunc('day', payment_date,"
		  " 'Asia/Jakarta') WHERE amount <> 600");
	screen = shown(dashboard_stats);
	SHOWS("monthly_revenue", "26580");
	SHOWS("total_revenue", "57000");
	screen = shown(dashboard_show);
	SHOWS("today_total", "6980");
	SHOWS("month_total", "26580");
	SHOWS("received_today",
	    "[{\"actor\":\"unit\",\"count\":1,\"amount\":7000,\"method\":\"cash\"},"
	    "{\"actor\":\"unit\",\"count\":1,\"amount\":-20,\"method\":\"qris\"}]");
	assert_string_equal(months_of(screen),
	    "\"2025-04\" 900 -180 2;\"2026-02\" 34000 -4300 2;\"2026-03\" 32600 -6020 4;");
}

/* The newest payments, five of them. */
static void
payments_are_the_newest(void **state)
{
	const char *bill;

	(void)state;
	begin_town();
	bill = a_line("ani", "2026-03-02");
	for (int i = 1; i <= 6; i++)
		(void)sql("UPDATE payments SET created_at = now() - interval '%d h' WHERE id ="
			  " '%s'",
		    i, paid(bill, 1000 * i, "cash", "2026-03-02"));
	assert_string_equal(column(shown(dashboard_stats), "recent_payments", "amount"),
	    " 1000 2000 3000 4000 5000");
}

/* The newest plan of tonight or later, the last run that came to its end, the newest proof. */
static void
runs_and_proofs_are_the_last(void **state)
{
	const cJSON *screen;

	(void)state;
	begin_town();
	(void)sql("TRUNCATE billing_previews, restore_proofs, billing_runs CASCADE");
	(void)sql("INSERT INTO billing_previews (business_date, answer, made_at) VALUES"
		  " ('2026-03-01', '{\"n\": 1}', '2026-03-02 10:00Z'),"
		  " ('2026-03-02', '{\"n\": 2}', '2026-03-02 08:00Z'),"
		  " ('2026-03-04', '{\"n\": 3}', '2026-03-02 07:00Z')");
	(void)sql("INSERT INTO billing_runs (business_date, started_at, finished_at) VALUES"
		  " ('2026-02-28', '2026-02-28 00:00Z', '2026-02-28 00:01Z'),"
		  " ('2026-03-01', '2026-03-01 00:00Z', '2026-03-01 00:01Z'),"
		  " ('2026-03-02', '2026-03-02 00:00Z', NULL)");
	(void)sql("INSERT INTO restore_proofs (backup, proved_at) VALUES"
		  " ('a', '2026-02-01 01:00Z'), ('b', '2026-02-08 01:00Z')");
	screen = shown(dashboard_show);
	SHOWS("last_proven_restore", "\"2026-02-08T01:00:00Z\"");
	assert_non_null(strstr(part(screen, "preview"), "\"date\":\"2026-03-02\""));
	assert_non_null(strstr(part(screen, "preview"), "{\"n\":2}"));
	assert_non_null(strstr(part(screen, "last_run"), "\"date\":\"2026-03-01\""));
	assert_non_null(strstr(part(screen, "last_run"), "\"is_undone\":false"));
	(void)sql("UPDATE billing_runs SET undone_at = now()");
	assert_non_null(strstr(part(shown(dashboard_show), "last_run"), "\"is_undone\":true"));
}

/* Routers in use, with what differs on them; open alerts, newest first, with the customers behind
 * the router that they name. */
static void
routers_and_alerts_are_those_that_stand(void **state)
{
	const char *main_router, *other;
	const cJSON *screen;

	(void)state;
	begin_town();
	(void)sql("DELETE FROM alert_logs");
	other = a_router("B", 2);
	main_router = a_router("A", 1);
	(void)sql("UPDATE router_settings SET is_active = false WHERE id = '%s'",
	    a_router("Old", 3));
	(void)a_line("ani", "2026-03-02");
	(void)a_line("budi", "2026-03-02");
	(void)a_line("citra", "2026-03-02");
	(void)sql("UPDATE mikrotik_secrets SET router_id = '%s'", main_router);
	(void)sql("UPDATE mikrotik_secrets SET removed_at = now() WHERE subscription_id ="
		  " (SELECT id FROM subscriptions WHERE mikrotik_username = 'citra')");
	(void)sql("INSERT INTO alert_logs (type, severity, title, message, key, resolved_at,"
		  " created_at) VALUES ('system', 'info', 'old', '', 'drift %s', now(), now()),"
		  " ('system', 'info', 'first', '', 'drift %s', NULL, now() - interval '2 h'),"
		  " ('system', 'info', 'second', '', 'router:%s', NULL, now() - interval '1 h'),"
		  " ('system', 'info', 'note', '', NULL, NULL, now())",
	    other, main_router, other);
	screen = shown(dashboard_show);
	assert_string_equal(column(screen, "routers", "name"), " \"A\" \"B\"");
	assert_string_equal(column(screen, "routers", "has_drift"), " true false");
	assert_string_equal(column(screen, "alerts", "title"), " \"second\" \"first\"");
	assert_string_equal(column(screen, "alerts", "customers"), " 0 2");
	(void)sql("SELECT alert_raise_text('system', 'info', 'drift', '{\"name\": \"R1\"}',"
		  " NULL, 'd') AS v");
	screen = shown(dashboard_show);
	assert_string_equal(column(screen, "alerts", "fields"), " {\"name\":\"R1\"} null null");
	assert_non_null(strstr(column(screen, "alerts", "texts"),
	    "\"title\":\"Router {name} berbeda dari basis data\""));
}

/* Rows of one moment: the last made comes first, and a list holds the first of its order. */
static void
rows_of_one_moment_are_in_the_order_of_their_ids(void **state)
{
	const cJSON *screen;
	const char *bill;

	(void)state;
	begin_town();
	bill = a_line("ani", "2026-03-02");
	for (int i = 1; i <= 6; i++)
		(void)paid(bill, 1000 * i, "cash", "2026-03-02");
	(void)sql("UPDATE payments SET created_at = now()");
	assert_string_equal(column(shown(dashboard_stats), "recent_payments", "amount"),
	    " 6000 5000 4000 3000 2000");
	for (int i = 1; i <= 11; i++)
		(void)a_line(arena_printf(cx.mem, "n%02d", i), "2026-02-01");
	(void)sql("UPDATE subscriptions SET end_date = '2026-03-05'");
	(void)sql("UPDATE invoices SET status = 'overdue', due_date = '2026-02-01'"
		  " WHERE id <> '%s'",
	    bill);
	screen = shown(dashboard_stats);
	assert_string_equal(column(screen, "expiring_subscriptions", "mikrotik_username"),
	    " \"ani\" \"n01\" \"n02\" \"n03\" \"n04\"");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(screen, "overdue_list")), 5);
	(void)sql("DELETE FROM alert_logs");
	(void)sql("INSERT INTO alert_logs (type, severity, title, message, key, created_at)"
		  " SELECT 'system', 'info', n::text, '', 'k' || n, now() - n * interval '1 h'"
		  " FROM generate_series(1, 21) n");
	screen = shown(dashboard_show);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(screen, "expiring")), 10);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(screen, "alerts")), 20);
	assert_null(strstr(part(screen, "alerts"), "\"21\""));
}

/* The readings of each router, and the customers behind the router of a device. */
static void
routers_show_their_own_readings(void **state)
{
	const char *b = a_router("B", 2), *a = a_router("A", 1);
	const cJSON *screen;

	(void)state;
	begin_town();
	(void)sql("DELETE FROM alert_logs");
	(void)a_line("ani", "2026-03-02");
	(void)a_line("budi", "2026-03-02");
	(void)sql("UPDATE mikrotik_secrets SET router_id = '%s' WHERE username = 'ani'", a);
	(void)sql("UPDATE mikrotik_secrets SET router_id = '%s' WHERE username = 'budi'", b);
	(void)sql("INSERT INTO router_snapshots (router_id, kind, data, tried_at) VALUES"
		  " ('%s', 'live', '{\"cpu\": 7}', now()), ('%s', 'other', '{\"cpu\": 8}', now()),"
		  " ('%s', 'other', '{\"cpu\": 9}', now())",
	    a, a, b);
	(void)sql("WITH t AS (INSERT INTO ping_targets (name, host, router_id) VALUES ('x', 'h',"
		  " '%s'), ('y', 'h', NULL) RETURNING id, name) INSERT INTO alert_logs (type,"
		  " severity, title, message, key) SELECT 'device_down', 'critical', name, '',"
		  " 'device_down:' || id FROM t",
	    a);
	screen = shown(dashboard_show);
	assert_string_equal(column(screen, "routers", "cpu"), " 7 null");
	assert_string_equal(column(screen, "routers", "accounts"), " 1 1");
	assert_non_null(strstr(part(screen, "alerts"), "\"customers\":1"));
	assert_non_null(strstr(part(screen, "alerts"), "\"customers\":0"));
}

/* The newest acts, as many as are asked for. */
static void
activities_are_the_newest(void **state)
{
	const cJSON *list;

	(void)state;
	begin_town();
	(void)a_line("ani", "2026-03-02");
	(void)sql("INSERT INTO billing_logs (customer_id, action, message, created_at) SELECT id,"
		  " 'paid', n, now() + make_interval(hours => h) FROM customers, (VALUES"
		  " ('second', 1), ('first', 2), ('third', 1), ('old', 0)) AS t (n, h)");
	list = shown_for(dashboard_activities, "limit=3");
	assert_int_equal(cJSON_GetArraySize(list), 3);
	assert_string_equal(part(cJSON_GetArrayItem(list, 0), "message"), "\"first\"");
	assert_string_equal(part(cJSON_GetArrayItem(list, 1), "message"), "\"third\"");
	assert_string_equal(part(cJSON_GetArrayItem(list, 2), "message"), "\"second\"");
	assert_string_equal(part(cJSON_GetArrayItem(list, 0), "customer_name"), "\"ani\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(rows_of_one_moment_are_in_the_order_of_their_ids),
		ROWS_TEST(routers_show_their_own_readings),
		ROWS_TEST(activities_are_the_newest),
		ROWS_TEST(customers_and_lines_are_counted),
		ROWS_TEST(debts_are_counted_by_state_and_age),
		ROWS_TEST(money_is_of_its_days),
		ROWS_TEST(payments_are_the_newest),
		ROWS_TEST(runs_and_proofs_are_the_last),
		ROWS_TEST(routers_and_alerts_are_those_that_stand),
	};

	return cmocka_run_group_tests_name("dashboard", tests, rows_open, rows_close);
}
