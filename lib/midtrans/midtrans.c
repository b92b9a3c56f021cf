/* midtrans.c: what a message means and what follows from it. */
#include "midtrans/midtrans.h"

#include <string.h>

/* What a message says, boiled down. */
enum said {
	S_PENDING = 1 << 0, /* or authorize */
	S_CHALLENGE = 1 << 1,
	S_CAPTURE = 1 << 2, /* and accepted */
	S_SETTLEMENT = 1 << 3,
	S_DENY = 1 << 4,
	S_CANCEL = 1 << 5,
	S_EXPIRE = 1 << 6, /* or failure */
	S_REFUND = 1 << 7, /* or partial_refund */
	S_CHARGEBACK = 1 << 8,
	S_PART_CHARGEBACK = 1 << 9,
	S_NO_NEWS = 1 << 10, /* what is known: it waits still, or a sum is in the books */
	S_UNKNOWN = 1 << 11,
	S_FOREIGN = 1 << 12, /* another currency or merchant */
	S_ODD = 1 << 13,     /* no whole rupiah: nothing that could be booked */
	S_MISFIT = 1 << 14,  /* the parts do not belong together: somebody changed it */
	S_PAID = S_CAPTURE | S_SETTLEMENT,
	S_ANY = (1 << 15) - 1,
};

/* What became of the transaction so far. */
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

enum {
	W_HEARD = MW_HEARD | MW_FIRST,
	W_BELIEVED = MW_FIRST | MW_TOLD,
	W_ANY = 7,
	RIGHT = 1, /* the amount is what was asked for, but for a fee */
	WRONG = 2,
	EITHER = 3,
};

/*
 * The whole behaviour; the first row that fits counts.  Row numbers are those
 * of the Midtrans facts 6.  An attempt's new state never hides that it is paid.
 */
