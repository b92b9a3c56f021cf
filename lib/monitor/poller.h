/* poller.h: one run of snmp-poller over the devices that are due, or over one. */
#ifndef MONITOR_POLLER_H
#define MONITOR_POLLER_H

#include "base/ctx.h"

/*
 * Poll all devices that are due (everything: also those polled a moment ago); RC_RETRY
 * while another run does.
 */
enum rc poller_run(struct ctx *, bool everything) _must_check_;

/* Poll this device and walk its interfaces; RC_UPSTREAM when it does not answer. */
enum rc poller_discover(struct ctx *, const char *device_id) _must_check_;

#endif
