/*
 * icmp.h: echo requests to many hosts at once, IPv4 and IPv6.
 *
 *	icmp_open(cx, &engine)             needs CAP_NET_RAW
 *	icmp_drop_privileges(cx)           nothing after it needs any
 *	icmp_start(engine, probe)          as many as there are hosts due
 *	icmp_step(engine, 100, done, 64)   sends and receives; returns what ended
 *
 * A reply counts when its payload holds the 64-bit token of a probe that is
 * under way and it came from the probe's target: matching by ident and sequence
 * alone reported reachable hosts as down, and hosts that were down as reachable
 * (measured with liboping).  Each request counts once, and only within its
 * time-out: a duplicate or a late reply changes nothing.
 *
 * Times are from sending, of which sendmmsg() tells when it began and ended for a batch, to the
 * kernel's stamp of the reply.
 */
#ifndef NET_ICMP_H
#define NET_ICMP_H

#include <stddef.h>
#include <sys/socket.h>

#include "base/ctx.h"

enum { ICMP_COUNT_MAX = 20 };

struct icmp;

struct icmp_probe {
	/* the caller's, before icmp_start() */
	struct sockaddr_storage to; /* resolve_numeric() */
	void *owner;                /* free for the caller */
	int count;                  /* requests, 1 to ICMP_COUNT_MAX */
	int gap_ms;                 /* from one to the next */
	int timeout_ms;             /* of each */

	/* the outcome, once icmp_step() has returned the probe */
	int error; /* errno of the last request that could not leave; 0: none */
	int sent, received;

	/* private to the engine */
	uint32_t slot, answered;
	uint64_t token;
	int64_t event_ns;
	int64_t due_ns;                  /* of the next request; a retry leaves it as it is */
	int64_t time_ns[ICMP_COUNT_MAX]; /* when the request left; once answered: the round trip */

	/* more of the outcome: what each request touches stands together above */
	double mean_ms, min_ms, max_ms; /* of what was received */
	double jitter_ms;               /* mean difference of a reply from the one before */
};

/* Open both sockets; RC_INTERNAL with a text that names the capability when it is missing. */
enum rc icmp_open(struct ctx *, struct icmp **ret) _must_check_;
void icmp_close(struct icmp *);

/* Stop being root and give up all capabilities, for good. Any program may call it. */
enum rc icmp_drop_privileges(struct ctx *) _must_check_;

void icmp_start(struct icmp *, struct icmp_probe *);
/* Work for at most wait_ms; returns how many probes ended, at most max of them into done. */
size_t icmp_step(struct icmp *, int wait_ms, struct icmp_probe **done, size_t max);

#endif
