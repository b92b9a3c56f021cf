/* test_message.c: the members of a message and their bounds; signatures and amounts: test_decide.c.
 */
#include "state.h"

#include <cJSON.h>
#include <string.h>

#include "base/sb.h"
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

static bool
str_is(const char *is, const char *want)
{
	return want == NULL ? is == NULL : is != NULL && strcmp(is, want) == 0;
}

static void
free_json(void *v)
{
	cJSON_Delete(v);
}

/* An answer with these members beside those that it needs; NULL: refused, with its reason in cx. */
static const struct midtrans_message *
answer_with(struct ctx *cx, const char *members)
{
	struct midtrans_message *m = arena_alloc(cx->mem, sizeof(*m));
	const char *text = arena_printf(cx->mem,
	    "{\"status_code\":\"200\",\"gross_amount\":\"150000.00\","
	    "\"transaction_status\":\"settlement\",\"transaction_id\":\"t\"%s%s}",
	    members[0] != '\0' ? "," : "", members);
	cJSON *body = cJSON_Parse(text);
	enum rc rc;

	assert_non_null(body);
	arena_defer(cx->mem, free_json, body);
	cx->err = (struct err){ 0 };
	rc = midtrans_read_answer(cx, body, text, "o", m);
	assert_true(rc == RC_OK || rc == RC_UPSTREAM);
	return rc == RC_OK ? m : NULL;
}

static const char *
letters(struct ctx *cx, size_t n)
{
	struct sb s = sb_new(cx->mem);

	while (s.len < n)
		sb_putc(&s, 'a');
	return s.buf;
}

static void
times_are_of_the_calendar(void **state)
{
	static const char *const good[] = { "1900-01-01 00:00:00", "1999-12-31 23:59:59",
		"2000-02-29 09:08:07", "2023-02-28 00:00:00", "2024-01-31 00:00:00",
		"2025-04-30 00:00:00", "2025-10-31 00:00:00" };
	static const char *const bad[] = { "1899-12-31 00:00:00", "1900-02-29 00:00:00",
		"2100-02-29 00:00:00", "2023-02-29 00:00:00", "2024-02-30 00:00:00",
		"2024-01-32 00:00:00", "2025-00-10 00:00:00", "2025-13-10 00:00:00",
		"2025-01-00 00:00:00", "2025-04-31 00:00:00", "2025-01-01 24:00:00",
		"2025-01-01 00:60:00", "2025-01-01 00:00:60", "2025-01-01 00:00:0",
		"2025-01-01 00:00:000", "2025/01-01 00:00:00", "x025-01-01 00:00:00" };
	struct ctx *cx = *state;

	for (size_t i = 0; i < countof(good); i++)
		assert_string_equal(midtrans_time(cx, good[i]),
		    arena_printf(cx->mem, "%s+07", good[i]));
	for (size_t i = 0; i < countof(bad); i++)
		if (midtrans_time(cx, bad[i]) != NULL)
			fail_msg("%s", bad[i]);
}

static void
ways_to_pay_have_our_names(void **state)
{
	static const char *const ways[][2] = { { "bank_transfer", "va" }, { "echannel", "va" },
		{ "credit_card", "card" }, { "qris", "qris" }, { "gopay", "gopay" },
		{ "shopeepay", "shopeepay" }, { "dana", "dana" }, { "ovo", "ovo" },
		{ "cstore", "midtrans" }, { NULL, "midtrans" } };

	(void)state;
	for (size_t i = 0; i < countof(ways); i++)
		assert_string_equal(midtrans_method(ways[i][0]), ways[i][1]);
}

