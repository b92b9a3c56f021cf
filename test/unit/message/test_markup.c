#include "message/markup.h"
#include "unit.h"

#include <string.h>

static void
test_html(void **state)
{
	struct arena *a = arena_new(4096);
	struct sb out = sb_new(a);

	(void)state;
	markup_html(&out, "<b>\"&\n", false);
	assert_string_equal(out.buf, "&lt;b&gt;&quot;&amp;\n");
	arena_free(a);
}

static void
test_pages_become_links(void **state)
{
	struct arena *a = arena_new(4096);
	struct sb out = sb_new(a);

	(void)state;
	markup_html(&out, "pay: https://x.example/pay/1?a=1&b=2.\nhttp://y\"><script>", true);
	assert_string_equal(out.buf, "pay: <a href=\"https://x.example/pay/1?a=1&amp;b=2\">"
				     "https://x.example/pay/1?a=1&amp;b=2</a>.<br>\n"
				     "<a href=\"http://y\">http://y</a>&quot;&gt;&lt;script&gt;");
	arena_free(a);
}

/* Telegram counts in UTF-16: what lies beyond U+FFFF counts twice, and is not cut in two. */
static void
test_cut(void **state)
{
	struct arena *a = arena_new(4096);

	(void)state;
	assert_string_equal(markup_cut(a, "abc", 3), "abc");
	assert_string_equal(markup_cut(a, "abcd", 3), "abc");
	assert_string_equal(markup_cut(a, "a\xF0\x9F\x98\x80z", 2), "a");
	assert_string_equal(markup_cut(a, "a\xF0\x9F\x98\x80z", 3), "a\xF0\x9F\x98\x80");
	assert_string_equal(markup_cut(a, "\xC3\xA9\xC3\xA9\xC3\xA9", 2), "\xC3\xA9\xC3\xA9");
	assert_string_equal(markup_cut(a, "ab\ncdef", 5), "ab");
	arena_free(a);
}

/* A customer called {message} stays one. */
static void
test_fill(void **state)
{
	static const struct markup_value values[] = { { "phone", "{message}" },
		{ "message", "{phone}" } };
	struct arena *a = arena_new(4096);

	(void)state;
	assert_string_equal(markup_fill(a, "{phone}: {message} {x} {", values, 2),
	    "{message}: {phone} {x} {");
	assert_string_equal(markup_fill(a, "", values, 2), "");
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_html),
		cmocka_unit_test(test_pages_become_links),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_fill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
