/* test_refund.c: each answer to a refund, of a first call and of a repeated one; its rules in SQL:
 * test/sql/midtrans_refund.sql. */
#include "midtrans/world.h"

#include "midtrans/client.h"

#define ACCEPTED  ANSWER("200", "{\"status_code\":\"200\"}")
#define NO_WAY    ANSWER("200", "{\"status_code\":\"412\"}")
#define BROKEN    ANSWER("500", "{}")
#define UNCHANGED ABOUT("T-1", "settlement", "200")
#define GIVEN_BACK                                                                                 \
	ANSWER("200",                                                                              \
	    "{\"status_code\":\"200\",\"order_id\":\"unit-order\",\"transaction_id\":\"T-1\","     \
	    "\"transaction_status\":\"partial_refund\",\"gross_amount\":\"150000.00\","            \
	    "\"refund_amount\":\"50000.00\"}")

static enum rc
refund(struct midtrans_refund_request want, const struct turn *turns, size_t n)
{
	const char *id = NULL;
	enum rc rc;

	want.order_id = "unit-order";
	answering(turns, n);
	if (n == 0)
		hang_up();
	cx.err = (struct err){ 0 };
	rc = midtrans_refund_order(&cx, &want, &id);
	hang_up();
	if (rc == RC_OK)
		assert_string_equal(id, attempt_of("unit-order"));
	return rc;
}

static const struct midtrans_refund_request part = { .amount = 50000, .reason = "slow" };
static const struct midtrans_refund_request whole = { .reason = "slow" };

#define REFUND(want, ...)                                                                          \
	refund(want, (const struct turn[]){ __VA_ARGS__ },                                         \
	    sizeof((const struct turn[]){ __VA_ARGS__ }) / sizeof(struct turn))

/* "requested refused": the refunds, oldest first. */
static const char *
states(void)
{
	return sql("SELECT string_agg(state, ' ' ORDER BY created_at) AS v FROM midtrans_refunds");
}

static const char *
logged_as(void)
{
	return sql("SELECT status AS v FROM midtrans_logs WHERE event = 'refund'"
		   " ORDER BY created_at DESC, id DESC LIMIT 1");
}

/* A card's payment that has not settled. */
static void
a_captured_order(void)
{
	(void)an_order();
	answering(
	    &(struct turn)ANSWER("200",
		"{\"status_code\":\"200\",\"order_id\":\"unit-order\",\"transaction_id\":\"T-1\","
		"\"transaction_status\":\"capture\",\"fraud_status\":\"accept\","
		"\"gross_amount\":\"150000.00\"}"),
	    1);
	assert_int_equal(midtrans_check_attempt(&cx, attempt_of("unit-order")), RC_OK);
	hang_up();
}

/* ---- first calls ----------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
	struct turn answer;
	bool captured;
	enum rc rc;
	const char *msg, *detail, *state, *logged;
} refusals[] = {
	{ NO_WAY, false, RC_CONFLICT, "Midtrans cannot refund this payment: pay it back by hand.", "no reason given",
	  "refused", "refused" },
	{ NO_WAY, true, RC_CONFLICT,
	  "A part of a card's payment can be refunded when it has settled, a day later.", "no reason given",
	  "refused", "refused" },
	{ ANSWER("414", "{\"status_code\":\"414\",\"status_message\":\"too much\"}"), false, RC_CONFLICT,
	  "Midtrans cannot refund this amount.", "too much", "refused", "refused" },
	{ NONE, false, RC_UPSTREAM, "Midtrans refused to refund (404): doesn't exist", "", "refused", "refused" },
	{ BROKEN, false, RC_UPSTREAM, "Midtrans answered 500.", "POST core: 500 no reason given", "requested", "unknown" },
	{ ANSWER("429", "{}"), false, RC_RETRY, "Midtrans asks us to slow down. Please try again.",
	  "POST core: 429 no reason given", "refused", "unknown" },
	{ LOST, false, RC_UPSTREAM, NULL, NULL, "requested", "unknown" },
};
/* clang-format on */

