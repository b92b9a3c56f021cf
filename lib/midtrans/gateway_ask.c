/* gateway_ask.c: what is asked of Midtrans about an attempt; every answer is applied. */
#include <string.h>

#include "db/db.h"
#include "midtrans/gateway_int.h"
#include "net/httpc.h"
#include "sql.h"

/* ---- status ---------------------------------------------------------------------------------- */

/*
 * Nothing is known there by this id.  spare: as good as that is whatever else
 * says no to it.  A proxy's page says nothing of what Midtrans knows.
 */
static bool
is_none(enum rc rc, const struct gateway_answer *a, bool spare)
{
	return rc == RC_OK && a->said && (a->code == GATEWAY_NONE || (spare && gateway_is_no(a)));
}

/*
 * Somebody before Midtrans does not like this id, which nobody but a
 * notification has named ("a/b" is no address there).  Midtrans itself having
 * spoken about the order, it is the id's fault.
 */
static bool
is_no_id(const struct attempt_transaction *t, bool speaks, const struct gateway_answer *a)
{
	return !t->told && speaks && !a->said && gateway_is_no(a);
}

/* Something is, but it is another's. */
static bool
is_anothers(const struct attempt *at, enum rc rc, const struct gateway_answer *a)
{
	return rc == RC_OK && gateway_is_good(a) &&
	       !midtrans_is_about(a->body, at->order_id, at->invoice_id);
}

static enum rc
take_status(struct ctx *cx, const struct attempt *at, enum rc rc, const struct gateway_answer *a,
    const char **told)
{
	TRY(rc);
	if (!gateway_is_good(a))
		return gateway_unwelcome(cx, "say the status", a);
	return gateway_apply(cx, ATTEMPT_STATUS, at->order_id, a, told);
}

/*
 * Ask by order_id.  *told: the transaction whose state was answered; NULL: it
 * knows nothing by this id.  spare: there are transactions to ask for, which
 * some channels want to be asked for only.  *speaks: it was Midtrans that answered.
 */
static enum rc
ask_order(struct ctx *cx, const struct attempt *at, bool spare, const char **told, bool *speaks)
{
	struct gateway_answer a;
	enum rc rc = gateway_core(cx, "GET", at->order_id, "status", NULL, &a);

	*told = NULL;
	*speaks = a.said;
	if (!is_none(rc, &a, spare) && !is_anothers(at, rc, &a))
		return take_status(cx, at, rc, &a, told);
	cx->err = (struct err){ 0 };
	return RC_OK;
}

/*
 * Ask by a transaction's id.  Anybody may have claimed one, and such a one must
 * not stop us from asking about the others: whatever Midtrans says no to, and
 * what is another order's, is none of ours.
 */
static enum rc
ask_one(struct ctx *cx, const struct attempt *at, const struct attempt_transaction *t, bool speaks,
    const char **told)
{
	struct gateway_answer a;
	enum rc rc = gateway_core(cx, "GET", t->transaction_id, "status", NULL, &a);

	*told = NULL;
	if (!is_none(rc, &a, !t->told) && !is_no_id(t, speaks, &a) &&
	    (t->told || !is_anothers(at, rc, &a)))
		return take_status(cx, at, rc, &a, told);
	cx->err = (struct err){ 0 };
	return db_query(cx, &SQL_gateway_stranger, NULL, V_TEXT(at->id), V_TEXT(t->transaction_id));
}

/* Of many things each is tried, unless nobody is there at all; the first failure counts. */
static bool
goes_on(struct ctx *cx, enum rc rc, struct err *first)
{
	if (rc == RC_OK)
		return true;
	if (rc != RC_UPSTREAM || gateway_is_away(cx))
		return false;
	if (first->rc == RC_OK)
		*first = cx->err;
	cx->err = (struct err){ 0 };
	return true;
}

/*
 * By order_id Midtrans tells of one transaction, for some channels of none: so
 * each that is known is asked for by its own id, too.
 */
static enum rc
ask_all(struct ctx *cx, const struct attempt *at)
{
	struct attempt_transaction *known;
	struct err first = { 0 };
	const char *told, *other;
	bool speaks;
	size_t n;

	TRY(attempt_transactions(cx, at->id, &known, &n));
	if (!goes_on(cx, ask_order(cx, at, n > 0 && known[0].told, &told, &speaks), &first))
		return cx->err.rc;
	for (size_t i = 0; i < n; i++) {
		if (told != NULL && strcmp(told, known[i].transaction_id) == 0)
			continue;
		if (!goes_on(cx, ask_one(cx, at, &known[i], speaks, &other), &first))
			return cx->err.rc;
	}
	cx->err = first;
	return first.rc;
}

/* ---- ending ---------------------------------------------------------------------------------- */

/* A page that nobody used; whether it could be ended changes nothing. */
static enum rc
end_session(struct ctx *cx, const struct attempt *at)
{
	struct gateway_call call = { .base = GATEWAY_SNAP, .method = "POST" };
	struct gateway_answer a;

	if (at->snap_token == NULL)
		return RC_OK;
	call.path =
	    arena_printf(cx->mem, "/transactions/%s/cancel", httpc_escape(cx->mem, at->snap_token));
	return gateway_call(cx, &call, &a);
}

