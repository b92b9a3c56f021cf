/* Elements of BER, whole and cut off: lib/net/snmp_span.c. */
#include "unit.h"

#include "base/macro.h"
#include "net/snmp_span.h"

#define SPAN(bytes)                                                                                \
	{                                                                                          \
		(const unsigned char *)(bytes), sizeof(bytes) - 1                                  \
	}

static void
a_length_of_each_form(void **state)
{
	static const struct {
		struct snmp_span in;
		size_t len, left;
	} cases[] = { { SPAN("\x04\x00"), 0, 0 }, { SPAN("\x04\x02xyz"), 2, 1 },
		{ SPAN("\x04\x81\x02xy"), 2, 0 }, { SPAN("\x04\x82\x00\x01xyz"), 1, 2 },
		{ SPAN("\x04\x83\x00\x00\x03xyz"), 3, 0 } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct snmp_span in = cases[i].in, out;
		unsigned char tag = 0;

		assert_true(snmp_span_next(&in, &tag, &out));
		assert_int_equal(tag, TAG_OCTETS);
		assert_int_equal(out.len, cases[i].len);
		assert_int_equal(in.len, cases[i].left);
		assert_ptr_equal(out.at + out.len, in.at);
	}
}

/* Bytes end where the packet ends: an element may be cut off before, in and after its length. */
static void
an_element_that_is_cut_off_is_refused(void **state)
{
	static const struct snmp_span cases[] = { SPAN(""), SPAN("\x04"), SPAN("\x04\x01"),
		SPAN("\x04\x81"), SPAN("\x04\x82\x00"), SPAN("\x04\x81\x02x"),
		SPAN("\x04\x80xy"), /* its end would be marked: BER of other protocols */
		SPAN("\x04\x84\x00\x00\x00\x01x") };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct snmp_span in = cases[i], out = { 0 };
		unsigned char tag;

		assert_false(snmp_span_next(&in, &tag, &out));
	}
}

static void
numbers_have_a_sign_and_an_end(void **state)
{
	static const struct {
		struct snmp_span in;
		bool is_one;
		uint64_t number;
	} cases[] = { { SPAN("\x02\x01\x7f"), true, 127 },
		{ SPAN("\x02\x01\xff"), true, UINT64_MAX }, { SPAN("\x02\x02\x00\xff"), true, 255 },
		{ SPAN("\x02\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff"), true, UINT64_MAX },
		{ SPAN("\x02\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"), false, 0 },
		{ SPAN("\x02\x00"), false, 0 }, { SPAN("\x04\x01\x01"), false, 0 },
		{ SPAN("\x02\x02\x01"), false, 0 } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct snmp_span in = cases[i].in;
		uint64_t number = 0;

		assert_int_equal(snmp_span_number(&in, &number), cases[i].is_one);
		assert_int_equal(number, cases[i].number);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_length_of_each_form),
		cmocka_unit_test(an_element_that_is_cut_off_is_refused),
		cmocka_unit_test(numbers_have_a_sign_and_an_end),
	};

	return cmocka_run_group_tests_name("snmp_span", tests, NULL, NULL);
}