static void
each_answer_to_a_first_call_has_its_outcome(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(refusals); i++) {
		enum rc rc;

		clear();
		if (refusals[i].captured)
			a_captured_order();
		else
			(void)a_paid_order();
		rc = refund(part, &refusals[i].answer, 1);
		if (rc != refusals[i].rc)
			fail_msg("case %zu: rc %d: %s", i, rc, cx.err.msg);
		if (refusals[i].msg != NULL)
			assert_string_equal(cx.err.msg, refusals[i].msg);
		if (refusals[i].detail != NULL)
			assert_string_equal(cx.err.detail, refusals[i].detail);
		assert_string_equal(requests(), "POST T-1/refund");
		assert_string_equal(states(), refusals[i].state);
		assert_string_equal(logged_as(), refusals[i].logged);
		assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM midtrans_jobs"
					 " WHERE kind = 'confirm'"),
		    strcmp(refusals[i].state, "requested") == 0);
	}
}

/* A call that never reached Midtrans made nothing. */
static void
a_refund_that_was_never_asked_for_is_refused(void **state)
{
	(void)state;
	(void)a_paid_order();
	assert_int_equal(refund(part, NULL, 0), RC_UPSTREAM);
	assert_string_equal(states(), "refused");
}

/* A key that Midtrans knows already is that of this refund. */
static void
a_key_that_was_used_is_no_refusal(void **state)
{
	(void)state;
	(void)a_paid_order();
	assert_int_equal(REFUND(part, ANSWER("406", "{\"status_code\":\"406\"}"), GIVEN_BACK,
			     GIVEN_BACK),
	    RC_OK);
	assert_string_equal(states(), "done");
	assert_string_equal(logged_as(), "accepted");
}

/* An answer that is no proof, and then no answer: it stays asked for, and a job is left. */
static void
an_accepted_refund_is_asked_about(void **state)
{
	(void)state;
	(void)a_paid_order();
	assert_int_equal(REFUND(part, ACCEPTED, BROKEN, BROKEN), RC_UPSTREAM);
	assert_string_equal(states(), "requested");
	assert_string_equal(sql("SELECT kind AS v FROM midtrans_jobs"), "confirm");
}

static void
a_request_is_kept_as_it_was_made(void **state)
{
	struct midtrans_refund_request want = part;

	(void)state;
	(void)a_paid_order();
	want.reopen = true;
	want.key = "unit-key";
	assert_int_equal(REFUND(want, LOST), RC_UPSTREAM);
	assert_string_equal(sql("SELECT concat_ws(' ', r.amount, r.reopen, r.reason,"
				" k.idempotency_key) AS v FROM midtrans_refunds r"
				" JOIN midtrans_refund_keys k USING (refund_key)"),
	    "50000 t slow unit-key");
	assert_non_null(strstr(peer.received[0],
	    arena_printf(cx.mem, "{\"refund_key\":\"%s\",\"amount\":50000,\"reason\":\"slow\"}",
		sql("SELECT refund_key AS v FROM midtrans_refunds"))));
}

/* ---- repeated calls -------------------------------------------------------------------------- */

/* The first call made it, and its answer was lost. */
static void
a_lost_refund_is_found(void **state)
{
	(void)state;
	(void)a_paid_order();
	assert_int_equal(REFUND(part, LOST), RC_UPSTREAM);
	assert_int_equal(REFUND(part, GIVEN_BACK), RC_OK);
	assert_string_equal(requests(), "GET unit-order/status");
	assert_string_equal(states(), "done");
	assert_string_equal(sql("SELECT result_delivered::text AS v FROM midtrans_refunds"),
	    "true");
}

