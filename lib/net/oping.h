/*
 * oping.h: pings one host by liboping while a person waits for the answer.
 *
 * Use it for one host at a time: liboping matches a reply by ident and sequence, not by
 * its source, and so confuses hosts when it pings many.
 */
#ifndef NET_OPING_H
#define NET_OPING_H

#include "base/ctx.h"

struct oping {
	const char *address; /* the resolved address */
	int sent, received;
	double mean_ms, min_ms, max_ms, jitter_ms; /* 0 when no reply came */
};

/* Ask count times, 200 ms apart; RC_UPSTREAM when the name has no address, RC_INTERNAL without
 * CAP_NET_RAW. */
enum rc oping_run(struct ctx *, const char *host, int count, int timeout_ms,
    struct oping *ret) _must_check_;

#endif
