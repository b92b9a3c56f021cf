/* decide.c: see decide.h. */
#include "midtrans/decide.h"

#include <string.h>

/* Kinds of message, from its transaction_status. */
enum event {
	E_PENDING = 1 << 0, /* or authorize */
	E_CHALLENGE = 1 << 1,
	E_CAPTURE = 1 << 2, /* and accepted */
	E_SETTLEMENT = 1 << 3,
	E_DENY = 1 << 4,
	E_CANCEL = 1 << 5,
	E_EXPIRE = 1 << 6, /* or failure */
	E_REFUND = 1 << 7, /* or partial_refund */
	E_CHARGEBACK = 1 << 8,
	E_PART_CHARGEBACK = 1 << 9,
	E_REPEATED = 1 << 10, /* repeats what is stored: still pending, or a sum already booked */
	E_UNKNOWN = 1 << 11,
	E_FOREIGN = 1 << 12,    /* another currency or merchant */
	E_ODD_AMOUNT = 1 << 13, /* no whole rupiah: cannot be booked (alert text payment_odd) */
	E_INCONSISTENT =
	    1 << 14, /* another order, no amount, or a code that does not fit the status */
	E_PAID = E_CAPTURE | E_SETTLEMENT,
	E_ANY = (1 << 15) - 1,
};

/* The transaction before the message. */
enum tx_state {
	T_NEW = 1 << 0,
	T_OPEN = 1 << 1,
	T_REVIEW = 1 << 2,
	T_FAILED = 1 << 3, /* denied, cancelled or expired; never paid */
	T_CAPTURED = 1 << 4,
	T_SETTLED = 1 << 5,
	T_REFUNDED = 1 << 6,
	T_REVERSED = 1 << 7,
	T_PAYABLE = T_NEW | T_OPEN | T_REVIEW,
	T_PAID = T_CAPTURED | T_SETTLED,
	T_PAID_BACK = T_REFUNDED | T_REVERSED,
	T_ANY = 255,
};

/* Short names, for the columns of the table. */
enum {
	REPLY = TRUST_API_REPLY,
	NOTICE = TRUST_NOTIFICATION | TRUST_FIRST_PAID,
	TRUSTED = TRUST_FIRST_PAID | TRUST_API_REPLY, /* is_first_paid() says why */
	ANY_TRUST = 7,
	SAVE = ACT_SAVE_TRANSACTION,
	BOOK = ACT_BOOK_PAYMENT,
	REFUND = ACT_REFUND,
	REOPEN = ACT_REFUND_AND_REOPEN,
	UNDO = ACT_UNDO_PAYMENT,
	CHARGEBACK = ACT_CHARGE_BACK,
	CONFIRM = ACT_CONFIRM,
	ALERT = ACT_ALERT,
	RIGHT = 1, /* the amount is the one we asked for, apart from a fee */
	WRONG = 2,
	ANY_AMOUNT = 3,
};

/*
 * The whole behaviour; the first row that fits counts.  `cases` are the numbers of
 * the cases in test/unit/midtrans/test_decide.c that the row decides.  An attempt
 * with a payment stays paid, whatever `attempt` says: midtrans_attempt_update()
 * sees to it.
 */
