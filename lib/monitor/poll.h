/*
 * poll.h: devices polled at once, each through its own questions and answers.
 *
 * A device is asked for its uptime and, by index, for the name, the octets and
 * the status of each monitored interface.  When the name at an index is not
 * the one expected, the interface tables are walked and the question is put
 * again: a renumbered interface is found by its name.  A device that is new, or
 * was walked more than a day ago, is walked first.
 *
 * A slow or silent device delays nobody; each has its own deadline.
 */
#ifndef MONITOR_POLL_H
#define MONITOR_POLL_H

#include "monitor/device.h"

struct poll_run {
	int window;      /* devices under way at once */
	int timeout_ms;  /* of each try, SNMP_TIMEOUT_MS */
	int deadline_ms; /* of a device, whatever it does */
	size_t up, down; /* outcome */
};

/* Poll and store them; results of the moment when a signal stops the program are stored, too. */
enum rc poll_run(struct ctx *, struct snmp_engine *, struct device *, size_t n,
    struct poll_run *) _must_check_;

#endif
