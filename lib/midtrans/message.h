/*
 * message.h: what Midtrans writes: notifications, and answers to our calls.
 * Pure: no database, no network, no clock.
 *
 * The order_id of a message names one of our attempts to be paid, its
 * transaction_id one transaction of that attempt; an attempt may see several.
 * The signature of a notification covers order_id, status_code and
 * gross_amount alone: whoever saw one genuine notification can change the rest.
 */
#ifndef MIDTRANS_MESSAGE_H
#define MIDTRANS_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"

struct cJSON;

enum {
	MIDTRANS_ORDER_MAX = 50, /* characters of an order_id */
	MIDTRANS_NAME_MAX = 50,  /* bytes of an item's name */
	MIDTRANS_ID_MAX = 255,   /* of a transaction_id, which is no UUID everywhere */
};

struct midtrans_refund {
	const char *id; /* refund_key, else refund_chargeback_id */
	int64_t amount;
};

struct midtrans_message {
	/* signed, as received */
	const char *order_id, *status_code, *gross_amount, *signature_key;
	const char *status; /* transaction_status, in lower case */
	const char *transaction_id;
	/* NULL where absent */
	const char *fraud_status, *payment_type, *bank, *currency, *merchant_id;
	const char *pay_code;   /* what the customer types to pay */
	const char *invoice_id; /* custom_field1, which we sent with the order; "": absent */
	const char *transaction_time, *settlement_time, *expiry_time; /* with +07 */
	int64_t gross;        /* -1: a number, but no whole rupiah */
	int64_t original;     /* without the fee put on the customer; 0: absent */
	int64_t refund_total; /* of all refunds so far; 0: absent */
	int64_t
	    charged_back_total; /* of all parts the customer's bank took back so far; 0: absent */
	struct midtrans_refund *refunds;
	size_t nrefunds;
};

/*
 * Read a notification; raw is its text, from which numbers are read exactly.  RC_MALFORMED: a
 * field is missing or of the wrong type; RC_DENIED: not signed with this key.
 */
enum rc midtrans_read(struct ctx *, const struct cJSON *body, const char *raw,
    const char *server_key, struct midtrans_message *ret) _must_check_;
/* Read the answer to a call about this order; RC_UPSTREAM when it is malformed or of another. */
enum rc midtrans_read_answer(struct ctx *, const struct cJSON *body, const char *raw,
    const char *order_id, struct midtrans_message *ret) _must_check_;
/*
 * The answer names this order or none (some channels repeat the transaction_id
 * instead), and the invoice we sent with the order, or none (invoice_id NULL:
 * not compared).  Another system of the merchant may use the same order_id.
 */
bool midtrans_is_about(const struct cJSON *body, const char *order_id, const char *invoice_id);
/* The notification that Midtrans' dashboard sends to test an address: no order of anybody's. */
bool midtrans_is_test(const struct midtrans_message *);

/* The signature Midtrans would make: lower-case hex. */
const char *midtrans_signature(struct ctx *, const char *order_id, const char *status_code,
    const char *gross_amount, const char *server_key);

/* "150000", "150000.0", "150000.00"; at most 12 digits, no sign, no fraction of a rupiah. */
bool midtrans_amount(const char *, int64_t *ret);
/* "2025-01-31 23:59:59", in western Indonesia: the same with +07; NULL when it is no time. */
const char *midtrans_time(struct ctx *, const char *);
/* cash, card, va ...: the method of our payments for this payment_type. */
const char *midtrans_method(const char *payment_type);

#endif
