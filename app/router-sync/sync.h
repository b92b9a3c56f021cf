/*
 * sync.h: the parts of router-sync.
 *
 * The parent LISTENs, sweeps, and keeps a child process for each router with
 * work, so that a dead router delays no other.  A child is the same
 * program with --router; it ends when its router has had nothing to do for a
 * while.  Once a night there is also a child with --check, which compares the
 * routers with the database, one after another; what it finds becomes jobs.
 */
#ifndef ROUTER_SYNC_SYNC_H
#define ROUTER_SYNC_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"

#define SYNC_CHANNEL "router_jobs"

struct sync {
	const char *env; /* of --env, for the children; NULL: not given */
	bool once;
};

/* Work on one router until it has nothing to do (once: nothing due); an exit code. */
int worker_run(struct ctx *, const struct sync *, const char *router_id);

/* Compare one router, or (NULL) each active one, with the database; an exit code. */
int check_run(struct ctx *, const char *router_id);

/* Keep the children; an exit code. */
int fleet_run(struct ctx *, const struct sync *);

/*
 * Wait for a NOTIFY, a signal or ms.  *payload is one notice that came, or
 * NULL; a lost database is no failure here: the next statement fails.
 */
void sync_wait(struct ctx *, int ms, const char **payload);

#endif
