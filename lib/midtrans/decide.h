/*
 * decide.h: the meaning of a message for money, and the actions that follow.
 * Pure: no database, no network, no clock.
 *
 * midtrans_decide() compares a message with what the database knows of its
 * attempt and transaction and finds, in one table, the row that fits: the new
 * state of the attempt, and the actions.  The webhook, look-ups, cancelling and
 * reconciliation all ask this table; they differ in the trust they put into the
 * message.  lib/midtrans/event.c runs one named statement for each action.
 *
 * The signature covers neither the status nor the transaction_id.  So a
 * notification is trusted if it moves no money.  One that moves money is
 * trusted only if it is the first of its attempt with status_code 200, and has
 * the right amount.  Any other is checked with a call to Midtrans (ACT_CONFIRM).
 */
#ifndef MIDTRANS_DECIDE_H
#define MIDTRANS_DECIDE_H

#include "midtrans/message.h"

enum midtrans_trust {
	TRUST_NOTIFICATION = 1,
	TRUST_FIRST_PAID = 2, /* a notification that is trusted at once; set by midtrans_decide() */
	TRUST_API_REPLY = 4,  /* the answer to a call of ours */
};

/* The state in the database of the attempt and of the message's transaction. */
struct midtrans_state {
	int64_t expected;       /* the attempt's amount */
	bool had_200;           /* an earlier notification had a 200 */
	bool is_other_order;    /* the transaction is another attempt's, or the order not ours */
	bool just_booked;       /* its payment was booked a moment ago: an API reply may be older */
	const char *invoice_id; /* the attempt's */
	const char *status;     /* of the transaction, as last saved; NULL: never seen */
	const char *payment_status; /* received, reversed, refunded; NULL: no payment booked */
	int64_t refunded;           /* of that payment so far, by Midtrans */
	int64_t by_hand;            /* and handed back by people */
	int64_t charged_back;       /* charged back in parts, so far */
};

/* The meaning of a status for money.  The order is that of the names in decide.c. */
enum midtrans_money {
	MONEY_NONE,              /* nothing moved */
	MONEY_RECEIVED,          /* the customer paid */
	MONEY_UNDONE,            /* never paid, or the payment was reversed */
	MONEY_ALL_BACK,          /* all of a payment went back */
	MONEY_PART_REFUNDED,     /* a part went back, by us */
	MONEY_PART_CHARGED_BACK, /* a part went back, by the customer's bank */
};

struct midtrans_meaning {
	const char *money;   /* for midtrans_events.money: "received"; NULL: none moved */
	int64_t amount;      /* sum so far of partial refunds or chargebacks; 0: not known */
	const char *outlook; /* for midtrans_transactions.outlook */
};

/* The meaning of this message, if it is true.  midtrans_unconfirmed_money() in SQL uses it. */
struct midtrans_meaning midtrans_meaning_of(const struct midtrans_message *);

enum midtrans_action {
	ACT_SAVE_TRANSACTION = 1 << 0, /* status, method and times */
	ACT_BOOK_PAYMENT = 1 << 1,
	ACT_REFUND = 1 << 2, /* book each refund not booked yet; the invoice stays paid */
	ACT_REFUND_AND_REOPEN =
	    1 << 3, /* book a part taken back by the customer's bank; the invoice opens again */
	ACT_UNDO_PAYMENT = 1 << 4,
	ACT_CHARGE_BACK = 1 << 5, /* undo the payment: the customer's bank took all of it */
	ACT_CONFIRM = 1 << 6,     /* create a job that asks Midtrans */
	ACT_ALERT = 1 << 7,
};

struct midtrans_decision {
	const char *cases;   /* the cases of the row that fitted, for the log and tests */
	const char *verdict; /* applied, duplicate, stale, confirm, disagrees, foreign, ... */
	unsigned actions;
	const char *text;     /* name of the alert's, with ACT_ALERT */
	const char *attempt;  /* its new state; NULL: unchanged */
	int64_t amount, fee;  /* to book */
	int64_t charged_back; /* sum of all parts charged back, by this message */
};

void midtrans_decide(const struct midtrans_state *, const struct midtrans_message *,
    enum midtrans_trust, const char *merchant_id, struct midtrans_decision *ret);

#endif
