/*
 * gateway_refund.c: money back to a customer.
 *
 * A refund is stored under a key of its own before Midtrans is called, and the
 * same key means the same refund there: sent again, it is never a second one.
 */
#include <string.h>

#include "base/jw.h"
#include "db/db.h"
#include "midtrans/gateway_int.h"
#include "sql.h"

struct refund {
	const char *attempt_id, *order_id, *transaction_id, *refund_key;
	const char *reason, *state;
	int64_t gross; /* what Midtrans is asked for */
	bool whole;    /* all that was left */
	bool captured; /* by a card, not settled yet */
};

static const struct db_col refund_cols[] = {
	DB_COL(refund, attempt_id, DB_TEXT),
	DB_COL(refund, order_id, DB_TEXT),
	DB_COL(refund, transaction_id, DB_TEXT),
	DB_COL(refund, refund_key, DB_TEXT),
	DB_COL(refund, reason, DB_TEXT),
	DB_COL(refund, state, DB_TEXT),
	DB_COL(refund, gross, DB_I64),
	DB_COL(refund, whole, DB_BOOL),
	DB_COL(refund, captured, DB_BOOL),
};

static enum rc
look_up(struct ctx *cx, const char *key, struct refund *ret)
{
	struct db_rows *rows;

	TRY(db_query(cx, &SQL_midtrans_refund, &rows, V_TEXT(key)));
	return db_scan(cx, rows, 0, refund_cols, ret);
}

static bool
is_open(const struct refund *r)
{
	return strcmp(r->state, "asked") == 0;
}

static const char *
wish(struct ctx *cx, const struct gateway_refund *want)
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

/* For people: what Midtrans said, whatever follows from it. */
static enum rc
note_call(struct ctx *cx, const struct refund *r, const struct gateway_answer *a)
{
	struct err why = cx->err;
	const char *came = "unknown";

	if (why.rc == RC_OK)
		came = gateway_is_good(a) || a->code == GATEWAY_KEY_USED ? "accepted" : "refused";
	cx->err = (struct err){ 0 };
	TRY(db_query(cx, &SQL_midtrans_refund_log, NULL, V_TEXT(r->refund_key), V_TEXT(came),
	    V_TEXT(gateway_said(cx, a))));
	cx->err = why;
	return RC_OK;
}

/* It may have been made, or may be made yet: what is known of it, gateway-sync finds out. */
static enum rc
left_open(struct ctx *cx, const struct refund *r)
{
	struct err why = cx->err;

	TRY(db_query(cx, &SQL_gateway_job, NULL, V_TEXT(r->attempt_id), V_TEXT("confirm")));
	cx->err = why;
	return why.rc;
}

/* Certainly not made: whoever asks again asks for another. */
static enum rc
not_made(struct ctx *cx, const struct refund *r)
{
	struct err why = cx->err;

	TRY(db_query(cx, &SQL_midtrans_refund_refused, NULL, V_TEXT(r->refund_key)));
	cx->err = why;
	return why.rc;
}

static enum rc
say_why_not(struct ctx *cx, const struct refund *r, const struct gateway_answer *a)
{
	if (a->code == GATEWAY_NOT_NOW && r->captured && !r->whole)
		(void)FAIL(cx, RC_CONFLICT,
		    "A part of a card's payment can be refunded when it has settled, a day later.");
	else if (a->code == GATEWAY_NOT_NOW)
		(void)FAIL(cx, RC_CONFLICT,
		    "Midtrans cannot refund this payment: pay it back by hand.");
	else if (a->code == GATEWAY_BAD_AMOUNT)
		(void)FAIL(cx, RC_CONFLICT, "Midtrans cannot refund this amount.");
	else
		return gateway_unwelcome(cx, "refund", a);
	return err_detail(&cx->err, "%s", a->messages);
}

