/* event.c: see event.h. */
#include "midtrans/event.h"

#include <string.h>

#include "base/jw.h"
#include "base/log.h"
#include "db/db.h"
#include "sql.h"

/* The state in the database of the order of a message. */
struct known {
	const char *attempt_id; /* NULL: the order is not ours */
	int64_t event_id;
	struct midtrans_state state;
};

/* A message with its decision. */
struct decided {
	const char *source;
	const struct midtrans_message *m;
	const char *attempt_id;
	int64_t event_id;
	struct midtrans_decision d;
};

static const struct db_col state_cols[] = {
	DB_COLS(midtrans_state, expected, had_200, is_other_order, just_booked, invoice_id, status,
	    payment_status, refunded, by_hand, charged_back),
};

static bool
is_notification(const char *source)
{
	return strcmp(source, SOURCE_NOTIFICATION) == 0;
}

static struct db_val
val_positive(int64_t n)
{
	return n > 0 ? V_I64(n) : V_NULL;
}

/* ---- recording ------------------------------------------------------------------------------- */

static enum rc
record_event(struct ctx *cx, const char *source, const struct midtrans_message *m, const char *raw,
    struct known *ret)
{
	struct midtrans_meaning meaning = midtrans_meaning_of(m);
	struct db_rows *rows;
	struct known known;

	TRY(db_row(cx, &SQL_midtrans_event_record, &rows, V_TEXT(source), V_TEXT(m->order_id),
	    V_TEXT(m->transaction_id), V_TEXT(raw), V_TEXT(meaning.money),
	    val_positive(meaning.amount)));
	known = (struct known){ .attempt_id = db_text(rows, 0, "attempt_id"),
		.event_id = db_i64(rows, 0, "event_id") };
	if (known.attempt_id != NULL)
		TRY(db_scan(cx, rows, 0, state_cols, &known.state));
	*ret = known;
	return RC_OK;
}

enum rc
midtrans_store_unapplied(struct ctx *cx, const char *source, const struct midtrans_message *m,
    const char *raw)
{
	struct midtrans_meaning meaning = midtrans_meaning_of(m);

	return db_exec(cx, &SQL_midtrans_event_store, V_TEXT(source), V_TEXT(m->order_id),
	    V_TEXT(m->transaction_id), V_TEXT(raw), V_TEXT(meaning.money),
	    val_positive(meaning.amount));
}

/* ---- actions --------------------------------------------------------------------------------- */

static enum rc
send_book_payment(struct ctx *cx, const struct decided *p)
{
	const struct midtrans_message *m = p->m;

	return db_send_exec(cx, &SQL_midtrans_payment_book, V_TEXT(p->attempt_id),
	    V_TEXT(m->transaction_id), V_TEXT(m->status), V_I64(p->d.amount), V_I64(p->d.fee),
	    V_TEXT(midtrans_method(m->payment_type)),
	    V_TEXT(m->settlement_time != NULL ? m->settlement_time : m->transaction_time));
}

static enum rc
send_save_transaction(struct ctx *cx, const struct decided *p)
{
	const struct midtrans_message *m = p->m;

	return db_send_exec(cx, &SQL_midtrans_transaction_save, V_TEXT(p->attempt_id),
	    V_TEXT(m->transaction_id), V_TEXT(m->status), V_TEXT(midtrans_meaning_of(m).outlook),
	    V_TEXT(m->fraud_status), V_TEXT(m->payment_type), V_TEXT(m->bank), V_TEXT(m->pay_code),
	    V_I64(m->gross), V_I64(p->d.fee), V_TEXT(m->transaction_time),
	    V_TEXT(m->settlement_time), V_TEXT(m->expiry_time));
}

static const char *
refunds_json(struct ctx *cx, const struct midtrans_message *m)
{
	struct sb s = sb_new(cx->mem);
	struct jw w = jw_new(&s);

	jw_arr(&w, NULL);
	for (size_t i = 0; i < m->nrefunds; i++) {
		jw_obj(&w, NULL);
		jw_str(&w, "id", m->refunds[i].id);
		jw_i64(&w, "amount", m->refunds[i].amount);
		jw_end(&w);
	}
	jw_end(&w);
	return s.buf;
}

