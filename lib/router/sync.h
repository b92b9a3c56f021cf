/*
 * sync.h: the parts of router-sync: its service, and the work of its children.
 *
 * The parent LISTENs, sweeps, and keeps a child process for each router with work, so that
 * a dead router delays no other. A child is the same program with --router; it ends after
 * some time without work. Once a night there is also a child with --check, which compares
 * the routers with the database, one after another; differences become jobs.
 */
#ifndef ROUTER_SYNC_H
#define ROUTER_SYNC_H

#include <stdbool.h>

#include "base/ctx.h"

#define SYNC_CHANNEL "router_jobs"

struct sync {
	const char *env; /* the value of --env, for the children; NULL: not given */
	bool once;
};

/* Work on one router until it has had no work for a while (once: none due); an exit code. */
int sync_worker(struct ctx *, const struct sync *, const char *router_id);

/* Compare one router, or (NULL) each active one, with the database; an exit code. */
int sync_check(struct ctx *, const char *router_id);

/* Sample the sessions of each router whose sample is due; an exit code. */
int sync_sample(struct ctx *);

/* Keep a child for each router with work; an exit code. */
int sync_fleet(struct ctx *, const struct sync *);

#endif
