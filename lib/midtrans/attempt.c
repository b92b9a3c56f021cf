/* attempt.c: see attempt.h; the deeds themselves are in sql/functions/midtrans_*.sql. */
#include "midtrans/attempt.h"

#include <string.h>

#include "base/jw.h"
#include "db/db.h"
#include "sql.h"

/* clang-format off */
static const struct {
	enum midtrans_deed deed;
	const char *name;
} deed_names[] = {
	{ MD_NOTE, "note" }, { MD_BOOK, "book" }, { MD_REFUND, "refund" }, { MD_TAKE, "take" },
	{ MD_VOID, "void" }, { MD_CHARGEBACK, "chargeback" }, { MD_CONFIRM, "confirm" },
	{ MD_ALERT, "alert" },
};

static const struct db_col state_cols[] = {
	DB_COL(midtrans_state, expected, DB_I64),
	DB_COL(midtrans_state, had_200, DB_BOOL),
	DB_COL(midtrans_state, elsewhere, DB_BOOL),
	DB_COL(midtrans_state, fresh, DB_BOOL),
	DB_COL(midtrans_state, invoice_id, DB_TEXT),
	DB_COL(midtrans_state, status, DB_TEXT),
	DB_COL(midtrans_state, payment_status, DB_TEXT),
	DB_COL(midtrans_state, refunded, DB_I64),
	DB_COL(midtrans_state, charged, DB_I64),
};

static const struct db_col attempt_cols[] = {
	DB_COL(attempt, id, DB_TEXT),
	DB_COL(attempt, order_id, DB_TEXT),
	DB_COL(attempt, invoice_id, DB_TEXT),
	DB_COL(attempt, snap_token, DB_TEXT),
	DB_COL(attempt, state, DB_TEXT),
	DB_COL(attempt, over, DB_BOOL),
	DB_COL(attempt, live, DB_BOOL),
	DB_COL(attempt, owed, DB_BOOL),
};

static const struct db_col transaction_cols[] = {
	DB_COL(attempt_transaction, transaction_id, DB_TEXT),
	DB_COL(attempt_transaction, status, DB_TEXT),
	DB_COL(attempt_transaction, told, DB_BOOL),
	DB_COL(attempt_transaction, live, DB_BOOL),
	DB_COL(attempt_transaction, captured, DB_BOOL),
};

static const struct db_col order_cols[] = {
	DB_COL(midtrans_order, order_id, DB_TEXT),
	DB_COL(midtrans_order, number, DB_TEXT),
	DB_COL(midtrans_order, invoice_id, DB_TEXT),
	DB_COL(midtrans_order, amount, DB_I64),
	DB_COL(midtrans_order, item, DB_TEXT),
	DB_COL(midtrans_order, customer, DB_TEXT),
	DB_COL(midtrans_order, email, DB_TEXT),
	DB_COL(midtrans_order, phone, DB_TEXT),
	DB_COL(midtrans_order, start_time, DB_TEXT),
	DB_COL(midtrans_order, minutes, DB_I64),
	DB_COL(midtrans_order, enabled, DB_TEXT),
};
/* clang-format on */

/* ---- messages -------------------------------------------------------------------------------- */

/* What of refunds it says; a partial chargeback without a sum of its own may say itself there. */
static void
put_refunds(struct jw *w, const struct midtrans_message *m)
{
	if (m->charged_total == 0 && strcmp(m->status, "partial_chargeback") == 0)
		return;
	if (m->refund_total > 0)
		jw_i64(w, "refund_total", m->refund_total);
	jw_arr(w, "refunds");
	for (size_t i = 0; i < m->nrefunds; i++) {
		jw_obj(w, NULL);
		jw_str(w, "id", m->refunds[i].id);
		jw_i64(w, "amount", m->refunds[i].amount);
		jw_end(w);
	}
	jw_end(w);
}

