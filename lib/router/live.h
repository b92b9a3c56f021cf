/*
 * live.h: the accounts and profiles of a router, as rows for an import.
 *
 * Reads only. The rows look like those of a dump: the tables are "ppp", "hotspot",
 * "ppp-profile" and "hotspot-profile", the columns are the router's own names and
 * "router", its id. Objects come after the profiles.
 */
#ifndef ROUTER_LIVE_H
#define ROUTER_LIVE_H

#include "base/ctx.h"
#include "sheet/dump.h"

/* RC_NOT_FOUND, RC_UPSTREAM, or the failure of take. */
enum rc live_read(struct ctx *, const char *router_id, dump_row_fn take, void *arg) _must_check_;

#endif
