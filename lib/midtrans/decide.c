/* decide.c: see decide.h. */
#include "midtrans/decide.h"

#include <string.h>

/* The report of a message. */
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
	E_NO_NEWS = 1 << 10, /* as known: still pending, or a sum that is booked already */
	E_UNKNOWN = 1 << 11,
	E_FOREIGN = 1 << 12,      /* another currency or merchant */
	E_ODD = 1 << 13,          /* no whole rupiah: nothing that could be booked */
	E_INCONSISTENT = 1 << 14, /* the parts contradict each other: the message was altered */
	E_PAID = E_CAPTURE | E_SETTLEMENT,
	E_ANY = (1 << 15) - 1,
};

/* The transaction before the message. */
enum was {
	T_NEW = 1 << 0,
	T_OPEN = 1 << 1,
	T_REVIEW = 1 << 2,
	T_DEAD = 1 << 3, /* and never paid */
	T_CAPTURED = 1 << 4,
	T_SETTLED = 1 << 5,
	T_REFUNDED = 1 << 6,
	T_UNDONE = 1 << 7,
	T_UNPAID = T_NEW | T_OPEN | T_REVIEW,
	T_PAID = T_CAPTURED | T_SETTLED,
	T_OVER = T_REFUNDED | T_UNDONE,
	T_ANY = 255,
};

/* Short names, for the columns of the table. */
enum {
	REPLY = TRUST_API_REPLY,
	NOTICE = TRUST_NOTIFICATION | TRUST_FIRST_PAID,
	TRUSTED = TRUST_FIRST_PAID | TRUST_API_REPLY,
	ANYBODY = 7,
	SAVE = ACT_SAVE_TRANSACTION,
	BOOK = ACT_BOOK_PAYMENT,
	REFUND = ACT_REFUND,
	REOPEN = ACT_REFUND_AND_REOPEN,
	UNDO = ACT_UNDO_PAYMENT,
	CHARGE = ACT_CHARGE_BACK,
	CONFIRM = ACT_CONFIRM,
	ALERT = ACT_ALERT,
	RIGHT = 1, /* the amount is the one we asked for, but for a fee */
	WRONG = 2,
	EITHER = 3,
};

/*
 * The whole behaviour; the first row that fits counts.  Row numbers are those
 * of section 6 of the facts about Midtrans.  An attempt's new state never hides
 * that it is paid.
 */
