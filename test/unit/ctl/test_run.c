/* The nightly runs that `ispctl billing runs` lists. */
#include "rows.h"

#include "sql.h"

static void
the_newest_twenty_come_newest_first(void **state)
{
	struct db_rows *rows;

	(void)state;
	(void)sql("TRUNCATE billing_runs CASCADE");
	(void)sql("INSERT INTO billing_runs (business_date)"
		  " SELECT date '2026-02-01' + n FROM generate_series(0, 20) n ORDER BY n");
	assert_int_equal(db_rows(&cx, &SQL_billing_runs_newest, &rows), RC_OK);
	assert_int_equal(db_count(rows), 20);
	assert_string_equal(db_text(rows, 0, "date"), "2026-02-21");
	assert_string_equal(db_text(rows, 0, "outcome"), "not finished");
	assert_string_equal(db_text(rows, 19, "date"), "2026-02-02");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(the_newest_twenty_come_newest_first),
	};

	return cmocka_run_group_tests_name("run", tests, rows_open, rows_close);
}