/* clang-format off */
static const struct rule {
	const char *rows;
	unsigned said, was, weight, amount;
	const char *verdict;
	unsigned deeds;
	const char *attempt;
} rules[] = {
	{ "22",    S_FOREIGN, T_ANY, W_ANY, EITHER, "foreign", MD_ALERT, NULL },
	{ "21",    S_ODD,     T_ANY, W_ANY, EITHER, "odd_amount", MD_ALERT, NULL },
	{ "29",    S_MISFIT,  T_ANY, W_HEARD, EITHER, "misfit", MD_CONFIRM | MD_ALERT, NULL },
	{ "29",    S_MISFIT,  T_ANY, MW_TOLD, EITHER, "disagrees", MD_ALERT, NULL },
	{ "27",    S_UNKNOWN, T_ANY, W_ANY, EITHER, "unknown_status", MD_ALERT, NULL },

	{ "1,6",   S_PENDING, T_NEW | T_OPEN, W_ANY, EITHER, "applied", MD_NOTE, "pending" },
	{ "20",    S_PENDING, T_DEAD, MW_TOLD, EITHER, "applied", MD_NOTE, "pending" },
	{ "11",    S_PENDING | S_CHALLENGE, T_PAID, MW_TOLD, EITHER, "disagrees", MD_ALERT, NULL },
	{ "11,16", S_PENDING, T_ANY, W_ANY, EITHER, "stale", 0, NULL },

	{ "3",     S_CHALLENGE, T_NEW | T_OPEN, W_ANY, EITHER, "applied", MD_NOTE | MD_ALERT, "review" },
	{ "3",     S_CHALLENGE, T_DEAD, MW_TOLD, EITHER, "applied", MD_NOTE | MD_ALERT, "review" },
	{ "3",     S_CHALLENGE, T_REVIEW, W_HEARD, EITHER, "duplicate", 0, NULL },
	{ "3",     S_CHALLENGE, T_REVIEW, MW_TOLD, EITHER, "duplicate", MD_ALERT, NULL },
	{ "11",    S_CHALLENGE, T_ANY, W_ANY, EITHER, "stale", 0, NULL },

	{ "2,4,17,18,19", S_PAID, T_UNPAID, W_BELIEVED, RIGHT, "applied", MD_BOOK | MD_NOTE, "paid" },
	{ "20",    S_PAID, T_DEAD, MW_TOLD, RIGHT, "applied", MD_BOOK | MD_NOTE, "paid" },
	{ "21",    S_PAID, T_UNPAID | T_DEAD, MW_TOLD, WRONG, "applied", MD_BOOK | MD_NOTE | MD_ALERT, "paid" },
	{ "17,20,21", S_PAID, T_UNPAID | T_DEAD, W_HEARD, EITHER, "confirm", MD_CONFIRM, NULL },
	{ "10",    S_SETTLEMENT, T_CAPTURED, W_ANY, EITHER, "applied", MD_NOTE, NULL },
	{ "9",     S_PAID, T_PAID, W_ANY, EITHER, "duplicate", 0, NULL },
	{ "14b",   S_PAID, T_OVER, W_HEARD, EITHER, "confirm", MD_CONFIRM, NULL },
	{ "14b",   S_PAID, T_OVER, MW_TOLD, EITHER, "disagrees", MD_ALERT, NULL },

	{ "7,15",  S_DENY, T_NEW | T_OPEN, W_ANY, EITHER, "applied", MD_NOTE, "open" },
	{ "5",     S_DENY | S_CANCEL | S_EXPIRE, T_REVIEW, W_ANY, EITHER, "applied", MD_NOTE, "closed" },
	{ "14",    S_DENY, T_PAID, W_HEARD, EITHER, "confirm", MD_CONFIRM, NULL },
	{ "14",    S_DENY, T_PAID, MW_TOLD, EITHER, "applied", MD_VOID | MD_NOTE, "closed" },

	{ "8",     S_CANCEL | S_EXPIRE, T_NEW | T_OPEN, W_ANY, EITHER, "applied", MD_NOTE, "closed" },
	{ "12",    S_CANCEL, T_CAPTURED, W_HEARD, EITHER, "confirm", MD_CONFIRM, NULL },
	{ "12",    S_CANCEL, T_CAPTURED, MW_TOLD, EITHER, "applied", MD_VOID | MD_NOTE, "closed" },
	{ "13",    S_CANCEL, T_SETTLED, W_HEARD, EITHER, "confirm", MD_CONFIRM | MD_ALERT, NULL },
	{ "13",    S_CANCEL, T_SETTLED, MW_TOLD, EITHER, "applied", MD_VOID | MD_NOTE | MD_ALERT, "closed" },
	{ "11",    S_EXPIRE, T_PAID, MW_TOLD, EITHER, "disagrees", MD_ALERT, NULL },
	{ "9",     S_DENY | S_CANCEL, T_DEAD | T_UNDONE, W_ANY, EITHER, "duplicate", 0, NULL },
	{ "9",     S_EXPIRE, T_DEAD, W_ANY, EITHER, "duplicate", 0, NULL },
	{ "11",    S_DENY | S_CANCEL | S_EXPIRE, T_ANY, W_ANY, EITHER, "stale", 0, NULL },

	{ "1,9,23,25", S_NO_NEWS, T_ANY, W_ANY, EITHER, "duplicate", 0, NULL },
	{ "23,24", S_REFUND, T_PAID, W_HEARD, EITHER, "confirm", MD_CONFIRM, NULL },
	{ "23,24", S_REFUND, T_PAID, MW_TOLD, EITHER, "applied", MD_REFUND | MD_NOTE | MD_ALERT, NULL },
	{ "26",    S_REFUND, T_UNPAID | T_DEAD, W_HEARD, EITHER, "confirm", MD_CONFIRM, NULL },
	{ "26",    S_REFUND, T_UNPAID | T_DEAD, MW_TOLD, EITHER, "applied",
	  MD_BOOK | MD_REFUND | MD_NOTE | MD_ALERT, "paid" },
	{ "24",    S_REFUND, T_REFUNDED, W_ANY, EITHER, "duplicate", 0, NULL },
	{ "24",    S_REFUND, T_UNDONE, MW_TOLD, EITHER, "disagrees", MD_ALERT, NULL },
	{ "24",    S_REFUND, T_UNDONE, W_HEARD, EITHER, "stale", 0, NULL },

	{ "25",    S_CHARGEBACK | S_PART_CHARGEBACK, T_PAID, W_HEARD, EITHER, "confirm", MD_CONFIRM, NULL },
	{ "25",    S_CHARGEBACK, T_PAID, MW_TOLD, EITHER, "applied", MD_CHARGEBACK | MD_NOTE, "closed" },
	{ "25",    S_PART_CHARGEBACK, T_PAID, MW_TOLD, EITHER, "applied", MD_TAKE | MD_NOTE | MD_ALERT, NULL },
	{ "26",    S_CHARGEBACK | S_PART_CHARGEBACK, T_UNPAID | T_DEAD, W_HEARD, EITHER, "confirm",
	  MD_CONFIRM, NULL },
	{ "26",    S_CHARGEBACK, T_UNPAID | T_DEAD, MW_TOLD, EITHER, "applied",
	  MD_BOOK | MD_CHARGEBACK | MD_NOTE, "closed" },
	{ "26",    S_PART_CHARGEBACK, T_UNPAID | T_DEAD, MW_TOLD, EITHER, "applied",
	  MD_BOOK | MD_TAKE | MD_NOTE | MD_ALERT, "paid" },
	{ "25",    S_CHARGEBACK | S_PART_CHARGEBACK, T_UNDONE, W_ANY, EITHER, "duplicate", 0, NULL },
	{ "25",    S_CHARGEBACK | S_PART_CHARGEBACK, T_REFUNDED, MW_TOLD, EITHER, "disagrees", MD_ALERT, NULL },
	{ "25",    S_CHARGEBACK | S_PART_CHARGEBACK, T_REFUNDED, W_HEARD, EITHER, "confirm", MD_CONFIRM, NULL },
};