/* clang-format off */
static const struct rule {
	const char *rows;
	unsigned event, was, trust, amount;
	const char *verdict;
	unsigned actions;
	const char *attempt;
} rules[] = {
	{ "22",    E_FOREIGN, T_ANY, ANYBODY, EITHER, "foreign", ALERT, NULL },
	{ "21",    E_ODD,     T_ANY, ANYBODY, EITHER, "odd_amount", ALERT, NULL },
	{ "29",    E_INCONSISTENT,  T_ANY, NOTICE, EITHER, "inconsistent", CONFIRM | ALERT, NULL },
	{ "29",    E_INCONSISTENT,  T_ANY, REPLY, EITHER, "disagrees", ALERT, NULL },
	{ "27",    E_UNKNOWN, T_ANY, ANYBODY, EITHER, "unknown_status", ALERT, NULL },

	{ "1,6",   E_PENDING, T_NEW | T_OPEN, ANYBODY, EITHER, "applied", SAVE, "pending" },
	{ "20",    E_PENDING, T_DEAD, REPLY, EITHER, "applied", SAVE, "pending" },
	{ "11",    E_PENDING | E_CHALLENGE, T_PAID, REPLY, EITHER, "disagrees", ALERT, NULL },
	{ "11,16", E_PENDING, T_ANY, ANYBODY, EITHER, "stale", 0, NULL },

	{ "3",     E_CHALLENGE, T_NEW | T_OPEN, ANYBODY, EITHER, "applied", SAVE | ALERT, "review" },
	{ "3",     E_CHALLENGE, T_DEAD, REPLY, EITHER, "applied", SAVE | ALERT, "review" },
	{ "3",     E_CHALLENGE, T_REVIEW, NOTICE, EITHER, "duplicate", 0, NULL },
	{ "3",     E_CHALLENGE, T_REVIEW, REPLY, EITHER, "duplicate", ALERT, NULL },
	{ "11",    E_CHALLENGE, T_ANY, ANYBODY, EITHER, "stale", 0, NULL },

	{ "2,4,17,18,19", E_PAID, T_UNPAID, TRUSTED, RIGHT, "applied", BOOK | SAVE, "paid" },
	{ "20",    E_PAID, T_DEAD, REPLY, RIGHT, "applied", BOOK | SAVE, "paid" },
	{ "21",    E_PAID, T_UNPAID | T_DEAD, REPLY, WRONG, "applied", BOOK | SAVE | ALERT, "paid" },
	{ "17,20,21", E_PAID, T_UNPAID | T_DEAD, NOTICE, EITHER, "confirm", CONFIRM, NULL },
	{ "10",    E_SETTLEMENT, T_CAPTURED, ANYBODY, EITHER, "applied", SAVE, NULL },
	{ "9",     E_PAID, T_PAID, ANYBODY, EITHER, "duplicate", 0, NULL },
	{ "14b",   E_PAID, T_OVER, NOTICE, EITHER, "confirm", CONFIRM, NULL },
	{ "14b",   E_PAID, T_OVER, REPLY, EITHER, "disagrees", ALERT, NULL },

	{ "7,15",  E_DENY, T_NEW | T_OPEN, ANYBODY, EITHER, "applied", SAVE, "open" },
	{ "5",     E_DENY | E_CANCEL | E_EXPIRE, T_REVIEW, ANYBODY, EITHER, "applied", SAVE, "closed" },
	{ "14",    E_DENY, T_PAID, NOTICE, EITHER, "confirm", CONFIRM, NULL },
	{ "14",    E_DENY, T_PAID, REPLY, EITHER, "applied", UNDO | SAVE, "closed" },

	{ "8",     E_CANCEL | E_EXPIRE, T_NEW | T_OPEN, ANYBODY, EITHER, "applied", SAVE, "closed" },
	{ "12",    E_CANCEL, T_CAPTURED, NOTICE, EITHER, "confirm", CONFIRM, NULL },
	{ "12",    E_CANCEL, T_CAPTURED, REPLY, EITHER, "applied", UNDO | SAVE, "closed" },
	{ "13",    E_CANCEL, T_SETTLED, NOTICE, EITHER, "confirm", CONFIRM | ALERT, NULL },
	{ "13",    E_CANCEL, T_SETTLED, REPLY, EITHER, "applied", UNDO | SAVE | ALERT, "closed" },
	{ "11",    E_EXPIRE, T_PAID, REPLY, EITHER, "disagrees", ALERT, NULL },
	{ "9",     E_DENY | E_CANCEL, T_DEAD | T_UNDONE, ANYBODY, EITHER, "duplicate", 0, NULL },
	{ "9",     E_EXPIRE, T_DEAD, ANYBODY, EITHER, "duplicate", 0, NULL },
	{ "11",    E_DENY | E_CANCEL | E_EXPIRE, T_ANY, ANYBODY, EITHER, "stale", 0, NULL },

	{ "1,9,23,25", E_NO_NEWS, T_ANY, ANYBODY, EITHER, "duplicate", 0, NULL },
	{ "23,24", E_REFUND, T_PAID, NOTICE, EITHER, "confirm", CONFIRM, NULL },
	{ "23,24", E_REFUND, T_PAID, REPLY, EITHER, "applied", REFUND | SAVE | ALERT, NULL },
	{ "26",    E_REFUND, T_UNPAID | T_DEAD, NOTICE, EITHER, "confirm", CONFIRM, NULL },
	{ "26",    E_REFUND, T_UNPAID | T_DEAD, REPLY, EITHER, "applied",
	  BOOK | REFUND | SAVE | ALERT, "paid" },
	{ "24",    E_REFUND, T_REFUNDED, ANYBODY, EITHER, "duplicate", 0, NULL },
	{ "24",    E_REFUND, T_UNDONE, REPLY, EITHER, "disagrees", ALERT, NULL },
	{ "24",    E_REFUND, T_UNDONE, NOTICE, EITHER, "stale", 0, NULL },

	{ "25",    E_CHARGEBACK | E_PART_CHARGEBACK, T_PAID, NOTICE, EITHER, "confirm", CONFIRM, NULL },
	{ "25",    E_CHARGEBACK, T_PAID, REPLY, EITHER, "applied", CHARGE | SAVE, "closed" },
	{ "25",    E_PART_CHARGEBACK, T_PAID, REPLY, EITHER, "applied", REOPEN | SAVE | ALERT, NULL },
	{ "26",    E_CHARGEBACK | E_PART_CHARGEBACK, T_UNPAID | T_DEAD, NOTICE, EITHER, "confirm",
	  CONFIRM, NULL },
	{ "26",    E_CHARGEBACK, T_UNPAID | T_DEAD, REPLY, EITHER, "applied",
	  BOOK | CHARGE | SAVE, "closed" },
	{ "26",    E_PART_CHARGEBACK, T_UNPAID | T_DEAD, REPLY, EITHER, "applied",
	  BOOK | REOPEN | SAVE | ALERT, "paid" },
	{ "25",    E_CHARGEBACK | E_PART_CHARGEBACK, T_UNDONE, ANYBODY, EITHER, "duplicate", 0, NULL },
	{ "25",    E_CHARGEBACK | E_PART_CHARGEBACK, T_REFUNDED, REPLY, EITHER, "disagrees", ALERT, NULL },
	{ "25",    E_CHARGEBACK | E_PART_CHARGEBACK, T_REFUNDED, NOTICE, EITHER, "confirm", CONFIRM, NULL },
};

