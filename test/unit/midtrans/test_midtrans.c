/*
 * Calls to Midtrans and what becomes of an answer, against a web server of one screen; checks:
 * test_check.c, jobs: test_job.c.  A strict server and many rivals at once stand in
 * test/api/test_midtrans*.py.
 */
#include "midtrans/world.h"

#include "logged.h"
#include "midtrans/client.h"

#define TAKEN_MSG "{\"error_messages\":[\"transaction_details.order_id has already been taken\"]}"

/* ---- calls ----------------------------------------------------------------------------------- */

/* Both layers count: an error of HTTP, and one inside a 200. */
/* clang-format off */
static const struct {
	struct turn turn;
	enum rc rc;
	int code;
	bool good, no, may_be_done, away;
} answers[] = {
	{ ANSWER("200", "{\"status_code\":\"200\"}"),    RC_OK, 200, true, false, true, false },
	{ ANSWER("200", "{\"status_code\":\"201\"}"),    RC_OK, 201, true, false, true, false },
	{ ANSWER("200", "{\"status_code\":\"407\"}"),    RC_OK, 407, true, false, false, false },
	{ ANSWER("200", "{\"status_code\":\"404\"}"),    RC_OK, 404, false, true, false, false },
	{ ANSWER("404", "{\"status_code\":\"404\"}"),    RC_OK, 404, false, true, false, false },
	{ ANSWER("412", "{\"status_code\":\"412\"}"),    RC_OK, 412, false, true, false, false },
	{ ANSWER("404", "{}"),                           RC_UPSTREAM, 404, false, true, false, false },
	{ ANSWER("400", "{\"status_code\":\"404\"}"),    RC_OK, 400, false, true, false, false },
	{ ANSWER("400", "<html>"),                       RC_OK, 400, false, true, false, false },
	{ ANSWER("200", "{\"status_code\":\"199\"}"),    RC_UPSTREAM, 199, true, false, true, false },
	{ ANSWER("200", "{\"status_code\":\"300\"}"),    RC_UPSTREAM, 300, true, false, true, false },
	{ ANSWER("200", "{\"status_code\":\"399\"}"),    RC_UPSTREAM, 399, true, false, true, false },
	{ ANSWER("200", "{\"status_code\":\"400\"}"),    RC_OK, 400, false, true, false, false },
	{ ANSWER("200", "{\"status_code\":\"499\"}"),    RC_OK, 499, false, true, false, false },
	{ ANSWER("401", "{\"status_code\":\"401\"}"),    RC_UPSTREAM, 401, false, false, false, false },
	{ ANSWER("200", "{\"status_code\":\"401\"}"),    RC_UPSTREAM, 401, false, false, false, false },
	/*
	 * Midtrans may have executed it, says its reference. Bug: taken for a refusal, it
	 * led to a refund paid twice.
	 */
	{ ANSWER("408", "{\"status_code\":\"408\"}"),    RC_UPSTREAM, 408, false, false, true, false },
	{ ANSWER("200", "{\"status_code\":\"408\"}"),    RC_UPSTREAM, 408, false, false, true, false },
	{ ANSWER("429", "{\"status_code\":\"429\"}"),    RC_RETRY, 429, false, false, false, true },
	{ ANSWER("500", "{\"status_code\":\"500\"}"),    RC_UPSTREAM, 500, false, false, true, false },
	{ ANSWER("200", "{\"status_code\":\"505\"}"),    RC_UPSTREAM, 505, false, false, true, false },
	{ ANSWER("503", "<html>"),                       RC_UPSTREAM, 503, false, false, true, false },
	{ ANSWER("302", "{}"),                           RC_UPSTREAM, 302, true, false, true, false },
	{ ANSWER("200", "<html>"),                       RC_UPSTREAM, 200, true, false, true, false },
	{ LOST,                                        RC_UPSTREAM, 0, true, false, true, false },
};
/* clang-format on */

static void
each_answer_is_judged(void **state)
{
	struct midtrans_answer a;

	(void)state;
	for (size_t i = 0; i < countof(answers); i++) {
		enum rc rc;

		answering(&answers[i].turn, 1);
		cx.err = (struct err){ 0 };
		rc = midtrans_call_core(&cx, "POST", "T/1", "refund", "{}", &a);
		hang_up();
		if (rc != answers[i].rc || a.code != answers[i].code ||
		    answer_is_success(&a) != answers[i].good ||
		    answer_is_final_refusal(&a) != answers[i].no ||
		    call_may_have_executed(&cx, &a) != answers[i].may_be_done ||
		    midtrans_unreachable(&cx) != answers[i].away)
			fail_msg("case %zu: rc %d, code %d: %s", i, rc, a.code, cx.err.msg);
		if (strcmp(a.messages, a.code >= 400 ? "no reason given" : "") != 0)
			fail_msg("case %zu: \"%s\"", i, a.messages);
		assert_memory_equal(peer.received[0], "POST /v2/T%2F1/refund HTTP/1.1\r\n", 32);
	}
}

/* The code of the body counts where it is one: three digits, which no proxy writes. */
static void
codes_have_three_digits(void **state)
{
	static const struct {
		struct turn turn;
		int code;
		bool from_midtrans;
	} cases[] = { { ANSWER("200", "{\"status_code\":\"201\"}"), 201, true },
		{ ANSWER("404", "{\"status_code\":\"404\"}"), 404, true },
		{ ANSWER("200", "{\"status_code\":\"20\"}"), 200, false },
		{ ANSWER("200", "{\"status_code\":\"2010\"}"), 200, false },
		{ ANSWER("200", "{\"status_code\":\"4x4\"}"), 200, false },
		{ ANSWER("200", "{\"status_code\":404}"), 200, false },
		{ ANSWER("200", "{}"), 200, false } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct midtrans_answer a;

		answering(&cases[i].turn, 1);
		assert_int_equal(midtrans_call_core(&cx, "GET", "o", "status", NULL, &a), RC_OK);
		hang_up();
		assert_int_equal(a.code, cases[i].code);
		assert_int_equal(a.from_midtrans, cases[i].from_midtrans);
	}
}

