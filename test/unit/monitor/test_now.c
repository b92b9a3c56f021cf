/* pinger --now: one host asked while a person waits. */
#include <string.h>

#include "fixture.h"

#include "monitor/now.h"

static void
numbers_have_bounds(void **state)
{
	static const char *const counts[] = { "0", "21", "-1", "", "4x", " 4", "4294967297" };
	static const char *const timeouts[] = { "9", "10001", "1e5", "" };

	(void)state;
	assert_null(now_fault("h", NULL, NULL));
	assert_null(now_fault("h", "1", "10"));
	assert_null(now_fault("h", "20", "10000"));
	assert_null(now_fault(NULL, NULL, NULL));
	assert_non_null(now_fault(NULL, "1", NULL)); /* the service has no such number */
	assert_non_null(now_fault(NULL, NULL, "10"));
	for (size_t i = 0; i < countof(counts); i++)
		assert_string_equal(now_fault("h", counts[i], NULL),
		    "--count is a number from 1 to 20");
	for (size_t i = 0; i < countof(timeouts); i++)
		assert_string_equal(now_fault("h", "1", timeouts[i]),
		    "--timeout is a number from 10 to 10000");
}

static void
a_host_that_answers(void **state)
{
	const char *json = NULL;

	(void)state;
	assert_int_equal(now_json(&cx, "127.8.8.8", "2", "5000", &json), RC_OK);
	assert_non_null(strstr(json, "\"address\":\"127.8.8.8\",\"sent\":2,\"received\":2,"
				     "\"packet_loss_percent\":0.0,"));
	assert_string_equal(strstr(json, "\"status\""), "\"status\":\"up\"}");
	assert_null(strstr(json, "null"));
	assert_int_equal(now_json(&cx, "127.8.8.8", NULL, NULL, &json), RC_OK);
	assert_non_null(strstr(json, "\"sent\":4,\"received\":4,")); /* by default */
}

/* Nothing answers there: numbers that nobody measured are null, and not 0. */
static void
a_host_that_is_silent(void **state)
{
	const char *json = NULL;

	(void)state;
	assert_int_equal(now_json(&cx, "240.0.0.1", "1", "50", &json), RC_OK);
	assert_non_null(strstr(json, "\"received\":0,\"packet_loss_percent\":100.0,"
				     "\"latency_ms\":null,"));
	assert_string_equal(strstr(json, "\"status\""), "\"status\":\"down\"}");
}

static void
a_name_without_an_address(void **state)
{
	const char *json = NULL;

	(void)state;
	assert_int_equal(now_json(&cx, "no-such-name.invalid", "1", "50", &json), RC_UPSTREAM);
	assert_null(json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(numbers_have_bounds),
		FIXTURE_TEST(a_host_that_answers),
		FIXTURE_TEST(a_host_that_is_silent),
		FIXTURE_TEST(a_name_without_an_address),
	};

	return cmocka_run_group_tests_name("now", tests, NULL, NULL);
}
