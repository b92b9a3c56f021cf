/* test_check.c: which questions a check asks, what each answer means for the next one, and what a
 * cancellation ends.  The messages themselves: test_decide.c. */
#include "midtrans/world.h"

#include "midtrans/check.h"

#define PAGE_OF_A_PROXY ANSWER("400", "<html>")
#define REFUSED         ANSWER("400", "{\"status_code\":\"400\"}")
#define NOT_ALLOWED     ANSWER("412", "{\"status_code\":\"412\"}")
#define BROKEN          ANSWER("500", "{}")
#define BUSY            ANSWER("429", "{}")
#define OF_ANOTHER                                                                                 \
	ANSWER("200", "{\"status_code\":\"200\",\"order_id\":\"another\",\"transaction_id\":"      \
		      "\"T-X\",\"transaction_status\":\"settlement\","                             \
		      "\"gross_amount\":\"150000.00\"}")

/* A transaction that Midtrans has named. */
static void
confirmed(const char *id, const char *status)
{
	(void)
	    sql("INSERT INTO midtrans_transactions (attempt_id, transaction_id, transaction_status,"
		" outlook, gross_amount, confirmed, created_at) SELECT id, '%s', '%s', 'pending',"
		" 150000, true, now() - (SELECT count(*) FROM midtrans_transactions) *"
		" interval '1 minute' FROM midtrans_attempts WHERE order_id = 'unit-order'",
		id, status);
}

/* One that only a notification has named. */
static void
named(const char *id)
{
	assert_int_equal(notify(notice_of(id, "unit-order", "pending", "201")), RC_OK);
}

/* "T-1 settlement, T-2 pending": each as it is saved. */
static const char *
saved(void)
{
	return sql("SELECT string_agg(transaction_id || ' ' || transaction_status, ', '"
		   " ORDER BY transaction_id) AS v FROM midtrans_transactions");
}

/* The ids that Midtrans did not know. */
static const char *
unknown(void)
{
	return sql("SELECT coalesce(string_agg(transaction_id, ' ' ORDER BY transaction_id), '')"
		   " AS v FROM midtrans_unknown_ids");
}

static enum rc
check(const struct turn *turns, size_t n)
{
	enum rc rc;

	answering(turns, n);
	cx.err = (struct err){ 0 };
	rc = midtrans_check_attempt(&cx, attempt_of("unit-order"));
	hang_up();
	return rc;
}

#define CHECK(turns) check(turns, countof(turns))

/* ---- questions ------------------------------------------------------------------------------- */

