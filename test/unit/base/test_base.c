#include "unit.h"

#include <string.h>

#include "base/ctx.h"
#include "base/jw.h"
#include "base/sb.h"
#include "base/utf8.h"

static struct ctx cx;

static int
setup(void **state)
{
	(void)state;
	cx = (struct ctx){ .mem = arena_new(1024) };
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(cx.mem);
	return 0;
}

static char order[8];

static void
note(void *letter)
{
	size_t n = strlen(order);

	order[n] = *(char *)letter;
	order[n + 1] = '\0';
}

static void
arena_gives_zeros_and_takes_all_back(void **state)
{
	(void)state;
	order[0] = '\0';
	for (int round = 0; round < 3; round++) {
		for (size_t n = 1; n < 5000; n *= 3) {
			char *p = arena_alloc(cx.mem, n);

			for (size_t i = 0; i < n; i++)
				assert_int_equal(p[i], 0);
			memset(p, 'x', n);
		}
		arena_reset(cx.mem);
	}
	arena_defer(cx.mem, note, (char[]){ 'a' });
	arena_defer(cx.mem, note, (char[]){ 'b' });
	arena_reset(cx.mem);
	assert_string_equal(order, "ba"); /* newest first */
	arena_reset(cx.mem);
	assert_string_equal(order, "ba");
}

static void
builder_grows(void **state)
{
	struct sb s = sb_new(cx.mem);

	(void)state;
	for (int i = 0; i < 1000; i++)
		sb_puts(&s, "0123456789");
	assert_int_equal(s.len, 10000);
	assert_int_equal(strlen(s.buf), 10000);
	s = sb_new(cx.mem);
	sb_i64(&s, INT64_MIN);
	sb_putc(&s, ' ');
	sb_i64(&s, INT64_MAX);
	sb_printf(&s, " %s", "end");
	assert_string_equal(s.buf, "-9223372036854775808 9223372036854775807 end");
}

static void
writer_puts_commas_and_escapes(void **state)
{
	struct sb s = sb_new(cx.mem);
	struct jw w = jw_new(&s);

	(void)state;
	jw_obj(&w, NULL);
	jw_i64(&w, "a", 1);
	jw_arr(&w, "b");
	jw_bool(&w, NULL, true);
	jw_str(&w, NULL, NULL);
	jw_obj(&w, NULL);
	jw_end(&w);
	jw_end(&w);
	jw_str(&w, "q\"", "\"\\/\b\f\n\r\t\x01\x7f é");
	jw_raw(&w, "r", "[1]");
	jw_end(&w);
	assert_string_equal(s.buf,
	    "{\"a\":1,\"b\":[true,null,{}],"
	    "\"q\\\"\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u007f é\",\"r\":[1]}");
}

static void
errors_are_set_once_and_collect_fields(void **state)
{
	(void)state;
	assert_int_equal(FAIL(&cx, RC_CONFLICT, "no %d", 1), RC_CONFLICT);
	assert_int_equal(err_detail(&cx.err, "because"), RC_CONFLICT);
	assert_string_equal(cx.err.msg, "no 1");
	assert_string_equal(cx.err.detail, "because");
	assert_int_equal(err_field(&cx, "a", "first"), RC_INVALID);
	assert_int_equal(err_field(&cx, "b", "second"), RC_INVALID);
	assert_string_equal(cx.err.msg, "first");
	assert_string_equal(cx.err.fields->next->field, "b");
	assert_null(cx.err.fields->next->next);
	assert_string_equal(cx.err.detail, "");
}

static void
utf8(void **state)
{
	static const char *const bad[] = { "\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
		"\xe2\x82", "\xc3", "a\xc3(" };

	(void)state;
	for (size_t i = 0; i < countof(bad); i++)
		assert_false(utf8_valid(bad[i], strlen(bad[i])));
	assert_false(utf8_valid("a\0b", 3));
	assert_true(utf8_valid("aé€😀", strlen("aé€😀")));
	assert_true(utf8_valid("\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80", 10));
	assert_true(utf8_valid("", 0));
	assert_int_equal(utf8_length("aé€😀"), 4);
	assert_true(utf8_has_control("a\n", false));
	assert_false(utf8_has_control("a\n\tb", true));
	assert_true(utf8_has_control("\x7f", true));
	assert_true(utf8_has_control("\xc2\x85", true));
	assert_false(utf8_has_control("\xc2\xa0é", false));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(arena_gives_zeros_and_takes_all_back),
		CASE(builder_grows),
		CASE(writer_puts_commas_and_escapes),
		CASE(errors_are_set_once_and_collect_fields),
		CASE(utf8),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
