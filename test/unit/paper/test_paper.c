/* test_paper.c: bills as PDF: pages, rolls, embedded fonts. */
#include "state.h"

#include <stdio.h>

#include "paper/paper.h"
#include "pdf.h"

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

/* ---- where things stand --------------------------------------------------------------------- */

/* The drawing of pages: "X,Y" of a text, "X,Y-X,Y" of a rule, the squares of a code. */
static void
put_drawing(struct sb *out, char *pages)
{
	double x, y, from[2] = { 0 }, first[2] = { 0 };
	size_t squares = 0;

	for (const char *at; (at = strsep(&pages, "\n")) != NULL;) {
		const char *op = strrchr(at, ' ');

		if (op == NULL || sscanf(at, "%lf %lf", &x, &y) != 2)
			continue;
		if (strcmp(op, " Td") == 0)
			sb_printf(out, "%.0f,%.0f ", x, y);
		else if (strcmp(op, " l") == 0)
			sb_printf(out, "%.0f,%.0f-%.0f,%.0f ", from[0], from[1], x, y);
		else if (strcmp(op, " re") == 0 && squares++ == 0)
			memcpy(first, (double[]){ x, y }, sizeof(first));
		else if (strcmp(op, " m") == 0)
			memcpy(from, (double[]){ x, y }, sizeof(from));
	}
	sb_printf(out, "%zu squares at %.0f,%.0f", squares, first[0], first[1]);
}

/* The size of the first page, and the drawing of all. */
static const char *
drawing(struct ctx *cx, const struct paper *p, enum paper_size size)
{
	struct sb out = sb_new(cx->mem);
	const char *pdf, *at;
	size_t n;

	assert_int_equal(paper_pdf(cx, p, size, &pdf, &n), RC_OK);
	at = memmem(pdf, n, "/MediaBox", 9);
	assert_non_null(at);
	sb_printf(&out, "%.*s ", (int)strcspn(at, "]") + 1, at);
	put_drawing(&out, pdf_pages(cx->mem, pdf, n));
	return out.buf;
}

static void
each_part_has_its_place(void **state)
{
	struct ctx *cx = *state;
	static const struct paper_pair facts[] = { { "Pelanggan", "Ibu Sri" }, { "NPWP", "" },
		{ "Alamat", "Gg. Melati 3\nBandung" } };
	static const struct paper_pair payments[] = { { "2 Maret 2026", "Rp15.000, tunai" } };
	static const struct paper_line lines[] = { { "Sewa ONT", 2, 7500, 15000 },
		{ "Pekerjaan di rumah pelanggan, kabel dan tenaga kerja", 1, 1000, 1000 } };
	static const struct paper_line sums[] = { { "PPN", 1, 1760, 1760 },
		{ "Harus dibayar", 1, 0, 17760 } };
	const struct paper p = { .title = "TAGIHAN",
		.number = "INV-20260302-0001",
		.company = "Warga Net",
		.address = "Jl. Kenanga 7",
		.contact = "022-123456",
		.facts = facts,
		.nfacts = countof(facts),
		.lines = lines,
		.nlines = countof(lines),
		.sums = sums,
		.nsums = countof(sums),
		.payments = payments,
		.npayments = 1,
		.link = "https://isp.example/pay/x",
		.link_text = "Bayar:" };

	assert_string_equal(drawing(cx, &p, PAPER_A4),
	    "/MediaBox [ 0 0 595.28003 841.89001 ] 50,775 50,763 50,750 459,775 "
	    "439,758 50,744-545,744 50,725 160,725 50,711 160,711 160,699 "
	    "50,693-545,693 50,673 499,673 50,659 505,659 50,653-545,653 417,633 "
	    "505,633 348,617 487,617 50,611-545,611 50,592 160,592 175,563 "
	    "175,550 330 squares at 50,568");
	assert_string_equal(drawing(cx, &p, PAPER_58),
	    "/MediaBox [ 0 0 164.41 360.40039 ] 6,345 6,336 6,327 6,323-158,323 "
	    "6,312 6,303 6,299-158,299 6,284 68,284 6,274 68,274 68,265 "
	    "6,261-158,261 6,246 125,237 6,226 6,217 129,208 6,204-158,204 6,189 "
	    "129,189 6,177 113,177 6,172-158,172 6,158 68,158 6,23 6,13 330 "
	    "squares at 27,140");
}

/* The last drawing of a paper before its squares: where its last line stands. */
static double
last_line(struct ctx *cx, const struct paper *p, enum paper_size size)
{
	const char *all = drawing(cx, p, size), *end = strstr(all, " squares"), *at = end;
	double y = 0;

	for (int fields = 0; fields < 2; at--)
		fields += at[-1] == ' ';
	assert_int_equal(sscanf(at, " %*[0-9.],%lf", &y), 1);
	return y;
}

/* On A4 the code reaches lower than the texts beside it. */
static void
a_footer_stands_below_the_code(void **state)
{
	struct ctx *cx = *state;
	struct paper p = bill(&line, 1);
	double text = last_line(cx, &p, PAPER_A4);

	p.footer = "BCA 123 456";
	assert_true(last_line(cx, &p, PAPER_A4) < text - 80);
	p.link = NULL;
	assert_true(last_line(cx, &p, PAPER_80) > 0);
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
	struct paper_line lines[100] = { 0 };
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

static void
a_long_footer_is_broken_between_words_at_the_margin(void **state)
{
	struct ctx *cx = *state;
	struct paper p = bill(&line, 1);
	const char *pdf;
	size_t n;

	p.footer = "Bayar di kasir kami setiap hari kerja, atau dengan transfer ke rekening "
		   "perusahaan, dan simpan nota ini sebagai bukti pembayaran yang sah";
	assert_int_equal(paper_pdf(cx, &p, PAPER_A4, &pdf, &n), RC_OK);
	assert_non_null(strstr(pdf_texts(cx->mem, pdf, n),
	    "\nBayar di kasir kami setiap hari kerja, atau dengan transfer ke rekening "
	    "perusahaan, dan simpan nota\nini sebagai bukti pembayaran yang sah\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_part_has_its_place, begin, end),
		cmocka_unit_test_setup_teardown(a_footer_stands_below_the_code, begin, end),
		cmocka_unit_test_setup_teardown(a_bill_is_a_page_with_its_fonts, begin, end),
		cmocka_unit_test_setup_teardown(many_lines_take_more_pages_but_one_roll, begin,
		    end),
		cmocka_unit_test_setup_teardown(a_text_wider_than_the_paper_is_broken, begin, end),
		cmocka_unit_test_setup_teardown(a_long_footer_is_broken_between_words_at_the_margin,
		    begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
