#include "rows.h"

#include "db/rowcsv.h"

static const char *
csv_of(const char *select)
{
	struct db_stmt *st = arena_alloc(cx.mem, sizeof(*st));
	struct sb out = sb_new(cx.mem);
	struct db_rows *rows;

	*st = (struct db_stmt){ NULL, select, 0 };
	assert_int_equal(db_rows(&cx, st, &rows), RC_OK);
	rowcsv_head(&out, rows);
	rowcsv_rows(&out, rows);
	return out.buf;
}

static void
every_type(void **state)
{
	(void)state;
	assert_string_equal(
	    csv_of("SELECT -2 AS a, true AS b, false AS c, NULL::int AS d, NULL::boolean AS e,"
		   " '2026-02-28'::date AS f, '2026-01-02 03:04:05.5+00'::timestamptz AS g,"
		   " 'infinity'::timestamptz AS h"),
	    "a,b,c,d,e,f,g,h\r\n-2,true,false,,,2026-02-28,2026-01-02T03:04:05.5Z,infinity\r\n");
}

static void
a_cell_is_no_formula_and_no_two_cells(void **state)
{
	(void)state;
	assert_string_equal(
	    csv_of("SELECT '=1+1' AS a, '@x' AS b, '-' AS c, 'a,b' AS d, 'say \"x\"' AS e,"
		   " E'two\nlines' AS f, ' x' AS g, 'a=b' AS h"),
	    "a,b,c,d,e,f,g,h\r\n"
	    "\"'=1+1\",\"'@x\",\"'-\",\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\" x\",a=b\r\n");
}

/* Bug: the packages of a customer stood in a cell as the server writes an array: {"20 Mbps"}. */
static void
an_array_is_a_list_in_one_cell(void **state)
{
	(void)state;
	assert_string_equal(csv_of(
				"SELECT ARRAY['20 Mbps', 'a, \"b\"', NULL] AS a, '{}'::text[] AS b,"
				" '{1,2}'::int[] AS c, NULL::text[] AS d, ARRAY['=x'] AS e"),
	    "a,b,c,d,e\r\n\"20 Mbps; a, \"\"b\"\"\",,1; 2,,\"'=x\"\r\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(every_type),
		ROWS_TEST(a_cell_is_no_formula_and_no_two_cells),
		ROWS_TEST(an_array_is_a_list_in_one_cell),
	};

	return cmocka_run_group_tests_name("rowcsv", tests, rows_open, rows_close);
}
