/* test_database.c: a statement that fails is the error of the call that needed it, and no answer of
 * Midtrans hides it. */
#include "midtrans/world.h"

#include "midtrans/check.h"
#include "midtrans/job.h"

#define BROKEN ANSWER("500", "{}")

static const char order[] = "unit-order";

static enum rc
check_it(struct ctx *own)
{
	return midtrans_check_attempt(own, attempt_of(order));
}

static enum rc
check_it_later(struct ctx *own)
{
	return midtrans_check_and_schedule(own, attempt_of(order));
}

static enum rc
ask_for_it(struct ctx *own)
{
	const char *id;

	return midtrans_ask_status(own, order, &id);
}

static enum rc
cancel_it(struct ctx *own)
{
	const char *id;

	return midtrans_cancel_order(own, order, &id);
}

static enum rc
open_it(struct ctx *own)
{
	const char *invoice = sql("SELECT id::text AS v FROM invoices");
	struct midtrans_page page;

	(void)sql("UPDATE midtrans_attempts SET state = 'closed', closed_at = now()");
	return midtrans_open_page(own, &(struct midtrans_debt){ invoice, "bill" }, &page);
}

static enum rc
hold_it(struct ctx *own)
{
	const char *sub = sql("SELECT id::text AS v FROM subscriptions");
	struct midtrans_held *held;
	size_t n;

	(void)sql("UPDATE invoices SET status = 'overdue', due_date = '2026-03-01'");
	return midtrans_hold_unanswered(own, &sub, 1, "2026-03-05", &held, &n);
}

static enum rc
refund_it(struct ctx *own)
{
	const struct midtrans_refund_request want = { .order_id = order, .amount = 50000 };
	const char *id;

	return midtrans_refund_order(own, &want, &id);
}

/* clang-format off */
static const struct {
	const char *function;
	enum rc (*call)(struct ctx *);
	bool paid, named;
	struct turn turns[2];
} cases[] = {
	{ "midtrans_attempt_view", check_it, false, false, { NONE } },
	{ "midtrans_transactions_to_ask", check_it, false, false, { NONE } },
	{ "midtrans_check_finish", check_it, false, false, { NONE } },
	{ "midtrans_check_finish", check_it_later, false, false, { BROKEN } },
	{ "midtrans_unknown_id_count", check_it, false, true, { NONE, NONE } },
	{ "midtrans_check_finish", ask_for_it, false, false, { NONE } },
	{ "midtrans_attempt_close", cancel_it, false, false, { NONE, NONE } },
	{ "midtrans_page_find", open_it, false, false, { MADE } },
	{ "midtrans_attempt_add", open_it, false, false, { MADE } },
	{ "midtrans_attempt_record_answer", open_it, false, false, { MADE } },
	{ "midtrans_attempts_of_debts", hold_it, false, false, { NONE } },
	{ "midtrans_hold", hold_it, false, false, { BROKEN } },
	{ "midtrans_hold_end", hold_it, false, false, { NONE } },
	{ "midtrans_refund_begin", refund_it, true, false, { BROKEN } },
	{ "midtrans_refund", refund_it, true, false, { BROKEN } },
	{ "midtrans_job_add", refund_it, true, false, { BROKEN } },
	{ "midtrans_job_add", refund_it, true, false, { ANSWER("200", "{\"status_code\":\"200\"}") } },
};
/* clang-format on */

/* A connection of its own, on which nothing is prepared. */
static enum rc
call_without(size_t i)
{
	struct ctx fresh = rival_open();
	enum rc rc;

	fresh.conf = cx.conf;
	fresh.midtrans = cx.midtrans;
	(void)sql("ALTER FUNCTION %s RENAME TO gone", cases[i].function);
	rc = cases[i].call(&fresh);
	(void)sql("ALTER FUNCTION gone RENAME TO %s", cases[i].function);
	rival_close(&fresh);
	return rc;
}

static void
each_statement_that_fails_is_an_error(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		enum rc rc;

		clear();
		if (cases[i].paid)
			(void)a_paid_order();
		else
			(void)an_order();
		if (cases[i].named)
			assert_int_equal(notify(notice_of("T-2", order, "pending", "201")), RC_OK);
		answering(cases[i].turns, cases[i].turns[1].say != NULL ? 2 : 1);
		rc = call_without(i);
		hang_up();
		if (rc != RC_INTERNAL)
			fail_msg("%zu, without %s: rc %d", i, cases[i].function, rc);
	}
}

/* Not one order is asked about where the list of them cannot be read. */
static void
a_list_that_cannot_be_read_is_an_error(void **state)
{
	struct midtrans_count n = { 7, 7 };
	struct ctx fresh = rival_open();

	(void)state;
	(void)an_order();
	ANSWERING(((struct turn[]){ NONE }));
	fresh.conf = cx.conf;
	fresh.midtrans = cx.midtrans;
	(void)sql("ALTER TABLE midtrans_attempts RENAME next_check_at TO gone");
	assert_int_equal(midtrans_reconcile(&fresh, false, &n), RC_INTERNAL);
	(void)sql("ALTER TABLE midtrans_attempts RENAME gone TO next_check_at");
	hang_up();
	assert_int_equal(n.asked, 7);
	assert_int_equal(peer.requests, 0);
	rival_close(&fresh);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MIDTRANS_TEST(each_statement_that_fails_is_an_error),
		MIDTRANS_TEST(a_list_that_cannot_be_read_is_an_error),
	};

	return cmocka_run_group_tests_name("midtrans/database", tests, rows_open, rows_close);
}