static const struct rule no_rule = { "", 0, 0, 0, 0, "stale", 0, NULL };

/*
 * A status: the event, the codes that a notification of it may carry, the
 * transaction while no payment is booked for it, its meaning for money, and its
 * outlook: "pending" and "review" may still be paid, after "retry" another
 * transaction of the page may, "ended" ends the page, "paid" is final.
 */
static const struct status {
	const char *name;
	unsigned event;
	const char *codes; /* between blanks */
	unsigned was;
	enum midtrans_money money;
	const char *outlook;
} statuses[] = {
	{ "pending",            E_PENDING,         " 201 ",     T_OPEN,   MONEY_NONE,     "pending" },
	{ "authorize",          E_PENDING,         " 200 201 ", T_OPEN,   MONEY_NONE,     "pending" },
	{ "capture",            E_CAPTURE,         " 200 ",     T_REVIEW, MONEY_RECEIVED, "review" },
	{ "settlement",         E_SETTLEMENT,      " 200 ",     T_OPEN,   MONEY_RECEIVED, "paid" },
	{ "deny",               E_DENY,            " 202 ",     T_DEAD,   MONEY_UNDONE,   "retry" },
	{ "cancel",             E_CANCEL,          " 202 ",     T_DEAD,   MONEY_UNDONE,   "ended" },
	{ "expire",             E_EXPIRE,          " 202 ",     T_DEAD,   MONEY_NONE,     "ended" },
	{ "failure",            E_EXPIRE,          " 202 ",     T_DEAD,   MONEY_NONE,     "ended" },
	{ "refund",             E_REFUND,          " 200 ",     T_OPEN,   MONEY_RETURNED, "paid" },
	{ "partial_refund",     E_REFUND,          " 200 ",     T_OPEN,   MONEY_REFUNDED, "paid" },
	{ "chargeback",         E_CHARGEBACK,      " 200 ",     T_OPEN,   MONEY_RETURNED, "paid" },
	{ "partial_chargeback", E_PART_CHARGEBACK, " 200 ",     T_OPEN,   MONEY_CHARGED,  "paid" },
};
/* clang-format on */

/* In the order of enum midtrans_money, as midtrans_events.money has them. */
static const char *const money_names[] = { NULL, "received", "undone", "returned", "refunded",
	"charged_back" };

static const struct status unknown_status = { "", E_UNKNOWN, "", T_OPEN, MONEY_NONE, "retry" };
/* A card that the fraud check holds back, or a capture without its verdict: people must look. */
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
is(const char *val, const char *want)
{
	return val != NULL && strcmp(val, want) == 0;
}

static const struct status *
status_of(const struct midtrans_message *m)
{
	const struct status *st = status_by_name(m->status);
	bool accepted = is(m->fraud_status, "accept");

	if (st->event == E_CAPTURE && !accepted)
		return &challenged;
	if (st->event == E_SETTLEMENT && m->fraud_status != NULL && !accepted)
		return &unknown_status;
	return st;
}