/* clang-format off */
/* An order with T-1, which Midtrans has named, or T-2, which only a notification has, or both. */
static const struct scene {
	const char *name;
	bool confirmed, named;
	struct turn turns[3];
	enum rc rc;
	const char *msg; /* NULL: none */
	const char *asked, *saved, *unknown;
} scenes[] = {
	{ "nothing known", false, false, { NONE }, RC_OK, NULL, "GET unit-order/status", NULL, "" },
	{ "described by its order", true, false, { ABOUT("T-1", "pending", "201") }, RC_OK, NULL,
	  "GET unit-order/status", "T-1 pending", "" },
	{ "another one described", true, false, { ABOUT("T-3", "pending", "201"), ABOUT("T-1", "deny", "202") },
	  RC_OK, NULL, "GET unit-order/status, GET T-1/status", "T-1 deny, T-3 pending", "" },
	{ "known by its id alone", true, false, { NONE, ABOUT("T-1", "settlement", "200") }, RC_OK, NULL,
	  "GET unit-order/status, GET T-1/status", "T-1 settlement", "" },
	{ "unknown by its id, too", true, false, { NONE, NONE }, RC_OK, NULL,
	  "GET unit-order/status, GET T-1/status", "T-1 pending", "T-1" },
	{ "a name that Midtrans does not know", false, true, { NONE, NONE }, RC_OK, NULL,
	  "GET unit-order/status, GET T-2/status", "T-2 pending", "T-2" },
	{ "a name that Midtrans refuses", false, true, { NONE, REFUSED }, RC_OK, NULL,
	  "GET unit-order/status, GET T-2/status", "T-2 pending", "T-2" },
	{ "a refusal of an id that Midtrans named", true, false, { NONE, REFUSED }, RC_UPSTREAM,
	  "Midtrans refused to answer the status (400): no reason given",
	  "GET unit-order/status, GET T-1/status", "T-1 pending", "" },
	{ "a name of another order", false, true, { NONE, OF_ANOTHER }, RC_OK, NULL,
	  "GET unit-order/status, GET T-2/status", "T-2 pending", "T-2" },
	{ "another order in the place of ours", true, false, { NONE, OF_ANOTHER }, RC_UPSTREAM,
	  "The order_id belongs to another order.", "GET unit-order/status, GET T-1/status", "T-1 pending", "" },
	{ "a name that a proxy refuses", false, true, { NONE, PAGE_OF_A_PROXY }, RC_OK, NULL,
	  "GET unit-order/status, GET T-2/status", "T-2 pending", "T-2" },
	{ "a proxy before Midtrans", false, true, { PAGE_OF_A_PROXY, PAGE_OF_A_PROXY }, RC_UPSTREAM,
	  "Midtrans refused to answer the status (400): no reason given",
	  "GET unit-order/status, GET T-2/status", "T-2 pending", "" },
	{ "a proxy that refuses what Midtrans named", true, false, { NONE, PAGE_OF_A_PROXY }, RC_UPSTREAM,
	  "Midtrans refused to answer the status (400): no reason given",
	  "GET unit-order/status, GET T-1/status", "T-1 pending", "" },
	{ "a failure at a name", false, true, { NONE, BROKEN }, RC_UPSTREAM, "Midtrans answered 500.",
	  "GET unit-order/status, GET T-2/status", "T-2 pending", "" },
	{ "a refusal of an order without a transaction", false, false, { REFUSED }, RC_UPSTREAM,
	  "Midtrans refused to answer the status (400): no reason given", "GET unit-order/status", NULL, "" },
	{ "a refusal of an order with a mere name", false, true, { REFUSED, NONE }, RC_UPSTREAM,
	  "Midtrans refused to answer the status (400): no reason given",
	  "GET unit-order/status, GET T-2/status", "T-2 pending", "T-2" },
	{ "a channel that is asked by transaction", true, false, { NOT_ALLOWED, ABOUT("T-1", "settlement", "200") },
	  RC_OK, NULL, "GET unit-order/status, GET T-1/status", "T-1 settlement", "" },
	{ "the order of another system", false, false, { OF_ANOTHER }, RC_OK, NULL,
	  "GET unit-order/status", NULL, "" },
	{ "a failure, and then an answer", true, false, { BROKEN, ABOUT("T-1", "settlement", "200") }, RC_UPSTREAM,
	  "Midtrans answered 500.", "GET unit-order/status, GET T-1/status", "T-1 settlement", "" },
	{ "two failures", true, false, { BROKEN, REFUSED }, RC_UPSTREAM, "Midtrans answered 500.",
	  "GET unit-order/status, GET T-1/status", "T-1 pending", "" },
	{ "a failure between two answers", true, true, { NONE, BROKEN, NONE }, RC_UPSTREAM, "Midtrans answered 500.",
	  "GET unit-order/status, GET T-1/status, GET T-2/status", "T-1 pending, T-2 pending", "T-2" },
	{ "no more questions for a while", true, false, { BUSY }, RC_RETRY,
	  "Midtrans asks us to slow down. Please try again.", "GET unit-order/status", "T-1 pending", "" },
	{ "none after the first id", true, true, { NONE, BUSY }, RC_RETRY,
	  "Midtrans asks us to slow down. Please try again.", "GET unit-order/status, GET T-1/status",
	  "T-1 pending, T-2 pending", "" },
};
/* clang-format on */

static void
same(const struct scene *s, const char *what, const char *is, const char *want)
{
	if ((is == NULL) != (want == NULL) || (is != NULL && strcmp(is, want) != 0))
		fail_msg("%s: %s: \"%s\", not \"%s\"", s->name, what, is, want);
}

static size_t
turns_of(const struct scene *s)
{
	size_t n = 0;

	while (n < countof(s->turns) && s->turns[n].say != NULL)
		n++;
	return n;
}

static void
each_answer_leads_to_the_next_question(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(scenes); i++) {
		const struct scene *s = &scenes[i];
		enum rc rc;

		clear();
		(void)an_order();
		if (s->confirmed)
			confirmed("T-1", "pending");
		if (s->named)
			named("T-2");
		rc = check(s->turns, turns_of(s));
		if (rc != s->rc)
			fail_msg("%s: rc %d: %s", s->name, rc, cx.err.msg);
		same(s, "error", cx.err.rc != RC_OK ? cx.err.msg : NULL, s->msg);
		same(s, "requests", requests(), s->asked);
		same(s, "transactions", saved(), s->saved);
		same(s, "unknown", unknown(), s->unknown);
		same(s, "checks",
		    sql("SELECT (checks > 0)::text AS v FROM midtrans_attempts"
			" WHERE state <> 'paid'"),
		    strstr(s->saved != NULL ? s->saved : "", "settlement") != NULL ? NULL
		    : s->rc == RC_OK ? "true"
				     : "false");
	}
}