/* Money that is no rupiah, in its own words. */
static void
put_money(struct ctx *cx, struct jw *w, const struct midtrans_message *m)
{
	const char *currency = m->currency != NULL ? m->currency : "IDR";

	if (m->gross >= 0)
		jw_i64(w, "gross", m->gross);
	if (m->gross < 0 || strcmp(currency, "IDR") != 0)
		jw_str(w, "money", arena_printf(cx->mem, "%s %s", m->gross_amount, currency));
}

static void
put_said(struct ctx *cx, struct jw *w, const struct midtrans_message *m)
{
	jw_str(w, "transaction_id", m->transaction_id);
	jw_str(w, "status", m->status);
	jw_str(w, "fraud_status", m->fraud_status);
	jw_str(w, "payment_type", m->payment_type);
	jw_str(w, "method", midtrans_method(m->payment_type));
	jw_str(w, "bank", m->bank);
	jw_str(w, "pay_code", m->pay_code);
	jw_str(w, "transaction_time", m->transaction_time);
	jw_str(w, "settlement_time", m->settlement_time);
	jw_str(w, "expiry_time", m->expiry_time);
	put_money(cx, w, m);
	put_refunds(w, m);
}

static void
put_decided(struct jw *w, const struct midtrans_decision *d)
{
	jw_str(w, "verdict", d->verdict);
	jw_str(w, "rows", d->rows);
	jw_str(w, "attempt", d->attempt);
	jw_i64(w, "amount", d->amount);
	jw_i64(w, "fee", d->fee);
	jw_i64(w, "charged", d->charged);
	jw_arr(w, "deeds");
	for (size_t i = 0; i < countof(deed_names); i++)
		if (d->deeds & deed_names[i].deed)
			jw_str(w, NULL, deed_names[i].name);
	jw_end(w);
}

/* What midtrans_apply() in SQL is told. */
static const char *
order_to_do(struct ctx *cx, const char *source, const struct midtrans_message *m,
    const struct midtrans_decision *d)
{
	struct sb s = sb_new(cx->mem);
	struct jw w = jw_new(&s);

	jw_obj(&w, NULL);
	jw_str(&w, "source", source);
	jw_bool(&w, "is_200",
	    strcmp(source, ATTEMPT_NOTIFICATION) == 0 && strcmp(m->status_code, "200") == 0);
	put_decided(&w, d);
	put_said(cx, &w, m);
	jw_end(&w);
	return s.buf;
}

enum rc
attempt_hear(struct ctx *cx, const char *source, const struct midtrans_message *m, const char *raw,
    struct attempt_heard *ret)
{
	struct attempt_heard heard;
	struct db_rows *rows;

	TRY(db_query(cx, &SQL_midtrans_hear, &rows, V_TEXT(source), V_TEXT(m->order_id),
	    V_TEXT(m->transaction_id), V_TEXT(raw)));
	heard = (struct attempt_heard){ .attempt_id = db_text(rows, 0, "attempt_id"),
		.event_id = db_i64(rows, 0, "event_id") };
	if (heard.attempt_id != NULL)
		TRY(db_scan(cx, rows, 0, state_cols, &heard.state));
	*ret = heard;
	return RC_OK;
}

enum rc
attempt_do(struct ctx *cx, const char *source, const struct midtrans_message *m,
    const struct attempt_heard *heard, const struct midtrans_decision *d)
{
	return db_send(cx, &SQL_midtrans_apply, NULL, V_TEXT(heard->attempt_id),
	    V_I64(heard->event_id), V_TEXT(order_to_do(cx, source, m, d)));
}

enum rc
attempt_remember(struct ctx *cx, const char *source, const struct midtrans_message *m,
    const char *raw)
{
	return db_query(cx, &SQL_midtrans_event_add, NULL, V_TEXT(source), V_TEXT(m->order_id),
	    V_TEXT(m->transaction_id), V_TEXT(raw));
}

/* ---- asking ---------------------------------------------------------------------------------- */