/* clang-format off */
static const struct rule {
	const char *cases;
	unsigned event, tx_state, trust, amount;
	const char *verdict;
	unsigned actions;
	const char *attempt;
} rules[] = {
	{ "22",    E_FOREIGN, T_ANY, ANY_TRUST, ANY_AMOUNT, "foreign", ALERT, NULL },
	{ "21",    E_ODD_AMOUNT,     T_ANY, ANY_TRUST, ANY_AMOUNT, "odd_amount", ALERT, NULL },
	{ "29",    E_INCONSISTENT,  T_ANY, NOTICE, ANY_AMOUNT, "inconsistent", CONFIRM | ALERT, NULL },
	{ "29",    E_INCONSISTENT,  T_ANY, REPLY, ANY_AMOUNT, "disagrees", ALERT, NULL },
	{ "27",    E_UNKNOWN, T_ANY, ANY_TRUST, ANY_AMOUNT, "unknown_status", ALERT, NULL },

	{ "1,6",   E_PENDING, T_NEW | T_OPEN, ANY_TRUST, ANY_AMOUNT, "applied", SAVE, "pending" },
	{ "20",    E_PENDING, T_FAILED, REPLY, ANY_AMOUNT, "applied", SAVE, "pending" },
	{ "11",    E_PENDING | E_CHALLENGE, T_PAID, REPLY, ANY_AMOUNT, "disagrees", ALERT, NULL },
	{ "11,16", E_PENDING, T_ANY, ANY_TRUST, ANY_AMOUNT, "stale", 0, NULL },

	{ "3",     E_CHALLENGE, T_NEW | T_OPEN, ANY_TRUST, ANY_AMOUNT, "applied", SAVE | ALERT, "review" },
	{ "3",     E_CHALLENGE, T_FAILED, REPLY, ANY_AMOUNT, "applied", SAVE | ALERT, "review" },
	{ "3",     E_CHALLENGE, T_REVIEW, NOTICE, ANY_AMOUNT, "duplicate", 0, NULL },
	{ "3",     E_CHALLENGE, T_REVIEW, REPLY, ANY_AMOUNT, "duplicate", ALERT, NULL },
	{ "11",    E_CHALLENGE, T_ANY, ANY_TRUST, ANY_AMOUNT, "stale", 0, NULL },

	{ "2,4,17,18,19", E_PAID, T_PAYABLE, TRUSTED, RIGHT, "applied", BOOK | SAVE, "paid" },
	{ "20",    E_PAID, T_FAILED, REPLY, RIGHT, "applied", BOOK | SAVE, "paid" },
	{ "21",    E_PAID, T_PAYABLE | T_FAILED, REPLY, WRONG, "applied", BOOK | SAVE | ALERT, "paid" },
	{ "17,20,21", E_PAID, T_PAYABLE | T_FAILED, NOTICE, ANY_AMOUNT, "confirm", CONFIRM, NULL },
	{ "10",    E_SETTLEMENT, T_CAPTURED, ANY_TRUST, ANY_AMOUNT, "applied", SAVE, NULL },
	{ "9",     E_PAID, T_PAID, ANY_TRUST, ANY_AMOUNT, "duplicate", 0, NULL },
	{ "14b",   E_PAID, T_PAID_BACK, NOTICE, ANY_AMOUNT, "confirm", CONFIRM, NULL },
	{ "14b",   E_PAID, T_PAID_BACK, REPLY, ANY_AMOUNT, "disagrees", ALERT, NULL },

	{ "7,15",  E_DENY, T_NEW | T_OPEN, ANY_TRUST, ANY_AMOUNT, "applied", SAVE, "open" },
	{ "5",     E_DENY | E_CANCEL | E_EXPIRE, T_REVIEW, ANY_TRUST, ANY_AMOUNT, "applied", SAVE, "closed" },
	{ "14",    E_DENY, T_PAID, NOTICE, ANY_AMOUNT, "confirm", CONFIRM, NULL },
	{ "14",    E_DENY, T_PAID, REPLY, ANY_AMOUNT, "applied", UNDO | SAVE, "closed" },

	{ "8",     E_CANCEL | E_EXPIRE, T_NEW | T_OPEN, ANY_TRUST, ANY_AMOUNT, "applied", SAVE, "closed" },
	{ "12",    E_CANCEL, T_CAPTURED, NOTICE, ANY_AMOUNT, "confirm", CONFIRM, NULL },
	{ "12",    E_CANCEL, T_CAPTURED, REPLY, ANY_AMOUNT, "applied", UNDO | SAVE, "closed" },
	{ "13",    E_CANCEL, T_SETTLED, NOTICE, ANY_AMOUNT, "confirm", CONFIRM | ALERT, NULL },
	{ "13",    E_CANCEL, T_SETTLED, REPLY, ANY_AMOUNT, "applied", UNDO | SAVE | ALERT, "closed" },
	{ "11",    E_EXPIRE, T_PAID, REPLY, ANY_AMOUNT, "disagrees", ALERT, NULL },
	{ "9",     E_DENY | E_CANCEL, T_FAILED | T_REVERSED, ANY_TRUST, ANY_AMOUNT, "duplicate", 0, NULL },
	{ "9",     E_EXPIRE, T_FAILED, ANY_TRUST, ANY_AMOUNT, "duplicate", 0, NULL },
	{ "11",    E_DENY | E_CANCEL | E_EXPIRE, T_ANY, ANY_TRUST, ANY_AMOUNT, "stale", 0, NULL },

	{ "1,9,23,25", E_REPEATED, T_ANY, ANY_TRUST, ANY_AMOUNT, "duplicate", 0, NULL },
	{ "23,24", E_REFUND, T_PAID, NOTICE, ANY_AMOUNT, "confirm", CONFIRM, NULL },
	{ "23,24", E_REFUND, T_PAID, REPLY, ANY_AMOUNT, "applied", REFUND | SAVE | ALERT, NULL },
	{ "26",    E_REFUND, T_PAYABLE | T_FAILED, NOTICE, ANY_AMOUNT, "confirm", CONFIRM, NULL },
	{ "26",    E_REFUND, T_PAYABLE | T_FAILED, REPLY, ANY_AMOUNT, "applied",
	  BOOK | REFUND | SAVE | ALERT, "paid" },
	{ "24",    E_REFUND, T_REFUNDED, NOTICE, ANY_AMOUNT, "confirm", CONFIRM, NULL },
	{ "24",    E_REFUND, T_REFUNDED, REPLY, ANY_AMOUNT, "disagrees", ALERT, NULL },
	{ "24",    E_REFUND, T_REVERSED, REPLY, ANY_AMOUNT, "disagrees", ALERT, NULL },
	{ "24",    E_REFUND, T_REVERSED, NOTICE, ANY_AMOUNT, "stale", 0, NULL },

	{ "25",    E_CHARGEBACK | E_PART_CHARGEBACK, T_PAID, NOTICE, ANY_AMOUNT, "confirm", CONFIRM, NULL },
	{ "25",    E_CHARGEBACK, T_PAID, REPLY, ANY_AMOUNT, "applied", CHARGEBACK | SAVE, "closed" },
	{ "25",    E_PART_CHARGEBACK, T_PAID, REPLY, ANY_AMOUNT, "applied", REOPEN | SAVE | ALERT, NULL },
	{ "26",    E_CHARGEBACK | E_PART_CHARGEBACK, T_PAYABLE | T_FAILED, NOTICE, ANY_AMOUNT, "confirm",
	  CONFIRM, NULL },
	{ "26",    E_CHARGEBACK, T_PAYABLE | T_FAILED, REPLY, ANY_AMOUNT, "applied",
	  BOOK | CHARGEBACK | SAVE, "closed" },
	{ "26",    E_PART_CHARGEBACK, T_PAYABLE | T_FAILED, REPLY, ANY_AMOUNT, "applied",
	  BOOK | REOPEN | SAVE | ALERT, "paid" },
	{ "25",    E_CHARGEBACK | E_PART_CHARGEBACK, T_REVERSED, ANY_TRUST, ANY_AMOUNT, "duplicate", 0, NULL },
	{ "25",    E_CHARGEBACK | E_PART_CHARGEBACK, T_REFUNDED, REPLY, ANY_AMOUNT, "disagrees", ALERT, NULL },
	{ "25",    E_CHARGEBACK | E_PART_CHARGEBACK, T_REFUNDED, NOTICE, ANY_AMOUNT, "confirm", CONFIRM, NULL },
};

