/*
 * poll.h: polls many devices at once.
 *
 * A poll reads the uptime of a device and, by index, the name, the octets and the status
 * of each monitored interface. When the name at an index is not the expected one, the poll
 * walks the interface tables and reads again: a renumbered interface is found by its name.
 * A device that is new, or was walked more than a day ago, is walked first. A slow or
 * silent device delays no other; each has its own deadline.
 */
#ifndef MONITOR_POLL_H
#define MONITOR_POLL_H

#include "monitor/device.h"

struct poll_run {
	int window;      /* devices under way at once */
	int timeout_ms;  /* time-out of each try, SNMP_TIMEOUT_MS */
	int deadline_ms; /* longest time for one device */
	size_t up, down; /* numbers of devices */
};

/* Poll the devices and store the results; on a signal it stores those that it has. */
enum rc poll_run(struct ctx *, struct snmp_engine *, struct device *, size_t n,
    struct poll_run *) _must_check_;

#endif
