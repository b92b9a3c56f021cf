/*
 * ping.h: measures the ping targets that are due, and stores the results.
 *
 * A run lasts some seconds, and measures a target again whenever its own interval ends.
 * Names are looked up meanwhile; a target with a known address is measured at that one
 * until the look-up ends. Each batch of results is stored in one statement, so a killed
 * run loses at most the results of its last second.
 */
#ifndef MONITOR_PING_H
#define MONITOR_PING_H

#include "base/ctx.h"
#include "net/icmp.h"

struct ping_run {
	int seconds;       /* no measurement begins later than this from now */
	bool once;         /* measure each target once */
	size_t measured;   /* results stored */
	size_t unmeasured; /* names without an address */
};

/* Measure the targets that are due; RC_RETRY while another pinger does, or without a database. */
enum rc ping_run(struct ctx *, struct icmp *, struct ping_run *) _must_check_;

/*
 * The run of the program, for a minute or once: open the sockets, give up all privileges,
 * measure.
 */
enum rc ping_program(struct ctx *, bool once) _must_check_;

#endif
