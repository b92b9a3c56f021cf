/*
 * event.h: the one way of a message: read, record, decide, act.
 *
 * The caller has read the message. It is recorded in midtrans_events before anything else,
 * with the invoice locked; midtrans_decide() decides; each action is one named statement.
 * All of it is one transaction.
 */
#ifndef MIDTRANS_EVENT_H
#define MIDTRANS_EVENT_H

#include "midtrans/client.h"
#include "midtrans/decide.h"

/* Origins of a message: midtrans_events.source. */
#define SOURCE_NOTIFICATION "notification"
#define SOURCE_STATUS       "status"
#define SOURCE_CANCEL       "cancel"
#define SOURCE_EXPIRE       "expire"

/* The outcome of a message; the verdict is NULL when its order is not ours. */
struct midtrans_outcome {
	const char *verdict, *cases;
};

/* RC_NOT_FOUND: recorded, but the order is not ours. */
enum rc midtrans_process(struct ctx *, const char *source, const struct midtrans_message *,
    const char *raw) _must_check_;

/* The same in a transaction of the caller's, which sends the last statements when it ends. */
enum rc midtrans_process_within(struct ctx *, const char *source, const struct midtrans_message *,
    const char *raw, struct midtrans_outcome *ret) _must_check_;

/* Record a message that could not be processed: a sweep leaves a job to ask Midtrans. */
enum rc midtrans_store_unapplied(struct ctx *, const char *source, const struct midtrans_message *,
    const char *raw) _must_check_;

/* Process Midtrans' answer about an order.  *transaction_id: the one it describes. */
enum rc midtrans_apply_answer(struct ctx *, const char *source, const char *order_id,
    const struct midtrans_answer *, const char **transaction_id) _must_check_;

#endif