/* What cannot be ended is something else by now, and Midtrans is asked what. */
static enum rc
see_ended(struct ctx *cx, const struct attempt *at, const struct attempt_transaction *t,
    const char *verb, const struct gateway_answer *a)
{
	const char *told;

	if (gateway_is_good(a) && gateway_apply(cx, verb, at->order_id, a, &told) == RC_OK)
		return RC_OK;
	if (cx->err.rc != RC_OK && cx->err.rc != RC_UPSTREAM)
		return cx->err.rc;
	cx->err = (struct err){ 0 };
	if (!gateway_is_good(a) && a->code != GATEWAY_NOT_NOW && a->code != GATEWAY_NONE)
		return gateway_unwelcome(cx, verb, a);
	return ask_one(cx, at, t, false, &told);
}

/* End one.  *done: it may be ended, or may be yet, though this failed. */
static enum rc
end_one(struct ctx *cx, const struct attempt *at, const struct attempt_transaction *t,
    const char *verb, bool *done)
{
	struct gateway_answer a;
	enum rc rc = gateway_core(cx, "POST", t->transaction_id, verb, NULL, &a);

	*done = gateway_may_be_done(cx, &a);
	TRY(rc);
	return see_ended(cx, at, t, verb, &a);
}

/* What is authorized or captured does not expire. */
static const char *
verb_for(const struct attempt *at, const struct attempt_transaction *t)
{
	return at->over && strcmp(t->status, "pending") == 0 ? ATTEMPT_EXPIRE : ATTEMPT_CANCEL;
}

/*
 * One order may see several payments under way: each is ended by its own id,
 * for by order_id only the newest is meant.  What Midtrans has not told to be
 * of this order may be anybody's, and is left alone.
 */
static enum rc
end_live(struct ctx *cx, const struct attempt *at, size_t *nret)
{
	struct attempt_transaction *t;
	struct err first = { 0 };
	bool done;
	size_t n;

	*nret = 0;
	TRY(attempt_transactions(cx, at->id, &t, &n));
	for (size_t i = 0; i < n; i++) {
		if (!t[i].live || !t[i].told)
			continue;
		(*nret)++;
		if (!goes_on(cx, end_one(cx, at, &t[i], verb_for(at, &t[i]), &done), &first))
			return cx->err.rc;
	}
	cx->err = first;
	return first.rc;
}

/* ---- all of it ------------------------------------------------------------------------------- */

enum rc
gateway_ask(struct ctx *cx, const char *attempt_id)
{
	struct attempt at;
	size_t ended;

	TRY(gateway_ready(cx));
	TRY(attempt_by_id(cx, attempt_id, &at));
	TRY(ask_all(cx, &at));
	if (at.over)
		TRY(end_live(cx, &at, &ended));
	return db_query(cx, &SQL_gateway_checked, NULL, V_TEXT(attempt_id), V_BOOL(true));
}

enum rc
gateway_status(struct ctx *cx, const char *order_id, const char **ret)
{
	struct attempt at;

	TRY(gateway_ready(cx));
	TRY(attempt_by_order(cx, order_id, &at));
	TRY(gateway_ask(cx, at.id));
	*ret = at.id;
	return RC_OK;
}

/* What may still be paid of it; at: as it is then.  *ended: so many payments under way. */
static enum rc
end_all(struct ctx *cx, const char *attempt_id, struct attempt *at, size_t *ended)
{
	TRY(attempt_by_id(cx, attempt_id, at));
	TRY(ask_all(cx, at)); /* what was paid meanwhile is not to be cancelled */
	TRY(end_live(cx, at, ended));
	return attempt_by_id(cx, attempt_id, at);
}

enum rc
gateway_drop(struct ctx *cx, const char *attempt_id)
{
	struct db_rows *rows;
	struct attempt at;
	size_t ended;

	TRY(end_all(cx, attempt_id, &at, &ended));
	if (strcmp(at.state, "paid") == 0)
		return RC_OK;
	if (ended == 0)
		TRY(end_session(cx, &at));
	TRY(db_query(cx, &SQL_gateway_closed, &rows, V_TEXT(at.id)));
	if (db_i64(rows, 0, "live") > 0)
		return FAIL(cx, RC_UPSTREAM, "Midtrans keeps a payment of this order open.");
	return RC_OK;
}

enum rc
gateway_void(struct ctx *cx, const char *attempt_id, const char *transaction_id, bool *done)
{
	struct attempt_transaction *t;
	struct attempt at;
	size_t n;

	*done = true;
	TRY(attempt_by_id(cx, attempt_id, &at));
	TRY(attempt_transactions(cx, attempt_id, &t, &n));
	for (size_t i = 0; i < n; i++)
		if (t[i].captured && strcmp(t[i].transaction_id, transaction_id) == 0)
			return end_one(cx, &at, &t[i], ATTEMPT_CANCEL, done);
	return RC_OK;
}

enum rc
gateway_cancel(struct ctx *cx, const char *order_id, const char **ret)
{
	struct attempt at;

	TRY(gateway_ready(cx));
	TRY(attempt_by_order(cx, order_id, &at));
	if (strcmp(at.state, "paid") != 0) { /* closed, too: that may be hearsay */
		TRY(gateway_drop(cx, at.id));
		TRY(attempt_by_id(cx, at.id, &at));
	}
	if (strcmp(at.state, "paid") == 0)
		return FAIL(cx, RC_CONFLICT, "The order is paid: refund it instead.");
	*ret = at.id;
	return RC_OK;
}
