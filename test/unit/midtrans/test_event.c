/* The way of a message from its record to its actions; the table itself: test_decide.c. */
#include "rows.h"

#include "base/conf.h"
#include "midtrans/event.h"

static struct conf conf;

/* An attempt over 150,000, with an open page. */
static const char *
an_order(void)
{
	for (int i = 0; i < CONF__MAX; i++)
		conf.val[i] = "";
	cx.conf = &conf;
	return sql(
	    "INSERT INTO midtrans_attempts (invoice_id, attempt, order_id, amount, calls, state,"
	    " expires_at, next_check_at) VALUES ('%s', 1, 'unit-order', 150000, 1, 'open',"
	    " now() + interval '1 day', now()) RETURNING order_id AS v",
	    an_invoice());
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

/* Its verdict. */
static const char *
process(const struct midtrans_message *m, const char *source, const char *raw)
{
	struct midtrans_outcome outcome;

	if (midtrans_process_within(&cx, source, m, raw, &outcome) != RC_OK ||
	    db_sync(&cx) != RC_OK)
		fail_msg("%s (%s)", cx.err.msg, cx.err.detail);
	return outcome.verdict;
}

static const char *
booked(void)
{
	return sql(
	    "SELECT concat_ws(' ', i.status, i.paid_amount, (SELECT count(*) FROM payments),"
	    " a.state) AS v FROM invoices i JOIN midtrans_attempts a ON a.invoice_id = i.id");
}

static void
message_of_an_unknown_order_is_only_stored(void **state)
{
	struct midtrans_message m = message("somebody's", "settlement");

	(void)state;
	(void)an_order();
	assert_null(process(&m, SOURCE_NOTIFICATION, "{\"a\": 1}"));
	assert_string_equal(
	    sql("SELECT verdict AS v FROM midtrans_verdicts v JOIN midtrans_events e"
		" ON e.id = v.event_id WHERE order_id = 'somebody''s'"),
	    "unknown_order");
	assert_string_equal(booked(), "unpaid 0 0 open");
}

static void
settlement_is_booked_once(void **state)
{
	struct midtrans_message m = message(an_order(), "settlement");

	(void)state;
	assert_string_equal(process(&m, SOURCE_NOTIFICATION, "{\"n\": 1}"), "applied");
	assert_string_equal(process(&m, SOURCE_NOTIFICATION, "{\"n\": 1}"), "duplicate");
	assert_string_equal(process(&m, SOURCE_STATUS, "{\"n\": 2}"), "duplicate");
	assert_string_equal(booked(), "paid 150000 1 paid");
	assert_string_equal(
	    sql("SELECT concat_ws(' ', transaction_status, outlook, confirmed, had_200) AS v"
		" FROM midtrans_transactions JOIN midtrans_attempts a ON a.id = attempt_id"),
	    "settlement paid t t");
}

/* A payment has the day of its settlement, else of the transaction; the row has all that is shown.
 */
static void
a_payment_is_what_the_message_says(void **state)
{
	struct midtrans_message m = message(an_order(), "settlement");

	(void)state;
	m.gross = 154440;
	m.original = 150000;
	m.bank = "bca";
	m.pay_code = "81234";
	m.transaction_time = "2026-03-01 09:00:00+07";
	m.settlement_time = "2026-03-01 10:00:00+07";
	m.expiry_time = "2026-03-02 09:00:00+07";
	(void)process(&m, SOURCE_STATUS, "{\"n\": 1}");
	assert_string_equal(sql("SELECT concat_ws(' ', amount, fee, method, source,"
				" payment_date = '2026-03-01 10:00+07') AS v FROM payments"),
	    "150000 4440 qris midtrans t");
	assert_string_equal(
	    sql("SELECT concat_ws(' ', gross_amount, fee, payment_type, bank, pay_code,"
		" transaction_time = '2026-03-01 09:00+07',"
		" settlement_time = '2026-03-01 10:00+07',"
		" expiry_time = '2026-03-02 09:00+07') AS v FROM midtrans_transactions"),
	    "154440 4440 qris bca 81234 t t t");
}

static void
a_payment_without_a_settlement_is_of_its_transaction(void **state)
{
	struct midtrans_message m = message(an_order(), "settlement");

	(void)state;
	m.transaction_time = "2026-03-01 09:00:00+07";
	(void)process(&m, SOURCE_STATUS, "{\"n\": 1}");
	assert_string_equal(
	    sql("SELECT (payment_date = '2026-03-01 09:00+07')::text AS v FROM payments"), "true");
}

/* Its kind: money that the customer's bank took is a chargeback, and money that never came is void.
 */
static void
a_payment_undone_has_its_kind(void **state)
{
	static const char *const undone[][3] = { { "deny", "202", "void" },
		{ "chargeback", "200", "chargeback" } };

	(void)state;
	for (size_t i = 0; i < countof(undone); i++) {
		struct midtrans_message m;

		(void)sql("SAVEPOINT before");
		m = message(an_order(), "settlement");
		(void)process(&m, SOURCE_STATUS, "{\"n\": 1}");
		m.status = undone[i][0];
		m.status_code = undone[i][1];
		(void)process(&m, SOURCE_STATUS, "{\"n\": 2}");
		assert_string_equal(sql("SELECT kind || ' ' || reason AS v FROM payment_reversals"),
		    arena_printf(cx.mem, "%s Midtrans reports %s", undone[i][2], undone[i][0]));
		(void)sql("ROLLBACK TO SAVEPOINT before");
	}
}

/* The same message from an answer undoes what a notification only leaves a job for. */
static void
reversal_needs_an_answer(void **state)
{
	struct midtrans_message m = message(an_order(), "settlement");

	(void)state;
	(void)process(&m, SOURCE_NOTIFICATION, "{\"n\": 1}");
	m.status = "deny";
	m.status_code = "202";
	assert_string_equal(process(&m, SOURCE_NOTIFICATION, "{\"n\": 2}"), "confirm");
	assert_string_equal(sql("SELECT kind AS v FROM midtrans_jobs"), "confirm");
	assert_string_equal(booked(), "paid 150000 1 paid");
	assert_string_equal(process(&m, SOURCE_STATUS, "{\"n\": 3}"), "applied");
	assert_string_equal(sql("SELECT status AS v FROM payments"), "reversed");
	assert_string_equal(sql("SELECT paid_amount::text AS v FROM invoices"), "0");
}

static void
refunds_are_booked_by_their_ids(void **state)
{
	struct midtrans_refund parts[] = { { "k1", 30000 }, { "k2", 20000 } };
	struct midtrans_message m = message(an_order(), "settlement");

	(void)state;
	(void)process(&m, SOURCE_STATUS, "{\"n\": 1}");
	m.status = "partial_refund";
	m.refunds = parts;
	for (m.nrefunds = 1; m.nrefunds <= 2; m.nrefunds++) {
		m.refund_total = m.nrefunds == 1 ? 30000 : 50000;
		(void)process(&m, SOURCE_STATUS,
		    arena_printf(cx.mem, "{\"refunds\": %zu}", m.nrefunds));
	}
	assert_string_equal(
	    sql("SELECT string_agg(refund_id || '=' || amount, ' ' ORDER BY refund_id) AS v"
		" FROM refunds"),
	    "T-1:k1=30000 T-1:k2=20000");
}

/* Refunds without their sum: the list names the parts, or the status the whole. */
static void
refunds_without_a_sum_are_booked(void **state)
{
	static const struct {
		const char *status;
		size_t nrefunds;
		const char *booked;
	} cases[] = { { "partial_refund", 1, "T-1:k1=30000" }, { "partial_refund", 0, NULL },
		{ "refund", 0, "T-1:refunds up to 150000=150000" } };
	struct midtrans_refund parts[] = { { "k1", 30000 } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct midtrans_message m;
		const char *booked;

		(void)sql("SAVEPOINT before");
		m = message(an_order(), "settlement");
		(void)process(&m, SOURCE_STATUS, "{\"n\": 1}");
		m.status = cases[i].status;
		m.refunds = parts;
		m.nrefunds = cases[i].nrefunds;
		(void)process(&m, SOURCE_STATUS, "{\"n\": 2}");
		booked = sql("SELECT string_agg(refund_id || '=' || amount, ' ' ORDER BY refund_id)"
			     " AS v FROM refunds");
		if (cases[i].booked == NULL)
			assert_null(booked);
		else
			assert_string_equal(booked, cases[i].booked);
		assert_null(sql("SELECT claimed_amount::text AS v FROM midtrans_events"
				" WHERE claimed_amount IS NOT NULL"));
		(void)sql("ROLLBACK TO SAVEPOINT before");
	}
}

/* A 200 counts where a notification has it, and Midtrans' own answer confirms the transaction. */
static void
an_attempt_keeps_the_source_of_a_message(void **state)
{
	static const struct {
		const char *source, *status, *code, *want;
	} cases[] = { { SOURCE_NOTIFICATION, "settlement", "200", "t f" },
		{ SOURCE_NOTIFICATION, "pending", "201", "f f" },
		{ SOURCE_STATUS, "settlement", "200", "f t" },
		{ SOURCE_STATUS, "pending", "201", "f t" } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct midtrans_message m;

		(void)sql("SAVEPOINT before");
		m = message(an_order(), cases[i].status);
		m.status_code = cases[i].code;
		(void)process(&m, cases[i].source, "{\"n\": 1}");
		assert_string_equal(sql("SELECT concat_ws(' ', had_200, confirmed) AS v"
					" FROM midtrans_transactions t"
					" JOIN midtrans_attempts a ON a.id = attempt_id"),
		    cases[i].want);
		(void)sql("ROLLBACK TO SAVEPOINT before");
	}
}

/* The transaction that pays is not one still open beside the payment; another one is, and is ended.
 */
static void
a_transaction_beside_the_payment_is_ended(void **state)
{
	struct midtrans_message m = message(an_order(), "pending");

	(void)state;
	m.status_code = "201";
	(void)process(&m, SOURCE_STATUS, "{\"n\": 1}");
	m.status = "settlement";
	m.status_code = "200";
	(void)sql("SAVEPOINT before");
	(void)process(&m, SOURCE_STATUS, "{\"n\": 2}");
	assert_string_equal(booked(), "paid 150000 1 paid");
	assert_null(sql("SELECT kind AS v FROM midtrans_jobs"));
	(void)sql("ROLLBACK TO SAVEPOINT before");
	m.transaction_id = "T-2";
	(void)process(&m, SOURCE_STATUS, "{\"n\": 3}");
	assert_string_equal(sql("SELECT kind AS v FROM midtrans_jobs"), "cancel");
}

/* A part that the customer's bank took back may be listed among the refunds, and is no refund;
 * beside a sum of its own the refunds are refunds. */
static void
a_partial_chargeback_is_booked_once(void **state)
{
	static const struct {
		int64_t charged_back;
		const char *booked;
	} cases[] = { { 0, "T-1:charged back up to 30000=30000" },
		{ 20000, "T-1:charged back up to 20000=20000 T-1:k1=30000" } };
	struct midtrans_refund parts[] = { { "k1", 30000 } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct midtrans_message m;

		(void)sql("SAVEPOINT before");
		m = message(an_order(), "settlement");
		(void)process(&m, SOURCE_STATUS, "{\"n\": 1}");
		m.status = "partial_chargeback";
		m.refunds = parts;
		m.nrefunds = 1;
		m.refund_total = 30000;
		m.charged_back_total = cases[i].charged_back;
		(void)process(&m, SOURCE_STATUS, "{\"n\": 2}");
		assert_string_equal(
		    sql("SELECT string_agg(refund_id || '=' || amount, ' ' ORDER BY refund_id)"
			" AS v FROM refunds"),
		    cases[i].booked);
		(void)sql("ROLLBACK TO SAVEPOINT before");
	}
}

static void
alert_names_order_and_money(void **state)
{
	struct midtrans_message m = message(an_order(), "settlement");

	(void)state;
	m.currency = "USD";
	(void)sql("UPDATE settings SET message_language = 'en'");
	assert_string_equal(process(&m, SOURCE_NOTIFICATION, "{\"n\": 1}"), "foreign");
	assert_string_equal(sql("SELECT concat_ws(' / ', title, message) AS v FROM alert_logs"),
	    "Payment in another currency or of another merchant / Order unit-order over Rp150.000:"
	    " Midtrans reports settlement over 150000.00 USD (rule 22).");
}

/* Whole rupiah need no note of their currency, nor does an amount that is none. */
static void
an_alert_names_only_money_of_another_currency(void **state)
{
	struct midtrans_message m = message(an_order(), "pending");

	(void)state;
	m.gross = 0;
	m.gross_amount = "0.00";
	(void)sql("UPDATE settings SET message_language = 'en'");
	assert_string_equal(process(&m, SOURCE_NOTIFICATION, "{\"n\": 1}"), "inconsistent");
	assert_null(strstr(sql("SELECT message AS v FROM alert_logs"), "IDR"));
}

/* A database that fails is the error of each call. */
static void
a_message_that_cannot_be_recorded_is_an_error(void **state)
{
	struct midtrans_message m = message(an_order(), "pending");
	struct midtrans_outcome outcome;

	(void)state;
	break_database();
	cx.err = (struct err){ 0 };
	assert_int_equal(midtrans_process_within(&cx, SOURCE_STATUS, &m, "{}", &outcome),
	    RC_INTERNAL);
	assert_null(outcome.verdict);
}

/* The signature is not stored: a reader of the table could replay the message. */
static void
unapplied_message_is_stored_and_its_copies_counted(void **state)
{
	struct midtrans_message m = message("kept", "pending");

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(midtrans_store_unapplied(&cx, SOURCE_NOTIFICATION, &m,
				     "{\"signature_key\": \"secret\", \"a\": 1}"),
		    RC_OK);
	assert_string_equal(
	    sql("SELECT concat_ws(' ', body, copies) AS v FROM midtrans_events e"
		" JOIN midtrans_copies c ON c.event_id = e.id WHERE order_id = 'kept'"),
	    "{\"a\": 1} 2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(message_of_an_unknown_order_is_only_stored),
		ROWS_TEST(settlement_is_booked_once),
		ROWS_TEST(a_payment_is_what_the_message_says),
		ROWS_TEST(a_payment_without_a_settlement_is_of_its_transaction),
		ROWS_TEST(a_payment_undone_has_its_kind),
		ROWS_TEST(reversal_needs_an_answer),
		ROWS_TEST(refunds_are_booked_by_their_ids),
		ROWS_TEST(refunds_without_a_sum_are_booked),
		ROWS_TEST(an_attempt_keeps_the_source_of_a_message),
		ROWS_TEST(a_transaction_beside_the_payment_is_ended),
		ROWS_TEST(a_partial_chargeback_is_booked_once),
		ROWS_TEST(alert_names_order_and_money),
		ROWS_TEST(an_alert_names_only_money_of_another_currency),
		ROWS_TEST(a_message_that_cannot_be_recorded_is_an_error),
		ROWS_TEST(unapplied_message_is_stored_and_its_copies_counted),
	};

	return cmocka_run_group_tests_name("midtrans/event", tests, rows_open, rows_close);
}
