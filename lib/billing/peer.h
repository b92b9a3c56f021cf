/* peer.h: a run of billing that asks Midtrans with the rights of gateway-sync. */
#ifndef BILLING_PEER_H
#define BILLING_PEER_H

#include "billing/billing.h"

/* billing_run(), with a connection of its own that may book payments. */
enum rc peer_billing_run(struct ctx *, struct billing_options *, billing_fn show, void *arg,
    struct billing_report *ret) _must_check_;

#endif