/* A port where nobody listens: no second question is asked. */
static void
silence_ends_the_questions(void **state)
{
	(void)state;
	(void)an_order();
	confirmed("T-1", "pending");
	ANSWERING(((struct turn[]){ LOST }));
	hang_up();
	assert_int_equal(midtrans_check_attempt(&cx, attempt_of("unit-order")), RC_UPSTREAM);
	assert_string_equal(unknown(), "");
}

static void
an_attempt_that_is_none_is_not_asked_about(void **state)
{
	static const char nobodys[] = "00000000-0000-4000-8000-000000000000";
	bool executed = false;

	(void)state;
	ANSWERING(((struct turn[]){ NONE }));
	assert_int_equal(midtrans_check_attempt(&cx, nobodys), RC_NOT_FOUND);
	assert_int_equal(midtrans_end_attempt(&cx, nobodys), RC_NOT_FOUND);
	assert_int_equal(midtrans_void_card(&cx, nobodys, "T-1", &executed), RC_NOT_FOUND);
	assert_true(executed); /* as far as is known */
	hang_up();
	assert_int_equal(peer.requests, 0);
}

static void
a_status_that_is_not_given_names_no_attempt(void **state)
{
	const char *id = "none";

	(void)state;
	(void)an_order();
	ANSWERING(((struct turn[]){ BROKEN }));
	assert_int_equal(midtrans_ask_status(&cx, "unit-order", &id), RC_UPSTREAM);
	assert_string_equal(id, "none");
	assert_int_equal(midtrans_ask_status(&cx, "nobody's", &id), RC_NOT_FOUND);
	assert_int_equal(midtrans_cancel_order(&cx, "nobody's", &id), RC_NOT_FOUND);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void
expire_order(void)
{
	(void)sql("UPDATE midtrans_attempts SET expires_at = now() - interval '1 second'");
}

/* A pending transaction expires, an authorized one is cancelled; a page that nobody used is over.
 */
static void
an_expired_order_is_ended(void **state)
{
	static const struct {
		const char *status;
		struct turn turns[2];
		const char *asked, *attempt;
	} cases[] = {
		{ NULL, { NONE }, "GET unit-order/status", "closed 1" },
		{ "pending", { ABOUT("T-1", "pending", "201"), ABOUT("T-1", "expire", "407") },
		    "GET unit-order/status, POST T-1/expire", "closed 1" },
		{ "authorize", { ABOUT("T-1", "authorize", "201"), ABOUT("T-1", "cancel", "200") },
		    "GET unit-order/status, POST T-1/cancel", "closed 1" },
		{ "pending", { ABOUT("T-1", "settlement", "200"), NONE }, "GET unit-order/status",
		    "paid 1" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		clear();
		(void)an_order();
		expire_order();
		if (cases[i].status != NULL)
			confirmed("T-1", cases[i].status);
		assert_int_equal(CHECK(cases[i].turns), RC_OK);
		assert_string_equal(requests(), cases[i].asked);
		assert_string_equal(attempt_is(1), cases[i].attempt);
	}
}

static void
an_end_that_fails_fails_the_check(void **state)
{
	static const struct turn turns[] = { ABOUT("T-1", "pending", "201"), BROKEN };

	(void)state;
	(void)an_order();
	expire_order();
	confirmed("T-1", "pending");
	assert_int_equal(CHECK(turns), RC_UPSTREAM);
	assert_string_equal(attempt_is(1), "open 1");
	assert_string_equal(sql("SELECT checks::text AS v FROM midtrans_attempts"), "0");
}

static enum rc
cancel(const struct turn *turns, size_t n)
{
	const char *id;
	enum rc rc;

	answering(turns, n);
	cx.err = (struct err){ 0 };
	rc = midtrans_cancel_order(&cx, "unit-order", &id);
	hang_up();
	if (rc == RC_OK)
		assert_string_equal(id, attempt_of("unit-order"));
	return rc;
}

/* clang-format off */
static const struct {
	const char *name;
	bool confirmed, named, has_page;
	struct turn turns[4];
	enum rc rc;
	const char *msg, *asked, *attempt;
} cancellations[] = {
	{ "a mere name is left alone, and the page ends", false, true, true,
	  { NONE, NONE, ANSWER("200", "{\"status_code\":\"200\"}") }, RC_OK, NULL,
	  "GET unit-order/status, GET T-2/status, POST /snap/v1/transactions/tok/cancel", "closed 1" },
	{ "an order without a page", false, false, false, { NONE }, RC_OK, NULL, "GET unit-order/status", "closed 1" },
	{ "a page that Midtrans refuses to end", false, false, true, { NONE, NOT_ALLOWED }, RC_OK, NULL,
	  "GET unit-order/status, POST /snap/v1/transactions/tok/cancel", "closed 1" },
	{ "a page that could not be ended now", false, false, true, { NONE, BROKEN }, RC_UPSTREAM,
	  "Midtrans answered 500.", "GET unit-order/status, POST /snap/v1/transactions/tok/cancel", "open 1" },
	{ "an order of which nothing is known now", true, false, true, { BROKEN, BROKEN }, RC_UPSTREAM,
	  "Midtrans answered 500.", "GET unit-order/status, GET T-1/status", "open 1" },
	{ "a transaction is ended, and not the page", true, false, true,
	  { ABOUT("T-1", "pending", "201"), ABOUT("T-1", "cancel", "200") }, RC_OK, NULL,
	  "GET unit-order/status, POST T-1/cancel", "closed 1" },
	{ "a transaction that stays open", true, false, true,
	  { ABOUT("T-1", "pending", "201"), ABOUT("T-1", "pending", "201") }, RC_UPSTREAM,
	  "Midtrans keeps a payment of this order open.", "GET unit-order/status, POST T-1/cancel", "open 1" },
	{ "an answer that says nothing is asked about", true, false, true,
	  { ABOUT("T-1", "pending", "201"), ANSWER("200", "{\"status_code\":\"200\"}"), ABOUT("T-1", "cancel", "200") },
	  RC_OK, NULL, "GET unit-order/status, POST T-1/cancel, GET T-1/status", "closed 1" },
	{ "a refusal that says nothing", true, false, true, { ABOUT("T-1", "pending", "201"), REFUSED }, RC_UPSTREAM,
	  "Midtrans refused to cancel (400): no reason given", "GET unit-order/status, POST T-1/cancel", "open 1" },
	{ "a transaction that is ended already", true, false, true,
	  { ABOUT("T-1", "pending", "201"), NOT_ALLOWED, ABOUT("T-1", "expire", "407") }, RC_OK, NULL,
	  "GET unit-order/status, POST T-1/cancel, GET T-1/status", "closed 1" },
	{ "a transaction that Midtrans knows no more", true, false, true,
	  { ABOUT("T-1", "pending", "201"), NONE, NONE }, RC_UPSTREAM, "Midtrans keeps a payment of this order open.",
	  "GET unit-order/status, POST T-1/cancel, GET T-1/status", "open 1" },
};
/* clang-format on */

static void
each_cancellation_ends_what_may_be_paid(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(cancellations); i++) {
		const char *name = cancellations[i].name;
		size_t n = 0;
		enum rc rc;

		clear();
		(void)an_order();
		if (!cancellations[i].has_page)
			(void)sql(
			    "UPDATE midtrans_attempts SET snap_token = NULL, redirect_url = NULL");
		if (cancellations[i].confirmed)
			confirmed("T-1", "pending");
		if (cancellations[i].named)
			named("T-2");
		while (n < countof(cancellations[i].turns) && cancellations[i].turns[n].say != NULL)
			n++;
		rc = cancel(cancellations[i].turns, n);
		if (rc != cancellations[i].rc ||
		    (rc != RC_OK && strcmp(cx.err.msg, cancellations[i].msg) != 0))
			fail_msg("%s: rc %d: %s", name, rc, cx.err.msg);
		if (strcmp(requests(), cancellations[i].asked) != 0)
			fail_msg("%s: %s", name, requests());
		if (strcmp(attempt_is(1), cancellations[i].attempt) != 0)
			fail_msg("%s: %s", name, attempt_is(1));
	}
}

/* One that fails holds up no other, but where Midtrans does not answer. */
static void
each_open_transaction_is_ended(void **state)
{
	static const struct turn failing[] = { ABOUT("T-3", "pending", "201"),
		ABOUT("T-1", "pending", "201"), BROKEN, ABOUT("T-3", "cancel", "200") };
	static const struct turn busy[] = { ABOUT("T-3", "pending", "201"),
		ABOUT("T-1", "pending", "201"), BUSY };

	(void)state;
	(void)an_order();
	confirmed("T-1", "pending");
	confirmed("T-3", "pending");
	assert_int_equal(cancel(failing, countof(failing)), RC_UPSTREAM);
	assert_string_equal(requests(),
	    "GET unit-order/status, GET T-1/status, POST T-1/cancel, POST T-3/cancel");
	assert_string_equal(saved(), "T-1 pending, T-3 cancel");
	clear();
	(void)an_order();
	confirmed("T-1", "pending");
	confirmed("T-3", "pending");
	assert_int_equal(cancel(busy, countof(busy)), RC_RETRY);
	assert_string_equal(requests(), "GET unit-order/status, GET T-1/status, POST T-1/cancel");
}

/* ---- cards ----------------------------------------------------------------------------------- */

/* T-1 is a card's payment that has not settled; T-3 is pending. */
static void
a_captured_card(void)
{
	(void)an_order();
	assert_int_equal(
	    CHECK(((struct turn[]){ ANSWER("200",
		"{\"status_code\":\"200\",\"order_id\":\"unit-order\",\"transaction_id\":\"T-1\","
		"\"transaction_status\":\"capture\",\"fraud_status\":\"accept\","
		"\"gross_amount\":\"150000.00\"}") })),
	    RC_OK);
	assert_string_equal(attempt_is(1), "paid 1");
	confirmed("T-3", "pending");
}

static void
a_captured_card_is_cancelled(void **state)
{
	static const struct {
		struct turn turn;
		enum rc rc;
		bool executed;
	} cases[] = { { ABOUT("T-1", "cancel", "200"), RC_OK, true }, { BROKEN, RC_UPSTREAM, true },
		{ REFUSED, RC_UPSTREAM, false } };
	bool executed;

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		clear();
		a_captured_card();
		answering(&cases[i].turn, 1);
		cx.err = (struct err){ 0 };
		assert_int_equal(midtrans_void_card(&cx, attempt_of("unit-order"), "T-1",
				     &executed),
		    cases[i].rc);
		hang_up();
		assert_string_equal(requests(), "POST T-1/cancel");
		assert_int_equal(executed, cases[i].executed);
	}
}

