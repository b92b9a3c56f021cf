#include "unit.h"

#include <string.h>

#include "base/json.h"
#include "base/sb.h"

static struct ctx cx;
static struct json_span spans[JSON_MEMBERS];
static size_t nspans;

static int
setup(void **state)
{
	(void)state;
	cx = (struct ctx){ .mem = arena_new(4096) };
	nspans = 999;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(cx.mem);
	return 0;
}

static enum rc
check(const char *text)
{
	return json_check(&cx, text, strlen(text), spans, &nspans);
}

static void
rfc_8259_texts_are_read(void **state)
{
	static const char *const good[] = { "{}", " \t\r\n{ } \n", "{\"a\":1}",
		"{\"a\" : [ ] , \"b\" : { } }", "{\"a\":[1,-0,0.5,1e9,1E-9,-1.5e+2]}",
		"{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"}", "{\"a\":\"\\ud83d\\ude00\"}",
		"{\"\":null,\"t\":true,\"f\":false}", "{\"a\":\"\x7f\xc3\xa9\"}",
		"{\"a\":1,\"a\":2}" };

	(void)state;
	for (size_t i = 0; i < countof(good); i++)
		if (check(good[i]) != RC_OK)
			fail_msg("%s: %s", good[i], cx.err.msg);
}

static void
other_texts_are_refused(void **state)
{
	static const char *const bad[] = { "", " ", "[]", "1", "\"a\"", "null", "{", "}", "{\"a\"}",
		"{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\":1 \"b\":2}", "{a:1}", "{'a':1}", "{1:1}",
		"{\"a\":01}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":5.}", "{\"a\":1e}", "{\"a\":--1}",
		"{\"a\":0x1}", "{\"a\":-}", "{\"a\":NaN}", "{\"a\":True}", "{\"a\":nul}",
		"{\"a\":[1,]}", "{\"a\":[1 2]}", "{\"a\":[}", "{\"a\":\"}", "{\"a\":\"\n\"}",
		"{\"a\":\"\t\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\", "{\"a\":\"\\u12\"}",
		"{\"a\":\"\\u000g\"}", "{\"a\":1}x", "{\"a\":1}{}", "{}//", "{/**/}",
		"\xEF\xBB\xBF{}" };

	(void)state;
	for (size_t i = 0; i < countof(bad); i++)
		if (check(bad[i]) != RC_MALFORMED)
			fail_msg("%s", bad[i]);
	assert_int_equal(nspans, 999); /* untouched on failure */
}

/* Texts that cJSON accepts and PostgreSQL or our own readers refuse. */
static void
texts_are_whole_unicode_without_nul(void **state)
{
	static const char *const bad[] = { "{\"a\":\"\\u0000\"}", "{\"a\\u0000\":1}",
		"{\"a\":\"\\ud83d\"}", "{\"a\":\"\\ude00\"}", "{\"a\":\"\\ud83d\\u0041\"}",
		"{\"a\":\"\\ud83dx\"}", "{\"a\":\"\\ud83d\\n\"}", "{\"a\":\"\xc3\"}",
		"{\"a\":\"\xed\xa0\xbd\xed\xb8\x80\"}", "{\"a\":\"\xff\"}" };

	(void)state;
	for (size_t i = 0; i < countof(bad); i++)
		if (check(bad[i]) != RC_MALFORMED)
			fail_msg("%s", bad[i]);
	assert_int_equal(json_check(&cx, "{\"a\":\"\0\"}", 9, spans, &nspans), RC_MALFORMED);
	assert_int_equal(json_check(&cx, "{}\0", 3, spans, &nspans), RC_MALFORMED);
}

static const char *
nested(size_t depth, char open, char close)
{
	struct sb s = sb_new(cx.mem);

	sb_puts(&s, "{\"a\":");
	for (size_t i = 0; i < depth; i++)
		sb_puts(&s, open == '[' ? "[" : "{\"a\":");
	sb_putc(&s, '1');
	for (size_t i = 0; i < depth; i++)
		sb_putc(&s, close);
	sb_putc(&s, '}');
	return s.buf;
}

/* Also side by side: a level that was closed counts no more. */
static void
depth_is_bounded(void **state)
{
	struct sb many = sb_new(cx.mem);

	(void)state;
	assert_int_equal(check(nested(JSON_DEPTH - 1, '[', ']')), RC_OK);
	assert_int_equal(check(nested(JSON_DEPTH, '[', ']')), RC_MALFORMED);
	assert_int_equal(check(nested(JSON_DEPTH - 1, '{', '}')), RC_OK);
	assert_int_equal(check(nested(JSON_DEPTH, '{', '}')), RC_MALFORMED);
	sb_puts(&many, "{\"a\":[[]");
	for (int i = 0; i < 2 * JSON_DEPTH; i++)
		sb_puts(&many, ",[[]]");
	sb_puts(&many, "]}");
	assert_int_equal(check(many.buf), RC_OK);
}

static void
members_are_handed_out_as_they_were_written(void **state)
{
	static const char *const want[] = { "1.50", "\"x, }\"", "[1, {\"c\":2}]", "{\"d\": 3}",
		"true" };

	(void)state;
	assert_int_equal(
	    check("{\"a\": 1.50 ,\"b\":\"x, }\",\"c\":[1, {\"c\":2}],\"d\":{\"d\": 3},\"e\":true}"),
	    RC_OK);
	assert_int_equal(nspans, countof(want));
	for (size_t i = 0; i < countof(want); i++) {
		assert_int_equal(spans[i].len, strlen(want[i]));
		assert_memory_equal(spans[i].at, want[i], spans[i].len);
	}
	assert_int_equal(check("{}"), RC_OK);
	assert_int_equal(nspans, 0);
}

static const char *
members(int n)
{
	struct sb s = sb_new(cx.mem);

	for (int i = 0; i < n; i++)
		sb_printf(&s, "%s\"m%d\":{\"x\":1,\"y\":2}", i > 0 ? "," : "{", i);
	sb_putc(&s, '}');
	return s.buf;
}

/* The outermost object's alone are counted. */
static void
members_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(check(members(JSON_MEMBERS)), RC_OK);
	assert_int_equal(nspans, JSON_MEMBERS);
	assert_int_equal(check(members(JSON_MEMBERS + 1)), RC_MALFORMED);
}

