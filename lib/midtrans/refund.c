/*
 * refund.c: give money back through Midtrans; midtrans_refund_order() in midtrans.h.
 *
 * A refund is stored under a key of its own before Midtrans is called.  Midtrans
 * takes the same key for the same refund, so a repeated call never refunds twice.
 */
#include <string.h>

#include "base/jw.h"
#include "db/db.h"
#include "midtrans/check.h"
#include "midtrans/order.h"
#include "sql.h"

struct refund {
	const char *attempt_id, *order_id, *transaction_id, *refund_key;
	const char *reason, *state;
	int64_t gross; /* to ask of Midtrans */
	bool whole;    /* all that was left of the payment */
	bool captured; /* by a card, not settled yet */
};

static const struct db_col refund_cols[] = {
	DB_COLS(refund, attempt_id, order_id, transaction_id, refund_key, reason, state, gross,
	    whole, captured),
};

static enum rc
load_refund(struct ctx *cx, const char *key, struct refund *ret)
{
	struct db_rows *rows;

	TRY(db_row(cx, &SQL_midtrans_refund, &rows, V_TEXT(key)));
	return db_scan(cx, rows, 0, refund_cols, ret);
}

static bool
is_requested(const struct refund *r)
{
	return strcmp(r->state, "requested") == 0;
}

static const char *
request_json(struct ctx *cx, const struct midtrans_refund_request *want)
{
	struct sb s = sb_new(cx->mem);
	struct jw w = jw_new(&s);

	jw_obj(&w, NULL);
	if (want->amount > 0)
		jw_i64(&w, "amount", want->amount);
	jw_bool(&w, "reopen", want->reopen);
	jw_str(&w, "reason", want->reason);
	jw_str(&w, "key", want->key);
	jw_end(&w);
	return s.buf;
}

/* ---- the call -------------------------------------------------------------------------------- */

static const char *
refund_body(struct ctx *cx, const struct refund *r)
{
	struct sb s = sb_new(cx->mem);
	struct jw w = jw_new(&s);

	jw_obj(&w, NULL);
	jw_str(&w, "refund_key", r->refund_key);
	jw_i64(&w, "amount", r->gross);
	if (r->reason != NULL)
		jw_str(&w, "reason", midtrans_name(cx, r->reason, MIDTRANS_ID_MAX));
	jw_end(&w);
	return s.buf;
}

/* Log the answer for people, before anything follows from it. */
static enum rc
log_call(struct ctx *cx, const struct refund *r, const struct midtrans_answer *a)
{
	struct err why = cx->err;
	const char *outcome = "unknown";

	if (why.rc == RC_OK)
		outcome =
		    answer_is_success(a) || a->code == ANSWER_KEY_USED ? "accepted" : "refused";
	cx->err = (struct err){ 0 };
	TRY(db_exec(cx, &SQL_midtrans_refund_log, V_TEXT(r->refund_key), V_TEXT(outcome),
	    V_TEXT(answer_json(cx, a))));
	cx->err = why;
	return RC_OK;
}

/* Midtrans may have made it, or may make it yet: leave a job for gateway-sync to find out. */
static enum rc
leave_requested(struct ctx *cx, const struct refund *r)
{
	struct err why = cx->err;

	TRY(db_exec(cx, &SQL_midtrans_job_add, V_TEXT(r->attempt_id), V_TEXT("confirm")));
	cx->err = why;
	return why.rc;
}

/* Midtrans certainly did not make it: the next request is another refund. */
static enum rc
mark_refused(struct ctx *cx, const struct refund *r)
{
	struct err why = cx->err;

	TRY(db_exec(cx, &SQL_midtrans_refund_refused, V_TEXT(r->refund_key)));
	cx->err = why;
	return why.rc;
}

static enum rc
fail_refused(struct ctx *cx, const struct refund *r, const struct midtrans_answer *a)
{
	if (a->code == ANSWER_NOT_ALLOWED && r->captured && !r->whole)
		(void)FAIL(cx, RC_CONFLICT,
		    "A part of a card's payment can be refunded when it has settled, a day later.");
	else if (a->code == ANSWER_NOT_ALLOWED)
		(void)FAIL(cx, RC_CONFLICT,
		    "Midtrans cannot refund this payment: pay it back by hand.");
	else if (a->code == ANSWER_BAD_AMOUNT)
		(void)FAIL(cx, RC_CONFLICT, "Midtrans cannot refund this amount.");
	else
		return answer_fail(cx, "refund", a);
	return err_detail(&cx->err, "%s", a->messages);
}