/* The first call did not: the same refund is asked for again. */
static void
a_lost_refund_is_asked_for_again(void **state)
{
	(void)state;
	(void)a_paid_order();
	assert_int_equal(REFUND(part, LOST), RC_UPSTREAM);
	assert_int_equal(REFUND(part, UNCHANGED, ACCEPTED, GIVEN_BACK), RC_OK);
	assert_string_equal(requests(),
	    "GET unit-order/status, POST T-1/refund, GET unit-order/status");
	assert_string_equal(states(), "done");
}

/* A refusal of a repeated call is one only where Midtrans knows of no refund. */
static void
a_refusal_of_a_repeated_call_is_asked_about(void **state)
{
	(void)state;
	(void)a_paid_order();
	assert_int_equal(REFUND(part, LOST), RC_UPSTREAM);
	assert_int_equal(REFUND(part, UNCHANGED, NO_WAY, UNCHANGED), RC_CONFLICT);
	assert_string_equal(requests(),
	    "GET unit-order/status, POST T-1/refund, GET unit-order/status");
	assert_string_equal(states(), "refused");
	clear();
	(void)a_paid_order();
	assert_int_equal(REFUND(part, LOST), RC_UPSTREAM);
	assert_int_equal(REFUND(part, UNCHANGED, NO_WAY, GIVEN_BACK), RC_OK);
	assert_string_equal(states(), "done");
}

/* Nothing that becomes of a second call says that the first made nothing. */
static void
a_repeated_call_that_fails_stays_asked_for(void **state)
{
	(void)state;
	(void)a_paid_order();
	assert_int_equal(REFUND(part, LOST), RC_UPSTREAM);
	assert_int_equal(refund(part, NULL, 0), RC_UPSTREAM);
	assert_string_equal(states(), "requested");
	assert_int_equal(REFUND(part, UNCHANGED, ANSWER("429", "{}")), RC_RETRY);
	assert_string_equal(states(), "requested");
	/* Nor does a refusal, while nobody says which refunds there are: a third click would pay
	 * twice. */
	assert_int_equal(REFUND(part, UNCHANGED, NO_WAY, BROKEN), RC_UPSTREAM);
	assert_string_equal(states(), "requested");
}

/* ---- cards ----------------------------------------------------------------------------------- */

/* A whole payment that has not settled is cancelled, and booked as a refund. */
static void
a_whole_card_is_cancelled(void **state)
{
	(void)state;
	a_captured_order();
	assert_int_equal(REFUND(whole, ABOUT("T-1", "cancel", "200")), RC_OK);
	assert_string_equal(requests(), "POST T-1/cancel");
	assert_string_equal(states(), "done");
	assert_string_equal(sql("SELECT sum(amount)::text AS v FROM refunds"), "150000");
}

static void
a_cancellation_without_an_answer_stays_asked_for(void **state)
{
	(void)state;
	a_captured_order();
	assert_int_equal(REFUND(whole, BROKEN), RC_UPSTREAM);
	assert_string_equal(states(), "requested");
	assert_string_equal(sql("SELECT kind AS v FROM midtrans_jobs"), "confirm");
	clear();
	a_captured_order();
	assert_int_equal(refund(whole, NULL, 0), RC_UPSTREAM);
	assert_string_equal(states(), "refused");
}

/* It was taken back by others meanwhile: nothing is left to refund. */
static void
a_payment_taken_back_is_not_refunded(void **state)
{
	(void)state;
	(void)a_paid_order();
	assert_int_equal(REFUND(part, LOST), RC_UPSTREAM);
	assert_int_equal(REFUND(part, ABOUT("T-1", "chargeback", "200")), RC_CONFLICT);
	assert_string_equal(cx.err.msg,
	    "Nothing is left to refund: the payment was refunded or taken back meanwhile.");
}

/* ---- notes that cannot be written ------------------------------------------------------------ */