enum rc
attempt_by_id(struct ctx *cx, const char *id, struct attempt *ret)
{
	struct db_rows *rows;

	TRY(db_query(cx, &SQL_gateway_attempt, &rows, V_TEXT(id)));
	if (db_count(rows) == 0)
		return FAIL(cx, RC_NOT_FOUND, "There is no such attempt.");
	return db_scan(cx, rows, 0, attempt_cols, ret);
}

enum rc
attempt_by_order(struct ctx *cx, const char *order_id, struct attempt *ret)
{
	struct db_rows *rows;

	TRY(db_query(cx, &SQL_midtrans_by_order, &rows, V_TEXT(order_id)));
	if (db_count(rows) == 0)
		return FAIL(cx, RC_NOT_FOUND, "There is no such order.");
	return attempt_by_id(cx, db_text(rows, 0, "id"), ret);
}

enum rc
attempt_transactions(struct ctx *cx, const char *id, struct attempt_transaction **ret, size_t *nret)
{
	struct attempt_transaction *all;
	struct db_rows *rows;

	TRY(db_query(cx, &SQL_gateway_transactions, &rows, V_TEXT(id)));
	all = arena_alloc(cx->mem, (db_count(rows) + 1) * sizeof(*all));
	for (size_t i = 0; i < db_count(rows); i++)
		TRY(db_scan(cx, rows, i, transaction_cols, &all[i]));
	*ret = all;
	*nret = db_count(rows);
	return RC_OK;
}

/* ---- pages ----------------------------------------------------------------------------------- */

static enum rc
begin_attempt(struct ctx *cx, const char *invoice_id, const struct db_rows *page,
    struct attempt_page *ret)
{
	int64_t n = db_i64(page, 0, "attempt");
	struct db_rows *rows;

	ret->order_id = midtrans_order_id(cx, db_text(page, 0, "invoice_number"), n);
	TRY(db_query(cx, &SQL_midtrans_attempt_add, &rows, V_TEXT(invoice_id), V_I64(n),
	    V_TEXT(ret->order_id), V_I64(db_i64(page, 0, "owed"))));
	ret->id = db_text(rows, 0, "id");
	ret->calls = 1;
	return RC_OK;
}

enum rc
attempt_page(struct ctx *cx, const char *invoice_id, bool counts, struct attempt_page *ret)
{
	struct attempt_page page;
	struct db_rows *rows;

	TRY(db_query(cx, &SQL_midtrans_page, &rows, V_TEXT(invoice_id), V_BOOL(counts)));
	page = (struct attempt_page){ .id = db_text(rows, 0, "attempt_id"),
		.order_id = db_text(rows, 0, "order_id"),
		.snap_token = db_text(rows, 0, "snap_token"),
		.redirect_url = db_text(rows, 0, "redirect_url"),
		.calls = db_i64(rows, 0, "calls") };
	if (page.id == NULL)
		TRY(begin_attempt(cx, invoice_id, rows, &page));
	*ret = page;
	return RC_OK;
}

enum rc
attempt_order(struct ctx *cx, const char *id, const char *url, struct midtrans_order *ret)
{
	struct db_rows *rows;

	TRY(db_query(cx, &SQL_midtrans_order, &rows, V_TEXT(id)));
	TRY(db_scan(cx, rows, 0, order_cols, ret));
	ret->finish = arena_printf(cx->mem, "%s/pay/%s", url, ret->invoice_id);
	return RC_OK;
}

enum rc
attempt_made(struct ctx *cx, struct attempt_page *page, const char *state, const char *said,
    bool *ret)
{
	struct db_rows *rows;

	TRY(db_query(cx, &SQL_midtrans_attempt_made, &rows, V_TEXT(page->id), V_I64(page->calls),
	    V_TEXT(page->snap_token), V_TEXT(page->redirect_url), V_TEXT(state), V_TEXT(said)));
	*ret = db_bool(rows, 0, "usable");
	return RC_OK;
}
