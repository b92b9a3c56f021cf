#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/utf8.h"

static void
broken_bytes_are_no_text(void **state)
{
	static const char *const bad[] = { "\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
		"\xe2\x82", "\xc3", "a\xc3(" };

	(void)state;
	for (size_t i = 0; i < countof(bad); i++)
		assert_false(utf8_valid(bad[i], strlen(bad[i])));
	assert_false(utf8_valid("a\0b", 3));
}

static void
text_is_text(void **state)
{
	(void)state;
	assert_true(utf8_valid("aé€😀", strlen("aé€😀")));
	assert_true(utf8_valid("\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80", 10));
	assert_true(utf8_valid("", 0));
}

/* The bytes of a code point in the plainest way there is; how many. */
static size_t
encode(unsigned code, char *to)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xC0 | code >> 6);
		to[1] = (char)(0x80 | (code & 63));
		return 2;
	}
	if (code < 0x10000) {
		to[0] = (char)(0xE0 | code >> 12);
		to[1] = (char)(0x80 | (code >> 6 & 63));
		to[2] = (char)(0x80 | (code & 63));
		return 3;
	}
	to[0] = (char)(0xF0 | code >> 18);
	to[1] = (char)(0x80 | (code >> 12 & 63));
	to[2] = (char)(0x80 | (code >> 6 & 63));
	to[3] = (char)(0x80 | (code & 63));
	return 4;
}

/* All code points but NUL and the surrogates, and nothing beyond the last. */
static void
every_code_point_by_itself(void **state)
{
	char text[4];

	(void)state;
	for (unsigned code = 0; code < 0x120000; code++) {
		bool good = code > 0 && code < 0x110000 && (code < 0xD800 || code > 0xDFFF);
		size_t n = encode(code, text);

		if (utf8_valid(text, n) != good)
			fail_msg("U+%04X", code);
		if (good && n > 1 && utf8_valid(text, n - 1))
			fail_msg("U+%04X, cut", code);
	}
}

/* A sequence cut off by the end of the buffer is not read beyond it: ASan watches. */
static void
nothing_behind_the_end_is_read(void **state)
{
	char *last = malloc(1);

	(void)state;
	*last = '\xF0';
	assert_false(utf8_valid(last, 1));
	free(last);
}

static void
length_is_in_code_points(void **state)
{
	(void)state;
	assert_int_equal(utf8_length("aé€😀"), 4);
	assert_int_equal(utf8_length(""), 0);
}

static void
controls_are_found(void **state)
{
	(void)state;
	assert_true(utf8_has_control("a\n", false));
	assert_true(utf8_has_control("a\t", false));
	assert_false(utf8_has_control("a\n\tb", true));
	assert_false(utf8_has_control("a\r\n", true));
	assert_true(utf8_has_control("a\r", false));
	assert_true(utf8_has_control("\x1b[31m", true));
	assert_true(utf8_has_control("\x7f", true));
	assert_true(utf8_has_control("\xc2\x85", true));
	assert_false(utf8_has_control("\xc2\xa0é", false));
	assert_false(utf8_has_control("", false));
}

/*
 * Bug: a refused refund stayed "under way", because Midtrans' message was cut inside its
 * last letter.
 */
static void
texts_are_cut_between_characters(void **state)
{
	char cut[] = "caf\xC3", inner[] = "a\xE2\x82 b\xFF";

	(void)state;
	assert_int_equal(utf8_cut("caf\xC3\xA9s", 4), 3);
	assert_int_equal(utf8_cut("caf\xC3\xA9s", 5), 5);
	assert_int_equal(utf8_cut("caf", 3), 3);
	assert_int_equal(utf8_cut("caf", 9), 3);
	assert_int_equal(utf8_cut("\xE2\x82\xAC", 2), 0);
	utf8_clean(cut);
	assert_string_equal(cut, "caf");
	utf8_clean(inner);
	assert_string_equal(inner, "a b");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_bytes_are_no_text),
		cmocka_unit_test(text_is_text),
		cmocka_unit_test(every_code_point_by_itself),
		cmocka_unit_test(nothing_behind_the_end_is_read),
		cmocka_unit_test(length_is_in_code_points),
		cmocka_unit_test(controls_are_found),
		cmocka_unit_test(texts_are_cut_between_characters),
	};

	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