static void
reasons_are_one_line(void **state)
{
	static const struct turn turns[] = {
		ANSWER("400", "{\"status_code\":\"400\",\"status_message\":\"bad\","
			      "\"error_messages\":[\"a\",7,\"b\"]}"),
		ANSWER("400", "{\"error_messages\":[\"a\",\"b\"]}"),
		ANSWER("500", "{\"status_message\":\"down\"}"),
		ANSWER("500", "{\"status_message\":\"down\"}"), ANSWER("404", "{}")
	};
	const struct midtrans_call snap = { BASE_SNAP, "POST", "/transactions", "{}", NULL };
	struct midtrans_answer a;

	(void)state;
	ANSWERING(turns);
	assert_int_equal(midtrans_call_core(&cx, "GET", "o", "status", NULL, &a), RC_OK);
	assert_string_equal(a.messages, "bad; a; ; b");
	assert_string_equal(answer_json(&cx, &a), "{\"code\":400,\"messages\":\"bad; a; ; b\"}");
	assert_int_equal(midtrans_call_core(&cx, "GET", "o", "status", NULL, &a), RC_OK);
	assert_string_equal(a.messages, "a; b");
	assert_int_equal(midtrans_call_core(&cx, "GET", "o", "status", NULL, &a), RC_UPSTREAM);
	assert_string_equal(cx.err.detail, "GET core: 500 down");
	assert_int_equal(midtrans_call(&cx, &snap, &a), RC_UPSTREAM);
	assert_string_equal(cx.err.detail, "POST snap: 500 down");
	cx.err = (struct err){ 0 };
	assert_int_equal(midtrans_call(&cx, &snap, &a), RC_OK); /* an address of Snap says no 404 */
	hang_up();
	assert_null(strstr(peer.received[0], "Idempotency-Key"));
}

static void
a_closed_port_is_unreachable_and_nothing_was_sent(void **state)
{
	static const struct turn turns[] = { LOST };
	struct midtrans_answer a;

	(void)state;
	ANSWERING(turns);
	hang_up();
	assert_int_equal(midtrans_call_core(&cx, "GET", "T-1", "status", NULL, &a), RC_UPSTREAM);
	assert_true(midtrans_unreachable(&cx));
	assert_false(call_was_sent(&cx) || call_may_have_executed(&cx, &a));
}

static void
a_throttled_call_waits_as_long_as_asked(void **state)
{
	static const struct turn turns[] = {
		{ .say = "HTTP/1.1 429 X\r\nRetry-After: 7\r\nConnection: close\r\n\r\n{}",
		    .end = PEER_CLOSE },
		ANSWER("429", "{}"),
	};
	struct midtrans_answer a;

	(void)state;
	ANSWERING(turns);
	assert_int_equal(midtrans_call_core(&cx, "GET", "T", "status", NULL, &a), RC_RETRY);
	assert_int_equal(cx.err.retry_after, 7);
	assert_int_equal(midtrans_retry_after(&cx), 7);
	assert_int_equal(midtrans_call_core(&cx, "GET", "T", "status", NULL, &a), RC_RETRY);
	assert_int_equal(cx.err.retry_after, 10);
}

static void
without_a_key_there_is_no_online_payment(void **state)
{
	struct midtrans_page page;

	(void)state;
	assert_true(midtrans_is_configured(&cx));
	conf.val[CONF_MIDTRANS_SERVER_KEY] = "";
	assert_false(midtrans_is_configured(&cx));
	cx.conf = NULL;
	assert_false(midtrans_is_configured(&cx));
	cx.conf = &conf;
	assert_int_equal(midtrans_open_page(&cx,
			     &(struct midtrans_debt){ "00000000-0000-4000-8000-000000000000",
				 "bill" },
			     &page),
	    RC_RETRY);
	assert_string_equal(cx.err.msg, "online payment is not configured");
	assert_int_equal(notify(notice("o", "settlement", "200")), RC_RETRY);
}

/* Each way to Midtrans says so before it looks for an order or calls. */
static void
without_a_key_nothing_is_asked(void **state)
{
	static const struct turn turns[] = { LOST };
	const struct midtrans_refund_request want = { .order_id = an_order(), .amount = 50000 };
	struct midtrans_count n;
	const char *id;

	(void)state;
	ANSWERING(turns);
	conf.val[CONF_MIDTRANS_SERVER_KEY] = "";
	assert_int_equal(midtrans_ask_status(&cx, want.order_id, &id), RC_RETRY);
	assert_int_equal(midtrans_check_attempt(&cx, attempt_of(want.order_id)), RC_RETRY);
	assert_int_equal(midtrans_cancel_order(&cx, want.order_id, &id), RC_RETRY);
	assert_int_equal(midtrans_refund_order(&cx, &want, &id), RC_RETRY);
	assert_int_equal(midtrans_reconcile(&cx, false, &n), RC_RETRY);
	assert_string_equal(cx.err.msg, "online payment is not configured");
	hang_up();
	assert_int_equal(peer.requests, 0);
}

