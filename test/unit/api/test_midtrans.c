/* test_midtrans.c: an attempt as people see it; what Midtrans says and does: test_midtrans of
 * midtrans. */
#include "rows.h"

#include "sql.h"

/* An attempt at an invoice, without a transaction so far; its id. */
static const char *
an_attempt(const char *invoice, int n)
{
	return sql(
	    "INSERT INTO midtrans_attempts (invoice_id, attempt, order_id, amount, calls, state,"
	    " expires_at, next_check_at) VALUES ('%s', %d, 'order-%d', 150000, 1, 'pending',"
	    " now() + interval '1 day', now()) RETURNING id AS v",
	    invoice, n, n);
}

static void
a_transaction(const char *attempt, const char *id, int minutes_ago)
{
	(void)sql(
	    "INSERT INTO midtrans_transactions (attempt_id, transaction_id, transaction_status,"
	    " outlook, gross_amount, created_at) VALUES ('%s', '%s', 'pending', 'pending', 150000,"
	    " now() - interval '%d minutes')",
	    attempt, id, minutes_ago);
}

/* "order-1 unpaid T-2": the order, its invoice's status, and its transaction. */
static const char *
standing(const char *attempt)
{
	struct db_rows *rows;
	const char *id;

	assert_int_equal(db_row(&cx, &SQL_midtrans_attempt_standing, &rows, V_TEXT(attempt)),
	    RC_OK);
	id = db_text(rows, 0, "transaction_id");
	return arena_printf(cx.mem, "%s %s %s", db_text(rows, 0, "order_id"),
	    db_text(rows, 0, "invoice_status"), id != NULL ? id : "-");
}

/* Its own: that which paid, else the newest. */
static void
an_attempt_stands_with_one_transaction(void **state)
{
	const char *invoice = an_invoice(), *one = an_attempt(invoice, 1), *two;

	(void)state;
	assert_string_equal(standing(one), "order-1 unpaid -");
	(void)sql("UPDATE midtrans_attempts SET state = 'closed', closed_at = now()");
	two = an_attempt(invoice, 2);
	a_transaction(one, "T-1", 9);
	a_transaction(one, "T-2", 5);
	a_transaction(one, "T-3", 7);
	a_transaction(two, "T-4", 1);
	assert_string_equal(standing(one), "order-1 unpaid T-2");
	assert_string_equal(standing(two), "order-2 unpaid T-4");
	(void)
	    sql("UPDATE midtrans_transactions SET outlook = 'paid', payment_id = (SELECT payment_id"
		" FROM payment_book(jsonb_build_object('invoice_id', '%s'), '2026-03-02'))"
		" WHERE transaction_id = 'T-1'",
		invoice);
	assert_string_equal(standing(one), "order-1 paid T-1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(an_attempt_stands_with_one_transaction),
	};

	return cmocka_run_group_tests_name("midtrans", tests, rows_open, rows_close);
}
