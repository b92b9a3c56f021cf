/* test_job.c: the work of gateway-sync, one step at a time, and checks of many attempts; the rest
 * of a check: test_check.c. */
#include "midtrans/world.h"

#include "logged.h"
#include "midtrans/job.h"

#define BROKEN ANSWER("500", "{}")
#define BUSY   ANSWER("429", "{}")

/* "outcome wait hold": a step against these answers. */
static struct loop_turn
step(const struct turn *turns, size_t n)
{
	struct loop_turn turn = { 0 };

	answering(turns, n);
	cx.err = (struct err){ 0 };
	assert_int_equal(midtrans_loop.step(&cx, midtrans_loop.work, &turn), RC_OK);
	hang_up();
	return turn;
}

#define STEP(turns) step(turns, countof(turns))

static void
job(const char *kind)
{
	(void)sql("SELECT midtrans_job_add('%s', '%s')::text AS v", attempt_of("unit-order"), kind);
}

static void
attempt_set(const char *what)
{
	(void)sql("UPDATE midtrans_attempts SET %s", what);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

/* A page is ended where its amount is not owed, or beside a payment; one that is owed again is not.
 */
static void
a_page_is_cancelled_unless_it_is_owed(void **state)
{
	static const struct {
		const char *state;
		bool owed, has_open;
		int requests;
	} cases[] = { { "open", true, false, 0 }, { "open", false, false, 2 },
		{ "closed", true, false, 2 }, { "paid", true, false, 0 },
		{ "paid", false, false, 0 }, { "paid", true, true, 2 } };
	static const struct turn ended[] = { NONE, ANSWER("200", "{\"status_code\":\"200\"}") };
	static const struct turn open[] = { ABOUT("T-1", "pending", "201"),
		ABOUT("T-1", "cancel", "200") };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		clear();
		(void)an_order();
		attempt_set(arena_printf(cx.mem, "state = '%s', amount = %d", cases[i].state,
		    cases[i].owed ? 150000 : 140000));
		if (cases[i].has_open)
			(void)sql("INSERT INTO midtrans_transactions (attempt_id, transaction_id,"
				  " transaction_status, outlook, gross_amount, confirmed)"
				  " VALUES ('%s', 'T-1', 'pending', 'pending', 150000, true)",
			    attempt_of("unit-order"));
		job("cancel");
		assert_int_equal(step(cases[i].has_open ? open : ended, 2).outcome, LOOP_DONE);
		if (peer.requests != cases[i].requests)
			fail_msg("case %zu: %s", i, requests());
		assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM midtrans_jobs"
					 " WHERE done_at IS NOT NULL"),
		    1);
	}
}

static void
only_an_expired_order_is_asked_about_for_that(void **state)
{
	static const struct turn turns[] = { NONE };

	(void)state;
	(void)an_order();
	job("expire");
	assert_int_equal(STEP(turns).outcome, LOOP_DONE);
	assert_int_equal(peer.requests, 0);
	attempt_set("expires_at = now()");
	job("expire");
	assert_int_equal(STEP(turns).outcome, LOOP_DONE);
	assert_int_equal(peer.requests, 1);
	assert_string_equal(attempt_is(1), "closed 1");
}

static int64_t
unconfirmed_alerts(void)
{
	return sql_i64("SELECT count(*)::text AS v FROM midtrans_attempts"
		       " WHERE 'unconfirmed:partial_refund:T-1' = ANY(alerts)");
}

/* Money that a notification alone says went back is asked for; an alert follows where Midtrans
 * knows of none, and not where it gave no answer. */