struct midtrans_meaning
midtrans_mean(const struct midtrans_message *m)
{
	const struct status *st = status_of(m);
	struct midtrans_meaning mean = { .money = money_names[st->money], .outlook = st->outlook };

	if (st->money == MONEY_REFUNDED)
		mean.amount = m->refund_total;
	if (st->money == MONEY_CHARGED)
		mean.amount = m->charged_total;
	return mean;
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

/* Another system of our merchant may use the same order_id: its signature is right, too. */
static bool
is_of_another_order(const struct midtrans_state *s, const struct midtrans_message *m)
{
	return s->elsewhere ||
	       (m->invoice_id[0] != '\0' && strcmp(m->invoice_id, s->invoice_id) != 0);
}

static bool
has_right_code(const struct status *st, const char *code)
{
	return strlen(code) == 3 && strspn(code, "0123456789") == 3 &&
	       strstr(st->codes, code) != NULL;
}

/*
 * Some channels report parts charged back in a sum of their own, others perhaps
 * in that of refunds: then the sum less our own refunds.
 */
static int64_t
charged_sum(const struct midtrans_state *s, const struct midtrans_message *m)
{
	if (m->charged_total > 0)
		return m->charged_total;
	return m->refund_total > s->refunded ? m->refund_total - s->refunded : 0;
}

/* The reported sum is booked; where a reply of Midtrans reports none, the status was saved. */
static bool
is_booked(const struct midtrans_state *s, const struct midtrans_message *m, enum midtrans_trust w,
    int64_t sum, int64_t booked)
{
	return is(s->payment_status, "received") && sum <= booked &&
	       (sum > 0 || (w == TRUST_API_REPLY && is(s->status, m->status)));
}

/* The reply to a call made before the payment was booked: the next check asks again. */
static bool
is_outrun(const struct midtrans_state *s, enum midtrans_trust w)
{
	return s->fresh && w == TRUST_API_REPLY;
}

/*
 * Repeated checks report the same state again and again.  News restarts the
 * pace of checks, so a repetition must not count as news.
 */
static bool
is_no_news(unsigned event, const struct midtrans_state *s, const struct midtrans_message *m,
    enum midtrans_trust w)
{
	switch (event) {
	case E_PENDING:
		return s->payment_status == NULL ? is(s->status, m->status) : is_outrun(s, w);
	case E_CHALLENGE:
		return is_outrun(s, w);
	case E_REFUND:
		return is_booked(s, m, w, m->refund_total, s->refunded);
	case E_PART_CHARGEBACK:
		return is_booked(s, m, w, charged_sum(s, m), s->charged);
	default:
		return false;
	}
}

static unsigned
event_of(const struct midtrans_state *s, const struct midtrans_message *m, enum midtrans_trust w,
    const char *merchant_id)
{
	const struct status *st = status_of(m);

	if (is_foreign(m, merchant_id))
		return E_FOREIGN;
	if (m->gross < 0)
		return E_ODD;
	if (st->event == E_UNKNOWN)
		return E_UNKNOWN;
	if (is_of_another_order(s, m) || m->gross == 0 ||
	    (w != TRUST_API_REPLY && !has_right_code(st, m->status_code)))
		return E_INCONSISTENT;
	return is_no_news(st->event, s, m, w) ? E_NO_NEWS : st->event;
}

static unsigned
was(const struct midtrans_state *s)
{
	if (s->status == NULL)
		return T_NEW;
	if (s->payment_status == NULL)
		return status_by_name(s->status)->was;
	if (strcmp(s->payment_status, "reversed") == 0)
		return T_UNDONE;
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

static bool
is_first_paid(const struct midtrans_state *s, const struct midtrans_message *m, unsigned amount)
{
	return !s->had_200 && amount == RIGHT && strcmp(m->status_code, "200") == 0;
}

static const struct rule *
rule_for(unsigned event, unsigned then, unsigned trust, unsigned amount)
{
	for (const struct rule *r = rules; r < rules + countof(rules); r++)
		if ((r->event & event) && (r->was & then) && (r->trust & trust) &&
		    (r->amount & amount))
			return r;
	return &no_rule;
}

/* Alerts are distinguished by their verdict, those of an applied message by its status. */
static const struct {
	const char *verdict, *status; /* "": any; the end of a status will do */
	const char *text;
} texts[] = {
	{ "foreign", "", "payment_foreign" },
	{ "odd_amount", "", "payment_odd" },
	{ "inconsistent", "", "notice_inconsistent" },
	{ "unknown_status", "", "payment_status_unknown" },
	{ "disagrees", "", "books_disagree" },
	{ "confirm", "", "payment_taken_back" },
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
	struct midtrans_decision d = { .charged = charged_sum(s, m) };
	unsigned amount = split_amount(s, m, &d.amount, &d.fee);
	const struct rule *r;

	if (trust != TRUST_API_REPLY)
		trust = is_first_paid(s, m, amount) ? TRUST_FIRST_PAID : TRUST_NOTIFICATION;
	r = rule_for(event_of(s, m, trust, merchant_id), was(s), trust, amount);
	d.rows = r->rows;
	d.verdict = r->verdict;
	d.actions = r->actions;
	d.attempt = r->attempt;
	if (d.actions & ACT_ALERT)
		d.text = text_for(d.verdict, m->status);
	*ret = d;
}
