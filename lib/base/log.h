/*
 * log.h: one line an event, key=value, to standard error.
 *
 *	log_event(LOG_ERROR, "request", "rid", cx->request_id, "msg", text, NULL);
 *
 * Keys are ours; values may hold anything: what is not plain is quoted, and
 * no newline or control character gets out, so that an event is one line
 * whoever wrote the text.  A pair whose value is NULL is left out.  A line is
 * one write(2): lines of several processes never mix.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/ctx.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_open(const char *program); /* for every line; the only mutable global */
void log_event(enum log_level, const char *event, ...) __attribute__((sentinel));

/* Log the error of cx, once, at the top: rc, msg, detail, place, request id. */
void log_err(enum log_level, const char *event, const struct ctx *);

const char *rc_name(enum rc); /* "conflict" */

#endif
