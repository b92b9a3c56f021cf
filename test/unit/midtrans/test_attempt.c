/* Attempts and their pages; the rules in SQL: test/sql/midtrans_*.sql. */
#include "rows.h"

#include "midtrans/attempt.h"

static struct attempt_page
page_of(const char *invoice)
{
	struct attempt_page page;

	if (attempt_page(&cx, &(struct midtrans_debt){ invoice, "bill" }, false, &page) != RC_OK)
		fail_msg("%s (%s)", cx.err.msg, cx.err.detail);
	return page;
}

/* The page of an invoice, after its create call. */
static struct attempt_page
open_page(const char *invoice)
{
	struct attempt_page page = page_of(invoice);
	bool usable;

	page.snap_token = "token";
	page.redirect_url = "https://pay.example/token";
	assert_int_equal(attempt_record_answer(&cx, &page, "open", "{}", &usable), RC_OK);
	assert_true(usable);
	return page;
}

/* ---- pages ----------------------------------------------------------------------------------- */

static void
attempt_begins_once(void **state)
{
	const char *invoice = an_invoice(), *number;
	struct attempt_page first = page_of(invoice), again = page_of(invoice);

	(void)state;
	number = sql("SELECT invoice_number AS v FROM invoices WHERE id = '%s'", invoice);
	assert_non_null(strstr(first.order_id, arena_printf(cx.mem, "%s-1-", number)));
	assert_null(first.snap_token);
	assert_int_equal(first.calls, 1);
	assert_string_equal(again.id, first.id);
	assert_string_equal(again.order_id, first.order_id);
	assert_int_equal(again.calls, 2);
}

/* Scopes of the same bills share one order, so that nobody pays twice; its items are the bill's
 * lines. */
static void
scopes_of_the_same_bills_share_an_attempt(void **state)
{
	const char *invoice = an_invoice();
	struct attempt_page alone = page_of(invoice), all;
	struct midtrans_order o;
	int64_t sum = 0;

	(void)state;
	assert_int_equal(attempt_page(&cx, &(struct midtrans_debt){ invoice, "all" }, false, &all),
	    RC_OK);
	assert_string_equal(all.id, alone.id);
	assert_int_equal(attempt_order(&cx, alone.id, "https://isp", &o), RC_OK);
	for (size_t i = 0; i < o.nitems; i++)
		sum += o.items[i].price * o.items[i].quantity;
	assert_int_equal(sum, o.amount);
}

static void
open_page_is_found_again(void **state)
{
	const char *invoice = an_invoice();
	struct attempt_page made = open_page(invoice), found = page_of(invoice);

	(void)state;
	assert_string_equal(found.id, made.id);
	assert_string_equal(found.snap_token, "token");
	assert_string_equal(found.redirect_url, "https://pay.example/token");
	assert_int_equal(found.calls, 1);
}

static void
page_of_a_paid_invoice_is_unusable(void **state)
{
	const char *invoice = an_invoice();
	struct attempt_page page = page_of(invoice);
	bool usable;

	(void)state;
	(void)sql(
	    "SELECT payment_book(jsonb_build_object('invoice_id', '%s'), '2026-03-02')::text AS v",
	    invoice);
	page.snap_token = page.redirect_url = "token";
	assert_int_equal(attempt_record_answer(&cx, &page, "open", "{}", &usable), RC_OK);
	assert_false(usable);
	assert_string_equal(sql("SELECT kind AS v FROM midtrans_jobs WHERE attempt_id = '%s'",
				page.id),
	    "cancel");
}

static void
nothing_owed_is_a_conflict(void **state)
{
	const char *invoice = an_invoice();
	struct attempt_page page;

	(void)state;
	(void)sql(
	    "SELECT payment_book(jsonb_build_object('invoice_id', '%s'), '2026-03-02')::text AS v",
	    invoice);
	assert_int_equal(attempt_page(&cx, &(struct midtrans_debt){ invoice, "bill" }, false,
			     &page),
	    RC_CONFLICT);
	assert_string_equal(cx.err.msg, "The invoice is paid.");
}

static void
order_has_invoice_and_customer(void **state)
{
	const char *invoice = an_invoice();
	struct attempt_page page = page_of(invoice);
	struct midtrans_order o;

	(void)state;
	assert_int_equal(attempt_order(&cx, page.id, "https://isp.example", &o), RC_OK);
	assert_string_equal(o.order_id, page.order_id);
	assert_string_equal(o.invoice_id, invoice);
	assert_int_equal(o.amount, 150000);
	assert_int_equal(o.nitems, 1);
	assert_string_equal(o.items[0].id, arena_printf(cx.mem, "%s/1", o.number));
	assert_string_equal(o.customer, "Citra");
	assert_string_equal(o.email, "c@example.net");
	assert_null(o.phone);
	assert_string_equal(o.finish, arena_printf(cx.mem, "https://isp.example/pay/%s", invoice));
	assert_int_equal(o.minutes, sql_i64("SELECT attempt_minutes::text AS v FROM settings"));
}

/* ---- look-ups -------------------------------------------------------------------------------- */

