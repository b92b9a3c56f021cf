#include "unit.h"

#include <poll.h>

#include "base/clock.h"

static void
milliseconds_go_by(void **state)
{
	int64_t start = clock_ms(), took;

	(void)state;
	(void)poll(NULL, 0, 50);
	took = clock_ms() - start;
	assert_in_range(took, 49, 30000); /* microseconds would be more */
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(milliseconds_go_by) };

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
