/* now.h: pinger --now: ping one host while a person waits. */
#ifndef MONITOR_NOW_H
#define MONITOR_NOW_H

#include "base/ctx.h"

/*
 * The fault of the host and two numbers of the command line, a sentence; NULL: none. NULL
 * instead of one of them: not given.
 */
const char *now_fault(const char *host, const char *count, const char *timeout);

/* Ping the host; *ret: the outcome as one JSON object. */
enum rc now_json(struct ctx *, const char *host, const char *count, const char *timeout,
    const char **ret) _must_check_;

#endif