static void
says_where_it_broke(void **state)
{
	(void)state;
	assert_int_equal(check("{\"a\":tru}"), RC_MALFORMED);
	assert_string_equal(cx.err.msg, "The body is not valid JSON (at byte 5).");
	assert_int_equal(check("[1]"), RC_MALFORMED);
	assert_string_equal(cx.err.msg, "The body must be a JSON object.");
	assert_int_equal(check("{} {}"), RC_MALFORMED);
	assert_string_equal(cx.err.msg, "There is text after the JSON object.");
}

static void
parts_are_handed_out_as_they_were_written(void **state)
{
	static const char list[] = "[ {\"a\":[1,{\"b\":2}]} , 1e5,\"]\",[] ]";
	struct json_span parts[4], members[2];
	size_t n;

	(void)state;
	json_children((struct json_span){ list, sizeof(list) - 1 }, parts, 4, &n);
	assert_int_equal(n, 4);
	assert_memory_equal(parts[1].at, "1e5", parts[1].len);
	assert_memory_equal(parts[2].at, "\"]\"", parts[2].len);
	json_children(parts[0], members, 2, &n);
	assert_int_equal(n, 1);
	assert_memory_equal(members[0].at, "[1,{\"b\":2}]", members[0].len);
	json_children(parts[1], members, 2, &n);
	assert_int_equal(n, 0);
	json_children(parts[1], parts, 4, &n);
	assert_int_equal(n, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(rfc_8259_texts_are_read),
		CASE(other_texts_are_refused),
		CASE(texts_are_whole_unicode_without_nul),
		CASE(depth_is_bounded),
		CASE(members_are_handed_out_as_they_were_written),
		CASE(members_are_bounded),
		CASE(says_where_it_broke),
		CASE(parts_are_handed_out_as_they_were_written),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