/* A partial chargeback may report itself among the refunds, without a sum of its own. */
static enum rc
send_book_refunds(struct ctx *cx, const struct decided *p)
{
	const struct midtrans_message *m = p->m;

	if ((p->d.actions & ACT_REFUND_AND_REOPEN) != 0 && m->charged_back_total == 0)
		return RC_OK;
	return db_send_exec(cx, &SQL_midtrans_refunds_book, V_TEXT(m->transaction_id),
	    V_BOOL(strcmp(m->status, "refund") == 0), val_positive(m->refund_total),
	    V_TEXT(refunds_json(cx, m)));
}

static enum rc
send_book_chargeback(struct ctx *cx, const struct decided *p)
{
	return db_send_exec(cx, &SQL_midtrans_chargeback_book, V_TEXT(p->m->transaction_id),
	    V_I64(p->d.charged_back));
}

static enum rc
send_undo_payment(struct ctx *cx, const struct decided *p)
{
	return db_send_exec(cx, &SQL_midtrans_payment_undo, V_TEXT(p->m->transaction_id),
	    V_TEXT((p->d.actions & ACT_UNDO_PAYMENT) != 0 ? "void" : "chargeback"),
	    V_TEXT(p->m->status));
}

static enum rc
send_refuse_refunds(struct ctx *cx, const struct decided *p)
{
	return db_send_exec(cx, &SQL_midtrans_refunds_refuse_rest, V_TEXT(p->m->transaction_id));
}

/* The amount as an alert shows it; NULL: whole rupiah, which need no note. */
static const char *
foreign_money(struct ctx *cx, const struct midtrans_message *m)
{
	const char *currency = m->currency != NULL ? m->currency : "IDR";

	if (m->gross >= 0 && strcmp(currency, "IDR") == 0)
		return NULL;
	return arena_printf(cx->mem, "%s %s", m->gross_amount, currency);
}

static const char *
alert_key(struct ctx *cx, const struct decided *p)
{
	const struct midtrans_message *m = p->m;

	return arena_printf(cx->mem, "%s:%s:%s:%lld:%lld", p->d.cases, m->status, m->transaction_id,
	    (long long)m->refund_total, (long long)p->d.charged_back);
}

static enum rc
send_alert(struct ctx *cx, const struct decided *p)
{
	return db_send_exec(cx, &SQL_midtrans_decision_alert, V_TEXT(p->attempt_id),
	    V_BOOL(is_notification(p->source)), V_TEXT(p->d.cases), V_TEXT(alert_key(cx, p)),
	    V_TEXT(p->d.text), V_TEXT(p->m->status), V_TEXT(foreign_money(cx, p->m)),
	    val_positive(p->m->gross));
}

static enum rc
send_confirm_job(struct ctx *cx, const struct decided *p)
{
	return db_send_exec(cx, &SQL_midtrans_job_add_confirm, V_TEXT(p->attempt_id),
	    V_I64(p->event_id));
}

/*
 * Mark the attempt paid before the payment pays the invoice: a paid invoice ends its open
 * pages, and this page must not be among them.
 */
static enum rc
send_update_attempt(struct ctx *cx, const struct decided *p)
{
	return db_send_exec(cx, &SQL_midtrans_attempt_update, V_TEXT(p->attempt_id),
	    V_TEXT(p->m->transaction_id), V_TEXT(p->d.attempt),
	    V_BOOL(strcmp(p->d.verdict, "applied") == 0),
	    V_BOOL(is_notification(p->source) && strcmp(p->m->status_code, "200") == 0),
	    V_BOOL((p->d.actions & ACT_BOOK_PAYMENT) != 0));
}

