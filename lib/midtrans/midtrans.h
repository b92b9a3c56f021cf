/*
 * midtrans.h: online payment through Midtrans (contract 7).
 *
 * A customer pays on a page of Midtrans that midtrans_open_page() makes;
 * Midtrans posts notifications, which midtrans_take_notification() takes;
 * gateway-sync runs midtrans_loop, which asks Midtrans about everything a
 * notification alone does not prove.
 *
 * No function here calls Midtrans inside a database transaction, and
 * midtrans_take_notification() does not call Midtrans at all.  Without
 * MIDTRANS_SERVER_KEY every function but midtrans_is_configured() fails with
 * RC_RETRY "online payment is not configured".  Failures of Midtrans, or of the
 * connection to it, are RC_UPSTREAM.
 *
 * cx->conf has the addresses and keys; cx->midtrans keeps the connections.
 */
#ifndef MIDTRANS_PURE_H
#define MIDTRANS_PURE_H

#include <stdbool.h>

#include "base/ctx.h"
#include "work/loop.h"

struct cJSON;
struct midtrans_client;

/* Once in a process, after any fork; ends with life. */
struct midtrans_client *midtrans_client_new(struct arena *life, const struct conf *);
bool midtrans_is_configured(const struct ctx *);

/* ---- customers ------------------------------------------------------------------------------- */

struct midtrans_page {
	const char *snap_token, *order_id, *redirect_url, *client_key;
};

/* The debt to be paid: an invoice alone (bill), with the older ones of its line (due), or all. */
struct midtrans_debt {
	const char *invoice_id, *scope;
};

/*
 * Find the open page for what is owed, or make one.  A second
 * request waits up to 8 s while the first one makes the page.  RC_NOT_FOUND,
 * RC_CONFLICT when nothing is owed, RC_THROTTLED.
 */
enum rc midtrans_open_page(struct ctx *, const struct midtrans_debt *,
    struct midtrans_page *ret) _must_check_;

/* ---- the webhook ----------------------------------------------------------------------------- */

/*
 * Take a notification: body as JSON, raw as text.  RC_OK: stored, and applied or
 * left as a job (or the dashboard's test, which is not stored); RC_MALFORMED,
 * RC_DENIED: not stored; RC_NOT_FOUND: stored, but the order is not ours;
 * RC_RETRY: any other failure, after which Midtrans is to send it again.
 */
enum rc midtrans_take_notification(struct ctx *, const struct cJSON *body,
    const char *raw) _must_check_;

/*
 * Count refused notifications and those of unknown orders.  The log has at most
 * one line a minute of each kind from each worker, with their number as `count`.
 */
void midtrans_count_refused(struct ctx *, enum rc);

/* ---- people ---------------------------------------------------------------------------------- */

/* Both return the attempt's id; RC_NOT_FOUND when the order is not ours. */
enum rc midtrans_ask_status(struct ctx *, const char *order_id, const char **ret) _must_check_;
/* RC_CONFLICT when it is paid. */
enum rc midtrans_cancel_order(struct ctx *, const char *order_id, const char **ret) _must_check_;

struct midtrans_refund_request {
	const char *order_id, *reason; /* reason: NULL for none */
	const char *key;               /* Idempotency-Key, or NULL */
	int64_t amount;                /* 0: the rest of the payment */
	bool reopen;                   /* the debt */
};
/*
 * Refund a payment; one refund of an order at a time.  The same key and request
 * again gets the first answer.  After a lost answer the same request without a
 * key continues the same refund, for a day, and no other refund of the order
 * begins before the outcome of that one is known.  The whole payment of a card
 * that has not settled yet is cancelled at Midtrans instead of refunded; our
 * books have a refund all the same, unless the debt is to open again.
 *
 * RC_CONFLICT when nothing can be refunded, Midtrans cannot refund this way of
 * paying, another refund is under way, or the key belongs to another request.
 */
enum rc midtrans_refund_order(struct ctx *, const struct midtrans_refund_request *,
    const char **ret) _must_check_;

/* ---- work ------------------------------------------------------------------------------------ */

/* Ask Midtrans about an attempt and apply its answers; end what has expired. */
enum rc midtrans_check_attempt(struct ctx *, const char *attempt_id) _must_check_;

/*
 * gateway-sync: each step is one job that is due, or else one attempt whose
 * check is due.  When Midtrans asks to slow down, no step follows for as long as
 * it says, at most a minute.  Without a server key nothing is ever due.
 */
extern const struct loop midtrans_loop;

struct midtrans_count {
	size_t asked, failed;
};
/*
 * Check all attempts not finally closed; due: only those whose check is due.
 * After two silences of Midtrans in a row the rest counts as failed unasked.
 * RC_RETRY between two of them when cx->stopping says so; the same holds for
 * midtrans_hold_unanswered().
 */
enum rc midtrans_reconcile(struct ctx *, bool due, struct midtrans_count *ret) _must_check_;

/* ---- the nightly run ------------------------------------------------------------------------- */

/* A subscription that is not suspended tonight. */
struct midtrans_held {
	const char *subscription_id, *username, *customer_name;
};
/*
 * Before these subscriptions are suspended for debt: check the open attempts of
 * their overdue invoices.  *ret, in cx->mem: those to spare tonight, since
 * Midtrans did not answer about one of their attempts.  After two silences in a
 * row the rest is spared unasked.
 */
enum rc midtrans_hold_unanswered(struct ctx *, const char *const *ids, size_t n, const char *date,
    struct midtrans_held **ret, size_t *nret) _must_check_;

#endif
