/* paper.c: bills and receipts as PDF. */
#include "paper/paper.h"

#include <string.h>

#include "api/api.h"
#include "base/conf.h"
#include "db/db.h"
#include "sql.h"

static const char
    *const sizes[] = { [PAPER_A4] = "a4", [PAPER_80] = "80", [PAPER_58] = "58", NULL };

/* clang-format off */
static const struct field params[] = {
	{ "size", FT_TEXT, .max = 2, .among = sizes, .dflt = "\"a4\"",
	  .hint = "a4, or the width of a receipt printer's roll in mm" },
};
const struct op invoice_pdf_op = {
	.summary = "The bill, or its receipt, as PDF",
	.params = params, .nparams = countof(params), .media = "application/pdf",
};
const struct op invoice_pdf_public_op = {
	.summary = "The same for who has the link: without address and numbers of the customer",
	.params = params, .nparams = countof(params), .media = "application/pdf", .paced = true,
};
/* clang-format on */

struct papers {
	struct db_rows *head, *lines, *payments;
};

static enum rc
read_size(struct ctx *cx, const struct req *rq, enum paper_size *ret)
{
	const char *val = req_param(cx, rq, "size");

	*ret = PAPER_A4;
	if (val == NULL || val[0] == '\0')
		return RC_OK;
	TRY(shape_param(cx, &params[0], val));
	while (strcmp(sizes[*ret], val) != 0)
		++*ret;
	return RC_OK;
}

static const struct paper_pair *
facts_of(struct ctx *cx, const struct db_rows *h, size_t *ret)
{
	const struct paper_pair facts[] = { { "Pelanggan", db_text(h, 0, "customer") },
		{ "Alamat", db_text(h, 0, "customer_address") }, { "NPWP", db_text(h, 0, "npwp") },
		{ "Akun", db_text(h, 0, "username") }, { "Tanggal", db_text(h, 0, "issued") },
		{ "Jatuh tempo", db_text(h, 0, "due") }, { "Periode", db_text(h, 0, "period") },
		{ "Catatan", db_text(h, 0, "notes") } };
	struct paper_pair *all = arena_alloc(cx->mem, sizeof(facts));

	memcpy(all, facts, sizeof(facts));
	*ret = countof(facts);
	return all;
}

static const struct paper_line *
lines_of(struct ctx *cx, const struct db_rows *rows)
{
	struct paper_line *all = arena_alloc(cx->mem, (db_count(rows) + 1) * sizeof(*all));

	for (size_t i = 0; i < db_count(rows); i++)
		all[i] = (struct paper_line){ db_text(rows, i, "text"), db_i64(rows, i, "quantity"),
			db_i64(rows, i, "unit_price"), db_i64(rows, i, "amount") };
	return all;
}

static const struct paper_pair *
payments_of(struct ctx *cx, const struct db_rows *rows)
{
	struct paper_pair *all = arena_alloc(cx->mem, (db_count(rows) + 1) * sizeof(*all));

	for (size_t i = 0; i < db_count(rows); i++)
		all[i] =
		    (struct paper_pair){ db_text(rows, i, "label"), db_text(rows, i, "value") };
	return all;
}

/* Exclusive tax raises the total; inclusive tax is only shown. */
static const struct paper_line *
sums_of(struct ctx *cx, const struct db_rows *h, size_t *ret)
{
	int64_t tax = db_i64(h, 0, "tax_amount"), paid = db_i64(h, 0, "paid_amount"),
		amount = db_i64(h, 0, "amount");
	const char *final = db_bool(h, 0, "is_open")        ? "Harus dibayar"
			    : db_bool(h, 0, "is_cancelled") ? "Dibatalkan"
							    : "Lunas";
	struct paper_line *all = arena_alloc(cx->mem, 5 * sizeof(*all));
	size_t n = 0;

	if (db_i64(h, 0, "tax_line") > 0)
		all[n++] = (struct paper_line){ "Sebelum PPN", 1, 0, amount - tax };
	if (tax > 0)
		all[n++] =
		    (struct paper_line){ db_i64(h, 0, "tax_line") > 0 ? "PPN" : "Termasuk PPN", 1,
			    tax, tax };
	if (paid > 0 && paid < amount) {
		all[n++] = (struct paper_line){ "Jumlah tagihan", 1, amount, amount };
		all[n++] = (struct paper_line){ "Sudah dibayar", 1, -paid, -paid };
	}
	all[n++] = (struct paper_line){ final, 1, 0, paid < amount ? amount - paid : amount };
	*ret = n;
	return all;
}

static struct paper
compose(struct ctx *cx, const char *id, const struct papers *rows)
{
	const struct db_rows *h = rows->head;
	struct paper p = { .title = db_text(h, 0, "title"),
		.number = db_text(h, 0, "number"),
		.company = db_text(h, 0, "company"),
		.address = db_text(h, 0, "address"),
		.contact = db_text(h, 0, "contact"),
		.lines = lines_of(cx, rows->lines),
		.nlines = db_count(rows->lines),
		.payments = payments_of(cx, rows->payments),
		.npayments = db_count(rows->payments),
		.link_text = "Bayar dengan memindai kode ini:",
		.footer = db_text(h, 0, "footer") };

	p.facts = facts_of(cx, h, &p.nfacts);
	p.sums = sums_of(cx, h, &p.nsums);
	if (db_bool(h, 0, "is_open"))
		p.link = arena_printf(cx->mem, "%s/pay/%s", conf_text(cx->conf, CONF_APP_URL), id);
	return p;
}

static enum rc
read_rows(struct ctx *cx, const char *id, bool inside, struct papers *ret)
{
	TRY(db_row_if_any(cx, &SQL_paper_head, &ret->head, V_TEXT(id), V_BOOL(inside)));
	if (db_count(ret->head) == 0)
		return FAIL(cx, RC_NOT_FOUND, "There is no such invoice.");
	TRY(db_rows(cx, &SQL_paper_lines, &ret->lines, V_TEXT(id)));
	return db_rows(cx, &SQL_paper_payments, &ret->payments, V_TEXT(id));
}

static enum rc
answer_pdf(struct ctx *cx, const struct req *rq, struct resp *rs, bool inside)
{
	enum paper_size size;
	struct papers rows;
	struct paper paper;
	const char *id, *pdf;
	size_t n;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(read_size(cx, rq, &size));
	TRY(read_rows(cx, id, inside, &rows));
	paper = compose(cx, id, &rows);
	TRY(paper_pdf(cx, &paper, size, &pdf, &n));
	rs->status = 200;
	rs->content_type = "application/pdf";
	resp_header(rs, "Content-Disposition",
	    arena_printf(cx->mem, "inline; filename=\"%s.pdf\"", paper.number));
	sb_add(&rs->body, pdf, n);
	return RC_OK;
}

enum rc
invoice_pdf(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return answer_pdf(cx, rq, rs, true);
}

enum rc
invoice_pdf_public(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	TRY(db_exec(cx, &SQL_public_read_pace, V_TEXT(cx->ip)));
	return answer_pdf(cx, rq, rs, false);
}
