/* Attempts and their messages; what SQL does with them is told in test/sql/midtrans_*.sql. */
#include "rows.h"

#include "midtrans/attempt.h"

static struct attempt_page
page_of(const char *invoice)
{
	struct attempt_page page;

	if (attempt_page(&cx, invoice, false, &page) != RC_OK)
		fail_msg("%s (%s)", cx.err.msg, cx.err.detail);
	return page;
}

/* Its page, made. */
static struct attempt_page
open_page(const char *invoice)
{
	struct attempt_page page = page_of(invoice);
	bool usable;

	page.snap_token = "token";
	page.redirect_url = "https://pay.example/token";
	assert_int_equal(attempt_made(&cx, &page, "open", "{}", &usable), RC_OK);
	assert_true(usable);
	return page;
}

static struct midtrans_message
message(const char *order_id, const char *status)
{
	return (struct midtrans_message){ .order_id = order_id,
		.status_code = "200",
		.gross_amount = "150000.00",
		.status = status,
		.transaction_id = "T-1",
		.payment_type = "qris",
		.invoice_id = "",
		.gross = 150000 };
}

static struct attempt_heard
hear(const struct midtrans_message *m, const char *raw)
{
	struct attempt_heard heard;

	assert_int_equal(attempt_hear(&cx, ATTEMPT_NOTIFICATION, m, raw, &heard), RC_OK);
	return heard;
}

