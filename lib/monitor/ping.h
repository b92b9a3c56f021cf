/*
 * ping.h: the targets of ping, measured for a while and stored as they end.
 *
 * A run lasts some seconds.  A target that is due early in it is measured
 * again and again at its own interval; names are looked up meanwhile, and a
 * target whose name has stood for an address before is asked at that one.
 * Each batch of results is stored in one statement, so a run that is killed
 * loses at most what ended in its last second.
 */
#ifndef MONITOR_PING_H
#define MONITOR_PING_H

#include "base/ctx.h"
#include "net/icmp.h"

struct ping_run {
	int seconds;       /* no round begins later than so many from now */
	bool once;         /* each target one time */
	size_t measured;   /* results stored */
	size_t unmeasured; /* names without an address */
};

/* Measure what is due; RC_RETRY when another pinger is at it, or the database is away. */
enum rc ping_run(struct ctx *, struct icmp *, struct ping_run *) _must_check_;

/* A run of the program: for a minute, or once; what needs rights is opened, then they are given up.
 */
enum rc ping_program(struct ctx *, bool once) _must_check_;

#endif
