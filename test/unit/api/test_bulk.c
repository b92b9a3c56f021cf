/*
 * One act on many bills or lines: which a filter means, and what no filter may say. Covers bulk.c.
 */
#include "subscriber.h"

static const char path[] = "/api/invoices/bulk";

static void
a_filter_names_states_and_rows(void **state)
{
	struct subscriber s = sign_up(",\"issue_invoice\":true");
	const char *bill = only_invoice(&s);
	struct answer a;

	(void)state;
	a = want(200, "POST", path,
	    FMT("{\"act\":\"cancel\",\"filter\":{\"customer_id\":\"%s\",\"status\":\"overdue\"}}",
		s.customer));
	assert_int_equal(cJSON_GetArraySize(a.json), 0);
	a = want(200, "POST", path,
	    FMT("{\"act\":\"cancel\",\"filter\":{\"customer_id\":\"%s\","
		"\"status\":\"overdue,unpaid\"}}",
		s.customer));
	assert_int_equal(cJSON_GetArraySize(a.json), 1);
	assert_non_null(strstr(a.body, bill));
}

static void
a_filter_of_another_form_is_refused(void **state)
{
	static const struct {
		const char *filter, *field;
	} bad[] = {
		{ "{\"status\":\"unpaid,rich\"}", "filter.status" },
		{ "{\"customer_id\":\"x\"}", "filter.customer_id" },
		{ "{\"customer_id\":7}", "filter.customer_id" },
		{ "{\"colour\":\"red\"}", "filter" },
		{ "{}", "filter" },
		{ "[]", "filter" },
	};
	struct answer a;

	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		a = want(422, "POST", path,
		    FMT("{\"act\":\"cancel\",\"filter\":%s}", bad[i].filter));
		if (!names(&a, bad[i].field))
			fail_msg("%s: %s", bad[i].filter, a.body);
	}
	a = want(422, "POST", path, "{\"act\":\"cancel\"}");
	assert_true(names(&a, "ids"));
	a = want(422, "POST", path, "{\"act\":\"cancel\",\"ids\":[\"x\"]}");
	assert_true(names(&a, "ids"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ASK_TEST(a_filter_names_states_and_rows),
		ASK_TEST(a_filter_of_another_form_is_refused),
	};

	return cmocka_run_group_tests_name("bulk", tests, ask_open, ask_close);
}
