/* test_paper.c: bills as PDF: pages, rolls, embedded fonts. */
#include "state.h"

#include <string.h>

#include "paper/paper.h"

static const struct paper_line line = { "Sewa ONT \xC3\x89", 2, 7500, 15000 };
static const struct paper_line total = { "Harus dibayar", 1, 0, 15000 };

static struct paper
bill(const struct paper_line *lines, size_t n)
{
	return (struct paper){ .title = "TAGIHAN",
		.number = "INV-20260302-0001",
		.company = "Warga Net",
		.lines = lines,
		.nlines = n,
		.sums = &total,
		.nsums = 1,
		.link = "https://isp.example/pay/x",
		.link_text = "Bayar:" };
}

static size_t
count(const char *pdf, size_t n, const char *what)
{
	size_t found = 0, len = strlen(what);

	for (size_t i = 0; i + len <= n; i++)
		found += memcmp(pdf + i, what, len) == 0;
	return found;
}

static void
a_bill_is_a_page_with_its_fonts(void **state)
{
	struct ctx *cx = *state;
	struct paper p = bill(&line, 1);
	const char *pdf;
	size_t n;

	assert_int_equal(paper_pdf(cx, &p, PAPER_A4, &pdf, &n), RC_OK);
	assert_memory_equal(pdf, "%PDF-", 5);
	assert_int_equal(count(pdf, n, "/FontFile2"), 2);
	assert_int_equal(count(pdf, n, "/Type /Page\n"), 1);
}

static void
many_lines_take_more_pages_but_one_roll(void **state)
{
	struct ctx *cx = *state;
	struct paper_line lines[100];
	struct paper p = bill(lines, countof(lines));
	const char *pdf;
	size_t n;

	for (size_t i = 0; i < countof(lines); i++)
		lines[i] = line;
	assert_int_equal(paper_pdf(cx, &p, PAPER_A4, &pdf, &n), RC_OK);
	assert_true(count(pdf, n, "/Type /Page\n") > 1);
	assert_int_equal(paper_pdf(cx, &p, PAPER_58, &pdf, &n), RC_OK);
	assert_int_equal(count(pdf, n, "/Type /Page\n"), 1);
}

/* A word wider than the paper is broken between letters, never inside one. */
static void
a_text_wider_than_the_paper_is_broken(void **state)
{
	struct ctx *cx = *state;
	char wide[1001];
	struct paper_line long_line = { wide, 1, 1, 1 };
	struct paper p = bill(&long_line, 1);
	const char *pdf;
	size_t n;

	for (size_t i = 0; i + 1 < sizeof(wide); i++)
		wide[i] = i % 2 == 0 ? '\xC3' : '\x89';
	wide[sizeof(wide) - 1] = '\0';
	assert_int_equal(paper_pdf(cx, &p, PAPER_58, &pdf, &n), RC_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_bill_is_a_page_with_its_fonts, begin, end),
		cmocka_unit_test_setup_teardown(many_lines_take_more_pages_but_one_roll, begin,
		    end),
		cmocka_unit_test_setup_teardown(a_text_wider_than_the_paper_is_broken, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