/* Another connection, as that of a second request. */
static void
one_does_it_at_a_time(void **state)
{
	struct ctx rival = rival_open();
	bool alone;

	(void)state;
	assert_int_equal(midtrans_lock(&rival, "Refund:o", NULL, &alone), RC_OK);
	assert_true(alone);
	assert_int_equal(midtrans_lock(&cx, "refund:O", "It is busy.", &alone), RC_CONFLICT);
	assert_string_equal(cx.err.msg, "It is busy.");
	midtrans_unlock(&rival, "refund:o");
	cx.err = (struct err){ 0 };
	assert_int_equal(midtrans_lock(&cx, "refund:o", "It is busy.", &alone), RC_OK);
	assert_true(alone);
	midtrans_unlock(&cx, "refund:o");
	rival_close(&rival);
}

/* A second request waits for the lock, in the time-out of its own, and is not alone then. */
static void
a_second_request_waits(void **state)
{
	static const struct db_stmt later = { NULL, UNLOCK_WHEN_AWAITED("midtrans:o"), 0 };
	struct ctx rival = rival_open();
	bool alone;

	(void)state;
	(void)sql("SET lock_timeout = '5s'");
	assert_int_equal(midtrans_lock(&rival, "o", NULL, &alone), RC_OK);
	assert_int_equal(db_send_exec(&rival, &later), RC_OK);
	db_start(&rival);
	assert_int_equal(midtrans_lock(&cx, "o", NULL, &alone), RC_OK);
	assert_false(alone);
	assert_int_equal(db_sync(&rival), RC_OK);
	assert_string_equal(sql("SELECT current_setting('lock_timeout') AS v"), "5s");
	midtrans_unlock(&cx, "o");
	rival_close(&rival);
}

/* It gives up in the end, and its session is as it was. */
static void
a_wait_has_an_end(void **state)
{
	struct ctx rival = rival_open();
	bool alone;

	(void)state;
	assert_int_equal(midtrans_lock(&rival, "o", NULL, &alone), RC_OK);
	(void)sql("SET statement_timeout = '3s'"); /* enough for those that do not wait */
	assert_int_equal(midtrans_lock(&cx, "o", NULL, &alone), RC_RETRY);
	assert_string_equal(cx.err.msg, "this took too long, please try again");
	(void)sql("RESET statement_timeout");
	assert_string_equal(sql("SELECT current_setting('lock_timeout') AS v"), "5s");
	rival_close(&rival);
}

static void
an_unlock_that_succeeds_is_not_logged(void **state)
{
	bool alone;

	(void)state;
	assert_int_equal(midtrans_lock(&cx, "o", NULL, &alone), RC_OK);
	log_catch();
	midtrans_unlock(&cx, "o");
	assert_string_equal(log_caught(), "");
}

/* ---- pages ----------------------------------------------------------------------------------- */

static void
a_page_is_made_once(void **state)
{
	static const struct turn turns[] = { MADE };
	const char *invoice = an_invoice();
	struct midtrans_page first, again;

	(void)state;
	ANSWERING(turns);
	assert_int_equal(midtrans_open_page(&cx, &(struct midtrans_debt){ invoice, "bill" },
			     &first),
	    RC_OK);
	assert_int_equal(midtrans_open_page(&cx, &(struct midtrans_debt){ invoice, "bill" },
			     &again),
	    RC_OK);
	hang_up();
	assert_int_equal(peer.requests, 1);
	assert_string_equal(first.snap_token, "tok");
	assert_string_equal(first.redirect_url, "https://pay.example/tok");
	assert_string_equal(first.client_key, "client");
	assert_string_equal(again.order_id, first.order_id);
	assert_memory_equal(peer.received[0], "POST /snap/v1/transactions HTTP/1.1\r\n", 37);
	assert_non_null(strstr(peer.received[0],
	    arena_printf(cx.mem, "Idempotency-Key: %s\r\n", first.order_id)));
	assert_string_equal(attempt_is(1), "open 1");
}

static void
a_lost_answer_is_asked_for_again(void **state)
{
	static const struct turn turns[] = { LOST, MADE };
	const char *invoice = an_invoice(), *key;
	struct midtrans_page page;

	(void)state;
	ANSWERING(turns);
	assert_int_equal(midtrans_open_page(&cx, &(struct midtrans_debt){ invoice, "bill" }, &page),
	    RC_OK);
	hang_up();
	key = arena_printf(cx.mem, "Idempotency-Key: %s\r\n", page.order_id);
	assert_int_equal(peer.requests, 2);
	assert_non_null(strstr(peer.received[0], key));
	assert_non_null(strstr(peer.received[1], key));
	assert_string_equal(attempt_is(1), "open 2");
}

static void
an_order_of_others_is_left_for_the_next_number(void **state)
{
	static const struct turn turns[] = { ANSWER("400", TAKEN_MSG), MADE };
	const char *invoice = an_invoice();
	struct midtrans_page page;

	(void)state;
	ANSWERING(turns);
	assert_int_equal(midtrans_open_page(&cx, &(struct midtrans_debt){ invoice, "bill" }, &page),
	    RC_OK);
	assert_non_null(strstr(page.order_id, "-2-"));
	assert_string_equal(attempt_is(1), "closed 0");
	assert_string_equal(attempt_is(2), "open 1");
}

