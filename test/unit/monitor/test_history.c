/* The beginning and the end of every run that stores history: one run at a time, partitions. */
#include "rows.h"

#include "../logged.h"
#include "monitor/history.h"

static int64_t
partitions_of(const char *parent)
{
	return sql_i64("SELECT count(*) AS v FROM history_partitions() WHERE parent = '%s'",
	    parent);
}

/* Readings of a week can be stored, whatever happens to the next runs. */
static void
partitions_are_made_a_week_ahead(void **state)
{
	(void)state;
	assert_int_equal(history_begin(&cx, "unit-poller"), RC_OK);
	assert_in_range(partitions_of("ping_history"), 8, 10);
	assert_string_equal(sql("SELECT (max(ends) > now() + interval '7 days')::text AS v"
				" FROM history_partitions() WHERE parent = 'bandwidth_history'"),
	    "true");
	assert_int_equal(history_begin(&cx, "unit-poller"), RC_OK); /* the lock is ours already */
}

static void
one_run_of_a_program_at_a_time(void **state)
{
	struct ctx other = rival_open();

	(void)state;
	assert_int_equal(history_begin(&other, "unit-pinger"), RC_OK);
	assert_int_equal(history_begin(&cx, "unit-pinger"), RC_RETRY);
	assert_string_equal(cx.err.msg, "another unit-pinger is running");
	cx.err = (struct err){ 0 };
	assert_int_equal(history_begin(&cx, "unit-poller"), RC_OK);
	rival_close(&other);
}

static void
partitions_past_their_time_are_dropped(void **state)
{
	int64_t before;

	(void)state;
	assert_int_equal(history_begin(&cx, "unit-poller"), RC_OK);
	before = partitions_of("ping_history");
	(void)sql("SELECT history_make('2020-01-01', '2020-01-03') AS v");
	assert_int_equal(partitions_of("ping_history"), before + 3);
	assert_int_equal(history_end(&cx), RC_OK);
	assert_int_equal(partitions_of("ping_history"), before);
	assert_int_equal(history_end(&cx), RC_OK); /* there is none left: nothing happens */
	assert_int_equal(partitions_of("ping_history"), before);
}

/* No run begins without its lock; one that cannot drop what is old has done its work. */
static void
a_failing_database_stops_no_end(void **state)
{
	const char *logged;

	(void)state;
	break_database();
	assert_int_not_equal(history_begin(&cx, "unit-poller"), RC_OK);
	log_catch();
	assert_int_equal(history_end(&cx), RC_OK);
	logged = log_caught();
	assert_non_null(strstr(logged, "level=warn"));
	assert_non_null(strstr(logged, "history_drop"));
}

static void
partitions_that_cannot_be_made_are_an_error(void **state)
{
	(void)state;
	break_function("history_make");
	assert_int_not_equal(history_begin(&cx, "unit-poller"), RC_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(partitions_are_made_a_week_ahead),
		ROWS_TEST(one_run_of_a_program_at_a_time),
		ROWS_TEST(partitions_past_their_time_are_dropped),
		ROWS_TEST(a_failing_database_stops_no_end),
		ROWS_TEST(partitions_that_cannot_be_made_are_an_error),
	};

	return cmocka_run_group_tests_name("history", tests, rows_open, rows_close);
}
