/* Each change that makes a message wakes the notifier, which else looks only now and then; one that
 * makes none does not. */
#include "rows.h"

static int
open_listener(void **state)
{
	if (rows_open(state) != 0)
		return -1;
	cx.actor = (struct actor){ .name = "unit" };
	cx.request_id = "";
	return db_listen(&cx, "messages") == RC_OK ? 0 : -1;
}

/* Was the notifier woken by this statement, once or more? */
static bool
wakes(const char *statement)
{
	const char *payload = NULL, *more = NULL;

	(void)sql("%s", statement);
	assert_int_equal(db_wait(&cx, 200, &payload), RC_OK);
	do
		assert_int_equal(db_wait(&cx, 0, &more), RC_OK);
	while (more != NULL);
	return payload != NULL;
}

static void
an_alert_and_its_recovery_wake(void **state)
{
	(void)state;
	assert_true(wakes("SELECT alert_raise('system', 'info', 't', 'm', NULL, 'wake') AS v"));
	assert_false(wakes("SELECT alert_resolve('no such key', 'over') AS v"));
	assert_true(wakes("SELECT alert_resolve('wake', 'over') AS v"));
	assert_true(wakes("SELECT alert_raise('system', 'info', 't', 'm', NULL, 'wake') AS v"));
	assert_false(wakes("SELECT alert_resolve('wake') AS v"));
}

static void
a_message_that_is_queued_wakes(void **state)
{
	const char *customer;

	(void)state;
	customer = sql("INSERT INTO customers (name, email) VALUES ('Ani', 'a@x.id')"
		       " RETURNING id::text AS v");
	(void)sql("INSERT INTO notification_settings (channel, audience, config)"
		  " VALUES ('email', 'customers', '{}')");
	(void)sql("UPDATE message_templates SET is_active = true WHERE event = 'paid'");
	for (int again = 0; again < 2; again++)
		assert_int_equal(wakes(arena_printf(cx.mem,
				     "SELECT message_queue('paid', '%s', NULL, NULL, 'k') AS v",
				     customer)),
		    again == 0);
	assert_true(wakes("SELECT message_queue_user(uuidv7(), 'password_reset', 'a@x.id',"
			  " '{}', 'sealed') AS v"));
	(void)sql("UPDATE message_outbox SET state = 'failed'");
	assert_true(wakes("SELECT message_resend(id) AS v FROM message_outbox LIMIT 1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alert_and_its_recovery_wake),
		cmocka_unit_test(a_message_that_is_queued_wakes),
	};

	return cmocka_run_group_tests_name("wake", tests, open_listener, rows_close);
}