static const struct rule no_rule = { "", 0, 0, 0, 0, "stale", 0, NULL };

/* The statuses of Midtrans. */
static const struct status {
	const char *name;
	unsigned event;
	const char *codes;         /* status_codes of its notifications; has_right_code() searches them */
	unsigned tx_state;         /* of a saved transaction of this status that has no payment: T_OPEN
				    * even for a settlement, so that a look-up can still book it */
	enum midtrans_money money;
	const char *outlook;       /* of the payment page: "pending" and "review" may still be paid,
				    * "retry" lets the customer pay in another way, "ended", "paid" */
} statuses[] = {
	{ "pending",            E_PENDING,         " 201 ",     T_OPEN,   MONEY_NONE,     "pending" },
	{ "authorize",          E_PENDING,         " 200 201 ", T_OPEN,   MONEY_NONE,     "pending" },
	{ "capture",            E_CAPTURE,         " 200 ",     T_REVIEW, MONEY_RECEIVED, "review" },
	{ "settlement",         E_SETTLEMENT,      " 200 ",     T_OPEN,   MONEY_RECEIVED, "paid" },
	{ "deny",               E_DENY,            " 202 ",     T_FAILED,   MONEY_UNDONE,   "retry" },
	{ "cancel",             E_CANCEL,          " 202 ",     T_FAILED,   MONEY_UNDONE,   "ended" },
	{ "expire",             E_EXPIRE,          " 202 ",     T_FAILED,   MONEY_NONE,     "ended" },
	{ "failure",            E_EXPIRE,          " 202 ",     T_FAILED,   MONEY_NONE,     "ended" },
	{ "refund",             E_REFUND,          " 200 ",     T_OPEN,   MONEY_ALL_BACK, "paid" },
	{ "partial_refund",     E_REFUND,          " 200 ",     T_OPEN,   MONEY_PART_REFUNDED, "paid" },
	{ "chargeback",         E_CHARGEBACK,      " 200 ",     T_OPEN,   MONEY_ALL_BACK, "paid" },
	{ "partial_chargeback", E_PART_CHARGEBACK, " 200 ",     T_OPEN,   MONEY_PART_CHARGED_BACK,  "paid" },
};
/* clang-format on */

