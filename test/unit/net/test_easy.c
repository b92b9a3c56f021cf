#include "net/easy.h"
#include "unit.h"

#include <string.h>

static void
test_a_text_is_given_in_pieces(void **state)
{
	struct easy_text text = { "0123456789", 10 };
	char got[8];

	(void)state;
	assert_int_equal(easy_give(got, 2, 3, &text), 6);
	assert_memory_equal(got, "012345", 6);
	assert_int_equal(text.len, 4);
	assert_int_equal(easy_give(got, 1, sizeof(got), &text), 4);
	assert_memory_equal(got, "6789", 4);
	assert_int_equal(easy_give(got, 1, sizeof(got), &text), 0);
}

static void
test_no_text_gives_nothing(void **state)
{
	struct easy_text text = { NULL, 0 };
	char got[1];

	(void)state;
	assert_int_equal(easy_give(got, 1, sizeof(got), &text), 0);
}

static void
test_a_handle_goes_with_its_arena(void **state)
{
	struct arena *mem = arena_new(1024);

	(void)state;
	assert_non_null(easy_new(mem));
	arena_free(mem); /* a handle that stayed is a leak, which the sanitizer reports */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_text_is_given_in_pieces),
		cmocka_unit_test(test_no_text_gives_nothing),
		cmocka_unit_test(test_a_handle_goes_with_its_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
