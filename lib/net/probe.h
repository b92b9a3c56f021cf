/*
 * probe.h: asks isp-probe(8) to ping a host or to discover a device now.
 *
 * isp-api opens no ICMP socket and parses nothing that devices send: isp-probe, behind a
 * unix socket, starts the programs that do. A request is one line, "ping HOST COUNT
 * TIMEOUT_MS" or "discover UUID"; the answer is a line with the program's exit status,
 * then its output.
 */
#ifndef NET_PROBE_H
#define NET_PROBE_H

#include "base/ctx.h"

enum { PROBE_LINE_MAX = 512, PROBE_ANSWER_MAX = 65536 };

/*
 * ret: the program's output. RC_UPSTREAM with the output when the program failed, or when
 * no answer came within wait_ms; RC_RETRY when there is no isp-probe.
 */
enum rc probe_ask(struct ctx *, const char *directory, const char *line, int wait_ms,
    const char **ret) _must_check_;

#endif