static void
a_notification_that_is_not_confirmed_alerts(void **state)
{
	static const struct turn broken[] = { BROKEN, BROKEN };
	static const struct turn paid[] = { ABOUT("T-1", "settlement", "200") };

	(void)state;
	assert_int_equal(notify(notice(a_paid_order(), "partial_refund", "200")), RC_OK);
	log_catch();
	assert_int_equal(STEP(broken).outcome, LOOP_FAILED);
	assert_non_null(strstr(log_caught(), "event=work rc=upstream"));
	assert_int_equal(unconfirmed_alerts(), 0);
	(void)sql("UPDATE midtrans_jobs SET due_at = now()");
	assert_int_equal(STEP(paid).outcome, LOOP_DONE);
	assert_int_equal(unconfirmed_alerts(), 1);
}

/* As long as Midtrans asks, and a minute at most. */
static void
no_step_follows_for_as_long_as_midtrans_asks(void **state)
{
	static const struct {
		struct turn turn;
		int hold_ms;
	} cases[] = { { BUSY, 10000 },
		{ { .say = "HTTP/1.1 429 X\r\nRetry-After: 7\r\nConnection: close\r\n\r\n{}",
		      .end = PEER_CLOSE },
		    7000 },
		{ { .say = "HTTP/1.1 429 X\r\nRetry-After: 61\r\nConnection: close\r\n\r\n{}",
		      .end = PEER_CLOSE },
		    60000 },
		{ BROKEN, 0 } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct loop_turn turn;

		clear();
		(void)an_order();
		job("confirm");
		turn = step(&cases[i].turn, 1);
		assert_int_equal(turn.outcome,
		    cases[i].hold_ms > 0 ? LOOP_UNREACHABLE : LOOP_FAILED);
		assert_int_equal(turn.hold_ms, cases[i].hold_ms);
		assert_string_equal(sql("SELECT (done_at IS NULL AND due_at > now())::text AS v"
					" FROM midtrans_jobs"),
		    "true");
	}
}

/* A check that fails is due later, and closes no order that has expired. */
static void
a_check_without_an_answer_closes_nothing(void **state)
{
	static const struct turn turns[] = { BROKEN };

	(void)state;
	(void)an_order();
	attempt_set("expires_at = now(), next_check_at = now()");
	assert_int_equal(STEP(turns).outcome, LOOP_FAILED);
	assert_string_equal(attempt_is(1), "open 1");
	assert_string_equal(sql("SELECT concat_ws(' ', checks, next_check_at > now()) AS v"
				" FROM midtrans_attempts"),
	    "1 t");
	assert_int_equal(cx.err.rc, RC_OK);
	answering(turns, 1);
	assert_int_equal(midtrans_check_and_schedule(&cx, attempt_of("unit-order")), RC_UPSTREAM);
	hang_up();
	assert_string_equal(cx.err.msg, "Midtrans answered 500.");
}

/* The database fails in a step: that is no idle one. */
static void
a_step_that_cannot_be_written_down_fails(void **state)
{
	static const struct {
		const char *function;
		bool job, check;
		struct turn turn;
	} cases[] = { { "midtrans_job_take", false, false, NONE },
		{ "midtrans_check_take", false, false, NONE },
		{ "midtrans_work_wait", false, false, NONE },
		{ "midtrans_job_finish", true, false, NONE },
		{ "midtrans_job_fail", true, false, BROKEN } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const char *name = cases[i].function;
		struct loop_turn turn = { 0 };
		struct ctx fresh;
		enum rc rc;

		clear();
		(void)an_order();
		if (cases[i].job)
			job("confirm");
		answering(&cases[i].turn, 1);
		fresh = rival_open();
		fresh.conf = cx.conf;
		fresh.midtrans = cx.midtrans;
		(void)sql("ALTER FUNCTION %s RENAME TO gone", name);
		rc = midtrans_loop.step(&fresh, midtrans_loop.work, &turn);
		(void)sql("ALTER FUNCTION gone RENAME TO %s", name);
		hang_up();
		if (rc == RC_OK)
			fail_msg("%s", name);
		rival_close(&fresh);
	}
}

