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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
