/* peer.h: billing-cron's way to Midtrans, with the rights of gateway-sync. */
#ifndef BILLING_CRON_PEER_H
#define BILLING_CRON_PEER_H

#include "base/ctx.h"

/*
 * A context whose database connection may book payments, on business date
 * `date`; it connects when it is first needed.  It lives in cx->mem.
 */
struct ctx *peer_open(struct ctx *, const char *date);
void peer_close(struct ctx *);

#endif
