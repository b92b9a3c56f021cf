/* probe_serve.h: the side of isp-probe: runs one of our programs for each request of isp-api. */
#ifndef NET_PROBE_SERVE_H
#define NET_PROBE_SERVE_H

#include "base/ctx.h"

/* Read one request from a descriptor and write its answer to another; the exit status. */
int probe_serve_one(struct ctx *, const char *env, int in, int out);
/* Serve requests at DIRECTORY/isp-probe.sock, each in a child, until a signal comes. */
enum rc probe_serve_listen(struct ctx *, const char *env, const char *directory) _must_check_;

#endif
