/* money.h: books a payment by hand, for both of its addresses. */
#ifndef API_MONEY_H
#define API_MONEY_H

#include "db/db.h"
#include "http/http.h"

#define MONEY_MAX INT64_C(999999999999)

/* The beginning of each bill's number: invoice_number() in sql/functions/invoice.sql. */
#define BILL_LEAD "INV-"

extern const char *const money_methods[];

struct cJSON;

/* The request's Idempotency-Key; NULL when there is none. */
enum rc money_key(struct ctx *, const struct req *, const char **ret) _must_check_;

/* True when an operator acts, whose discounts, days and dates have bounds. */
bool money_is_bounded(const struct ctx *);

/* Put money_is_bounded() into the body, for the rules in SQL. */
void money_bound(const struct ctx *, struct cJSON *in);

/*
 * Book a payment under the request's Idempotency-Key: the same key and body
 * return the first answer, the same key with another body is RC_CONFLICT.  One row: payment_id,
 * invoice_id, repeated.
 */
enum rc money_book(struct ctx *, const struct req *, struct cJSON *in,
    struct db_rows **ret) _must_check_;

#endif