/* The values of midtrans_events.money, in the order of enum midtrans_money. */
static const char *const money_names[] = { NULL, "received", "undone", "returned", "refunded",
	"charged_back" };

static const struct status unknown_status = { "", E_UNKNOWN, "", T_OPEN, MONEY_NONE, "retry" };
/* A card that the fraud check holds back, or a capture without fraud_status: a person decides. */
static const struct status challenged = { "capture", E_CHALLENGE, " 201 ", T_REVIEW, MONEY_NONE,
	"review" };

static const struct status *
status_by_name(const char *name)
{
	for (size_t i = 0; i < countof(statuses); i++)
		if (strcmp(statuses[i].name, name) == 0)
			return &statuses[i];
	return &unknown_status;
}

static bool
str_eq(const char *val, const char *want)
{
	return val != NULL && strcmp(val, want) == 0;
}

static const struct status *
status_of(const struct midtrans_message *m)
{
	const struct status *st = status_by_name(m->status);
	bool accepted = str_eq(m->fraud_status, "accept");

	if (st->event == E_CAPTURE && !accepted)
		return &challenged;
	/* Settled, and yet not accepted: there is nothing left to review, so raise an alert. */
	if (st->event == E_SETTLEMENT && m->fraud_status != NULL && !accepted)
		return &unknown_status;
	return st;
}

struct midtrans_meaning
midtrans_meaning_of(const struct midtrans_message *m)
{
	const struct status *st = status_of(m);
	struct midtrans_meaning meaning = { .money = money_names[st->money],
		.outlook = st->outlook };

	if (st->money == MONEY_PART_REFUNDED)
		meaning.amount = m->refund_total;
	if (st->money == MONEY_PART_CHARGED_BACK)
		meaning.amount = m->charged_back_total;
	return meaning;
}

/* ---- the event ------------------------------------------------------------------------------- */

static bool
is_foreign(const struct midtrans_message *m, const char *merchant_id)
{
	if (m->currency != NULL && strcmp(m->currency, "IDR") != 0)
		return true;
	return m->merchant_id != NULL && merchant_id[0] != '\0' &&
	       strcmp(m->merchant_id, merchant_id) != 0;
}

/*
 * Another system of our merchant may use the same order_id, and Midtrans signs its messages with
 * the same key.  Its messages name another invoice, or a transaction of another attempt.
 */