/* A status, what it says, and the codes a notification of it may carry. */
static const struct status {
	const char *name;
	unsigned said;
	const char *codes; /* between blanks */
	unsigned was;      /* of a transaction without a payment */
} statuses[] = {
	{ "pending",            S_PENDING,         " 201 ",     T_OPEN },
	{ "authorize",          S_PENDING,         " 200 201 ", T_OPEN },
	{ "capture",            S_CAPTURE,         " 200 ",     T_REVIEW },
	{ "settlement",         S_SETTLEMENT,      " 200 ",     T_OPEN },
	{ "deny",               S_DENY,            " 202 ",     T_DEAD },
	{ "cancel",             S_CANCEL,          " 202 ",     T_DEAD },
	{ "expire",             S_EXPIRE,          " 202 ",     T_DEAD },
	{ "failure",            S_EXPIRE,          " 202 ",     T_DEAD },
	{ "refund",             S_REFUND,          " 200 ",     T_OPEN },
	{ "partial_refund",     S_REFUND,          " 200 ",     T_OPEN },
	{ "chargeback",         S_CHARGEBACK,      " 200 ",     T_OPEN },
	{ "partial_chargeback", S_PART_CHARGEBACK, " 200 ",     T_OPEN },
};
/* clang-format on */

static const struct status unknown_status = { "", S_UNKNOWN, "", T_OPEN };
/* A card that the fraud check holds back, or says nothing of: somebody must look. */
static const struct status challenged = { "capture", S_CHALLENGE, " 201 ", T_REVIEW };

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

	if (st->said == S_CAPTURE && !accepted)
		return &challenged;
	if (st->said == S_SETTLEMENT && m->fraud_status != NULL && !accepted)
		return &unknown_status;
	return st;
}

static bool
is_foreign(const struct midtrans_message *m, const char *merchant_id)
{
	if (m->currency != NULL && strcmp(m->currency, "IDR") != 0)
		return true;
	return m->merchant_id != NULL && merchant_id[0] != '\0' &&
	       strcmp(m->merchant_id, merchant_id) != 0;
}

/* Another party of our merchant may have taken the order_id: the signature fits all the same. */
static bool
is_anothers(const struct midtrans_state *s, const struct midtrans_message *m)
{
	return s->elsewhere ||
	       (m->invoice_id[0] != '\0' && strcmp(m->invoice_id, s->invoice_id) != 0);
}

