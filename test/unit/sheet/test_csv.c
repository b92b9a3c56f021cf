#include "fixture.h"

#include <string.h>

#include "rows.h"

static const char *
read_n(const char *data, size_t len)
{
	struct sb out = sb_new(cx.mem);

	if (sheet_read(&cx, data, len, join_row, &out) != RC_OK)
		return cx.err.msg;
	return out.len > 0 ? out.buf : "";
}

static const char *
read_text(const char *text)
{
	return read_n(text, strlen(text));
}

static void
quotes_commas_and_line_ends_inside_a_cell(void **state)
{
	(void)state;
	assert_string_equal(
	    read_text("nama,alamat\r\n\"Sari, Bu\",\"Jl. \"\"A\"\"\nNo. 2\"\r\nTono, x \n"),
	    "1:nama|alamat\n2:Sari, Bu|Jl. \"A\"\nNo. 2\n4:Tono|x\n");
}

static void
the_separator_is_the_commonest_of_the_heading(void **state)
{
	(void)state;
	assert_string_equal(read_text("nama;harga\nSari;150.000,00\n"),
	    "1:nama|harga\n2:Sari|150.000,00\n");
	assert_string_equal(read_text("nama\tharga\nSari\t1\n"), "1:nama|harga\n2:Sari|1\n");
	assert_string_equal(read_text("sep=;\nnama;harga,x\n"), "2:nama|harga,x\n");
}

static void
every_charset_that_excel_writes(void **state)
{
	(void)state;
	assert_string_equal(read_text("\xef\xbb\xbfnama,x\n"), "1:nama|x\n");
	assert_string_equal(read_text("nama,x\nAndr\xe9,1\n"), "1:nama|x\n2:Andr\xc3\xa9|1\n");
	assert_string_equal(read_n("\xff\xfen\0,\0x\0\n\0", 10), "1:n|x\n");
}

static void
rows_without_text_are_passed_over(void **state)
{
	(void)state;
	assert_string_equal(read_text("a,b\n,\n\n1,2"), "1:a|b\n4:1|2\n");
	assert_string_equal(read_text(""), "");
}

static void
broken_files_are_refused_with_the_line(void **state)
{
	char wide[500];

	(void)state;
	assert_string_equal(read_text("a,b\n\"never closed\n"),
	    "Line 2: a quote is opened and never closed.");
	memset(wide, ',', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	assert_string_equal(read_text(wide), "Line 1 has more than 200 columns.");
	assert_string_equal(read_n("a\0b", 3), "The file is no text: it holds a NUL byte.");
	assert_non_null(strstr(read_text("\xd0\xcf\x11\xe0 old"), ".xlsx or CSV"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(quotes_commas_and_line_ends_inside_a_cell),
		FIXTURE_TEST(the_separator_is_the_commonest_of_the_heading),
		FIXTURE_TEST(every_charset_that_excel_writes),
		FIXTURE_TEST(rows_without_text_are_passed_over),
		FIXTURE_TEST(broken_files_are_refused_with_the_line),
	};

	return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
