/*
 * probe.h: asks isp-probe(8) to ping a host or to discover a device now.
 *
 * isp-api may open no ICMP socket and reads nothing that devices send; the
 * programs that do so are started by isp-probe, behind a unix socket.  A request
 * is one line, "ping HOST COUNT TIMEOUT_MS" or "discover UUID"; the answer is a
 * line with the program's exit status, then what it printed.
 */
#ifndef NET_PROBE_H
#define NET_PROBE_H

#include "base/ctx.h"

enum { PROBE_LINE_MAX = 512, PROBE_ANSWER_MAX = 65536 };

/*
 * *ret: what the program printed.  RC_UPSTREAM when it failed, with what it
 * said, or did not answer in wait_ms; RC_RETRY when there is no isp-probe.
 */
enum rc probe_ask(struct ctx *, const char *directory, const char *line, int wait_ms,
    const char **ret) _must_check_;

#endif