static void
attempt_is_found_by_its_order(void **state)
{
	struct attempt_page page = open_page(an_invoice());
	struct attempt at;

	(void)state;
	assert_int_equal(attempt_by_order(&cx, page.order_id, &at), RC_OK);
	assert_string_equal(at.id, page.id);
	assert_string_equal(at.state, "open");
	assert_string_equal(at.snap_token, "token");
	assert_true(at.owed);
	assert_false(at.has_open || at.expired);
	(void)sql("UPDATE midtrans_attempts SET expires_at = now() WHERE id = '%s'", at.id);
	assert_int_equal(attempt_by_id(&cx, at.id, &at), RC_OK);
	assert_true(at.expired);
	assert_int_equal(attempt_by_order(&cx, "nobody's", &at), RC_NOT_FOUND);
}

static void
confirmed_transactions_come_first(void **state)
{
	struct attempt_page page = open_page(an_invoice());
	struct attempt_transaction *t;
	size_t n;

	(void)state;
	(void)
	    sql("INSERT INTO midtrans_transactions (attempt_id, transaction_id, transaction_status,"
		" outlook, gross_amount, confirmed)"
		" VALUES ('%s', 'named', 'pending', 'pending', 150000, true)",
		page.id);
	(void)
	    sql("INSERT INTO midtrans_transactions (attempt_id, transaction_id, transaction_status,"
		" outlook, gross_amount)"
		" VALUES ('%s', 'forged', 'pending', 'pending', 150000)",
		page.id);
	(void)sql("WITH e AS (INSERT INTO midtrans_events (source, order_id, transaction_id, body,"
		  " body_hash) VALUES ('notification', '%s', 'forged', '{}', '') RETURNING id)"
		  " INSERT INTO midtrans_verdicts (event_id, verdict) SELECT id, 'applied' FROM e",
	    page.order_id);
	assert_int_equal(attempt_transactions(&cx, page.id, &t, &n), RC_OK);
	assert_int_equal(n, 2);
	assert_string_equal(t[0].transaction_id, "named");
	assert_string_equal(t[1].transaction_id, "forged");
	assert_true(t[0].confirmed && t[0].open && t[1].open);
	assert_false(t[1].confirmed || t[0].captured);
	assert_string_equal(t[0].status, "pending");
}

/* A database that fails is the error of each call. */
static void
an_attempt_that_cannot_be_read_is_an_error(void **state)
{
	static const char nobodys[] = "00000000-0000-4000-8000-000000000000";
	const struct midtrans_debt debt = { nobodys, "bill" };
	struct attempt_page page = { .id = nobodys };
	struct attempt_transaction *t;
	struct midtrans_order o;
	struct attempt at;
	bool usable;
	size_t n;

	(void)state;
	assert_int_equal(attempt_by_id(&cx, nobodys, &at), RC_NOT_FOUND);
	break_database();
	assert_int_equal(attempt_by_id(&cx, nobodys, &at), RC_INTERNAL);
	assert_int_equal(attempt_by_order(&cx, "o", &at), RC_INTERNAL);
	assert_int_equal(attempt_transactions(&cx, nobodys, &t, &n), RC_INTERNAL);
	assert_int_equal(attempt_page(&cx, &debt, false, &page), RC_INTERNAL);
	assert_int_equal(attempt_order(&cx, nobodys, "https://isp", &o), RC_INTERNAL);
	assert_int_equal(attempt_record_answer(&cx, &page, "open", "{}", &usable), RC_INTERNAL);
}

static void
an_attempt_that_cannot_begin_is_an_error(void **state)
{
	const struct midtrans_debt debt = { an_invoice(), "bill" };
	struct attempt_page page;

	(void)state;
	(void)sql("ALTER FUNCTION midtrans_attempt_add RENAME TO gone");
	assert_int_equal(attempt_page(&cx, &debt, false, &page), RC_INTERNAL);
}

static void
an_order_without_its_items_is_an_error(void **state)
{
	struct attempt_page page = page_of(an_invoice());
	struct midtrans_order o;

	(void)state;
	(void)sql("ALTER FUNCTION midtrans_attempt_bills RENAME TO gone");
	assert_int_equal(attempt_order(&cx, page.id, "https://isp", &o), RC_INTERNAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(attempt_begins_once),
		ROWS_TEST(scopes_of_the_same_bills_share_an_attempt),
		ROWS_TEST(open_page_is_found_again),
		ROWS_TEST(page_of_a_paid_invoice_is_unusable),
		ROWS_TEST(nothing_owed_is_a_conflict),
		ROWS_TEST(order_has_invoice_and_customer),
		ROWS_TEST(attempt_is_found_by_its_order),
		ROWS_TEST(confirmed_transactions_come_first),
		ROWS_TEST(an_attempt_that_cannot_be_read_is_an_error),
		ROWS_TEST(an_attempt_that_cannot_begin_is_an_error),
		ROWS_TEST(an_order_without_its_items_is_an_error),
	};

	return cmocka_run_group_tests_name("midtrans/attempt", tests, rows_open, rows_close);
}
