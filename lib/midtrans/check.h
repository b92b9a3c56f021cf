/*
 * check.h: ask Midtrans about one attempt, and end what may still be paid.
 * Every answer is applied as a notification is, with more trust (event.h).
 */
#ifndef MIDTRANS_CHECK_H
#define MIDTRANS_CHECK_H

#include "midtrans/client.h"

/*
 * End everything of an attempt at Midtrans that may still be paid, and close the
 * attempt, unless it turns out to be paid: then only the rest of it is ended.
 * RC_UPSTREAM when something stays open.
 */
enum rc midtrans_end_attempt(struct ctx *, const char *attempt_id) _must_check_;
/*
 * Cancel this payment of a card if it is captured and not settled yet (row 12).
 * *executed: Midtrans may have cancelled it, or may yet, though the call failed.
 */
enum rc midtrans_void_card(struct ctx *, const char *attempt_id, const char *transaction_id,
    bool *executed) _must_check_;

#endif
