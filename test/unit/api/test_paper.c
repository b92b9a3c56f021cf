/* test_paper.c: the words of a bill, its receipt, and a cancelled bill; where they stand:
 * test_paper of paper. */
#include "rows.h"

#include "api/api.h"
#include "base/conf.h"
#include "pdf.h"

/* The texts of a bill's paper, a line each. */
static const char *
words_of(const char *invoice_id, bool inside)
{
	static struct conf cf;
	const struct req rq = { .method = "GET",
		.path = "",
		.query = "size=",
		.args = { { "id", invoice_id } } };
	struct resp rs = { .body = sb_new(cx.mem), .headers = sb_new(cx.mem) };

	cf.val[CONF_APP_URL] = "https://isp";
	cx.conf = &cf;
	if ((inside ? invoice_pdf : invoice_pdf_public)(&cx, &rq, &rs) != RC_OK)
		fail_msg("%s", cx.err.msg);
	return pdf_texts(cx.mem, rs.body.buf, rs.body.len);
}

/* A bill of 150,000 and its tax. */
static const char *
a_taxed_bill(const char *mode)
{
	const char *id;

	(void)sql("UPDATE settings SET tax_mode = '%s', tax_rate = 1100, tax_base = '1/1',"
		  " company_name = 'Warga Net', company_address = 'Jl. Kenanga 7',"
		  " company_phone = '022-1', company_whatsapp = '0812-2'",
	    mode);
	id = an_invoice();
	(void)sql("UPDATE customers SET address = 'Gg. Melati 3', npwp = '01.234'");
	(void)sql("UPDATE invoices SET notes = 'lantai dua'");
	return id;
}

static void
pay(const char *bill, int amount)
{
	(void)sql("SELECT payment_id AS v FROM payment_book(jsonb_build_object('invoice_id', '%s',"
		  " 'amount', %d, 'method', 'cash', 'duplicate', true), '2026-03-03')",
	    bill, amount);
}

#define HEAD     "Warga Net\nJl. Kenanga 7\n022-1 \xC2\xB7 WhatsApp 0812-2\n"
#define CITRA    "INV-20260302-0001\nPelanggan\nCitra\n"
#define ADDRESS  "Alamat\nGg. Melati 3\nNPWP\n01.234\nAkun\ncitra\n"
#define ISSUED   "Tanggal\n2 Maret 2026\n"
#define DUE      "Jatuh tempo\n5 Maret 2026\n"
#define PERIOD   "Periode\n2 Maret 2026 - 31 Maret 2026\n"
#define NOTES    "Catatan\nlantai dua\n"
#define WITH_TAX "home\nRp150.000\nSebelum PPN\nRp150.000\nPPN\nRp16.500\n"
#define CASH     "3 Maret 2026\nRp40.000 \xC2\xB7 tunai\n"

static const char *
and_its_page(const char *words, const char *bill)
{
	return arena_printf(cx.mem, "%sBayar dengan memindai kode ini:\nhttps://isp/pay/%s\n",
	    words, bill);
}

static void
an_open_bill_says_what_is_owed_and_where_to_pay(void **state)
{
	const char *bill = a_taxed_bill("exclusive");

	(void)state;
	assert_string_equal(words_of(bill, true),
	    and_its_page(HEAD "TAGIHAN\n" CITRA ADDRESS ISSUED DUE PERIOD NOTES WITH_TAX
			      "Harus dibayar\nRp166.500\n",
		bill));
	assert_string_equal(words_of(bill, false),
	    and_its_page(HEAD "TAGIHAN\n" CITRA ISSUED DUE PERIOD NOTES WITH_TAX
			      "Harus dibayar\nRp166.500\n",
		bill));
	pay(bill, 40000);
	assert_string_equal(words_of(bill, true),
	    and_its_page(HEAD "TAGIHAN\n" CITRA ADDRESS ISSUED DUE PERIOD NOTES WITH_TAX
			      "Jumlah tagihan\nRp166.500\nSudah dibayar\n-Rp40.000\n"
			      "Harus dibayar\nRp126.500\n" CASH,
		bill));
}