static bool
is_of_another_order(const struct midtrans_state *s, const struct midtrans_message *m)
{
	return s->is_other_order ||
	       (m->invoice_id[0] != '\0' && strcmp(m->invoice_id, s->invoice_id) != 0);
}

/* Codes have three digits and blanks between them, so strstr() finds no part of one. */
static bool
has_right_code(const struct status *st, const char *code)
{
	return strlen(code) == 3 && strspn(code, "0123456789") == 3 &&
	       strstr(st->codes, code) != NULL;
}

/*
 * The sum of all parts that the customer's bank took back.  Some channels report
 * it by itself.  Others may add it to the sum of refunds: subtract the refunds
 * that are booked.
 */
static int64_t
chargeback_sum(const struct midtrans_state *s, const struct midtrans_message *m)
{
	if (m->charged_back_total > 0)
		return m->charged_back_total;
	return m->refund_total > s->refunded ? m->refund_total - s->refunded : 0;
}

/*
 * True if the sum that the message reports is booked already.  An API reply without a sum reports
 * nothing new if it has the status that is saved.
 */
static bool
is_booked(const struct midtrans_state *s, const struct midtrans_message *m,
    enum midtrans_trust trust, int64_t sum, int64_t booked)
{
	return str_eq(s->payment_status, "received") && sum <= booked &&
	       (sum > 0 || (trust == TRUST_API_REPLY && str_eq(s->status, m->status)));
}

/*
 * True if all of the payment went back already, and the message reports no refund beside what is
 * booked.  After people handed a part back by hand, Midtrans may still refund more: then the sum
 * in the message must not exceed the refunds and chargebacks of Midtrans that are booked, and
 * the fee that Midtrans added to the amount.
 */
static bool
has_no_new_refund(const struct midtrans_state *s, const struct midtrans_message *m)
{
	int64_t fee = m->original > 0 && m->gross > m->original ? m->gross - m->original : 0;

	if (!str_eq(s->payment_status, "refunded"))
		return false;
	return s->by_hand == 0 ||
	       (m->refund_total > 0 && m->refund_total <= s->refunded + s->charged_back + fee);
}

/*
 * True for an API reply that may be older than the payment: the look-up may have been sent before
 * the payment was booked.  The next check asks Midtrans again.
 */
static bool
is_older_than_booking(const struct midtrans_state *s, enum midtrans_trust trust)
{
	return s->just_booked && trust == TRUST_API_REPLY;
}

/*
 * True if the message repeats what is stored.  The row for it saves nothing, so the next look-up
 * stays when it was due; after news it is due a minute later (midtrans_attempt_update()).
 */
static bool
is_repeated(unsigned event, const struct midtrans_state *s, const struct midtrans_message *m,
    enum midtrans_trust trust)
{
	switch (event) {
	case E_PENDING:
		return s->payment_status == NULL ? str_eq(s->status, m->status)
						 : is_older_than_booking(s, trust);
	case E_CHALLENGE:
		return is_older_than_booking(s, trust);
	case E_REFUND:
		return has_no_new_refund(s, m) ||
		       is_booked(s, m, trust, m->refund_total, s->refunded);
	case E_PART_CHARGEBACK:
		return is_booked(s, m, trust, chargeback_sum(s, m), s->charged_back);
	default:
		return false;
	}
}

static unsigned
event_of(const struct midtrans_state *s, const struct midtrans_message *m,
    enum midtrans_trust trust, const char *merchant_id)
{
	const struct status *st = status_of(m);

	if (is_foreign(m, merchant_id))
		return E_FOREIGN;
	if (m->gross < 0) /* a number, but no whole rupiah: see message.h */
		return E_ODD_AMOUNT;
	if (st->event == E_UNKNOWN)
		return E_UNKNOWN;
	if (is_of_another_order(s, m) || m->gross == 0 ||
	    (trust != TRUST_API_REPLY && !has_right_code(st, m->status_code)))
		return E_INCONSISTENT;
	return is_repeated(st->event, s, m, trust) ? E_REPEATED : st->event;
}

