/*
 * sync.h: the parts of router-sync: its service, and what its children do.
 *
 * The parent LISTENs, sweeps, and keeps a child process for each router with
 * work, so that a dead router delays no other.  A child is the same
 * program with --router; it ends when its router has had nothing to do for a
 * while.  Once a night there is also a child with --check, which compares the
 * routers with the database, one after another; what it finds becomes jobs.
 */
#ifndef ROUTER_SYNC_H
#define ROUTER_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"

#define SYNC_CHANNEL "router_jobs"

struct sync {
	const char *env; /* of --env, for the children; NULL: not given */
	bool once;
};

/* Work on one router until it has nothing to do (once: nothing due); an exit code. */
int sync_worker(struct ctx *, const struct sync *, const char *router_id);

/* Compare one router, or (NULL) each active one, with the database; an exit code. */
int sync_check(struct ctx *, const char *router_id);

/* Sample the sessions of each router whose turn it is; an exit code. */
int sync_sample(struct ctx *);

/* Keep the children; an exit code. */
int sync_fleet(struct ctx *, const struct sync *);

#endif
