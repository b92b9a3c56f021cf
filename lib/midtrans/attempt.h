/*
 * attempt.h: payment attempts, as the database knows them: what Midtrans says
 * of one is stored, held against it by midtrans_decide(), and done.
 */
#ifndef MIDTRANS_ATTEMPT_H
#define MIDTRANS_ATTEMPT_H

#include "midtrans/midtrans.h"

/* Where a message came from; notification alone is not Midtrans' own word to us. */
#define ATTEMPT_NOTIFICATION "notification"
#define ATTEMPT_STATUS       "status"
#define ATTEMPT_CANCEL       "cancel"
#define ATTEMPT_EXPIRE       "expire"

/* What is known of the order that a message is about. */
struct attempt_heard {
	const char *attempt_id; /* NULL: the order is not ours */
	int64_t event_id;
	struct midtrans_state state;
};
/*
 * Store the message (raw: its JSON) and lock the invoice it is about; then do
 * what was decided, which is sent and not waited for (db_send).  Both in one
 * transaction of the caller's.
 */
enum rc attempt_hear(struct ctx *, const char *source, const struct midtrans_message *,
    const char *raw, struct attempt_heard *ret) _must_check_;
enum rc attempt_do(struct ctx *, const char *source, const struct midtrans_message *,
    const struct attempt_heard *, const struct midtrans_decision *) _must_check_;
/* Only store it: it could not be applied. */
enum rc attempt_remember(struct ctx *, const char *source, const struct midtrans_message *,
    const char *raw) _must_check_;

/* What is asked about, and how. */
struct attempt {
	const char *id, *order_id, *invoice_id;
	const char *snap_token; /* NULL: none came */
	const char *state;
	bool over; /* its time is, and nothing has come of it yet */
	bool live; /* one of its transactions may still be paid */
	bool owed; /* its amount is still what is owed */
};
enum rc attempt_by_id(struct ctx *, const char *id, struct attempt *ret) _must_check_;
/* RC_NOT_FOUND when the order is not ours. */
enum rc attempt_by_order(struct ctx *, const char *order_id, struct attempt *ret) _must_check_;

struct attempt_transaction {
	const char *transaction_id;
	const char *status; /* NULL: nothing is noted of it */
	bool told;          /* Midtrans itself named it, not a notification alone */
	bool live;          /* may still be paid */
	bool captured;      /* paid by a card, and not settled yet: it can still be cancelled */
};
/* Those to ask about; what Midtrans named comes first. */
enum rc attempt_transactions(struct ctx *, const char *id, struct attempt_transaction **ret,
    size_t *nret) _must_check_;

/* The page an invoice is paid on now. */
struct attempt_page {
	const char *id, *order_id, *snap_token, *redirect_url;
	int64_t calls; /* create calls sent, the coming one included */
};
/*
 * Find it, or begin a new attempt, in a transaction of the caller's; RC_CONFLICT
 * when nothing is owed.  counts: against the limit.
 */
enum rc attempt_page(struct ctx *, const char *invoice_id, bool counts,
    struct attempt_page *ret) _must_check_;
enum rc attempt_order(struct ctx *, const char *id, const char *url,
    struct midtrans_order *ret) _must_check_;
/*
 * The create call's outcome: state open, unknown or closed; said: JSON for the
 * log.  *ret: its page may be handed out; one that may not, since its amount is
 * not owed any more, is being cancelled.
 */
enum rc attempt_made(struct ctx *, struct attempt_page *, const char *state, const char *said,
    bool *ret) _must_check_;

#endif