static unsigned
tx_state_of(const struct midtrans_state *s)
{
	if (s->status == NULL)
		return T_NEW;
	if (s->payment_status == NULL)
		return status_by_name(s->status)->tx_state;
	if (strcmp(s->payment_status, "reversed") == 0)
		return T_REVERSED;
	if (strcmp(s->payment_status, "refunded") == 0)
		return T_REFUNDED;
	return strcmp(s->status, "capture") == 0 ? T_CAPTURED : T_SETTLED;
}

/* ---- the decision ---------------------------------------------------------------------------- */

/* Split what the customer paid into the invoice's amount and the fee that Midtrans added. */
static unsigned
split_amount(const struct midtrans_state *s, const struct midtrans_message *m, int64_t *amount,
    int64_t *fee)
{
	bool has_fee = m->original == s->expected && m->gross > m->original;

	*fee = has_fee ? m->gross - m->original : 0;
	*amount = m->gross - *fee;
	return *amount == s->expected ? RIGHT : WRONG;
}

/*
 * True for a notification that is believed without a look-up.  The signature covers order_id,
 * status_code and amount.  Only Midtrans can sign a 200, and a 201 or 202 that somebody has seen
 * cannot become one.  So the first 200 of an attempt is about this payment.  A later one
 * may be a copy of the first in which somebody changed the status, such as from refund to
 * settlement.
 */
static bool
is_first_paid(const struct midtrans_state *s, const struct midtrans_message *m, unsigned amount)
{
	return !s->had_200 && amount == RIGHT && strcmp(m->status_code, "200") == 0;
}

static const struct rule *
rule_for(unsigned event, unsigned tx_state, unsigned trust, unsigned amount)
{
	for (const struct rule *r = rules; r < rules + countof(rules); r++)
		if ((r->event & event) && (r->tx_state & tx_state) && (r->trust & trust) &&
		    (r->amount & amount))
			return r;
	return &no_rule;
}

/* The name of an alert's text, by the verdict; for an applied message, by its status. */
static const struct {
	const char *verdict, *status; /* "": any; matches the end of the status */
	const char *text;
} texts[] = {
	{ "foreign", "", "payment_foreign" },
	{ "odd_amount", "", "payment_odd" },
	{ "inconsistent", "", "notice_inconsistent" },
	{ "unknown_status", "", "payment_status_unknown" },
	{ "disagrees", "", "books_disagree" },
	{ "confirm", "", "payment_taken_back" }, /* a settled payment cancelled: case 13 */
	{ "", "refund", "payment_refunded" },
	{ "", "chargeback", "payment_charged_back" },
	{ "", "capture", "card_review" },
	{ "", "cancel", "payment_cancelled" },
	{ "", "", "payment_differs" },
};

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), e = strlen(end);

	return n >= e && strcmp(s + n - e, end) == 0;
}

static const char *
text_for(const char *verdict, const char *status)
{
	size_t i = 0;

	while ((texts[i].verdict[0] != '\0' && strcmp(texts[i].verdict, verdict) != 0) ||
	       !ends_with(status, texts[i].status))
		i++;
	return texts[i].text;
}

void
midtrans_decide(const struct midtrans_state *s, const struct midtrans_message *m,
    enum midtrans_trust trust, const char *merchant_id, struct midtrans_decision *ret)
{
	struct midtrans_decision d = { .charged_back = chargeback_sum(s, m) };
	unsigned amount = split_amount(s, m, &d.amount, &d.fee);
	const struct rule *r;

	if (trust != TRUST_API_REPLY)
		trust = is_first_paid(s, m, amount) ? TRUST_FIRST_PAID : TRUST_NOTIFICATION;
	r = rule_for(event_of(s, m, trust, merchant_id), tx_state_of(s), trust, amount);
	d.cases = r->cases;
	d.verdict = r->verdict;
	d.actions = r->actions;
	d.attempt = r->attempt;
	if (d.actions & ACT_ALERT)
		d.text = text_for(d.verdict, m->status);
	*ret = d;
}