static void
our_own_order_is_adopted(void **state)
{
	static const struct turn turns[] = { LOST, ANSWER("400", TAKEN_MSG), NONE, MADE };
	const char *invoice = an_invoice();
	struct midtrans_page page;

	(void)state;
	ANSWERING(turns);
	assert_int_equal(midtrans_open_page(&cx, &(struct midtrans_debt){ invoice, "bill" }, &page),
	    RC_OK);
	hang_up();
	assert_non_null(strstr(peer.received[2], "/status HTTP/1.1\r\n"));
	assert_string_equal(attempt_is(1), "closed 2");
	assert_string_equal(attempt_is(2), "open 1");
}

static void
answers_that_make_no_page(void **state)
{
	static const struct {
		struct turn turns[2];
		enum rc rc;
		const char *attempt;
	} cases[] = {
		{ { ANSWER("400", "{\"error_messages\":[\"amount\"]}") }, RC_UPSTREAM, "closed 1" },
		{ { ANSWER("400", "{\"error_messages\":[\"order_id is too long\"]}") }, RC_UPSTREAM,
		    "closed 1" },
		{ { ANSWER("400", "{\"error_messages\":[\"order_id sudah digunakan\"]}"),
		      ANSWER("401", "{}") },
		    RC_UPSTREAM, "closed 0" },
		{ { ANSWER("400", "{\"error_messages\":[\"order_id has been utilized\"]}"),
		      ANSWER("401", "{}") },
		    RC_UPSTREAM, "closed 0" },
		{ { ANSWER("401", "{}") }, RC_UPSTREAM, "closed 1" },
		{ { ANSWER("400", "{\"error_messages\":[\"order_id is taken\"]}"),
		      ANSWER("401", "{}") },
		    RC_UPSTREAM, "closed 0" },
		{ { ANSWER("400", "{\"error_messages\":[\"order_id already known\"]}"),
		      ANSWER("401", "{}") },
		    RC_UPSTREAM, "closed 0" },
		{ { ANSWER("400", "{\"error_messages\":[\"the name is already taken\"]}") },
		    RC_UPSTREAM, "closed 1" },
		{ { ANSWER("200", "{\"token\":\"t\",\"redirect_url\":\"u\"}"),
		      ANSWER("201", "{\"token\":\"t\"}") },
		    RC_UPSTREAM, "unknown 2" },
		{ { ANSWER("201", "{\"redirect_url\":\"u\"}"), ANSWER("500", "{}") }, RC_UPSTREAM,
		    "unknown 2" },
		{ { ANSWER("429", "{}") }, RC_RETRY, "unknown 0" },
		{ { ANSWER("500", "{}"), ANSWER("500", "{}") }, RC_UPSTREAM, "unknown 2" },
		{ { ANSWER("201", "{}"), ANSWER("201", "{\"token\":\"\"}") }, RC_UPSTREAM,
		    "unknown 2" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const char *invoice = an_invoice();
		struct midtrans_page page;

		ANSWERING(cases[i].turns);
		cx.err = (struct err){ 0 };
		if (midtrans_open_page(&cx, &(struct midtrans_debt){ invoice, "bill" }, &page) !=
		    cases[i].rc)
			fail_msg("case %zu: %s", i, cx.err.msg);
		assert_string_equal(attempt_is(1), cases[i].attempt);
		hang_up();
		clear();
	}
}

/* A refusal says in the log why, and people what failed. */
static void
a_page_that_is_refused_says_so(void **state)
{
	static const struct turn refused[] = { ANSWER("400", "{\"error_messages\":[\"amount\"]}") };
	static const struct turn no_key[] = { ANSWER("401", "{}") };
	const struct midtrans_debt debt = { an_invoice(), "bill" };
	struct midtrans_page page;

	(void)state;
	ANSWERING(refused);
	assert_int_equal(midtrans_open_page(&cx, &debt, &page), RC_UPSTREAM);
	hang_up();
	assert_string_equal(cx.err.msg, "The payment gateway refused to make a payment page.");
	assert_string_equal(cx.err.detail, "400 amount");
	assert_string_equal(sql("SELECT concat_ws(' ', status, response) AS v FROM midtrans_logs"
				" WHERE event = 'create' ORDER BY created_at DESC LIMIT 1"),
	    "closed {\"code\": 400, \"messages\": \"amount\"}");
	cx.err = (struct err){ 0 };
	ANSWERING(no_key);
	assert_int_equal(midtrans_open_page(&cx, &debt, &page), RC_UPSTREAM);
	hang_up();
	assert_string_equal(cx.err.msg, "Midtrans does not accept our key.");
}

/* A call that was never sent made nothing. */
static void
a_page_that_was_never_asked_for_counts_no_call(void **state)
{
	static const struct turn turns[] = { LOST };
	const char *invoice = an_invoice();
	struct midtrans_page page;

	(void)state;
	ANSWERING(turns);
	hang_up();
	assert_int_equal(midtrans_open_page(&cx, &(struct midtrans_debt){ invoice, "bill" }, &page),
	    RC_UPSTREAM);
	assert_string_equal(attempt_is(1), "unknown 0");
}

static void
three_orders_of_others_are_enough(void **state)
{
	static const struct turn turns[] = { ANSWER("400", TAKEN_MSG), ANSWER("400", TAKEN_MSG),
		ANSWER("400", TAKEN_MSG), MADE };
	const char *invoice = an_invoice();
	struct midtrans_page page;

	(void)state;
	ANSWERING(turns);
	assert_int_equal(midtrans_open_page(&cx, &(struct midtrans_debt){ invoice, "bill" }, &page),
	    RC_UPSTREAM);
	hang_up();
	assert_string_equal(cx.err.msg, "The payment gateway knows all our orders already.");
	assert_int_equal(peer.requests, 3);
}

/* One request counts once against the limit, however many orders it takes. */
static void
a_request_counts_once(void **state)
{
	static const struct turn turns[] = { ANSWER("400", TAKEN_MSG), MADE };
	const struct midtrans_debt debt = { an_invoice(), "bill" };
	struct midtrans_page page;

	(void)state;
	(void)sql("UPDATE settings SET invoice_tokens_per_minute = 1");
	ANSWERING(turns);
	assert_int_equal(midtrans_open_page(&cx, &debt, &page), RC_OK);
	hang_up();
	assert_int_equal(midtrans_open_page(&cx, &debt, &page), RC_THROTTLED);
	(void)sql("UPDATE settings SET invoice_tokens_per_minute = DEFAULT");
	(void)sql("TRUNCATE throttles");
}

/* The bill was settled while Midtrans made the page: it is not handed out, and is cancelled. */
static void
a_page_that_came_too_late_is_not_handed_out(void **state)
{
	static const struct turn turns[] = { MADE };
	const char *invoice = an_invoice();
	struct midtrans_page page;

	(void)state;
	(void)sql("ALTER FUNCTION midtrans_attempt_is_owed RENAME TO gone");
	(void)sql("CREATE FUNCTION midtrans_attempt_is_owed(midtrans_attempts) RETURNS boolean"
		  " LANGUAGE sql AS 'SELECT false'");
	ANSWERING(turns);
	assert_int_equal(midtrans_open_page(&cx, &(struct midtrans_debt){ invoice, "bill" }, &page),
	    RC_CONFLICT);
	hang_up();
	(void)sql("DROP FUNCTION midtrans_attempt_is_owed");
	(void)sql("ALTER FUNCTION gone RENAME TO midtrans_attempt_is_owed");
	assert_string_equal(cx.err.msg, "The invoice has been paid or changed just now.");
	assert_string_equal(sql("SELECT kind AS v FROM midtrans_jobs"), "cancel");
}

/* ---- the webhook ----------------------------------------------------------------------------- */

static void
a_notification_is_taken_once(void **state)
{
	const char *order = an_order();

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(notify(notice(order, "settlement", "200")), RC_OK);
	assert_string_equal(
	    sql("SELECT concat_ws(' ', status, (SELECT count(*) FROM payments)) AS v"
		" FROM invoices"),
	    "paid 1");
	assert_string_equal(attempt_is(1), "paid 1");
}

static void
forged_and_unknown_notifications_are_refused(void **state)
{
	const char *order = an_order(), *forged = notice(order, "settlement", "200");

	(void)state;
	assert_int_equal(notify(notice("nobody's", "settlement", "200")), RC_NOT_FOUND);
	strchr(strstr(forged, "150000.00"), '1')[0] = '2';
	assert_int_equal(notify(forged), RC_DENIED);
	assert_int_equal(notify("{\"order_id\":7}"), RC_MALFORMED);
	assert_int_equal(
	    sql_i64("SELECT count(*)::text AS v FROM midtrans_events WHERE order_id = '%s'", order),
	    0);
}

/* The log names the message and what was decided. */
static void
a_notification_is_logged(void **state)
{
	const char *order = an_order();

	(void)state;
	log_catch();
	assert_int_equal(notify(notice(order, "settlement", "200")), RC_OK);
	assert_non_null(strstr(log_caught(), "event=midtrans rid=\"\" source=notification "
					     "order=unit-order status=settlement verdict=applied "
					     "cases=2,4,17,18,19"));
}

/* The dashboard's test proves the key; it is stored nowhere. */
static void
a_test_of_the_dashboard_books_nothing(void **state)
{
	const char *lines;

	(void)state;
	log_catch();
	assert_int_equal(notify(notice("payment_notif_test_G1", "settlement", "200")), RC_OK);
	lines = log_caught();
	assert_non_null(strstr(lines, "event=\"midtrans test notification\""));
	assert_non_null(strstr(lines, "order=payment_notif_test_G1"));
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM midtrans_events"), 0);
}

/* One that cannot be applied now is kept for gateway-sync, and Midtrans is to send it again. */
static void
a_notification_that_fails_is_kept(void **state)
{
	const char *order = an_order(), *lines;
	enum rc rc;

	(void)state;
	(void)sql("ALTER FUNCTION midtrans_decision_log RENAME TO gone");
	log_catch();
	rc = notify(notice(order, "settlement", "200"));
	lines = log_caught();
	(void)sql("ALTER FUNCTION gone RENAME TO midtrans_decision_log");
	assert_int_equal(rc, RC_RETRY);
	assert_string_equal(cx.err.msg,
	    "The notification could not be applied now. Please send it again.");
	assert_non_null(strstr(lines, "event=\"notification not applied\" rc=internal"));
	assert_string_equal(sql("SELECT concat_ws(' ', money, (SELECT count(*) FROM payments),"
				" (SELECT count(*) FROM midtrans_verdicts)) AS v"
				" FROM midtrans_events"),
	    "received 0 0");
}

/* At most one line a minute of each kind, with their number. */
static void
refused_notifications_are_counted(void **state)
{
	const char *lines;

	(void)state;
	cx.midtrans = midtrans_client_new(cx.mem, &conf);
	log_catch();
	midtrans_count_refused(&cx, RC_OK);
	midtrans_count_refused(&cx, RC_RETRY);
	midtrans_count_refused(&cx, RC_DENIED);
	midtrans_count_refused(&cx, RC_MALFORMED);
	midtrans_count_refused(&cx, RC_DENIED);
	midtrans_count_refused(&cx, RC_NOT_FOUND);
	midtrans_tally(&cx, false)->logged_at -= 60000;
	midtrans_count_refused(&cx, RC_MALFORMED);
	lines = log_caught();
	assert_non_null(strstr(lines, "event=\"notification refused\" rid=\"\" count=1\n"));
	lines = strstr(lines, "event=\"notification of an unknown order\" rid=\"\" count=1\n");
	assert_non_null(lines);
	lines = strstr(lines, "event=\"notification refused\" rid=\"\" count=3\n");
	assert_non_null(lines);
	assert_null(strstr(lines + 1, "event="));
}

/* ---- asking and ending ----------------------------------------------------------------------- */

static void
an_answer_of_midtrans_is_applied(void **state)
{
	const char *order = an_order(), *id;
	const struct turn turns[] = { ANSWER("200",
	    "{\"status_code\":\"200\",\"order_id\":\"unit-order\","
	    "\"transaction_id\":\"T-9\",\"transaction_status\":\"settlement\","
	    "\"gross_amount\":\"150000.00\"}") };

	(void)state;
	ANSWERING(turns);
	assert_int_equal(midtrans_ask_status(&cx, order, &id), RC_OK);
	hang_up();
	assert_string_equal(id, attempt_of(order));
	assert_memory_equal(peer.received[0], "GET /v2/unit-order/status HTTP/1.1\r\n", 36);
	assert_string_equal(attempt_is(1), "paid 1");
	assert_int_equal(midtrans_ask_status(&cx, "nobody's", &id), RC_NOT_FOUND);
}

static void
a_page_nobody_used_is_cancelled(void **state)
{
	static const struct turn turns[] = { NONE, ANSWER("200", "{\"status_code\":\"200\"}") };
	const char *order = an_order(), *id;

	(void)state;
	ANSWERING(turns);
	assert_int_equal(midtrans_cancel_order(&cx, order, &id), RC_OK);
	hang_up();
	assert_memory_equal(peer.received[1], "POST /snap/v1/transactions/tok/cancel HTTP/1.1\r\n",
	    48);
	assert_string_equal(attempt_is(1), "closed 1");
}

/* A transaction that Midtrans cannot end, or does not know, has another state by now: it is asked
 * for, and a payment that came meanwhile is booked. */
static void
a_page_paid_meanwhile_is_asked_for(void **state)
{
	static const struct turn turns[][3] = {
		{ STATUS("pending"), ANSWER("200", "{\"status_code\":\"404\"}"),
		    STATUS("settlement") },
		{ STATUS("pending"), ANSWER("200", "{\"status_code\":\"412\"}"),
		    STATUS("settlement") },
	};

	(void)state;
	for (size_t i = 0; i < countof(turns); i++) {
		const char *order, *id;

		clear();
		cx.err = (struct err){ 0 };
		order = an_order();
		ANSWERING(turns[i]);
		assert_int_equal(midtrans_cancel_order(&cx, order, &id), RC_CONFLICT);
		hang_up();
		assert_memory_equal(peer.received[1], "POST /v2/T-9/cancel ", 20);
		assert_memory_equal(peer.received[2], "GET /v2/T-9/status ", 19);
		assert_string_equal(attempt_is(1), "paid 1");
	}
}

/* Any other refusal is one: the order stays as it is. */
static void
a_page_that_cannot_be_cancelled_stays(void **state)
{
	const struct turn turns[] = { STATUS("pending"), ANSWER("200", "{\"status_code\":\"500\"}"),
		STATUS("settlement") };
	const char *order = an_order(), *id;

	(void)state;
	ANSWERING(turns);
	assert_int_equal(midtrans_cancel_order(&cx, order, &id), RC_UPSTREAM);
	hang_up();
	assert_int_equal(peer.requests, 2);
	assert_string_equal(attempt_is(1), "pending 1");
}

static void
a_paid_page_is_not_cancelled(void **state)
{
	static const struct turn turns[] = { LOST };
	const char *order = a_paid_order(), *id;

	(void)state;
	ANSWERING(turns);
	assert_int_equal(midtrans_cancel_order(&cx, order, &id), RC_CONFLICT);
	hang_up();
	assert_int_equal(peer.requests, 0);
}

/* ---- refunds --------------------------------------------------------------------------------- */

static enum rc
refund(const char *order, const struct turn *turns, size_t n)
{
	const struct midtrans_refund_request want = { .order_id = order,
		.amount = 50000,
		.reason = "slow" };
	const char *id;
	enum rc rc;

	answering(turns, n);
	rc = midtrans_refund_order(&cx, &want, &id);
	hang_up();
	return rc;
}

static const char *
refund_is(void)
{
	return sql("SELECT string_agg(state, ' ' ORDER BY created_at) AS v FROM midtrans_refunds");
}

static void
a_refused_refund_was_not_made(void **state)
{
	static const struct turn turns[] = { ANSWER("200", "{\"status_code\":\"412\"}") };

	(void)state;
	assert_int_equal(refund(a_paid_order(), turns, 1), RC_CONFLICT);
	assert_string_equal(refund_is(), "refused");
	assert_memory_equal(peer.received[0], "POST /v2/T-1/refund HTTP/1.1\r\n", 30);
	assert_non_null(strstr(peer.received[0], "\"amount\":50000,\"reason\":\"slow\"}"));
}

/* Without an amount it is of all that is left. */
static void
a_refund_without_an_amount_is_of_all(void **state)
{
	static const struct turn turns[] = { ANSWER("200", "{\"status_code\":\"412\"}") };
	const struct midtrans_refund_request want = { .order_id = a_paid_order() };
	const char *id;

	(void)state;
	ANSWERING(turns);
	assert_int_equal(midtrans_refund_order(&cx, &want, &id), RC_CONFLICT);
	hang_up();
	assert_non_null(strstr(peer.received[0], "\"amount\":150000"));
	assert_string_equal(sql("SELECT concat_ws(' ', amount, whole) AS v FROM midtrans_refunds"),
	    "150000 t");
}

/* Bug: people read "Midtrans refused to refund: 404." whatever Midtrans had said, or not said. */
static void
a_refusal_says_why(void **state)
{
	static const struct turn silent[] = { ANSWER("200", "{\"status_code\":\"404\"}") };
	static const struct turn worded[] = { NONE };

	(void)state;
	assert_int_equal(refund(a_paid_order(), silent, 1), RC_UPSTREAM);
	assert_string_equal(cx.err.msg, "Midtrans refused to refund (404): no reason given");
	clear();
	assert_int_equal(refund(a_paid_order(), worded, 1), RC_UPSTREAM);
	assert_string_equal(cx.err.msg, "Midtrans refused to refund (404): doesn't exist");
}

/* Whether it was made nobody knows: it stays asked for, and gateway-sync asks. */
static void
a_refund_without_an_answer_stays_open(void **state)
{
	static const struct turn turns[] = { ANSWER("408", "{\"status_code\":\"408\"}") };

	(void)state;
	assert_int_equal(refund(a_paid_order(), turns, 1), RC_UPSTREAM);
	assert_string_equal(refund_is(), "requested");
	assert_string_equal(sql("SELECT kind AS v FROM midtrans_jobs WHERE done_at IS NULL"),
	    "confirm");
}

#define GIVEN_BACK                                                                                 \
	ANSWER("200",                                                                              \
	    "{\"status_code\":\"200\",\"order_id\":\"unit-order\",\"transaction_id\":\"T-1\","     \
	    "\"transaction_status\":\"partial_refund\",\"gross_amount\":\"150000.00\","            \
	    "\"refund_amount\":\"50000.00\"}")

/* The answer to the call is no proof: Midtrans is asked, and then the requester has the outcome. */
static void
a_refund_that_midtrans_made_is_delivered(void **state)
{
	static const struct turn turns[] = { ANSWER("200", "{\"status_code\":\"200\"}"), GIVEN_BACK,
		GIVEN_BACK };

	(void)state;
	assert_int_equal(refund(a_paid_order(), turns, countof(turns)), RC_OK);
	assert_string_equal(sql("SELECT concat_ws(' ', state, result_delivered,"
				" (SELECT sum(amount) FROM refunds)) AS v FROM midtrans_refunds"),
	    "done t 50000");
	assert_string_equal(sql("SELECT status AS v FROM midtrans_logs WHERE event = 'refund'"
				" ORDER BY created_at DESC, id DESC"),
	    "accepted");
}

/* A lock outlives its transaction: what has made a page or a refund, or has failed to, leaves none.
 */
static void
no_lock_is_left(void **state)
{
	static const struct turn made[] = { MADE };
	static const struct turn refused[] = { ANSWER("400", "{\"error_messages\":[\"amount\"]}") };
	static const struct turn accepted[] = { ANSWER("200", "{\"status_code\":\"200\"}"), NONE,
		NONE };
	struct ctx rival = rival_open();
	struct midtrans_page page;
	const char *invoice;
	bool alone;

	(void)state;
	for (int i = 0; i < 2; i++) {
		invoice = an_invoice();
		answering(i == 0 ? refused : made, 1);
		(void)!midtrans_open_page(&cx, &(struct midtrans_debt){ invoice, "bill" }, &page);
		hang_up();
		assert_int_equal(midtrans_lock(&rival, invoice, "held", &alone), RC_OK);
		midtrans_unlock(&rival, invoice);
		clear();
	}
	(void)refund(a_paid_order(), accepted, countof(accepted));
	assert_int_equal(midtrans_lock(&rival, "refund:unit-order", "held", &alone), RC_OK);
	midtrans_unlock(&rival, "refund:unit-order");
	rival_close(&rival);
}

/* ---- work ------------------------------------------------------------------------------------ */

static enum loop_outcome
step(struct loop_turn *turn)
{
	assert_int_equal(midtrans_loop.step(&cx, midtrans_loop.work, turn), RC_OK);
	return turn->outcome;
}

static void
work_is_done_one_thing_at_a_time(void **state)
{
	static const struct turn turns[] = { NONE, NONE };
	struct loop_turn turn = { 0 };

	(void)state;
	ANSWERING(turns);
	(void)sql("SELECT midtrans_job_add('%s', 'confirm')::text AS v", attempt_of(an_order()));
	assert_int_equal(step(&turn), LOOP_DONE);
	assert_int_equal(step(&turn), LOOP_IDLE);
	assert_in_range(turn.wait_ms, 1, 30000);
	(void)sql("UPDATE midtrans_attempts SET next_check_at = now()");
	assert_int_equal(step(&turn), LOOP_DONE);
	hang_up();
	assert_int_equal(peer.requests, 2);
	assert_int_equal(step(&turn), LOOP_IDLE);
	assert_in_range(turn.wait_ms, 1, 30000);
}

static void
failed_work_is_due_again_later(void **state)
{
	static const struct turn turns[] = { ANSWER("500", "{}") };
	struct loop_turn turn = { 0 };

	(void)state;
	ANSWERING(turns);
	(void)sql("SELECT midtrans_job_add('%s', 'confirm')::text AS v", attempt_of(an_order()));
	assert_int_equal(step(&turn), LOOP_FAILED);
	assert_string_equal(sql("SELECT concat_ws(' ', attempts, last_error, due_at > now()) AS v"
				" FROM midtrans_jobs"),
	    "1 Midtrans answered 500. t");
}

static void
after_two_silences_no_call_is_made(void **state)
{
	static const struct turn turns[] = { LOST };
	struct midtrans_count n;

	(void)state;
	ANSWERING(turns);
	hang_up();
	(void)an_order();
	(void)sql("INSERT INTO midtrans_attempts (invoice_id, attempt, order_id, amount, calls,"
		  " expires_at, next_check_at)"
		  " SELECT invoice_id, n, 'o' || n, amount, 1, expires_at, next_check_at"
		  " FROM midtrans_attempts, generate_series(2, 4) n");
	assert_int_equal(midtrans_reconcile(&cx, false, &n), RC_OK);
	assert_int_equal(n.asked, 4);
	assert_int_equal(n.failed, 4);
	assert_int_equal(sql_i64(
			     "SELECT count(*)::text AS v FROM midtrans_attempts WHERE checks > 0"),
	    2);
}

/* A debt is held while Midtrans does not say whether it is paid; an answer ends the nights of
 * holding. */
static void
a_debt_without_an_answer_is_held(void **state)
{
	static const struct turn silence[] = { LOST }, answer[] = { NONE };
	struct midtrans_held *held;
	const char *sub;
	size_t n;

	(void)state;
	(void)an_order();
	(void)sql("UPDATE invoices SET status = 'overdue', due_date = '2026-03-01'");
	sub = sql("SELECT id::text AS v FROM subscriptions");
	ANSWERING(silence);
	assert_int_equal(midtrans_hold_unanswered(&cx, &sub, 1, "2026-03-05", &held, &n), RC_OK);
	hang_up();
	assert_int_equal(n, 1);
	assert_string_equal(held[0].subscription_id, sub);
	assert_string_equal(sql("SELECT gateway_holds::text AS v FROM subscriptions"), "1");
	ANSWERING(answer);
	assert_int_equal(midtrans_hold_unanswered(&cx, &sub, 1, "2026-03-06", &held, &n), RC_OK);
	hang_up();
	assert_int_equal(n, 0);
	assert_string_equal(sql("SELECT gateway_holds::text AS v FROM subscriptions"), "0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MIDTRANS_TEST(each_answer_is_judged),
		MIDTRANS_TEST(codes_have_three_digits),
		MIDTRANS_TEST(reasons_are_one_line),
		MIDTRANS_TEST(a_closed_port_is_unreachable_and_nothing_was_sent),
		MIDTRANS_TEST(a_throttled_call_waits_as_long_as_asked),
		MIDTRANS_TEST(without_a_key_there_is_no_online_payment),
		MIDTRANS_TEST(without_a_key_nothing_is_asked),
		MIDTRANS_TEST(one_does_it_at_a_time),
		MIDTRANS_TEST(a_second_request_waits),
		MIDTRANS_TEST(a_wait_has_an_end),
		MIDTRANS_TEST(an_unlock_that_succeeds_is_not_logged),
		MIDTRANS_TEST(a_page_is_made_once),
		MIDTRANS_TEST(a_lost_answer_is_asked_for_again),
		MIDTRANS_TEST(an_order_of_others_is_left_for_the_next_number),
		MIDTRANS_TEST(our_own_order_is_adopted),
		MIDTRANS_TEST(answers_that_make_no_page),
		MIDTRANS_TEST(a_page_that_is_refused_says_so),
		MIDTRANS_TEST(a_page_that_was_never_asked_for_counts_no_call),
		MIDTRANS_TEST(three_orders_of_others_are_enough),
		MIDTRANS_TEST(a_request_counts_once),
		MIDTRANS_TEST(a_page_that_came_too_late_is_not_handed_out),
		MIDTRANS_TEST(a_notification_is_taken_once),
		MIDTRANS_TEST(forged_and_unknown_notifications_are_refused),
		MIDTRANS_TEST(a_notification_is_logged),
		MIDTRANS_TEST(a_test_of_the_dashboard_books_nothing),
		MIDTRANS_TEST(a_notification_that_fails_is_kept),
		MIDTRANS_TEST(refused_notifications_are_counted),
		MIDTRANS_TEST(an_answer_of_midtrans_is_applied),
		MIDTRANS_TEST(a_page_nobody_used_is_cancelled),
		MIDTRANS_TEST(a_page_paid_meanwhile_is_asked_for),
		MIDTRANS_TEST(a_page_that_cannot_be_cancelled_stays),
		MIDTRANS_TEST(a_paid_page_is_not_cancelled),
		MIDTRANS_TEST(a_refused_refund_was_not_made),
		MIDTRANS_TEST(a_refund_without_an_amount_is_of_all),
		MIDTRANS_TEST(a_refusal_says_why),
		MIDTRANS_TEST(a_refund_without_an_answer_stays_open),
		MIDTRANS_TEST(a_refund_that_midtrans_made_is_delivered),
		MIDTRANS_TEST(no_lock_is_left),
		MIDTRANS_TEST(work_is_done_one_thing_at_a_time),
		MIDTRANS_TEST(failed_work_is_due_again_later),
		MIDTRANS_TEST(after_two_silences_no_call_is_made),
		MIDTRANS_TEST(a_debt_without_an_answer_is_held),
	};

	return cmocka_run_group_tests_name("midtrans/gateway", tests, rows_open, rows_close);
}