/* The answer to a refund tells of this one alone; the state of the whole is asked for. */
static enum rc
see_what_came(struct ctx *cx, struct refund *r)
{
	TRY(db_query(cx, &SQL_gateway_job, NULL, V_TEXT(r->attempt_id), V_TEXT("confirm")));
	TRY(gateway_ask(cx, r->attempt_id));
	return look_up(cx, r->refund_key, r);
}

/*
 * fresh: sent for the first time.  A refusal of what was sent before proves
 * nothing (all is refunded, says Midtrans, perhaps by this very refund): only
 * when it is not among its refunds either, it was not made.
 */
static enum rc
refused(struct ctx *cx, struct refund *r, bool fresh, const struct gateway_answer *a)
{
	if (!fresh) {
		TRY(see_what_came(cx, r));
		if (!is_open(r))
			return RC_OK;
	}
	(void)say_why_not(cx, r, a);
	return not_made(cx, r);
}

/* No answer about this refund: it was not made only if it never got there, or was sent away. */
static enum rc
no_answer(struct ctx *cx, const struct refund *r, bool fresh, const struct gateway_answer *a)
{
	return fresh && !gateway_may_be_done(cx, a) ? not_made(cx, r) : left_open(cx, r);
}

static enum rc
order_refund(struct ctx *cx, struct refund *r, bool fresh)
{
	struct gateway_answer a;
	enum rc rc = gateway_core(cx, "POST", r->transaction_id, "refund", refund_body(cx, r), &a);

	TRY(note_call(cx, r, &a));
	if (rc != RC_OK)
		return no_answer(cx, r, fresh, &a);
	if (gateway_is_good(&a) || a.code == GATEWAY_KEY_USED)
		return see_what_came(cx, r);
	return refused(cx, r, fresh, &a);
}

/* All of a card's payment that has not settled yet: it is undone, unless it has settled meanwhile.
 */
static enum rc
order_void(struct ctx *cx, struct refund *r, bool fresh)
{
	bool done;

	if (gateway_void(cx, r->attempt_id, r->transaction_id, &done) != RC_OK)
		return fresh && !done ? not_made(cx, r) : left_open(cx, r);
	return look_up(cx, r->refund_key, r);
}

/* ---- what people ask for --------------------------------------------------------------------- */

/* Whatever is open of it: what became of it, all of a card's undone, or ordered. */
static enum rc
make(struct ctx *cx, struct refund *r, bool fresh)
{
	if (!fresh && is_open(r))
		TRY(see_what_came(cx, r));
	if (is_open(r) && r->captured && r->whole)
		TRY(order_void(cx, r, fresh));
	return is_open(r) ? order_refund(cx, r, fresh) : RC_OK;
}

/* waited: another was being made, and the lock is ours now. */
static enum rc
refund_it(struct ctx *cx, const struct gateway_refund *want, bool waited, const char **ret)
{
	struct db_rows *rows;
	struct refund r;

	TRY(db_query(cx, &SQL_midtrans_refund_begin, &rows, V_TEXT(want->order_id),
	    V_TEXT(wish(cx, want)), V_BOOL(waited)));
	TRY(look_up(cx, db_text(rows, 0, "refund_key"), &r));
	TRY(make(cx, &r, db_bool(rows, 0, "fresh")));
	if (strcmp(r.state, "refused") == 0)
		return FAIL(cx, RC_CONFLICT,
		    "Nothing is left to refund: the payment was refunded or taken back meanwhile.");
	TRY(db_query(cx, &SQL_midtrans_refund_told, NULL, V_TEXT(r.refund_key)));
	*ret = r.attempt_id;
	return RC_OK;
}

enum rc
gateway_refund(struct ctx *cx, const struct gateway_refund *want, const char **ret)
{
	const char *lock = arena_printf(cx->mem, "refund:%s", want->order_id);
	bool alone;
	enum rc rc;

	TRY(gateway_ready(cx));
	TRY(gateway_lock(cx, lock,
	    want->key == NULL ? "A refund of this order is under way." : NULL, &alone));
	rc = refund_it(cx, want, !alone, ret);
	gateway_unlock(cx, lock);
	return rc;
}