/* The bank, shop or issuer, and the number that the customer pays to. */
static void
a_message_says_where_to_pay(void **state)
{
	static const struct {
		const char *members, *bank, *pay_code;
	} cases[] = {
		{ "", NULL, NULL },
		{ "\"va_numbers\":[{\"bank\":\"bca\",\"va_number\":\"1\"},{\"bank\":\"bni\"}],"
		  "\"permata_va_number\":\"2\",\"bank\":\"cimb\"",
		    "bca", "1" },
		{ "\"permata_va_number\":\"2\",\"bank\":\"cimb\"", "permata", "2" },
		{ "\"bank\":\"cimb\",\"store\":\"indomaret\"", "cimb", NULL },
		{ "\"store\":\"indomaret\",\"payment_code\":\"3\",\"issuer\":\"ovo\"", "indomaret",
		    "3" },
		{ "\"issuer\":\"ovo\",\"acquirer\":\"gopay\"", "ovo", NULL },
		{ "\"acquirer\":\"gopay\"", "gopay", NULL },
		{ "\"biller_code\":\"70012\",\"bill_key\":\"4\",\"payment_code\":\"3\"", NULL,
		    "70012 4" },
		{ "\"biller_code\":\"70012\",\"payment_code\":\"3\"", NULL, "3" },
		{ "\"bill_key\":\"4\"", NULL, NULL },
		{ "\"bank\":\"\",\"payment_code\":\"a\\tb\"", NULL, "a\tb" },
		{ "\"bank\":\"a\\u0001\"", NULL, NULL },
	};
	struct ctx *cx = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		const struct midtrans_message *m = answer_with(cx, cases[i].members);

		assert_non_null(m);
		if (!str_is(m->bank, cases[i].bank) || !str_is(m->pay_code, cases[i].pay_code))
			fail_msg("%s: %s, %s", cases[i].members, m->bank, m->pay_code);
	}
}

static void
texts_have_bounds(void **state)
{
	struct ctx *cx = *state;
	const struct midtrans_message *m;

	for (size_t n = 64; n <= 65; n++) {
		m = answer_with(cx,
		    arena_printf(cx->mem, "\"payment_type\":\"%s\"", letters(cx, n)));
		assert_int_equal(m != NULL, n == 64);
	}
	assert_string_equal(cx->err.msg, "The payment_type is malformed.");
	m = answer_with(cx, arena_printf(cx->mem, "\"bank\":\"%s\"", letters(cx, 64)));
	assert_string_equal(m->bank, letters(cx, 64));
	m = answer_with(cx, arena_printf(cx->mem, "\"bank\":\"%s\"", letters(cx, 65)));
	assert_null(m->bank);
	assert_non_null(answer_with(cx, "\"payment_type\":\"a\\tb\""));
	assert_null(answer_with(cx, "\"payment_type\":\"a\\u0001\""));
}

/* The first fault is reported. */
static void
each_member_has_its_kind(void **state)
{
	static const char *const faults[][2] = {
		{ "\"currency\":7", "The currency must be a text." },
		{ "\"currency\":7,\"merchant_id\":8", "The currency must be a text." },
		{ "\"refunds\":{}", "The refunds must be a list." },
		{ "\"order_id\":\"p\"", "The order_id belongs to another order." },
	};
	struct ctx *cx = *state;
	const struct midtrans_message *m;

	for (size_t i = 0; i < countof(faults); i++) {
		assert_null(answer_with(cx, faults[i][0]));
		assert_string_equal(cx->err.msg, faults[i][1]);
	}
	m = answer_with(cx, "\"currency\":null,\"merchant_id\":\"\",\"fraud_status\":\"Accept\","
			    "\"refunds\":[]");
	assert_null(m->currency);
	assert_null(m->merchant_id);
	assert_string_equal(m->fraud_status, "accept");
	assert_int_equal(m->nrefunds, 0);
}

static void
an_answer_needs_its_members(void **state)
{
	static const char *const faults[][2] = {
		{ "{}", "The status_code is required." },
		{ "{\"status_code\":\"200\"}", "The gross_amount is required." },
		{ "{\"status_code\":\"200\",\"gross_amount\":\"1\"}",
		    "The transaction_status is required." },
		{ "{\"status_code\":\"200\",\"gross_amount\":\"1\","
		  "\"transaction_status\":\"deny\"}",
		    "The transaction_id is required." },
		{ "{\"status_code\":\"200\",\"gross_amount\":\"x\",\"transaction_status\":\"deny\","
		  "\"transaction_id\":\"t\"}",
		    "The gross_amount is malformed." },
	};
	struct ctx *cx = *state;
	struct midtrans_message m;

	for (size_t i = 0; i < countof(faults); i++) {
		cJSON *body = cJSON_Parse(faults[i][0]);

		assert_int_equal(midtrans_read_answer(cx, body, faults[i][0], "o", &m),
		    RC_UPSTREAM);
		cJSON_Delete(body);
		assert_string_equal(cx->err.msg, faults[i][1]);
	}
}

