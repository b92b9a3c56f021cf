/* Texts of agents, which may hold anything. */
#include "fixture.h"

#include <string.h>

#include "base/utf8.h"
#include "net/snmp_text.h"

static const char *
clean(const char *text)
{
	return snmp_clean_text(cx.mem, (const unsigned char *)text, strlen(text));
}

static void
control_characters_become_blanks(void **state)
{
	(void)state;
	assert_string_equal(clean("a\x01\x1f\x7f~ b"), "a   ~ b");
	assert_string_equal(clean("a \n\r\n "), "a");
	assert_string_equal(clean(" "), "");
	assert_string_equal(clean(""), "");
	assert_string_equal(snmp_clean_text(cx.mem, (const unsigned char *)"a\0b", 3), "a");
	assert_string_equal(snmp_clean_text(cx.mem, (const unsigned char *)"abc", 2), "ab");
}

/* One byte that is no UTF-8 makes all of it Latin-1, whose own control characters go, too. */
static void
latin_1_becomes_utf_8(void **state)
{
	(void)state;
	assert_string_equal(clean("\xe9\xa0\xff"), "\xc3\xa9\xc2\xa0\xc3\xbf");
	assert_string_equal(clean("x\x80\x9fy\xe9"), "x  y\xc3\xa9");
	assert_string_equal(clean("\xc3\xa9 \xc2\x85."), "\xc3\xa9 \xc2\x85.");
}

static void
a_long_text_is_cut_between_characters(void **state)
{
	char text[400];
	const char *cut;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(strlen(clean(text)), 254);
	text[253] = '\xe9'; /* the last that has room, with two bytes */
	cut = clean(text);
	assert_int_equal(strlen(cut), 255);
	assert_string_equal(cut + 253, "\xc3\xa9");
	memcpy(text + 253, "\xc3\xa9", 2);
	assert_int_equal(strlen(clean(text)), 253);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(control_characters_become_blanks),
		FIXTURE_TEST(latin_1_becomes_utf_8),
		FIXTURE_TEST(a_long_text_is_cut_between_characters),
	};

	return cmocka_run_group_tests_name("snmp_text", tests, NULL, NULL);
}
