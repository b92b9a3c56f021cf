/* gateway_page.c: a page for a customer to pay on. */
#include <cJSON.h>
#include <string.h>

#include "base/conf.h"
#include "db/db.h"
#include "midtrans/gateway_int.h"

enum { TRIES = 3, CREATED = 201 };

/* What became of a create call. */
enum outcome {
	MADE,
	UNKNOWN, /* perhaps made: the same order again, later */
	BUSY,    /* not made: the same order again, later */
	REFUSED,
	TAKEN, /* Midtrans knows the order already */
};

/* And what that makes of the attempt. */
static const char *const state_after[] = {
	[MADE] = "open",
	[UNKNOWN] = "unknown",
	[BUSY] = "unknown",
	[REFUSED] = "closed",
	[TAKEN] = "closed",
};

/* ---- the create call ------------------------------------------------------------------------- */

/* Words of Midtrans, in two languages; a hint and no more. */
static bool
says_taken(const char *text)
{
	return strstr(text, "order_id") != NULL &&
	       (strstr(text, "taken") != NULL || strstr(text, "digunakan") != NULL ||
		   strstr(text, "utilized") != NULL || strstr(text, "already") != NULL);
}

static const char *
text_of(const struct gateway_answer *a, const char *name)
{
	const char *val = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(a->body, name));

	return val != NULL && val[0] != '\0' ? val : NULL;
}

static enum outcome
read_outcome(struct ctx *cx, const struct gateway_answer *a, struct attempt_page *page)
{
	if (a->code == GATEWAY_NO_ACCESS)
		return REFUSED;
	if (a->code == GATEWAY_TOO_MANY)
		return BUSY;
	if (cx->err.rc != RC_OK)
		return UNKNOWN;
	if (a->code >= 400)
		return says_taken(a->messages) ? TAKEN : REFUSED;
	page->snap_token = text_of(a, "token");
	page->redirect_url = text_of(a, "redirect_url");
	if (a->code == CREATED && page->snap_token != NULL && page->redirect_url != NULL)
		return MADE;
	page->snap_token = page->redirect_url = NULL;
	return UNKNOWN;
}

/*
 * The order_id is also the key of idempotence: a lost answer asked for again is
 * the first answer again, and kills no token.  What got lost at once, or met an
 * error of the moment, is asked for a second time; a silence of 15 s is long
 * enough for whoever waits, and who is asked to slow down does.
 */
static enum outcome
create(struct ctx *cx, const char *body, struct attempt_page *page, struct gateway_answer *a)
{
	const struct gateway_call call = { .base = GATEWAY_SNAP,
		.method = "POST",
		.path = "/transactions",
		.body = body,
		.key = page->order_id };
	enum outcome out = UNKNOWN;

	for (int i = 0; i < 2 && out == UNKNOWN; i++) {
		cx->err = (struct err){ 0 };
		page->calls += i;
		(void)!gateway_call(cx, &call, a);
		out = read_outcome(cx, a, page);
		if (!gateway_sent(cx) || out == BUSY)
			page->calls--;
		if (gateway_timed_out(cx))
			break;
	}
	return out;
}

/*
 * An earlier call of this attempt did reach Midtrans, whose answer we lost:
 * the order is ours, its money is known, but its page is gone.
 */
static enum rc
adopt(struct ctx *cx, struct attempt_page *page, const struct gateway_answer *a)
{
	bool usable;

	TRY(gateway_ask(cx, page->id));
	return attempt_made(cx, page, "closed", gateway_said(cx, a), &usable);
}

/* *again: this attempt leads to no page, but another may. */
static enum rc
make(struct ctx *cx, struct attempt_page *page, bool *again)
{
	struct gateway_answer a;
	struct midtrans_order o;
	enum outcome out;
	struct err why;
	bool usable;

	*again = false;
	TRY(attempt_order(cx, page->id, conf_text(cx->conf, CONF_APP_URL), &o));
	out = create(cx, midtrans_snap_body(cx, &o), page, &a);
	why = cx->err;
	cx->err = (struct err){ 0 };
	*again = out == TAKEN;
	if (out == TAKEN && page->calls > 1)
		return adopt(cx, page, &a);
	if (out == TAKEN)
		page->calls = 0; /* somebody else's: this call made nothing */
	TRY(attempt_made(cx, page, state_after[out], gateway_said(cx, &a), &usable));
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
find(struct ctx *cx, const char *invoice_id, bool counts, struct attempt_page *page)
{
	TRY(db_begin(cx));
	TRY(attempt_page(cx, invoice_id, counts, page));
	return db_commit(cx);
}

static enum rc
find_or_make(struct ctx *cx, const char *invoice_id, bool counts, struct attempt_page *page)
{
	for (int i = 0; i < TRIES; i++) {
		bool again;

		TRY(find(cx, invoice_id, counts && i == 0, page));
		if (page->snap_token != NULL)
			return RC_OK;
		TRY(make(cx, page, &again));
		if (!again)
			return RC_OK;
	}
	return FAIL(cx, RC_UPSTREAM, "The payment gateway knows all our orders already.");
}

enum rc
gateway_page(struct ctx *cx, const char *invoice_id, struct gateway_page *ret)
{
	struct attempt_page page;
	bool alone;
	enum rc rc;

	TRY(gateway_ready(cx));
	TRY(gateway_lock(cx, invoice_id, NULL, &alone));
	rc = find_or_make(cx, invoice_id, alone, &page);
	gateway_unlock(cx, invoice_id);
	if (rc != RC_OK)
		return rc;
	*ret = (struct gateway_page){ .snap_token = page.snap_token,
		.order_id = page.order_id,
		.redirect_url = page.redirect_url,
		.client_key = conf_text(cx->conf, CONF_MIDTRANS_CLIENT_KEY) };
	return RC_OK;
}