static void
a_note_that_fails_is_an_error(void **state)
{
	static const struct {
		const char *row;
		struct turn turns[2];
	} notes[] = {
		{ "INSERT ON midtrans_logs FOR EACH ROW WHEN (NEW.event = 'refund')",
		    { ACCEPTED, GIVEN_BACK } },
		{ "UPDATE ON midtrans_refunds FOR EACH ROW WHEN (NEW.result_delivered)",
		    { ACCEPTED, GIVEN_BACK } },
		{ "UPDATE ON midtrans_refunds FOR EACH ROW WHEN (NEW.state = 'refused')",
		    { NO_WAY } },
	};

	(void)state;
	for (size_t i = 0; i < countof(notes); i++) {
		enum rc rc;

		clear();
		(void)a_paid_order();
		(void)sql("CREATE FUNCTION deny() RETURNS trigger LANGUAGE plpgsql AS"
			  " $$ BEGIN RAISE 'no'; END $$");
		(void)sql("CREATE TRIGGER deny BEFORE %s EXECUTE FUNCTION deny()", notes[i].row);
		rc = refund(part, notes[i].turns, notes[i].turns[1].say != NULL ? 2 : 1);
		(void)sql("DROP FUNCTION deny() CASCADE");
		if (rc != RC_INTERNAL)
			fail_msg("without %s: rc %d", notes[i].row, rc);
	}
}

/* ---- one at a time --------------------------------------------------------------------------- */

static void
one_refund_is_under_way(void **state)
{
	static const struct db_stmt later = { NULL,
		UNLOCK_WHEN_AWAITED("midtrans:refund:unit-order"), 0 };
	struct midtrans_refund_request want = part;
	struct ctx rival = rival_open();
	bool alone;

	(void)state;
	(void)a_paid_order();
	assert_int_equal(midtrans_lock(&rival, "refund:unit-order", NULL, &alone), RC_OK);
	assert_int_equal(REFUND(part, NONE), RC_CONFLICT);
	assert_string_equal(cx.err.msg, "A refund of this order is under way.");
	want.key = "unit-key"; /* waits, and is refused as it is no repetition */
	assert_int_equal(db_send_exec(&rival, &later), RC_OK);
	db_start(&rival);
	assert_int_equal(REFUND(want, NONE), RC_CONFLICT);
	assert_int_equal(peer.requests, 0);
	assert_int_equal(db_sync(&rival), RC_OK);
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM midtrans_refunds"), 0);
	rival_close(&rival);
}

static void
an_order_that_is_not_ours_is_not_refunded(void **state)
{
	(void)state;
	assert_int_equal(REFUND(part, NONE), RC_NOT_FOUND);
	(void)an_order();
	assert_int_equal(REFUND(part, NONE), RC_CONFLICT);
	assert_int_equal(peer.requests, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MIDTRANS_TEST(each_answer_to_a_first_call_has_its_outcome),
		MIDTRANS_TEST(a_refund_that_was_never_asked_for_is_refused),
		MIDTRANS_TEST(a_key_that_was_used_is_no_refusal),
		MIDTRANS_TEST(an_accepted_refund_is_asked_about),
		MIDTRANS_TEST(a_request_is_kept_as_it_was_made),
		MIDTRANS_TEST(a_lost_refund_is_found),
		MIDTRANS_TEST(a_lost_refund_is_asked_for_again),
		MIDTRANS_TEST(a_refusal_of_a_repeated_call_is_asked_about),
		MIDTRANS_TEST(a_repeated_call_that_fails_stays_asked_for),
		MIDTRANS_TEST(a_whole_card_is_cancelled),
		MIDTRANS_TEST(a_cancellation_without_an_answer_stays_asked_for),
		MIDTRANS_TEST(a_payment_taken_back_is_not_refunded),
		MIDTRANS_TEST(a_note_that_fails_is_an_error),
		MIDTRANS_TEST(one_refund_is_under_way),
		MIDTRANS_TEST(an_order_that_is_not_ours_is_not_refunded),
	};

	return cmocka_run_group_tests_name("midtrans/refund", tests, rows_open, rows_close);
}
