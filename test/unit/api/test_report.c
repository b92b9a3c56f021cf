/* test_report.c: the reports over given days; what was owed on a past day: test/sql/report.sql. */
#include "rows.h"

#include "api/api.h"

typedef enum rc (*report_fn)(struct ctx *, const struct req *, struct resp *);

/* The lines of a report as CSV, without the names of its columns. */
static const char *
lines_of(report_fn report, const char *query)
{
	const struct req rq = { .method = "GET",
		.path = "/api/reports/x",
		.query = arena_printf(cx.mem, "format=csv&%s", query) };
	struct resp rs = { .body = sb_new(cx.mem), .headers = sb_new(cx.mem) };
	const char *lines;

	if (report(&cx, &rq, &rs) != RC_OK)
		fail_msg("%s: %s", query, cx.err.msg);
	lines = strstr(rs.body.buf, "\r\n");
	assert_non_null(lines);
	return lines + 2;
}

/* A bill of 166,500 of 2 March; 40,000 of it were paid and taken back, 60,000 paid, 10,000 given
 * back. */
static void
a_month(void)
{
	const char *bill, *bad, *good;

	db_set_actor(&cx);
	(void)sql("UPDATE settings SET tax_mode = 'exclusive', tax_rate = 1100, tax_base = '1/1'");
	bill = an_invoice();
	bad = sql("SELECT payment_id AS v FROM payment_book(jsonb_build_object('invoice_id', '%s',"
		  " 'amount', 40000, 'method', 'cash'), '2026-03-03')",
	    bill);
	good = sql("SELECT payment_id AS v FROM payment_book(jsonb_build_object('invoice_id', '%s',"
		   " 'amount', 60000, 'method', 'transfer', 'reference', 'T-1'), '2026-03-04')",
	    bill);
	(void)sql("SELECT payment_reverse('%s', 'reversal', 'bad note', '2026-03-05') AS v", bad);
	(void)sql("SELECT payment_refund('%s', 'R1', 10000, true, NULL, '2026-03-06', 'cash') AS v",
	    good);
}

static void
revenue_is_money_of_its_days(void **state)
{
	(void)state;
	a_month();
	assert_string_equal(lines_of(report_revenue, "from=2026-03-03&to=2026-03-06"),
	    "2026-03-03,1,40000,0,40000\r\n2026-03-04,1,60000,0,60000\r\n"
	    "2026-03-05,0,0,40000,-40000\r\n2026-03-06,0,0,10000,-10000\r\n");
	assert_string_equal(lines_of(report_revenue, "from=2026-03-04&to=2026-03-05"),
	    "2026-03-04,1,60000,0,60000\r\n2026-03-05,0,0,40000,-40000\r\n");
	assert_string_equal(lines_of(report_revenue, "from=2026-03-07&to=2026-03-09"), "");
	assert_string_equal(lines_of(report_revenue, "from=2026-03-01&to=2026-03-31&by=month"),
	    "2026-03,2,100000,50000,50000\r\n");
	assert_string_equal(lines_of(report_revenue, "from=2026-03-01&to=2026-03-31&by=method"),
	    "cash,1,40000,50000,-10000\r\ntransfer,1,60000,0,60000\r\n");
	assert_string_equal(lines_of(report_revenue, "from=2026-03-01&to=2026-03-31&by=actor"),
	    "unit,2,100000,50000,50000\r\n");
}

static void
payments_are_those_of_the_days(void **state)
{
	(void)state;
	a_month();
	assert_non_null(strstr(lines_of(report_payments, "from=2026-03-03&to=2026-03-03"),
	    "2026-03-03,Citra,INV-20260302-0001,cash,"));
	assert_null(strstr(lines_of(report_payments, "from=2026-03-03&to=2026-03-03"), "T-1"));
	assert_null(strstr(lines_of(report_payments, "from=2026-03-04&to=2026-03-05"), "cash"));
	assert_non_null(strstr(lines_of(report_payments, "from=2026-03-04&to=2026-03-05"),
	    "2026-03-04,Citra,INV-20260302-0001,transfer,"));
	assert_string_equal(lines_of(report_payments, "from=2026-03-05&to=2026-03-31"), "");
}

