#include "unit.h"

#include <stdio.h>
#include <string.h>

#include <cJSON.h>

#include "base/jw.h"

static struct arena *mem;
static struct sb out;
static struct jw w;

static int
setup(void **state)
{
	(void)state;
	mem = arena_new(1024);
	out = sb_new(mem);
	w = jw_new(&out);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(mem);
	return 0;
}

static void
commas_stand_between_and_nowhere_else(void **state)
{
	(void)state;
	jw_obj(&w, NULL);
	jw_i64(&w, "a", 1);
	jw_arr(&w, "b");
	jw_bool(&w, NULL, true);
	jw_str(&w, NULL, NULL);
	jw_obj(&w, NULL);
	jw_end(&w);
	jw_arr(&w, NULL);
	jw_end(&w);
	jw_end(&w);
	jw_bool(&w, "c", false);
	jw_raw(&w, "d", "[1]");
	jw_end(&w);
	assert_string_equal(out.buf, "{\"a\":1,\"b\":[true,null,{},[]],\"c\":false,\"d\":[1]}");
}

static void
keys_and_texts_are_escaped(void **state)
{
	(void)state;
	jw_obj(&w, NULL);
	jw_str(&w, "q\"", "\"\\/\b\f\n\r\t\x01\x7f é");
	jw_end(&w);
	assert_string_equal(out.buf, "{\"q\\\"\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u007f é\"}");
}

/* Every byte a text can have comes back as it was, wherever in the text it stands. */
static void
another_reader_gets_back_what_was_written(void **state)
{
	char text[70];

	(void)state;
	for (int c = 1; c < 0x80; c++) {
		for (size_t at = 0; at < sizeof(text) - 2; at += 7) {
			struct sb s = sb_new(mem);
			cJSON *json;

			memset(text, 'x', sizeof(text));
			text[at] = (char)c;
			jw_quote(&s, text, sizeof(text));
			json = cJSON_Parse(s.buf);
			assert_non_null(json);
			assert_int_equal(strlen(json->valuestring), sizeof(text));
			assert_memory_equal(json->valuestring, text, sizeof(text));
			cJSON_Delete(json);
		}
	}
}

static void
a_piece_of_a_text_is_quoted(void **state)
{
	(void)state;
	jw_quote(&out, "abcdef", 3);
	jw_quote(&out, "", 0);
	assert_string_equal(out.buf, "\"abc\"\"\"");
}

/* As deep as anybody may go. */
static void
levels_are_kept_apart(void **state)
{
	struct sb want = sb_new(mem);

	(void)state;
	for (int i = 0; i < 60; i++) {
		jw_arr(&w, NULL);
		jw_i64(&w, NULL, i);
	}
	for (int i = 0; i < 60; i++)
		jw_end(&w);
	for (int i = 0; i < 60; i++)
		sb_printf(&want, "%s[%d", i > 0 ? "," : "", i);
	for (int i = 0; i < 60; i++)
		sb_putc(&want, ']');
	assert_string_equal(out.buf, want.buf);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(commas_stand_between_and_nowhere_else),
		CASE(keys_and_texts_are_escaped),
		CASE(another_reader_gets_back_what_was_written),
		CASE(a_piece_of_a_text_is_quoted),
		CASE(levels_are_kept_apart),
	};

	return cmocka_run_group_tests_name("jw", tests, NULL, NULL);
}