static bool
code_fits(const struct status *st, const char *code)
{
	return strlen(code) == 3 && strspn(code, "0123456789") == 3 &&
	       strstr(st->codes, code) != NULL;
}

/* Some say it by a sum of its own, others perhaps in that of refunds: what is no refund of ours. */
static int64_t
charged_by(const struct midtrans_state *s, const struct midtrans_message *m)
{
	if (m->charged_total > 0)
		return m->charged_total;
	return m->refund_total > s->refunded ? m->refund_total - s->refunded : 0;
}

/* The sum is in the books; where Midtrans, asked, says none, the status is. */
static bool
is_booked(const struct midtrans_state *s, const struct midtrans_message *m, enum midtrans_weight w,
    int64_t sum, int64_t booked)
{
	return is(s->payment_status, "received") && sum <= booked &&
	       (sum > 0 || (w == MW_TOLD && is(s->status, m->status)));
}

/* The answer to what was asked before the payment came: soon it is asked again. */
static bool
outrun(const struct midtrans_state *s, enum midtrans_weight w)
{
	return s->fresh && w == MW_TOLD;
}

/*
 * Who asks every few minutes is told the same again and again: news is what
 * starts the pace of asking anew, so this must be none.
 */
static bool
no_news(unsigned said, const struct midtrans_state *s, const struct midtrans_message *m,
    enum midtrans_weight w)
{
	switch (said) {
	case S_PENDING:
		return s->payment_status == NULL ? is(s->status, m->status) : outrun(s, w);
	case S_CHALLENGE:
		return outrun(s, w);
	case S_REFUND:
		return is_booked(s, m, w, m->refund_total, s->refunded);
	case S_PART_CHARGEBACK:
		return is_booked(s, m, w, charged_by(s, m), s->charged);
	default:
		return false;
	}
}

static unsigned
said_by(const struct midtrans_state *s, const struct midtrans_message *m, enum midtrans_weight w,
    const char *merchant_id)
{
	const struct status *st = status_of(m);

	if (is_foreign(m, merchant_id))
		return S_FOREIGN;
	if (m->gross < 0)
		return S_ODD;
	if (st->said == S_UNKNOWN)
		return S_UNKNOWN;
	if (is_anothers(s, m) || m->gross == 0 || (w != MW_TOLD && !code_fits(st, m->status_code)))
		return S_MISFIT;
	return no_news(st->said, s, m, w) ? S_NO_NEWS : st->said;
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

/* What came in for the invoice, and what Midtrans put on top of it for the customer. */
static unsigned
weigh_amount(const struct midtrans_state *s, const struct midtrans_message *m, int64_t *amount,
    int64_t *fee)
{
	bool has_fee = m->original == s->expected && m->gross > m->original;

	*fee = has_fee ? m->gross - m->original : 0;
	*amount = m->gross - *fee;
	return *amount == s->expected ? RIGHT : WRONG;
}

static bool
is_first(const struct midtrans_state *s, const struct midtrans_message *m, unsigned amount)
{
	return !s->had_200 && amount == RIGHT && strcmp(m->status_code, "200") == 0;
}

void
midtrans_decide(const struct midtrans_state *s, const struct midtrans_message *m,
    enum midtrans_weight w, const char *merchant_id, struct midtrans_decision *ret)
{
	struct midtrans_decision d = { .rows = "", .verdict = "stale" };
	unsigned said = said_by(s, m, w, merchant_id), then = was(s);
	unsigned amount = weigh_amount(s, m, &d.amount, &d.fee), weight = w;

	d.charged = charged_by(s, m);
	if (w != MW_TOLD)
		weight = is_first(s, m, amount) ? MW_FIRST : MW_HEARD;
	for (const struct rule *r = rules; r < rules + countof(rules); r++) {
		if (!(r->said & said) || !(r->was & then) || !(r->weight & weight) ||
		    !(r->amount & amount))
			continue;
		d.rows = r->rows;
		d.verdict = r->verdict;
		d.deeds = r->deeds;
		d.attempt = r->attempt;
		break;
	}
	*ret = d;
}