static void
refunds_have_bounds(void **state)
{
	struct ctx *cx = *state;
	struct sb list = sb_new(cx->mem);
	const struct midtrans_message *m;

	for (int i = 0; i <= 100; i++)
		sb_printf(&list, "%s{\"refund_key\":\"k%d\",\"refund_amount\":1}", i > 0 ? "," : "",
		    i);
	m = answer_with(cx, arena_printf(cx->mem, "\"refunds\":[%s]", list.buf));
	assert_int_equal(m->nrefunds, 100);
	assert_int_equal(m->refunds[99].amount, 1);
	for (size_t over = 0; over < 2; over++) {
		m = answer_with(cx,
		    arena_printf(cx->mem, "\"refunds\":[{\"refund_key\":\"%s\",\"amount\":5}]",
			letters(cx, MIDTRANS_ID_MAX + over)));
		assert_int_equal(m->nrefunds, over == 0);
	}
}

static const char key[] = "SB-Mid-server-example-key-0001";

static enum rc
read_notice_with(struct ctx *cx, const char *member)
{
	const char *text = arena_printf(cx->mem,
	    "{\"order_id\":\"o\",\"status_code\":\"200\",\"gross_amount\":\"1\","
	    "\"transaction_status\":\"pending\",\"transaction_id\":\"t\","
	    "\"signature_key\":\"%s\",\"more\":%s}",
	    midtrans_signature(cx, "o", "200", "1", key), member);
	cJSON *body = cJSON_Parse(text);
	struct midtrans_message m;
	enum rc rc = midtrans_read(cx, body, text, key, &m);

	assert_non_null(body);
	cJSON_Delete(body);
	return rc;
}

/* Brackets within brackets, and members of one object. */
static void
a_notice_has_bounds(void **state)
{
	struct ctx *cx = *state;

	for (int deep = 31; deep <= 33; deep++) {
		struct sb s = sb_new(cx->mem);

		for (int i = 0; i < deep; i++)
			sb_puts(&s, i % 2 == 0 ? "[" : "{\"a\":");
		sb_puts(&s, "1");
		for (int i = deep - 1; i >= 0; i--)
			sb_puts(&s, i % 2 == 0 ? "]" : "}");
		assert_int_equal(read_notice_with(cx, s.buf), deep < 32 ? RC_OK : RC_MALFORMED);
	}
	for (int members = 512; members <= 513; members++) {
		struct sb s = sb_new(cx->mem), list = sb_new(cx->mem);

		for (int i = 0; i < members; i++) {
			sb_printf(&s, "%s\"m%d\":1", i > 0 ? "," : "{", i);
			sb_puts(&list, i > 0 ? ",1" : "[1");
		}
		assert_int_equal(read_notice_with(cx, arena_printf(cx->mem, "%s}", s.buf)),
		    members <= 512 ? RC_OK : RC_MALFORMED);
		assert_int_equal(read_notice_with(cx, arena_printf(cx->mem, "%s]", list.buf)),
		    RC_OK);
	}
	assert_int_equal(read_notice_with(cx, "[{\"a\":1,\"b\":2,\"a\":3}]"), RC_MALFORMED);
	assert_int_equal(read_notice_with(cx, "[{\"a\":1,\"b\":2},{\"a\":1}]"), RC_OK);
}

static void
a_test_of_the_dashboard_is_known_by_its_order(void **state)
{
	(void)state;
	assert_true(midtrans_is_test(
	    &(struct midtrans_message){ .order_id = "payment_notif_test_G1_abc" }));
	assert_false(
	    midtrans_is_test(&(struct midtrans_message){ .order_id = "payment_notif_tes" }));
	assert_false(midtrans_is_test(&(struct midtrans_message){ .order_id = "INV-1-1-abcd" }));
}

#define STATE_TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_about_an_order_and_an_invoice),
		STATE_TEST(times_are_of_the_calendar),
		STATE_TEST(ways_to_pay_have_our_names),
		STATE_TEST(a_message_says_where_to_pay),
		STATE_TEST(texts_have_bounds),
		STATE_TEST(each_member_has_its_kind),
		STATE_TEST(an_answer_needs_its_members),
		STATE_TEST(refunds_have_bounds),
		STATE_TEST(a_notice_has_bounds),
		STATE_TEST(a_test_of_the_dashboard_is_known_by_its_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
