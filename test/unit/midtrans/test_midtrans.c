/*
 * Calls to Midtrans and what becomes of an answer, against a web server of one screen; checks:
 * test_check.c, jobs: test_job.c.  A strict server and many rivals at once stand in
 * test/api/test_midtrans*.py.
 */
#include "midtrans/world.h"

#include "midtrans/client.h"

#define TAKEN_MSG "{\"error_messages\":[\"transaction_details.order_id has already been taken\"]}"

/* ---- calls ----------------------------------------------------------------------------------- */

/* Both layers count: an error of HTTP, and one inside a 200. */
static void
each_answer_is_judged(void **state)
{
	/* clang-format off */
	static const struct {
		struct turn turn;
		enum rc rc;
		int code;
		bool good, no, may_be_done, away;
	} cases[] = {
		{ ANSWER("200", "{\"status_code\":\"200\"}"),    RC_OK, 200, true, false, true, false },
		{ ANSWER("200", "{\"status_code\":\"201\"}"),    RC_OK, 201, true, false, true, false },
		{ ANSWER("200", "{\"status_code\":\"407\"}"),    RC_OK, 407, true, false, false, false },
		{ ANSWER("200", "{\"status_code\":\"404\"}"),    RC_OK, 404, false, true, false, false },
		{ ANSWER("404", "{\"status_code\":\"404\"}"),    RC_OK, 404, false, true, false, false },
		{ ANSWER("412", "{\"status_code\":\"412\"}"),    RC_OK, 412, false, true, false, false },
		{ ANSWER("404", "{}"),                           RC_UPSTREAM, 404, false, true, false, false },
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
	struct midtrans_answer a;

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		enum rc rc;

		answering(&cases[i].turn, 1);
		cx.err = (struct err){ 0 };
		rc = midtrans_call_core(&cx, "POST", "T/1", "refund", "{}", &a);
		hang_up();
		if (rc != cases[i].rc || a.code != cases[i].code ||
		    answer_is_success(&a) != cases[i].good ||
		    answer_is_final_refusal(&a) != cases[i].no ||
		    call_may_have_executed(&cx, &a) != cases[i].may_be_done ||
		    midtrans_unreachable(&cx) != cases[i].away)
			fail_msg("case %zu: rc %d, code %d: %s", i, rc, a.code, cx.err.msg);
		assert_memory_equal(peer.received[0], "POST /v2/T%2F1/refund HTTP/1.1\r\n", 32);
	}
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
	static const struct turn accepted[] = { ANSWER("200", "{\"status_code\":\"200\"}") };
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
	(void)refund(a_paid_order(), accepted, 1);
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
		MIDTRANS_TEST(a_closed_port_is_unreachable_and_nothing_was_sent),
		MIDTRANS_TEST(a_throttled_call_waits_as_long_as_asked),
		MIDTRANS_TEST(without_a_key_there_is_no_online_payment),
		MIDTRANS_TEST(without_a_key_nothing_is_asked),
		MIDTRANS_TEST(one_does_it_at_a_time),
		MIDTRANS_TEST(a_page_is_made_once),
		MIDTRANS_TEST(a_lost_answer_is_asked_for_again),
		MIDTRANS_TEST(an_order_of_others_is_left_for_the_next_number),
		MIDTRANS_TEST(our_own_order_is_adopted),
		MIDTRANS_TEST(answers_that_make_no_page),
		MIDTRANS_TEST(a_notification_is_taken_once),
		MIDTRANS_TEST(forged_and_unknown_notifications_are_refused),
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
