/* test_peer.c: a run that asks Midtrans has a connection of its own for it; what it asks:
 * test_billing.c. */
#include "rows.h"

#include "base/conf.h"
#include "billing/peer.h"
#include "midtrans/midtrans.h"

static const char *
sessions(void)
{
	return sql("SELECT count(*)::text AS v FROM pg_stat_activity"
		   " WHERE application_name = 'billing-cron'");
}

/* The connection is open while the run needs it, and no longer: a leak is a failure here. */
static void
the_gateway_of_a_run_ends_with_it(void **state)
{
	struct billing_options opt = { .date = "2026-03-02", .dry_run = true };
	struct conf cf = { 0 };
	struct billing_report rep;

	(void)state;
	for (int i = 0; i < CONF__MAX; i++)
		cf.val[i] = "";
	cf.val[CONF_DATABASE_URL] = getenv("TEST_DB");
	cx.conf = &cf;
	assert_int_equal(peer_billing_run(&cx, &opt, NULL, NULL, &rep), RC_OK);
	assert_non_null(opt.gateway);
	assert_string_equal(sessions(), "0");
	assert_true(rep.dry_run);
	cx.conf = NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_gateway_of_a_run_ends_with_it),
	};

	return cmocka_run_group_tests_name("billing/peer", tests, rows_open, rows_close);
}
