/*
 * gateway.h: online payment: pages for customers, what Midtrans tells, and what
 * we ask it (contract 7).
 *
 * Nothing here calls Midtrans inside a database transaction.  gateway_notify()
 * calls nobody at all.  Without MIDTRANS_SERVER_KEY everything but
 * gateway_is_on() fails with RC_RETRY "online payment is not configured".
 * What Midtrans or the way to it fails is RC_UPSTREAM.
 *
 * cx->conf says where Midtrans is; cx->gateway keeps the connections to it.
 */
#ifndef MIDTRANS_GATEWAY_H
#define MIDTRANS_GATEWAY_H

#include <stdbool.h>

#include "base/ctx.h"
#include "work/loop.h"

struct cJSON;
struct gateway;

/* Once a process, after any fork; ends with life. */
struct gateway *gateway_new(struct arena *life, const struct conf *);
bool gateway_is_on(const struct ctx *);

/* ---- customers ------------------------------------------------------------------------------- */

struct gateway_page {
	const char *snap_token, *order_id, *redirect_url, *client_key;
};

/*
 * The page to pay what is owed on an invoice: the open one, or a new one.  Who
 * asks while one is being made waits up to 8 s for it.  RC_NOT_FOUND,
 * RC_CONFLICT when nothing is owed, RC_THROTTLED.
 */
enum rc gateway_page(struct ctx *, const char *invoice_id, struct gateway_page *ret) _must_check_;

/* ---- the webhook ----------------------------------------------------------------------------- */

/*
 * Take a notification: body as JSON, raw as text.  RC_OK: stored, and done or
 * left as a job; RC_MALFORMED, RC_DENIED: nothing stored; RC_NOT_FOUND: stored,
 * but not our order; RC_RETRY: whatever else went wrong, send it again.
 */
enum rc gateway_notify(struct ctx *, const struct cJSON *body, const char *raw) _must_check_;

/*
 * What became of a notification: those refused, and those of orders that are not
 * ours, are counted; of each kind the log has a line a minute and worker, `of` how many.
 */
void gateway_count(struct ctx *, enum rc);

/* ---- people ---------------------------------------------------------------------------------- */

/* Each answers the attempt's id; RC_NOT_FOUND when the order is not ours. */
enum rc gateway_status(struct ctx *, const char *order_id, const char **ret) _must_check_;
/* RC_CONFLICT when it is paid. */
enum rc gateway_cancel(struct ctx *, const char *order_id, const char **ret) _must_check_;

struct gateway_refund {
	const char *order_id, *reason; /* reason: NULL for none */
	const char *key;               /* Idempotency-Key, or NULL */
	int64_t amount;                /* 0: all that is left of it */
	bool reopen;                   /* the debt */
};
/*
 * One at a time.  The same key and wish again: the first answer.  Where an
 * answer was lost the same wish without a key again is the same refund, for a
 * day, and no other is begun before it is known what became of it.  All of a
 * card's payment that has not settled yet is no refund at Midtrans, but undone;
 * in our books it is one, unless the debt is to open again.
 *
 * RC_CONFLICT when nothing can be refunded, Midtrans cannot for this way of
 * paying, another refund is under way, or the key is another's.
 */
enum rc gateway_refund(struct ctx *, const struct gateway_refund *, const char **ret) _must_check_;

/* ---- work ------------------------------------------------------------------------------------ */

/* Ask about an attempt and apply all that is answered; what its time is over for is ended. */
enum rc gateway_ask(struct ctx *, const char *attempt_id) _must_check_;

/*
 * gateway-sync: each step is one thing that is due, a job, else an attempt to
 * ask about.  When Midtrans asks to slow down, nothing is asked for as long as
 * it says, at most a minute.  Without a server key nothing is ever due.
 */
extern const struct loop gateway_loop;

struct gateway_count {
	size_t asked, failed;
};
/*
 * Ask about all attempts not finally closed; due: only those whose turn it is.
 * When nobody answers twice in a row the rest counts as failed without asking.
 * RC_RETRY between two of them where cx->stopping says so; gateway_hold(), too.
 */
enum rc gateway_reconcile(struct ctx *, bool due, struct gateway_count *ret) _must_check_;

/* ---- the nightly run ------------------------------------------------------------------------- */

/* A subscription that is not suspended tonight. */
struct gateway_held {
	const char *subscription_id, *username, *customer_name;
};
/*
 * Before these subscriptions are suspended for debt: ask about the open
 * attempts of their overdue invoices.  *ret are those that must wait, since
 * nobody answered; they live in cx->mem.  When nobody answers twice in a row
 * the rest waits without being asked about.
 */
enum rc gateway_hold(struct ctx *, const char *const *ids, size_t n, const char *date,
    struct gateway_held **ret, size_t *nret) _must_check_;

#endif