static void
a_paid_bill_is_a_receipt(void **state)
{
	const char *bill = a_taxed_bill("exclusive");

	(void)state;
	(void)sql("SELECT credit_enter((SELECT id FROM customers), 126500, 'gift', '2026-03-02')"
		  " AS v");
	(void)sql("UPDATE allocations SET created_at = '2026-03-02 12:00+07'");
	pay(bill, 40000);
	assert_string_equal(words_of(bill, true),
	    HEAD "KUITANSI\n" CITRA ADDRESS ISSUED PERIOD NOTES WITH_TAX "Lunas\nRp166.500\n"
		 "2 Maret 2026\nRp126.500 \xC2\xB7 kredit\n" CASH);
}

/* The owner's own words are the last ones, behind the code, whoever reads the paper. */
static void
a_paper_ends_with_the_words_of_the_owner(void **state)
{
	const char *bill = a_taxed_bill("none");

	(void)state;
	(void)sql("UPDATE settings SET company_receipt_footer = E'BCA 123 456\nTerima kasih'");
	assert_non_null(strstr(words_of(bill, true),
	    arena_printf(cx.mem, "/pay/%s\nBCA 123 456\nTerima kasih\n", bill)));
	pay(bill, 150000);
	assert_non_null(strstr(words_of(bill, false), "\nBCA 123 456\nTerima kasih\n"));
}

static void
a_cancelled_bill_asks_for_nothing(void **state)
{
	const char *bill = a_taxed_bill("inclusive");

	(void)state;
	(void)sql("SELECT invoice_cancel('%s', '2026-03-03')::text AS v", bill);
	assert_string_equal(words_of(bill, true),
	    HEAD "DIBATALKAN\n" CITRA ADDRESS ISSUED PERIOD NOTES
		 "home\nRp150.000\nTermasuk PPN\nRp14.865\nDibatalkan\nRp150.000\n");
}

/* Without tax there is no line of it; without a company there is one all the same. */
static void
a_plain_bill_has_one_sum(void **state)
{
	const char *bill = a_taxed_bill("none");

	(void)state;
	(void)sql("UPDATE settings SET company_name = '', company_address = '',"
		  " company_phone = '', company_whatsapp = ''");
	(void)sql("UPDATE invoices SET notes = NULL");
	assert_string_equal(words_of(bill, false),
	    and_its_page("ISP\nTAGIHAN\n" CITRA ISSUED DUE PERIOD
			 "home\nRp150.000\nHarus dibayar\nRp150.000\n",
		bill));
}

static void
a_paper_has_a_size_and_a_bill(void **state)
{
	struct req rq = { .method = "GET",
		.path = "",
		.query = "size=a5",
		.args = { { "id", an_invoice() } } };
	struct resp rs = { .body = sb_new(cx.mem), .headers = sb_new(cx.mem) };

	(void)state;
	assert_int_equal(invoice_pdf(&cx, &rq, &rs), RC_INVALID);
	assert_string_equal(cx.err.fields->field, "size");
	rq.query = "size=58";
	rq.args[0].val = "00000000-0000-4000-8000-000000000000";
	assert_int_equal(invoice_pdf(&cx, &rq, &rs), RC_NOT_FOUND);
	rq.args[0].val = "58";
	assert_int_equal(invoice_pdf(&cx, &rq, &rs), RC_NOT_FOUND);
	assert_int_equal(rs.body.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(an_open_bill_says_what_is_owed_and_where_to_pay),
		ROWS_TEST(a_paid_bill_is_a_receipt),
		ROWS_TEST(a_paper_ends_with_the_words_of_the_owner),
		ROWS_TEST(a_cancelled_bill_asks_for_nothing),
		ROWS_TEST(a_plain_bill_has_one_sum),
		ROWS_TEST(a_paper_has_a_size_and_a_bill),
	};

	return cmocka_run_group_tests_name("paper", tests, rows_open, rows_close);
}
