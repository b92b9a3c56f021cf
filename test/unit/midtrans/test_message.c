/* test_message.c: whose an answer is, how long a page lives; the rest: test_decide.c. */
#include "state.h"

#include <cJSON.h>
#include <string.h>

#include "midtrans/order.h"

/* Bug: another system had used the order_id first: a payment there paid an invoice of ours. */
static void
an_answer_is_about_an_order_and_an_invoice(void **state)
{
	static const struct {
		const char *body, *invoice_id;
		bool want;
	} cases[] = {
		{ "{\"order_id\":\"o\"}", "i", true },
		{ "{\"order_id\":\"o\",\"custom_field1\":\"\"}", "i", true },
		{ "{\"order_id\":\"o\",\"custom_field1\":\"i\"}", "i", true },
		{ "{\"order_id\":\"o\",\"custom_field1\":\"j\"}", "i", false },
		{ "{\"order_id\":\"o\",\"custom_field1\":\"j\"}", NULL, true },
		{ "{\"order_id\":\"p\",\"custom_field1\":\"i\"}", "i", false },
		{ "{\"order_id\":\"t\",\"transaction_id\":\"t\"}", "i", true },
		{ "{\"order_id\":\"t\",\"transaction_id\":\"t\",\"custom_field1\":\"j\"}", "i",
		    false },
		{ "{\"custom_field1\":\"j\"}", "i", false },
		{ "{}", "i", true },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		cJSON *body = cJSON_Parse(cases[i].body);

		if (midtrans_is_about(body, "o", cases[i].invoice_id) != cases[i].want)
			fail_msg("%s", cases[i].body);
		cJSON_Delete(body);
	}
}

/*
 * Bug: a page lives for a day whatever its expiry says: with longer attempts it had ended
 * when it was handed out.
 */
static void
the_page_lives_as_long_as_the_order(void **state)
{
	struct ctx *cx = *state;
	struct midtrans_order o = { .order_id = "INV-20250101-0001-1-abcd",
		.number = "INV-20250101-0001",
		.invoice_id = "i",
		.amount = 150000,
		.start_time = "2025-01-01 00:00:00 +0700",
		.minutes = 10080,
		.finish = "https://isp/pay/i" };
	const char *body = midtrans_snap_body(cx, &o);

	assert_non_null(strstr(body, "\"expiry\":{\"start_time\":\"2025-01-01 00:00:00 +0700\","
				     "\"duration\":10080,\"unit\":\"minutes\"}"));
	assert_non_null(strstr(body, "\"page_expiry\":{\"duration\":10080,\"unit\":\"minutes\"}"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_about_an_order_and_an_invoice),
		cmocka_unit_test_setup_teardown(the_page_lives_as_long_as_the_order, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
