/* test_billing_chunk.c: how large a chunk is; its transactions: test_billing.c. */
#include "unit.h"

#include "billing/billing_int.h"

/* Above 150 ms it is halved, below 60 ms it is doubled; within bounds. */
static void
a_chunk_follows_the_time_of_the_last_one(void **state)
{
	static const struct {
		size_t size;
		int64_t took;
		size_t next;
	} cases[] = { { 256, 151, 128 }, { 256, 150, 256 }, { 256, 60, 256 }, { 256, 59, 512 },
		{ 17, 151, 8 }, { 16, 151, 16 }, { 512, 0, 1024 }, { 1024, 0, 1024 } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		if (billing_next_size(cases[i].size, cases[i].took) != cases[i].next)
			fail_msg("%zu after %d ms", cases[i].size, (int)cases[i].took);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chunk_follows_the_time_of_the_last_one),
	};

	return cmocka_run_group_tests_name("billing/chunk", tests, NULL, NULL);
}
