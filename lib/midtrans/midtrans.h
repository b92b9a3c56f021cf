/*
 * midtrans.h: what Midtrans says of a payment, and what follows from it.
 * Pure: no database, no network, no clock.
 *
 * A message is a notification, or the answer to one of our calls.  Its order_id
 * names an attempt, its transaction_id a transaction of that attempt; one
 * attempt may see several.  midtrans_decide() holds a message against what is
 * known and finds, in one table, the row that fits: what becomes of attempt and
 * transaction, and which deeds are due.  The same table serves the webhook,
 * look-ups, cancelling and reconciliation; only the weight of the message
 * differs.  sql/functions/midtrans_2_apply.sql does the deeds.
 *
 * A signature covers order_id, status_code and gross_amount alone.  So what a
 * notification says of the rest is believed where it moves no money, and of
 * money only once an attempt: the first with a 200, saying the right amount.
 * All else is asked back (MD_CONFIRM).
 */
#ifndef MIDTRANS_MIDTRANS_H
#define MIDTRANS_MIDTRANS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"

struct cJSON;

enum {
	MIDTRANS_ORDER_MAX = 50, /* characters of an order_id */
	MIDTRANS_NAME_MAX = 50,  /* bytes of an item's name */
	MIDTRANS_ID_MAX = 255,   /* of a transaction_id, which is no UUID everywhere */
};

/* ---- messages -------------------------------------------------------------------------------- */

struct midtrans_refund {
	const char *id; /* refund_key, else refund_chargeback_id */
	int64_t amount;
};

struct midtrans_message {
	/* signed, as received */
	const char *order_id, *status_code, *gross_amount, *signature_key;
	const char *status; /* transaction_status, in lower case */
	const char *transaction_id;
	/* NULL where not said */
	const char *fraud_status, *payment_type, *bank, *currency, *merchant_id;
	const char *pay_code;   /* what the customer types to pay */
	const char *invoice_id; /* what we gave with the order, as custom_field1 */
	const char *transaction_time, *settlement_time, *expiry_time; /* with +07 */
	int64_t gross;         /* -1: a number, but no whole rupiah */
	int64_t original;      /* without the fee put on the customer; 0: not said */
	int64_t refund_total;  /* of all refunds so far; 0: not said */
	int64_t charged_total; /* of all parts the customer's bank took back so far; 0: not said */
	struct midtrans_refund *refunds;
	size_t nrefunds;
};

/*
 * A notification as it came.  RC_MALFORMED: a field is missing or of the wrong
 * type; RC_DENIED: not signed with this key.
 */
enum rc midtrans_read(struct ctx *, const struct cJSON *body, const char *server_key,
    struct midtrans_message *ret) _must_check_;
/* An answer to a call about this order; RC_UPSTREAM when it is none, or about another order. */
enum rc midtrans_read_answer(struct ctx *, const struct cJSON *body, const char *order_id,
    struct midtrans_message *ret) _must_check_;
/*
 * It names this order, or none; some channels repeat the transaction_id instead.
 * And the invoice we gave with the order (NULL: not asked about), as far as it
 * is told: another system may have taken the same order_id.
 */
bool midtrans_is_about(const struct cJSON *body, const char *order_id, const char *invoice_id);

/* What Midtrans would sign this with: lower-case hex. */
const char *midtrans_signature(struct ctx *, const char *order_id, const char *status_code,
    const char *gross_amount, const char *server_key);

/* "150000", "150000.0", "150000.00"; at most 12 digits, no sign, no fraction of a rupiah. */
bool midtrans_amount(const char *, int64_t *ret);
/* "2025-01-31 23:59:59", in western Indonesia: the same with +07; NULL when it is no time. */
const char *midtrans_time(struct ctx *, const char *);
/* cash, card, va ...: how a payment of this type stands in our books. */
const char *midtrans_method(const char *payment_type);

/* ---- decisions ------------------------------------------------------------------------------- */

enum midtrans_weight {
	MW_HEARD = 1, /* a notification */
	MW_FIRST = 2, /* one that may be believed at once, see above; found by midtrans_decide() */
	MW_TOLD = 4,  /* Midtrans' own answer to a call of ours */
};

/* What is known of the attempt and of the message's transaction. */
struct midtrans_state {
	int64_t expected;       /* the attempt's amount */
	bool had_200;           /* a notification with 200 came before */
	bool elsewhere;         /* the transaction is another attempt's, or the order not ours */
	bool fresh;             /* its payment was noted a moment ago: an answer may be older */
	const char *invoice_id; /* whose attempt it is */
	const char *status;     /* of the transaction, as noted last; NULL: never seen */
	const char *payment_status; /* received, reversed, refunded; NULL: none booked */
	int64_t refunded;           /* of that payment so far */
	int64_t charged;            /* charged back in parts, so far */
};

enum midtrans_deed {
	MD_NOTE = 1 << 0,       /* remember the transaction's status, method and times */
	MD_BOOK = 1 << 1,       /* a payment, of amount, fee apart */
	MD_REFUND = 1 << 2,     /* each refund not booked yet; the debt stays paid */
	MD_TAKE = 1 << 3,       /* the same, and the debt opens again */
	MD_VOID = 1 << 4,       /* the payment is undone */
	MD_CHARGEBACK = 1 << 5, /* the same, by the customer's bank */
	MD_CONFIRM = 1 << 6,    /* ask Midtrans */
	MD_ALERT = 1 << 7,      /* tell people */
};

struct midtrans_decision {
	const char *rows;    /* of the table of required behaviour, for log and tests */
	const char *verdict; /* applied, duplicate, stale, confirm, disagrees, foreign, ... */
	unsigned deeds;
	const char *attempt; /* its new state; NULL: as it was */
	int64_t amount, fee; /* to book */
	int64_t charged;     /* what its parts charged back come to by this message */
};

void midtrans_decide(const struct midtrans_state *, const struct midtrans_message *,
    enum midtrans_weight, const char *merchant_id, struct midtrans_decision *ret);

/* ---- asking for a page ----------------------------------------------------------------------- */

/* "INV-20250101-0001-2-k3x9": number, attempt, four random characters. */
const char *midtrans_order_id(struct ctx *, const char *number, int64_t attempt);
/* Cut between characters, at most max bytes; '|' and controls become blanks. */
const char *midtrans_name(struct ctx *, const char *, size_t max);

struct midtrans_order {
	const char *order_id, *number; /* of the invoice */
	const char *invoice_id;
	int64_t amount;
	const char *item;                     /* what is paid */
	const char *customer, *email, *phone; /* NULL or "": left out */
	const char *start_time;               /* "2025-01-31 23:59:59 +0700" */
	int64_t minutes;                      /* to pay */
	const char *finish;                   /* where the browser goes afterwards */
	const char *enabled;                  /* a JSON array of methods; NULL: all */
};

/* The body of POST /snap/v1/transactions. */
const char *midtrans_snap_body(struct ctx *, const struct midtrans_order *);

#endif
