#include "fixture.h"

#include <string.h>

#include "net/ros_text.h"

static void
recognizes_ascii(void **state)
{
	char text[40];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < sizeof(text); i++) {
		assert_true(ros_text_is_ascii(text, sizeof(text)));
		text[i] = (char)0x80;
		assert_false(ros_text_is_ascii(text, sizeof(text)));
		assert_true(ros_text_is_ascii(text, i));
		text[i] = '\0';
	}
}

static void
recognizes_utf8(void **state)
{
	static const char *const valid[] = { "", "abc", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80",
		"\xED\x9F\xBF", "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF" };
	static const char *const invalid[] = { "\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2",
		"\xC2\x20", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xE2\x82", "\xF0\x8F\xBF\xBF",
		"\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF", "a\xE9" };

	(void)state;
	for (size_t i = 0; i < countof(valid); i++)
		assert_true(ros_text_is_utf8(valid[i], strlen(valid[i])));
	for (size_t i = 0; i < countof(invalid); i++)
		assert_false(ros_text_is_utf8(invalid[i], strlen(invalid[i])));
}

static void
maps_every_latin1_byte_to_utf8(void **state)
{
	char in[256];
	size_t n;
	char *out;

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (char)i;
	out = ros_text_from_latin1(cx.mem, in, sizeof(in), &n);
	assert_int_equal(n, 128 + 2 * 128);
	assert_true(ros_text_is_utf8(out, n));
	assert_memory_equal(out + n - 2, "\xC3\xBF", 3);
	assert_memory_equal(out + 128, "\xC2\x80", 2);
}

static void
shows_control_characters(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "plain \xC3\xA9", "plain \xC3\xA9" },
		{ "a\nb\tc", "a\\nb\\x09c" },
		{ "\x1B[2J\x7F", "\\x1b[2J\\x7f" },
		{ "\xC2\x9B"
		  "31m",
		    "\\x9b31m" },
		{ "bad \xE9", "bad \\xe9" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		assert_string_equal(ros_text_printable(cx.mem, cases[i].in, 100), cases[i].out);
}

static void
cuts_between_characters(void **state)
{
	(void)state;
	assert_string_equal(ros_text_printable(cx.mem, "0123456789", 10), "0123456789");
	assert_string_equal(ros_text_printable(cx.mem, "0123456789a", 10), "0123456...");
	assert_string_equal(ros_text_printable(cx.mem, "012345\xC3\xA9\xC3\xA9\xC3\xA9", 10),
	    "012345...");
	assert_string_equal(ros_text_printable(cx.mem, "01234\n\n\n", 10), "01234\\n...");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recognizes_ascii),
		cmocka_unit_test(recognizes_utf8),
		FIXTURE_TEST(maps_every_latin1_byte_to_utf8),
		FIXTURE_TEST(shows_control_characters),
		FIXTURE_TEST(cuts_between_characters),
	};

	return cmocka_run_group_tests_name("ros_text", tests, NULL, NULL);
}
