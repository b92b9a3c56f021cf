/* attempt.c: see attempt.h. */
#include "midtrans/attempt.h"

#include <string.h>

#include "db/db.h"
#include "sql.h"

static const struct db_col attempt_cols[] = {
	DB_COLS(attempt, id, order_id, invoice_id, snap_token, state, expired, has_open, owed),
};

static const struct db_col transaction_cols[] = {
	DB_COLS(attempt_transaction, transaction_id, status, confirmed, open, captured),
};

static const struct db_col order_cols[] = {
	DB_COLS(midtrans_order, order_id, number, invoice_id, amount, customer, email, phone,
	    start_time, minutes, enabled),
};

static const struct db_col item_cols[] = {
	DB_COLS(midtrans_item, id, name, price, quantity),
};

/* ---- look-ups -------------------------------------------------------------------------------- */

enum rc
attempt_by_id(struct ctx *cx, const char *id, struct attempt *ret)
{
	struct db_rows *rows;

	TRY(db_row_if_any(cx, &SQL_midtrans_attempt_view, &rows, V_TEXT(id)));
	if (db_count(rows) == 0)
		return FAIL(cx, RC_NOT_FOUND, "There is no such attempt.");
	return db_scan(cx, rows, 0, attempt_cols, ret);
}

enum rc
attempt_by_order(struct ctx *cx, const char *order_id, struct attempt *ret)
{
	struct db_rows *rows;

	TRY(db_row_if_any(cx, &SQL_midtrans_attempt_by_order, &rows, V_TEXT(order_id)));
	if (db_count(rows) == 0)
		return FAIL(cx, RC_NOT_FOUND, "There is no such order.");
	return attempt_by_id(cx, db_text(rows, 0, "id"), ret);
}

bool
attempt_is(const struct attempt *at, const char *state)
{
	return strcmp(at->state, state) == 0;
}

enum rc
attempt_transactions(struct ctx *cx, const char *id, struct attempt_transaction **ret, size_t *nret)
{
	struct attempt_transaction *all;
	struct db_rows *rows;

	TRY(db_rows(cx, &SQL_midtrans_transactions_to_ask, &rows, V_TEXT(id)));
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
	TRY(db_row(cx, &SQL_midtrans_attempt_add, &rows, V_TEXT(invoice_id),
	    V_TEXT(db_text(page, 0, "bill_ids")), V_I64(n), V_TEXT(ret->order_id),
	    V_I64(db_i64(page, 0, "owed"))));
	ret->id = db_text(rows, 0, "id");
	ret->calls = 1;
	return RC_OK;
}

enum rc
attempt_page(struct ctx *cx, const struct midtrans_debt *debt, bool counts,
    struct attempt_page *ret)
{
	struct attempt_page page;
	struct db_rows *rows;

	TRY(db_row(cx, &SQL_midtrans_page_find, &rows, V_TEXT(debt->invoice_id),
	    V_TEXT(debt->scope), V_BOOL(counts)));
	page = (struct attempt_page){ .id = db_text(rows, 0, "attempt_id"),
		.order_id = db_text(rows, 0, "order_id"),
		.snap_token = db_text(rows, 0, "snap_token"),
		.redirect_url = db_text(rows, 0, "redirect_url"),
		.calls = db_i64(rows, 0, "calls") };
	if (page.id == NULL)
		TRY(begin_attempt(cx, debt->invoice_id, rows, &page));
	*ret = page;
	return RC_OK;
}

static enum rc
read_items(struct ctx *cx, const char *id, struct midtrans_order *ret)
{
	struct midtrans_item *all;
	struct db_rows *rows;

	TRY(db_rows(cx, &SQL_midtrans_order_items, &rows, V_TEXT(id)));
	all = arena_alloc(cx->mem, (db_count(rows) + 1) * sizeof(*all));
	for (size_t i = 0; i < db_count(rows); i++)
		TRY(db_scan(cx, rows, i, item_cols, &all[i]));
	ret->items = all;
	ret->nitems = db_count(rows);
	return RC_OK;
}

enum rc
attempt_order(struct ctx *cx, const char *id, const char *url, struct midtrans_order *ret)
{
	struct db_rows *rows;

	TRY(db_row(cx, &SQL_midtrans_order, &rows, V_TEXT(id)));
	TRY(db_scan(cx, rows, 0, order_cols, ret));
	TRY(read_items(cx, id, ret));
	ret->finish = arena_printf(cx->mem, "%s/pay/%s", url, ret->invoice_id);
	return RC_OK;
}

enum rc
attempt_record_answer(struct ctx *cx, struct attempt_page *page, const char *state,
    const char *answer, bool *ret)
{
	struct db_rows *rows;

	TRY(db_row(cx, &SQL_midtrans_attempt_record_answer, &rows, V_TEXT(page->id),
	    V_I64(page->calls), V_TEXT(page->snap_token), V_TEXT(page->redirect_url), V_TEXT(state),
	    V_TEXT(answer)));
	*ret = db_bool(rows, 0, "usable");
	return RC_OK;
}
