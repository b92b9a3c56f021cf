/* check.c: see check.h and midtrans_check_attempt() in midtrans.h. */
#include "midtrans/check.h"

#include <string.h>

#include "db/db.h"
#include "midtrans/attempt.h"
#include "midtrans/event.h"
#include "net/httpc.h"
#include "sql.h"

/* ---- status ---------------------------------------------------------------------------------- */

/*
 * Midtrans knows nothing by this id.  any_refusal: any final refusal of it means
 * the same.  The page of a proxy proves nothing about what Midtrans knows.
 */
static bool
is_unknown_id(enum rc rc, const struct midtrans_answer *a, bool any_refusal)
{
	return rc == RC_OK && a->from_midtrans &&
	       (a->code == ANSWER_UNKNOWN_ID || (any_refusal && answer_is_final_refusal(a)));
}

/*
 * A proxy refuses this id ("a/b" makes no address there), which only a
 * notification has named.  Midtrans has answered about the order, so the fault
 * is the id's.
 */
static bool
is_malformed_id(const struct attempt_transaction *t, bool order_answered,
    const struct midtrans_answer *a)
{
	return !t->confirmed && order_answered && !a->from_midtrans && answer_is_final_refusal(a);
}

static bool
is_of_another_order(const struct attempt *at, enum rc rc, const struct midtrans_answer *a)
{
	return rc == RC_OK && answer_is_success(a) &&
	       !midtrans_is_about(a->body, at->order_id, at->invoice_id);
}

static enum rc
apply_status(struct ctx *cx, const struct attempt *at, enum rc rc, const struct midtrans_answer *a,
    const char **transaction_id)
{
	TRY(rc);
	if (!answer_is_success(a))
		return answer_fail(cx, "answer the status", a);
	return midtrans_apply_answer(cx, SOURCE_STATUS, at->order_id, a, transaction_id);
}

/*
 * Ask by order_id.  *transaction_id: the transaction that the answer described;
 * NULL: Midtrans knows nothing by this order_id.  has_confirmed: there are
 * transactions to ask about, and some channels can be asked by those alone.
 * *answered: Midtrans answered, not a proxy.
 */
static enum rc
ask_order(struct ctx *cx, const struct attempt *at, bool has_confirmed, const char **transaction_id,
    bool *answered)
{
	struct midtrans_answer a;
	enum rc rc = midtrans_call_core(cx, "GET", at->order_id, "status", NULL, &a);

	*transaction_id = NULL;
	*answered = a.from_midtrans;
	if (!is_unknown_id(rc, &a, has_confirmed) && !is_of_another_order(at, rc, &a))
		return apply_status(cx, at, rc, &a, transaction_id);
	cx->err = (struct err){ 0 };
	return RC_OK;
}

/*
 * Ask by a transaction's id.  A forged notification can name any id, and it must
 * not stop the questions about the others: an id that Midtrans refuses, or that
 * belongs to another order, counts as unknown.
 */
static enum rc
ask_transaction(struct ctx *cx, const struct attempt *at, const struct attempt_transaction *t,
    bool order_answered, const char **transaction_id)
{
	struct midtrans_answer a;
	enum rc rc = midtrans_call_core(cx, "GET", t->transaction_id, "status", NULL, &a);

	*transaction_id = NULL;
	if (!is_unknown_id(rc, &a, !t->confirmed) && !is_malformed_id(t, order_answered, &a) &&
	    (t->confirmed || !is_of_another_order(at, rc, &a)))
		return apply_status(cx, at, rc, &a, transaction_id);
	cx->err = (struct err){ 0 };
	return db_exec(cx, &SQL_midtrans_unknown_id_count, V_TEXT(at->id),
	    V_TEXT(t->transaction_id));
}

/*
 * One of several calls ended with rc: may the next one follow?  Not when Midtrans
 * is unreachable or the database failed.  The first failure is kept.
 */
static bool
may_go_on(struct ctx *cx, enum rc rc, struct err *first)
{
	if (rc == RC_OK)
		return true;
	if (rc != RC_UPSTREAM || midtrans_unreachable(cx))
		return false;
	if (first->rc == RC_OK)
		*first = cx->err;
	cx->err = (struct err){ 0 };
	return true;
}

/*
 * By order_id Midtrans describes one transaction, for some channels none: so
 * each known transaction is asked about by its own id, too.
 */
static enum rc
ask_all(struct ctx *cx, const struct attempt *at)
{
	struct attempt_transaction *known;
	const char *described, *other;
	struct err first = { 0 };
	bool answered;
	size_t n;

	TRY(attempt_transactions(cx, at->id, &known, &n));
	if (!may_go_on(cx, ask_order(cx, at, n > 0 && known[0].confirmed, &described, &answered),
		&first))
		return cx->err.rc;
	for (size_t i = 0; i < n; i++) {
		if (described != NULL && strcmp(described, known[i].transaction_id) == 0)
			continue;
		if (!may_go_on(cx, ask_transaction(cx, at, &known[i], answered, &other), &first))
			return cx->err.rc;
	}
	cx->err = first;
	return first.rc;
}

/* ---- ending ---------------------------------------------------------------------------------- */

/* End an unused page.  Whether Midtrans could end it makes no difference. */
static enum rc
end_session(struct ctx *cx, const struct attempt *at)
{
	struct midtrans_call call = { .base = BASE_SNAP, .method = "POST" };
	struct midtrans_answer a;

	if (at->snap_token == NULL)
		return RC_OK;
	call.path =
	    arena_printf(cx->mem, "/transactions/%s/cancel", httpc_escape(cx->mem, at->snap_token));
	return midtrans_call(cx, &call, &a);
}

