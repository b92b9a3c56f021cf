/*
 * order.h: an order, as Midtrans wants it written.
 * Pure: no database, no network; order ids end in four random characters.
 */
#ifndef MIDTRANS_ORDER_H
#define MIDTRANS_ORDER_H

#include "midtrans/message.h"

/* "INV-20250101-0001-2-k3x9": number, attempt, four random characters. */
const char *midtrans_order_id(struct ctx *, const char *number, int64_t attempt);
/* Cut between characters, at most max bytes; '|' and controls become blanks. */
const char *midtrans_name(struct ctx *, const char *, size_t max);

struct midtrans_item {
	const char *id, *name;
	int64_t price, quantity;
};

struct midtrans_order {
	const char *order_id, *number; /* of the invoice */
	const char *invoice_id;
	int64_t amount;
	const struct midtrans_item *items; /* what is paid; their sum is the amount */
	size_t nitems;
	const char *customer, *email, *phone; /* NULL or "": left out */
	const char *start_time;               /* "2025-01-31 23:59:59 +0700" */
	int64_t minutes;                      /* to pay */
	const char *finish;                   /* where the browser goes afterwards */
	const char *enabled;                  /* a JSON array of methods; NULL: all */
};

/* The body of POST /snap/v1/transactions. */
const char *midtrans_snap_body(struct ctx *, const struct midtrans_order *);

#endif