static void
without_a_key_there_is_no_work(void **state)
{
	struct loop_turn turn = { 0 };

	(void)state;
	(void)an_order();
	job("confirm");
	attempt_set("expires_at = now() - interval '1 minute'");
	conf.val[CONF_MIDTRANS_SERVER_KEY] = "";
	turn = STEP(((struct turn[]){ NONE }));
	assert_int_equal(turn.outcome, LOOP_IDLE);
	assert_int_equal(turn.wait_ms, 0);
	assert_int_equal(midtrans_loop.sweep(&cx, NULL), RC_OK);
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM midtrans_jobs"), 1);
	conf.val[CONF_MIDTRANS_SERVER_KEY] = KEY;
	assert_int_equal(midtrans_loop.sweep(&cx, NULL), RC_OK);
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM midtrans_jobs"), 2);
}

/* ---- many attempts --------------------------------------------------------------------------- */

/* Further orders of the invoice, due one after another. */
static void
orders(int n)
{
	(void)an_order();
	(void)sql("INSERT INTO midtrans_attempts (invoice_id, attempt, order_id, amount, calls,"
		  " expires_at, next_check_at)"
		  " SELECT invoice_id, n, 'o' || n, amount, 1, expires_at,"
		  " next_check_at + n * interval '1 minute'"
		  " FROM midtrans_attempts, generate_series(2, %d) n",
	    n);
}

/* Two silences in a row end it; one that an answer follows does not. */
static void
a_silence_between_answers_ends_nothing(void **state)
{
	static const struct turn between[] = { BUSY, BROKEN, BUSY, NONE, BUSY };
	static const struct turn in_a_row[] = { NONE, BUSY, BUSY, NONE };
	struct midtrans_count n;
	const char *lines;

	(void)state;
	orders(5);
	ANSWERING(between);
	log_catch();
	assert_int_equal(midtrans_reconcile(&cx, false, &n), RC_OK);
	lines = log_caught();
	hang_up();
	assert_non_null(strstr(lines, "event=\"no answer\" rc=retry"));
	assert_int_equal(n.asked, 5);
	assert_int_equal(n.failed, 4);
	assert_int_equal(peer.requests, 5);
	assert_int_equal(cx.err.rc, RC_OK);
	clear();
	orders(5);
	ANSWERING(in_a_row);
	assert_int_equal(midtrans_reconcile(&cx, false, &n), RC_OK);
	hang_up();
	assert_int_equal(n.asked, 5);
	assert_int_equal(n.failed, 4);
	assert_int_equal(peer.requests, 3);
}

static void
only_due_checks_are_made(void **state)
{
	static const struct turn turns[] = { NONE, NONE };
	struct midtrans_count n;

	(void)state;
	orders(2);
	attempt_set("next_check_at = CASE attempt WHEN 2 THEN now() ELSE next_check_at END");
	ANSWERING(turns);
	assert_int_equal(midtrans_reconcile(&cx, true, &n), RC_OK);
	hang_up();
	assert_int_equal(n.asked, 1);
	assert_int_equal(n.failed, 0);
	assert_string_equal(requests(), "GET o2/status");
}

static bool
yes(void)
{
	return true;
}

static void
a_stop_ends_the_checks(void **state)
{
	struct midtrans_count n;
	struct midtrans_held *held;
	const char *sub;
	size_t nheld;

	(void)state;
	(void)an_order();
	(void)sql("UPDATE invoices SET status = 'overdue', due_date = '2026-03-01'");
	sub = sql("SELECT id::text AS v FROM subscriptions");
	ANSWERING(((struct turn[]){ NONE }));
	cx.stopping = yes;
	assert_int_equal(midtrans_reconcile(&cx, false, &n), RC_RETRY);
	assert_int_equal(midtrans_hold_unanswered(&cx, &sub, 1, "2026-03-05", &held, &nheld),
	    RC_RETRY);
	cx.stopping = NULL;
	hang_up();
	assert_int_equal(peer.requests, 0);
}

