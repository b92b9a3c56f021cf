#include "fixture.h"
#include "message/markup.h"

#include <string.h>

static void
test_html(void **state)
{
	struct sb out = sb_new(cx.mem);

	(void)state;
	markup_html(&out, "<b>\"&\n", false);
	assert_string_equal(out.buf, "&lt;b&gt;&quot;&amp;\n");
}

static void
test_pages_become_links(void **state)
{
	struct sb out = sb_new(cx.mem);

	(void)state;
	markup_html(&out, "pay: https://x.example/pay/1?a=1&b=2.\nhttp://y\"><script>", true);
	assert_string_equal(out.buf, "pay: <a href=\"https://x.example/pay/1?a=1&amp;b=2\">"
				     "https://x.example/pay/1?a=1&amp;b=2</a>.<br>\n"
				     "<a href=\"http://y\">http://y</a>&quot;&gt;&lt;script&gt;");
}

/* Telegram counts in UTF-16: what lies beyond U+FFFF counts twice, and is not cut in two. */
static void
test_cut(void **state)
{
	(void)state;
	assert_string_equal(markup_cut(cx.mem, "abc", 3), "abc");
	assert_string_equal(markup_cut(cx.mem, "abcd", 3), "abc");
	assert_string_equal(markup_cut(cx.mem, "a\xF0\x9F\x98\x80z", 2), "a");
	assert_string_equal(markup_cut(cx.mem, "a\xF0\x9F\x98\x80z", 3), "a\xF0\x9F\x98\x80");
	assert_string_equal(markup_cut(cx.mem, "\xC3\xA9\xC3\xA9\xC3\xA9", 2), "\xC3\xA9\xC3\xA9");
	assert_string_equal(markup_cut(cx.mem, "ab\ncdef", 5), "ab");
}

/* The address of a page ends at a blank, a quote, a tag or its sentence, and begins with its
 * scheme. */
static void
test_pages_end(void **state)
{
	static const struct {
		const char *text, *page;
	} all[] = {
		{ "http://a b", "http://a" },
		{ "http://a\tb", "http://a" },
		{ "http://a\x7F"
		  "b",
		    "http://a" },
		{ "http://a>b", "http://a" },
		{ "http://a<b", "http://a" },
		{ "http://a\"b", "http://a" },
		{ "http://a!~b", "http://a!~b" },
		{ "http://a?!.,;:)", "http://a" },
		{ "https://a/?x=1", "https://a/?x=1" },
		{ "https://\xC3\xA9/", "https://\xC3\xA9/" },
	};

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		struct sb out = sb_new(cx.mem);

		markup_html(&out, all[i].text, true);
		assert_memory_equal(out.buf,
		    arena_printf(cx.mem, "<a href=\"%s\">%s</a>", all[i].page, all[i].page),
		    2 * strlen(all[i].page) + 15);
	}
	for (const char *const *p =
		 (const char *const[]){ "ftp://a", "http:/a", "https:/a", "hhttp:a", NULL };
	     *p != NULL; p++) {
		struct sb out = sb_new(cx.mem);

		markup_html(&out, *p, true);
		assert_string_equal(out.buf, *p);
	}
}

/* A text is cut at its last line that ends less than 200 bytes before the limit. */
static void
test_cut_at_a_line(void **state)
{
	char text[400];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	text[50] = '\n';
	assert_int_equal(strlen(markup_cut(cx.mem, text, 249)), 50);
	assert_int_equal(strlen(markup_cut(cx.mem, text, 250)), 250);
	text[50] = 'x';
	assert_int_equal(strlen(markup_cut(cx.mem, text, 249)), 249);
	assert_string_equal(markup_cut(cx.mem, "a\xEF\xBF\xBFz", 2), "a\xEF\xBF\xBF");
	assert_string_equal(markup_cut(cx.mem, "a\xF0\x90\x80\x80z", 2), "a");
	assert_string_equal(markup_cut(cx.mem, "abc", 0), "");
}

static void
test_fill_needs_the_whole_name(void **state)
{
	static const struct markup_value values[] = { { "a", "1" }, { "ab", "2" } };

	(void)state;
	assert_string_equal(markup_fill(cx.mem, "{a}{ab}{abc}{a {b} }a}", values, 2),
	    "12{abc}{a {b} }a}");
	assert_string_equal(markup_fill(cx.mem, "{ab}{a}", values, 1), "{ab}1");
	assert_string_equal(markup_fill(cx.mem, "{a}", values, 0), "{a}");
}

/* A customer called {message} stays one. */
static void
test_fill(void **state)
{
	static const struct markup_value values[] = { { "phone", "{message}" },
		{ "message", "{phone}" } };

	(void)state;
	assert_string_equal(markup_fill(cx.mem, "{phone}: {message} {x} {", values, 2),
	    "{message}: {phone} {x} {");
	assert_string_equal(markup_fill(cx.mem, "", values, 2), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(test_html),
		FIXTURE_TEST(test_pages_become_links),
		FIXTURE_TEST(test_cut),
		FIXTURE_TEST(test_fill),
		FIXTURE_TEST(test_pages_end),
		FIXTURE_TEST(test_cut_at_a_line),
		FIXTURE_TEST(test_fill_needs_the_whole_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
