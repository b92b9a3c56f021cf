/* probe_serve.h: requests of isp-api, each done by a program of ours. */
#ifndef NET_PROBE_SERVE_H
#define NET_PROBE_SERVE_H

#include "base/ctx.h"

/* One request from a descriptor, its answer to another; the exit status. */
int probe_serve_one(struct ctx *, const char *env, int in, int out);
/* Requests at DIRECTORY/isp-probe.sock, each in a child, until a signal comes. */
enum rc probe_serve_listen(struct ctx *, const char *env, const char *directory) _must_check_;

#endif