/* A transaction that cannot be ended has another state by now: ask for it. */
static enum rc
apply_end(struct ctx *cx, const struct attempt *at, const struct attempt_transaction *t,
    const char *verb, const struct midtrans_answer *a)
{
	const char *id;

	if (answer_is_success(a) && midtrans_apply_answer(cx, verb, at->order_id, a, &id) == RC_OK)
		return RC_OK;
	if (cx->err.rc != RC_OK && cx->err.rc != RC_UPSTREAM)
		return cx->err.rc;
	cx->err = (struct err){ 0 };
	if (!answer_is_success(a) && a->code != ANSWER_NOT_ALLOWED && a->code != ANSWER_UNKNOWN_ID)
		return answer_fail(cx, verb, a);
	return ask_transaction(cx, at, t, false, &id);
}

static enum rc
end_transaction(struct ctx *cx, const struct attempt *at, const struct attempt_transaction *t,
    const char *verb, bool *executed)
{
	struct midtrans_answer a;
	enum rc rc = midtrans_call_core(cx, "POST", t->transaction_id, verb, NULL, &a);

	*executed = call_may_have_executed(cx, &a);
	TRY(rc);
	return apply_end(cx, at, t, verb, &a);
}

/* Authorized or captured transactions do not expire. */
static const char *
end_verb(const struct attempt *at, const struct attempt_transaction *t)
{
	return at->expired && strcmp(t->status, "pending") == 0 ? SOURCE_EXPIRE : SOURCE_CANCEL;
}

/*
 * End each open transaction by its own id: by order_id Midtrans ends the newest
 * only.  A transaction that Midtrans has not confirmed may belong to another
 * order, and is left alone.
 */
static enum rc
end_open(struct ctx *cx, const struct attempt *at, size_t *nret)
{
	struct attempt_transaction *t;
	struct err first = { 0 };
	bool executed;
	size_t n;

	*nret = 0;
	TRY(attempt_transactions(cx, at->id, &t, &n));
	for (size_t i = 0; i < n; i++) {
		if (!t[i].open || !t[i].confirmed)
			continue;
		(*nret)++;
		if (!may_go_on(cx, end_transaction(cx, at, &t[i], end_verb(at, &t[i]), &executed),
			&first))
			return cx->err.rc;
	}
	cx->err = first;
	return first.rc;
}

/* ---- an attempt ------------------------------------------------------------------------------ */

enum rc
midtrans_check_attempt(struct ctx *cx, const char *attempt_id)
{
	struct attempt at;
	size_t ended;

	TRY(midtrans_require_configured(cx));
	TRY(attempt_by_id(cx, attempt_id, &at));
	TRY(ask_all(cx, &at));
	if (at.expired)
		TRY(end_open(cx, &at, &ended));
	return db_exec(cx, &SQL_midtrans_check_finish, V_TEXT(attempt_id), V_BOOL(true));
}

enum rc
midtrans_ask_status(struct ctx *cx, const char *order_id, const char **ret)
{
	struct attempt at;

	TRY(midtrans_require_configured(cx));
	TRY(attempt_by_order(cx, order_id, &at));
	TRY(midtrans_check_attempt(cx, at.id));
	*ret = at.id;
	return RC_OK;
}

/* *at: the attempt afterwards.  *ended: the number of transactions that were open. */
static enum rc
ask_and_end(struct ctx *cx, const char *attempt_id, struct attempt *at, size_t *ended)
{
	TRY(attempt_by_id(cx, attempt_id, at));
	TRY(ask_all(cx, at)); /* a payment that has arrived meanwhile must not be cancelled */
	TRY(end_open(cx, at, ended));
	return attempt_by_id(cx, attempt_id, at);
}

enum rc
midtrans_end_attempt(struct ctx *cx, const char *attempt_id)
{
	struct db_rows *rows;
	struct attempt at;
	size_t ended;

	TRY(ask_and_end(cx, attempt_id, &at, &ended));
	if (attempt_is(&at, "paid"))
		return RC_OK;
	if (ended == 0)
		TRY(end_session(cx, &at));
	TRY(db_row(cx, &SQL_midtrans_attempt_close, &rows, V_TEXT(at.id)));
	if (db_i64(rows, 0, "still_open") > 0)
		return FAIL(cx, RC_UPSTREAM, "Midtrans keeps a payment of this order open.");
	return RC_OK;
}

enum rc
midtrans_void_card(struct ctx *cx, const char *attempt_id, const char *transaction_id,
    bool *executed)
{
	struct attempt_transaction *t;
	struct attempt at;
	size_t n;

	*executed = true;
	TRY(attempt_by_id(cx, attempt_id, &at));
	TRY(attempt_transactions(cx, attempt_id, &t, &n));
	for (size_t i = 0; i < n; i++)
		if (t[i].captured && strcmp(t[i].transaction_id, transaction_id) == 0)
			return end_transaction(cx, &at, &t[i], SOURCE_CANCEL, executed);
	return RC_OK;
}

/* A closed attempt is ended, too: a notification alone may have closed it. */
enum rc
midtrans_cancel_order(struct ctx *cx, const char *order_id, const char **ret)
{
	struct attempt at;

	TRY(midtrans_require_configured(cx));
	TRY(attempt_by_order(cx, order_id, &at));
	if (!attempt_is(&at, "paid")) {
		TRY(midtrans_end_attempt(cx, at.id));
		TRY(attempt_by_id(cx, at.id, &at));
	}
	if (attempt_is(&at, "paid"))
		return FAIL(cx, RC_CONFLICT, "The order is paid: refund it instead.");
	*ret = at.id;
	return RC_OK;
}