/* Not the payment that was meant: nothing is cancelled. */
static void
a_card_that_has_settled_is_not_cancelled(void **state)
{
	bool executed;

	(void)state;
	a_captured_card();
	ANSWERING(((struct turn[]){ NONE }));
	assert_int_equal(midtrans_void_card(&cx, attempt_of("unit-order"), "T-3", &executed),
	    RC_OK);
	(void)sql("UPDATE midtrans_transactions SET outlook = 'paid'");
	assert_int_equal(midtrans_void_card(&cx, attempt_of("unit-order"), "T-1", &executed),
	    RC_OK);
	hang_up();
	assert_int_equal(peer.requests, 0);
}

/* An answer that could not be booked is no refusal: Midtrans is not asked again at once. */
static void
an_end_that_cannot_be_booked_is_an_error(void **state)
{
	bool executed = false;

	(void)state;
	a_captured_card();
	ANSWERING(((struct turn[]){ ABOUT("T-1", "cancel", "200"), NONE }));
	(void)sql("ALTER FUNCTION midtrans_payment_undo RENAME TO gone");
	assert_int_equal(midtrans_void_card(&cx, attempt_of("unit-order"), "T-1", &executed),
	    RC_INTERNAL);
	db_rollback(&cx);
	(void)sql("ALTER FUNCTION gone RENAME TO midtrans_payment_undo");
	hang_up();
	assert_true(executed);
	assert_string_equal(requests(), "POST T-1/cancel");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MIDTRANS_TEST(each_answer_leads_to_the_next_question),
		MIDTRANS_TEST(silence_ends_the_questions),
		MIDTRANS_TEST(an_attempt_that_is_none_is_not_asked_about),
		MIDTRANS_TEST(a_status_that_is_not_given_names_no_attempt),
		MIDTRANS_TEST(an_expired_order_is_ended),
		MIDTRANS_TEST(an_end_that_fails_fails_the_check),
		MIDTRANS_TEST(each_cancellation_ends_what_may_be_paid),
		MIDTRANS_TEST(each_open_transaction_is_ended),
		MIDTRANS_TEST(a_captured_card_is_cancelled),
		MIDTRANS_TEST(a_card_that_has_settled_is_not_cancelled),
		MIDTRANS_TEST(an_end_that_cannot_be_booked_is_an_error),
	};

	return cmocka_run_group_tests_name("midtrans/check", tests, rows_open, rows_close);
}
