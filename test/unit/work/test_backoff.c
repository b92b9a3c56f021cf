#include "unit.h"

#include "work/backoff.h"

static void
pause_doubles_up_to_the_most(void **state)
{
	static const int want[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
	struct backoff b = { .first_ms = 1000, .most_ms = 30000 };

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_int_equal(backoff_next(&b), want[i]);
}

static void
success_begins_anew(void **state)
{
	struct backoff b = { .first_ms = 5, .most_ms = 40 };

	(void)state;
	(void)backoff_next(&b);
	(void)backoff_next(&b);
	backoff_reset(&b);
	assert_int_equal(b.ms, 0);
	assert_int_equal(backoff_next(&b), 5);
}

static void
pause_never_overflows(void **state)
{
	struct backoff b = { .first_ms = 1000000000, .most_ms = 2000000000 };

	(void)state;
	(void)backoff_next(&b);
	assert_int_equal(backoff_next(&b), 2000000000);
	assert_int_equal(backoff_next(&b), 2000000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pause_doubles_up_to_the_most),
		cmocka_unit_test(success_begins_anew),
		cmocka_unit_test(pause_never_overflows),
	};

	return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
