/*
 * attempt.h: attempts to be paid, as the database knows them.
 *
 * An attempt is one order at Midtrans.  It has at most one page, and any number
 * of transactions.
 */
#ifndef MIDTRANS_ATTEMPT_H
#define MIDTRANS_ATTEMPT_H

#include "midtrans/midtrans.h"
#include "midtrans/order.h"

struct attempt {
	const char *id, *order_id, *invoice_id;
	const char *snap_token; /* NULL: Midtrans gave none */
	const char *state;
	bool expired;  /* and neither paid nor closed yet */
	bool has_open; /* one of its transactions may still be paid */
	bool owed;     /* its amount is what is owed now */
};
enum rc attempt_by_id(struct ctx *, const char *id, struct attempt *ret) _must_check_;
/* RC_NOT_FOUND when the order is not ours. */
enum rc attempt_by_order(struct ctx *, const char *order_id, struct attempt *ret) _must_check_;
bool attempt_is(const struct attempt *, const char *state);

struct attempt_transaction {
	const char *transaction_id;
	const char *status; /* NULL: never saved */
	bool confirmed;     /* Midtrans named it in an answer, not a notification alone */
	bool open;          /* may still be paid */
	bool captured;      /* paid by card and not settled yet: it can still be cancelled */
};
/* The transactions to ask Midtrans about; those it has confirmed come first. */
enum rc attempt_transactions(struct ctx *, const char *id, struct attempt_transaction **ret,
    size_t *nret) _must_check_;

/* The page for what is owed now. */
struct attempt_page {
	const char *id, *order_id, *snap_token, *redirect_url;
	int64_t calls; /* create calls sent, the coming one included */
};
/*
 * Find it, or begin a new attempt, in a transaction of the caller's; RC_CONFLICT
 * when nothing is owed.  counts: this request counts against the limit.
 */
enum rc attempt_page(struct ctx *, const struct midtrans_debt *, bool counts,
    struct attempt_page *ret) _must_check_;
enum rc attempt_order(struct ctx *, const char *id, const char *url,
    struct midtrans_order *ret) _must_check_;
/*
 * Record the answer of the create call: the state is open, unknown or closed;
 * answer is JSON for the log.  *ret: the page may be handed out.  One whose
 * amount is no longer owed may not, and is being cancelled.
 */
enum rc attempt_record_answer(struct ctx *, struct attempt_page *, const char *state,
    const char *answer, bool *ret) _must_check_;

#endif
