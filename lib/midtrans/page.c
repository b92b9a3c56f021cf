/* page.c: make the page on which a customer pays; midtrans_open_page() in midtrans.h. */
#include <cJSON.h>
#include <string.h>

#include "base/conf.h"
#include "db/db.h"
#include "midtrans/attempt.h"
#include "midtrans/client.h"

enum { TRIES = 3, CREATED = 201 };

enum create_outcome {
	MADE,
	UNKNOWN, /* Midtrans may have made it: the same order again, later */
	BUSY,    /* Midtrans did not make it: the same order again, later */
	REFUSED,
	TAKEN, /* Midtrans knows the order already */
};

/* The state of the attempt afterwards. */
static const char *const state_after[] = {
	[MADE] = "open",
	[UNKNOWN] = "unknown",
	[BUSY] = "unknown",
	[REFUSED] = "closed",
	[TAKEN] = "closed",
};

/* ---- the create call ------------------------------------------------------------------------- */

/* Midtrans writes this in two languages and several versions: a hint, no more. */
static bool
is_taken(const char *text)
{
	return strstr(text, "order_id") != NULL &&
	       (strstr(text, "taken") != NULL || strstr(text, "digunakan") != NULL ||
		   strstr(text, "utilized") != NULL || strstr(text, "already") != NULL);
}

static const char *
body_text(const struct midtrans_answer *a, const char *name)
{
	const char *val = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(a->body, name));

	return val != NULL && val[0] != '\0' ? val : NULL;
}

static enum create_outcome
read_outcome(struct ctx *cx, const struct midtrans_answer *a, struct attempt_page *page)
{
	if (a->code == ANSWER_NO_ACCESS)
		return REFUSED;
	if (a->code == ANSWER_TOO_MANY)
		return BUSY;
	if (cx->err.rc != RC_OK)
		return UNKNOWN;
	if (a->code >= 400)
		return is_taken(a->messages) ? TAKEN : REFUSED;
	page->snap_token = body_text(a, "token");
	page->redirect_url = body_text(a, "redirect_url");
	if (a->code == CREATED && page->snap_token != NULL && page->redirect_url != NULL)
		return MADE;
	page->snap_token = page->redirect_url = NULL;
	return UNKNOWN;
}

/*
 * The order_id is the Idempotency-Key, too: a second call gets the first answer
 * and kills no token.  After a lost connection or a passing error the call is
 * repeated once.  It is not after a time-out, since the customer has waited 15 s,
 * nor after a 429.
 */
static enum create_outcome
call_create(struct ctx *cx, const char *body, struct attempt_page *page, struct midtrans_answer *a)
{
	const struct midtrans_call call = { .base = BASE_SNAP,
		.method = "POST",
		.path = "/transactions",
		.body = body,
		.key = page->order_id };
	enum create_outcome out = UNKNOWN;

	for (int i = 0; i < 2 && out == UNKNOWN; i++) {
		cx->err = (struct err){ 0 };
		page->calls += i;
		(void)!midtrans_call(cx, &call, a);
		out = read_outcome(cx, a, page);
		if (!call_was_sent(cx) || out == BUSY)
			page->calls--;
		if (call_timed_out(cx))
			break;
	}
	return out;
}

/*
 * An earlier call of this attempt reached Midtrans, and its answer was lost: the
 * order is ours, so its money is found by asking, but its page is lost.
 */
static enum rc
adopt_order(struct ctx *cx, struct attempt_page *page, const struct midtrans_answer *a)
{
	bool usable;

	TRY(midtrans_check_attempt(cx, page->id));
	return attempt_record_answer(cx, page, "closed", answer_json(cx, a), &usable);
}

/* *again: this attempt has no page, but the next one may have. */
static enum rc
make_page(struct ctx *cx, struct attempt_page *page, bool *again)
{
	struct midtrans_answer a;
	struct midtrans_order o;
	enum create_outcome out;
	struct err why;
	bool usable;

	*again = false;
	TRY(attempt_order(cx, page->id, conf_text(cx->conf, CONF_APP_URL), &o));
	out = call_create(cx, midtrans_snap_body(cx, &o), page, &a);
	why = cx->err;
	cx->err = (struct err){ 0 };
	*again = out == TAKEN;
	if (out == TAKEN && page->calls > 1)
		return adopt_order(cx, page, &a);
	if (out == TAKEN)
		page->calls = 0; /* the order is another system's: this call made nothing */
	TRY(attempt_record_answer(cx, page, state_after[out], answer_json(cx, &a), &usable));
	if (out == TAKEN || usable)
		return RC_OK;
	if (out == MADE)
		return FAIL(cx, RC_CONFLICT, "The invoice has been paid or changed just now.");
	cx->err = why;
	if (why.rc != RC_OK)
		return why.rc;
	(void)FAIL(cx, RC_UPSTREAM, "The payment gateway refused to make a payment page.");
	return err_detail(&cx->err, "%d %s", a.code, a.messages);
}

static enum rc
find_page(struct ctx *cx, const struct midtrans_debt *debt, bool counts, struct attempt_page *page)
{
	TRY(db_begin(cx));
	TRY(attempt_page(cx, debt, counts, page));
	return db_commit(cx);
}

static enum rc
find_or_make_page(struct ctx *cx, const struct midtrans_debt *debt, bool counts,
    struct attempt_page *page)
{
	for (int i = 0; i < TRIES; i++) {
		bool again;

		TRY(find_page(cx, debt, counts && i == 0, page));
		if (page->snap_token != NULL)
			return RC_OK;
		TRY(make_page(cx, page, &again));
		if (!again)
			return RC_OK;
	}
	return FAIL(cx, RC_UPSTREAM, "The payment gateway knows all our orders already.");
}

enum rc
midtrans_open_page(struct ctx *cx, const struct midtrans_debt *debt, struct midtrans_page *ret)
{
	struct attempt_page page;
	bool alone;
	enum rc rc;

	TRY(midtrans_require_configured(cx));
	TRY(midtrans_lock(cx, debt->invoice_id, NULL, &alone));
	rc = find_or_make_page(cx, debt, alone, &page);
	midtrans_unlock(cx, debt->invoice_id);
	if (rc != RC_OK)
		return rc;
	*ret = (struct midtrans_page){ .snap_token = page.snap_token,
		.order_id = page.order_id,
		.redirect_url = page.redirect_url,
		.client_key = conf_text(cx->conf, CONF_MIDTRANS_CLIENT_KEY) };
	return RC_OK;
}
