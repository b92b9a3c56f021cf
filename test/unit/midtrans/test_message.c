/* test_message.c: whose an answer is; the rest: test_decide.c. */
#include "state.h"

#include <cJSON.h>
#include <string.h>

#include "midtrans/message.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_about_an_order_and_an_invoice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
