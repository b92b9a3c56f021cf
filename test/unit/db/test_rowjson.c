#include "rows.h"

#include "db/rowjson.h"

static const char *
json_of(const char *select)
{
	struct db_stmt *st = arena_alloc(cx.mem, sizeof(*st));
	struct sb out = sb_new(cx.mem);
	struct db_rows *rows;

	*st = (struct db_stmt){ NULL, select, 0 };
	assert_int_equal(db_rows(&cx, st, &rows), RC_OK);
	rowjson_array(&out, rows);
	return out.buf;
}

static void
every_type(void **state)
{
	(void)state;
	assert_string_equal(json_of("SELECT 1::int2 AS a, -2::int4 AS b, 9223372036854775807 AS c,"
				    " 1.50::numeric AS d, 'NaN'::float8 AS e, 0.25::float4 AS f"),
	    "[{\"a\":1,\"b\":-2,\"c\":9223372036854775807,\"d\":1.50,\"e\":null,\"f\":0.25}]");
	assert_string_equal(json_of("SELECT true AS a, false AS b, NULL::int AS c, ''::text AS d"),
	    "[{\"a\":true,\"b\":false,\"c\":null,\"d\":\"\"}]");
	assert_string_equal(json_of("SELECT '{\"x\":[1]}'::jsonb AS a, '2026-02-28'::date AS b,"
				    " '2026-01-02 03:04:05.678+00'::timestamptz AS c,"
				    " 'infinity'::timestamptz AS d"),
	    "[{\"a\":{\"x\": [1]},\"b\":\"2026-02-28\",\"c\":\"2026-01-02T03:04:05.678Z\","
	    "\"d\":\"infinity\"}]");
	assert_string_equal(json_of("SELECT '10000000-0000-0000-0000-000000000001'::uuid AS id,"
				    " ARRAY['a', 'b \"c\" \\ {,}', NULL, 'NULL', ''] AS l,"
				    " '{}'::text[] AS none, '{1,2}'::int[] AS n"),
	    "[{\"id\":\"10000000-0000-0000-0000-000000000001\","
	    "\"l\":[\"a\",\"b \\\"c\\\" \\\\ {,}\",null,\"NULL\",\"\"],\"none\":[],\"n\":[1,2]}]");
}

static void
texts_are_escaped(void **state)
{
	(void)state;
	assert_string_equal(
	    json_of(
		"SELECT E'\"\\\\ \\n\\t\\x01\\x7f \u00e9\u20ac' AS a, '</script>' AS \"b\"\"c\""),
	    "[{\"a\":\"\\\"\\\\ \\n\\t\\u0001\\u007f \u00e9\u20ac\",\"b\\\"c\":\"</script>\"}]");
}

static void
dots_nest(void **state)
{
	(void)state;
	assert_string_equal(json_of(
				"SELECT 1 AS id, 'x' AS \"c.name\", 2 AS \"c.p.q\", 3 AS \"c.p.r\","
				" 4 AS z"),
	    "[{\"id\":1,\"c\":{\"name\":\"x\",\"p\":{\"q\":2,\"r\":3}},\"z\":4}]");
	assert_string_equal(json_of(
				"SELECT 1 AS id, NULL AS \"c.name\", NULL AS \"c.p.q\", 4 AS z"),
	    "[{\"id\":1,\"c\":null,\"z\":4}]");
	assert_string_equal(json_of(
				"SELECT 'x' AS \"c.name\", NULL AS \"c.p.q\", NULL AS \"cx.a\""),
	    "[{\"c\":{\"name\":\"x\",\"p\":null},\"cx\":null}]");
}

static void
many_and_none(void **state)
{
	(void)state;
	assert_string_equal(json_of("SELECT n FROM generate_series(1, 3) n"),
	    "[{\"n\":1},{\"n\":2},{\"n\":3}]");
	assert_string_equal(json_of("SELECT n FROM generate_series(1, 0) n"), "[]");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(every_type),
		ROWS_TEST(texts_are_escaped),
		ROWS_TEST(dots_nest),
		ROWS_TEST(many_and_none),
	};

	return cmocka_run_group_tests_name("rowjson", tests, rows_open, rows_close);
}