/* The answer to a refund describes this refund alone: ask for the state of the payment. */
static enum rc
find_outcome(struct ctx *cx, struct refund *r)
{
	TRY(db_exec(cx, &SQL_midtrans_job_add, V_TEXT(r->attempt_id), V_TEXT("confirm")));
	TRY(midtrans_check_attempt(cx, r->attempt_id));
	return load_refund(cx, r->refund_key, r);
}

/*
 * fresh: this was the first call.  A refusal of a repeated call proves nothing
 * ("all is refunded", perhaps by the first call): the refund was not made only
 * if it is not among Midtrans' refunds either.
 */
static enum rc
handle_refusal(struct ctx *cx, struct refund *r, bool fresh, const struct midtrans_answer *a)
{
	if (!fresh) {
		TRY(find_outcome(cx, r));
		if (!is_requested(r))
			return RC_OK;
	}
	(void)fail_refused(cx, r, a);
	return mark_refused(cx, r);
}

/* Without an answer it was not made only if the first call never reached Midtrans. */
static enum rc
handle_silence(struct ctx *cx, const struct refund *r, bool fresh, const struct midtrans_answer *a)
{
	return fresh && !call_may_have_executed(cx, a) ? mark_refused(cx, r)
						       : leave_requested(cx, r);
}

static enum rc
call_refund(struct ctx *cx, struct refund *r, bool fresh)
{
	struct midtrans_answer a;
	enum rc rc =
	    midtrans_call_core(cx, "POST", r->transaction_id, "refund", refund_body(cx, r), &a);

	TRY(log_call(cx, r, &a));
	if (rc != RC_OK)
		return handle_silence(cx, r, fresh, &a);
	if (answer_is_success(&a) || a.code == ANSWER_KEY_USED)
		return find_outcome(cx, r);
	return handle_refusal(cx, r, fresh, &a);
}

/* The whole payment of a card that has not settled yet is cancelled, unless it has by now. */
static enum rc
call_void(struct ctx *cx, struct refund *r, bool fresh)
{
	bool executed;

	if (midtrans_void_card(cx, r->attempt_id, r->transaction_id, &executed) != RC_OK)
		return fresh && !executed ? mark_refused(cx, r) : leave_requested(cx, r);
	return load_refund(cx, r->refund_key, r);
}

/* ---- requests -------------------------------------------------------------------------------- */

/* Bring a refund to its end: find the outcome of an earlier call, cancel, or refund. */
static enum rc
complete_refund(struct ctx *cx, struct refund *r, bool fresh)
{
	if (!fresh && is_requested(r))
		TRY(find_outcome(cx, r));
	if (is_requested(r) && r->captured && r->whole)
		TRY(call_void(cx, r, fresh));
	return is_requested(r) ? call_refund(cx, r, fresh) : RC_OK;
}

/* waited: another request had the lock before. */
static enum rc
refund_locked(struct ctx *cx, const struct midtrans_refund_request *want, bool waited,
    const char **ret)
{
	struct db_rows *rows;
	struct refund r;

	TRY(db_row(cx, &SQL_midtrans_refund_begin, &rows, V_TEXT(want->order_id),
	    V_TEXT(request_json(cx, want)), V_BOOL(waited)));
	TRY(load_refund(cx, db_text(rows, 0, "refund_key"), &r));
	TRY(complete_refund(cx, &r, db_bool(rows, 0, "fresh")));
	if (strcmp(r.state, "refused") == 0)
		return FAIL(cx, RC_CONFLICT,
		    "Nothing is left to refund: the payment was refunded or taken back meanwhile.");
	TRY(db_exec(cx, &SQL_midtrans_refund_deliver, V_TEXT(r.refund_key)));
	*ret = r.attempt_id;
	return RC_OK;
}

enum rc
midtrans_refund_order(struct ctx *cx, const struct midtrans_refund_request *want, const char **ret)
{
	const char *lock = arena_printf(cx->mem, "refund:%s", want->order_id);
	bool alone;
	enum rc rc;

	TRY(midtrans_require_configured(cx));
	TRY(midtrans_lock(cx, lock,
	    want->key == NULL ? "A refund of this order is under way." : NULL, &alone));
	rc = refund_locked(cx, want, !alone, ret);
	midtrans_unlock(cx, lock);
	return rc;
}