/* A cancelled bill is taxed by nobody, and a line that is not taxable stands apart. */
static void
tax_is_of_the_bills_that_stand(void **state)
{
	(void)state;
	a_month();
	(void)sql("UPDATE invoice_lines SET amount = amount - 7000, unit_price = unit_price - 7000"
		  " WHERE kind = 'package'");
	(void)sql("INSERT INTO invoice_lines (invoice_id, position, kind, text, unit_price, amount,"
		  " taxable) SELECT id, 9, 'charge', 'deposit', 7000, 7000, false FROM invoices");
	assert_string_equal(lines_of(report_tax, "from=2026-03-02&to=2026-03-02"),
	    "2026-03-02,INV-20260302-0001,Citra,,143000,7000,16500,166500,unpaid\r\n");
	assert_string_equal(lines_of(report_tax, "from=2026-03-03&to=2026-03-31"), "");
	assert_string_equal(lines_of(report_tax, "from=2026-02-01&to=2026-03-01"), "");
	(void)sql("UPDATE invoices SET status = 'cancelled', paid_amount = 0");
	assert_string_equal(lines_of(report_tax, "from=2026-03-02&to=2026-03-02"), "");
}

static void
lines_are_counted_by_package(void **state)
{
	(void)state;
	a_month();
	assert_string_equal(lines_of(report_subscribers, "from=2026-03-02&to=2026-03-02"),
	    "home,150000,1,0,0,1,0\r\n");
	assert_string_equal(lines_of(report_subscribers, "from=2026-03-03&to=2026-03-31"),
	    "home,150000,1,0,0,0,0\r\n");
	(void)sql("UPDATE subscriptions SET status = 'cancelled',"
		  " cancelled_at = '2026-03-09 23:59:59+07'");
	assert_string_equal(lines_of(report_subscribers, "from=2026-03-09&to=2026-03-09"),
	    "home,150000,0,0,0,0,1\r\n");
	assert_string_equal(lines_of(report_subscribers, "from=2026-03-10&to=2026-03-31"),
	    "home,150000,0,0,0,0,0\r\n");
}

static void
debts_are_those_of_the_last_day(void **state)
{
	(void)state;
	a_month();
	assert_null(strstr(lines_of(report_receivables, "to=2026-03-01"), "Citra"));
	assert_non_null(strstr(lines_of(report_receivables, "to=2026-03-04"), ",66500"));
	assert_non_null(strstr(lines_of(report_receivables, "to=2026-03-06"), ",116500"));
}

/* Without days: this month up to today, which is 2 March. */
static void
days_have_an_order_and_a_bound(void **state)
{
	static const struct {
		const char *query, *first, *last;
	} cases[] = {
		{ "", "2026-03-01", "2026-03-02" },
		{ "to=2026-02-20", "2026-02-01", "2026-02-20" },
		{ "from=2026-02-20", "2026-02-20", "2026-03-02" },
		{ "from=2026-04-20", "2026-04-20", "2026-04-20" },
		{ "from=2026-01-01&to=2027-01-01", "2026-01-01", "2027-01-01" },
		{ "from=2026-01-01&to=2027-01-02", NULL, NULL },
		{ "from=2026-01-02&to=2026-01-01", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const struct req rq = { .method = "GET", .path = "", .query = cases[i].query };
		struct resp rs = { .body = sb_new(cx.mem), .headers = sb_new(cx.mem) };
		const char *want;

		cx.err = (struct err){ 0 };
		if (cases[i].first == NULL) {
			assert_int_equal(report_tax(&cx, &rq, &rs), RC_INVALID);
			assert_string_equal(cx.err.fields->field, "to");
			continue;
		}
		want = arena_printf(cx.mem, "{\"from\":\"%s\",\"to\":\"%s\",\"rows\":[]}",
		    cases[i].first, cases[i].last);
		assert_int_equal(report_tax(&cx, &rq, &rs), RC_OK);
		assert_string_equal(rs.body.buf, want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(revenue_is_money_of_its_days),
		ROWS_TEST(payments_are_those_of_the_days),
		ROWS_TEST(tax_is_of_the_bills_that_stand),
		ROWS_TEST(lines_are_counted_by_package),
		ROWS_TEST(debts_are_those_of_the_last_day),
		ROWS_TEST(days_have_an_order_and_a_bound),
	};

	return cmocka_run_group_tests_name("report", tests, rows_open, rows_close);
}