/* The order of the statements: the attempt, the payment, the transaction, then refunds. */
static const struct {
	unsigned actions; /* any of these runs it */
	enum rc (*send)(struct ctx *, const struct decided *);
} statements[] = {
	{ ACT_BOOK_PAYMENT, send_update_attempt },
	{ ACT_BOOK_PAYMENT, send_book_payment },
	{ ACT_SAVE_TRANSACTION, send_save_transaction },
	{ ACT_REFUND | ACT_REFUND_AND_REOPEN, send_book_refunds },
	{ ACT_REFUND_AND_REOPEN, send_book_chargeback },
	{ ACT_UNDO_PAYMENT | ACT_CHARGE_BACK, send_undo_payment },
	{ ACT_REFUND | ACT_REFUND_AND_REOPEN | ACT_UNDO_PAYMENT | ACT_CHARGE_BACK,
	    send_refuse_refunds },
	{ ACT_ALERT, send_alert },
	{ ACT_CHARGE_BACK, send_update_attempt },
	{ ACT_CONFIRM, send_confirm_job },
};

static enum rc
log_decision(struct ctx *cx, const struct decided *p)
{
	const struct midtrans_message *m = p->m;

	if (!is_notification(p->source))
		TRY(db_send_exec(cx, &SQL_midtrans_transaction_confirm, V_TEXT(p->attempt_id),
		    V_TEXT(m->transaction_id)));
	return db_send_exec(cx, &SQL_midtrans_decision_log, V_I64(p->event_id),
	    V_TEXT(p->attempt_id), V_TEXT(p->d.verdict), V_TEXT(p->d.cases), V_TEXT(p->source),
	    V_TEXT(m->transaction_id), V_TEXT(m->status), V_TEXT(m->payment_type),
	    val_positive(m->gross));
}

static enum rc
act(struct ctx *cx, const struct decided *p)
{
	for (size_t i = 0; i < countof(statements); i++)
		if ((statements[i].actions & p->d.actions) != 0)
			TRY(statements[i].send(cx, p));
	if ((p->d.actions & (ACT_BOOK_PAYMENT | ACT_CHARGE_BACK)) == 0)
		TRY(send_update_attempt(cx, p));
	return log_decision(cx, p);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void
log_message(const struct ctx *cx, const char *source, const struct midtrans_message *m,
    const struct midtrans_outcome *o)
{
	log_event(LOG_INFO, "midtrans", "rid", cx->request_id, "source", source, "order",
	    m->order_id, "status", m->status, "verdict", o->verdict, "cases", o->cases, NULL);
}

/* Record the message, decide, run the actions. */
enum rc
midtrans_process_within(struct ctx *cx, const char *source, const struct midtrans_message *m,
    const char *raw, struct midtrans_outcome *ret)
{
	enum midtrans_trust trust = is_notification(source) ? TRUST_NOTIFICATION : TRUST_API_REPLY;
	struct decided p = { .source = source, .m = m };
	struct known known;

	*ret = (struct midtrans_outcome){ 0 };
	TRY(record_event(cx, source, m, raw, &known));
	if (known.attempt_id == NULL)
		return RC_OK;
	p.attempt_id = known.attempt_id;
	p.event_id = known.event_id;
	midtrans_decide(&known.state, m, trust, midtrans_merchant_id(cx), &p.d);
	*ret = (struct midtrans_outcome){ p.d.verdict, p.d.cases };
	return act(cx, &p);
}

enum rc
midtrans_process(struct ctx *cx, const char *source, const struct midtrans_message *m,
    const char *raw)
{
	struct midtrans_outcome outcome;

	TRY(db_begin(cx));
	TRY(midtrans_process_within(cx, source, m, raw, &outcome));
	TRY(db_commit(cx));
	if (outcome.verdict == NULL)
		return FAIL(cx, RC_NOT_FOUND, "There is no such order.");
	log_message(cx, source, m, &outcome);
	return RC_OK;
}

enum rc
midtrans_apply_answer(struct ctx *cx, const char *source, const char *order_id,
    const struct midtrans_answer *a, const char **transaction_id)
{
	struct midtrans_message m;

	TRY(midtrans_read_answer(cx, a->body, a->raw, order_id, &m));
	TRY(midtrans_process(cx, source, &m, a->raw));
	*transaction_id = m.transaction_id;
	return RC_OK;
}