/* Decided, and done. */
static void
take_in(const struct midtrans_message *m, const char *source, const char *raw)
{
	struct midtrans_decision d;
	struct attempt_heard heard;

	assert_int_equal(attempt_hear(&cx, source, m, raw, &heard), RC_OK);
	midtrans_decide(&heard.state, m,
	    strcmp(source, ATTEMPT_NOTIFICATION) == 0 ? MW_HEARD : MW_TOLD, "", &d);
	assert_int_equal(attempt_do(&cx, source, m, &heard, &d), RC_OK);
	assert_int_equal(db_sync(&cx), RC_OK);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static void
an_attempt_is_begun_once(void **state)
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

static void
an_open_page_is_found_again(void **state)
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
a_page_for_what_is_paid_meanwhile_is_of_no_use(void **state)
{
	const char *invoice = an_invoice();
	struct attempt_page page = page_of(invoice);
	bool usable;

	(void)state;
	(void)sql(
	    "SELECT payment_book(jsonb_build_object('invoice_id', '%s'), '2026-03-02')::text AS v",
	    invoice);
	page.snap_token = page.redirect_url = "token";
	assert_int_equal(attempt_made(&cx, &page, "open", "{}", &usable), RC_OK);
	assert_false(usable);
	assert_string_equal(sql("SELECT kind AS v FROM gateway_jobs WHERE attempt_id = '%s'",
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
	assert_int_equal(attempt_page(&cx, invoice, false, &page), RC_CONFLICT);
	assert_string_equal(cx.err.msg, "The invoice is paid.");
}

static void
an_order_says_what_is_paid_and_by_whom(void **state)
{
	const char *invoice = an_invoice();
	struct attempt_page page = page_of(invoice);
	struct midtrans_order o;

	(void)state;
	assert_int_equal(attempt_order(&cx, page.id, "https://isp.example", &o), RC_OK);
	assert_string_equal(o.order_id, page.order_id);
	assert_string_equal(o.invoice_id, invoice);
	assert_int_equal(o.amount, 150000);
	assert_string_equal(o.item, arena_printf(cx.mem, "Internet home %s", o.number));
	assert_string_equal(o.customer, "Citra");
	assert_string_equal(o.email, "c@example.net");
	assert_null(o.phone);
	assert_string_equal(o.finish, arena_printf(cx.mem, "https://isp.example/pay/%s", invoice));
	assert_int_equal(o.minutes, sql_i64("SELECT attempt_minutes::text AS v FROM settings"));
}

/* ---- messages -------------------------------------------------------------------------------- */

static void
what_is_heard_is_told_with_what_is_known(void **state)
{
	const char *invoice = an_invoice();
	struct attempt_page page = open_page(invoice);
	struct midtrans_message m = message(page.order_id, "settlement");
	struct attempt_heard heard = hear(&m, "{\"status_code\": \"200\"}");

	(void)state;
	assert_string_equal(heard.attempt_id, page.id);
	assert_int_equal(heard.state.expected, 150000);
	assert_string_equal(heard.state.invoice_id, invoice);
	assert_null(heard.state.status);
	assert_null(heard.state.payment_status);
	assert_false(heard.state.had_200 || heard.state.elsewhere || heard.state.fresh);
}

static void
an_order_of_others_is_stored_and_no_more(void **state)
{
	struct midtrans_message m = message("somebody's", "settlement");

	(void)state;
	assert_null(hear(&m, "{\"a\": 1}").attempt_id);
	assert_string_equal(
	    sql("SELECT verdict AS v FROM midtrans_verdicts v JOIN midtrans_events e"
		" ON e.id = v.event_id WHERE order_id = 'somebody''s'"),
	    "unknown_order");
}

static void
a_settlement_is_booked_once(void **state)
{
	const char *invoice = an_invoice();
	struct attempt_page page = open_page(invoice);
	struct midtrans_message m = message(page.order_id, "settlement");
	struct attempt_heard heard;

	(void)state;
	for (int i = 0; i < 2; i++)
		take_in(&m, ATTEMPT_NOTIFICATION, "{\"status_code\": \"200\"}");
	assert_string_equal(
	    sql("SELECT concat_ws(' ', status, paid_amount, (SELECT count(*) FROM payments)) AS v"
		" FROM invoices WHERE id = '%s'",
		invoice),
	    "paid 150000 1");
	heard = hear(&m, "{\"another\": 1}");
	assert_string_equal(heard.state.status, "settlement");
	assert_string_equal(heard.state.payment_status, "received");
	assert_true(heard.state.had_200 && heard.state.fresh);
}

static void
refunds_are_booked_by_their_ids(void **state)
{
	const char *invoice = an_invoice();
	struct attempt_page page = open_page(invoice);
	struct midtrans_refund parts[] = { { "k1", 30000 }, { "k2", 20000 } };
	struct midtrans_message m = message(page.order_id, "settlement");

	(void)state;
	take_in(&m, ATTEMPT_STATUS, "{\"n\": 1}");
	m.status = "partial_refund";
	m.refunds = parts;
	for (m.nrefunds = 1; m.nrefunds <= 2; m.nrefunds++) {
		m.refund_total = m.nrefunds == 1 ? 30000 : 50000;
		take_in(&m, ATTEMPT_STATUS, arena_printf(cx.mem, "{\"refunds\": %zu}", m.nrefunds));
	}
	assert_string_equal(
	    sql("SELECT string_agg(refund_id || '=' || amount, ' ' ORDER BY refund_id) AS v"
		" FROM refunds"),
	    "T-1:k1=30000 T-1:k2=20000");
}

static void
what_could_not_be_applied_is_kept_and_copies_counted(void **state)
{
	struct midtrans_message m = message("kept", "pending");

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(attempt_remember(&cx, ATTEMPT_NOTIFICATION, &m,
				     "{\"signature_key\": \"secret\", \"a\": 1}"),
		    RC_OK);
	assert_string_equal(
	    sql("SELECT concat_ws(' ', body, copies) AS v FROM midtrans_events e"
		" JOIN midtrans_copies c ON c.event_id = e.id WHERE order_id = 'kept'"),
	    "{\"a\": 1} 2");
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void
an_attempt_is_found_by_its_order(void **state)
{
	struct attempt_page page = open_page(an_invoice());
	struct attempt at;

	(void)state;
	assert_int_equal(attempt_by_order(&cx, page.order_id, &at), RC_OK);
	assert_string_equal(at.id, page.id);
	assert_string_equal(at.state, "open");
	assert_string_equal(at.snap_token, "token");
	assert_true(at.owed);
	assert_false(at.live || at.over);
	(void)sql("UPDATE midtrans_attempts SET expires_at = now() WHERE id = '%s'", at.id);
	assert_int_equal(attempt_by_id(&cx, at.id, &at), RC_OK);
	assert_true(at.over);
	assert_int_equal(attempt_by_order(&cx, "nobody's", &at), RC_NOT_FOUND);
}

static void
what_midtrans_named_is_asked_about_first(void **state)
{
	struct attempt_page page = open_page(an_invoice());
	struct midtrans_message m = message(page.order_id, "pending");
	struct attempt_transaction *t;
	size_t n;

	(void)state;
	m.status_code = "201";
	m.transaction_id = "claimed";
	take_in(&m, ATTEMPT_NOTIFICATION, "{\"n\": 1}");
	m.transaction_id = "named";
	take_in(&m, ATTEMPT_STATUS, "{\"n\": 2}");
	assert_int_equal(attempt_transactions(&cx, page.id, &t, &n), RC_OK);
	assert_int_equal(n, 2);
	assert_string_equal(t[0].transaction_id, "named");
	assert_string_equal(t[1].transaction_id, "claimed");
	assert_true(t[0].told && t[0].live && t[1].live);
	assert_false(t[1].told || t[0].captured);
	assert_string_equal(t[0].status, "pending");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(an_attempt_is_begun_once),
		ROWS_TEST(an_open_page_is_found_again),
		ROWS_TEST(a_page_for_what_is_paid_meanwhile_is_of_no_use),
		ROWS_TEST(nothing_owed_is_a_conflict),
		ROWS_TEST(an_order_says_what_is_paid_and_by_whom),
		ROWS_TEST(what_is_heard_is_told_with_what_is_known),
		ROWS_TEST(an_order_of_others_is_stored_and_no_more),
		ROWS_TEST(a_settlement_is_booked_once),
		ROWS_TEST(refunds_are_booked_by_their_ids),
		ROWS_TEST(what_could_not_be_applied_is_kept_and_copies_counted),
		ROWS_TEST(an_attempt_is_found_by_its_order),
		ROWS_TEST(what_midtrans_named_is_asked_about_first),
	};

	return cmocka_run_group_tests_name("midtrans/attempt", tests, rows_open, rows_close);
}