/* A second one who owes, with an order of their own. */
static const char *
another_debtor(void)
{
	const char *sub = sql(
	    "SELECT subscription_create(jsonb_build_object('customer_id', c.id, 'package_id', p.id,"
	    " 'mikrotik_username', 'dewi', 'mikrotik_password', 'x', 'issue_invoice', true),"
	    " '2026-03-02')::text AS v FROM customers c, packages p");

	sub = sql("SELECT id::text AS v FROM subscriptions WHERE mikrotik_username = 'dewi'");
	(void)sql("INSERT INTO midtrans_attempts (invoice_id, attempt, order_id, amount, calls,"
		  " state, expires_at, next_check_at) SELECT id, 1, 'dewi', amount, 1, 'open',"
		  " now() + interval '1 day', now() + interval '1 minute' FROM invoices"
		  " WHERE subscription_id = '%s'",
	    sub);
	return sub;
}

/* One answer of two is not enough, and one subscriber's silence holds no other. */
static void
a_debt_is_held_by_any_order_without_an_answer(void **state)
{
	struct midtrans_held *held;
	const char *subs[2];
	size_t n;

	(void)state;
	orders(2);
	subs[0] = sql("SELECT id::text AS v FROM subscriptions");
	subs[1] = another_debtor();
	(void)sql("UPDATE invoices SET status = 'overdue', due_date = '2026-03-01'");
	ANSWERING(((struct turn[]){ BROKEN, NONE, NONE }));
	assert_int_equal(midtrans_hold_unanswered(&cx, subs, 2, "2026-03-05", &held, &n), RC_OK);
	hang_up();
	assert_int_equal(peer.requests, 3);
	assert_int_equal(n, 1);
	assert_string_equal(held[0].subscription_id,
	    strcmp(subs[0], subs[1]) < 0 ? subs[0] : subs[1]);
	assert_string_equal(held[0].customer_name, "Citra");
	assert_string_equal(sql("SELECT string_agg(id::text, ' ') AS v FROM subscriptions"
				" WHERE gateway_holds = 1"),
	    held[0].subscription_id);
}

/* The nights of holding have an end. */
static void
a_debt_is_not_held_for_ever(void **state)
{
	struct midtrans_held *held;
	const char *sub;
	size_t n;

	(void)state;
	(void)an_order();
	(void)sql("UPDATE invoices SET status = 'overdue', due_date = '2026-03-01'");
	(void)sql("UPDATE subscriptions SET gateway_holds = (SELECT hold_nights FROM settings)");
	sub = sql("SELECT id::text AS v FROM subscriptions");
	ANSWERING(((struct turn[]){ BROKEN }));
	assert_int_equal(midtrans_hold_unanswered(&cx, &sub, 1, "2026-03-05", &held, &n), RC_OK);
	hang_up();
	assert_int_equal(n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MIDTRANS_TEST(a_page_is_cancelled_unless_it_is_owed),
		MIDTRANS_TEST(only_an_expired_order_is_asked_about_for_that),
		MIDTRANS_TEST(a_notification_that_is_not_confirmed_alerts),
		MIDTRANS_TEST(no_step_follows_for_as_long_as_midtrans_asks),
		MIDTRANS_TEST(a_check_without_an_answer_closes_nothing),
		MIDTRANS_TEST(a_step_that_cannot_be_written_down_fails),
		MIDTRANS_TEST(without_a_key_there_is_no_work),
		MIDTRANS_TEST(a_silence_between_answers_ends_nothing),
		MIDTRANS_TEST(only_due_checks_are_made),
		MIDTRANS_TEST(a_stop_ends_the_checks),
		MIDTRANS_TEST(a_debt_is_held_by_any_order_without_an_answer),
		MIDTRANS_TEST(a_debt_is_not_held_for_ever),
	};

	return cmocka_run_group_tests_name("midtrans/job", tests, rows_open, rows_close);
}
