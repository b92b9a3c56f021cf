/*
 * snapshot.h: recent readings of a router, for the browser (contract 6).
 *
 * Readings are in the database, where all workers of all hosts see them. The first request
 * for one older than 5 seconds reads the router again, one reader a router at a time; the
 * others wait for the result, or get the last failure at once. Failures are kept like
 * readings, so a dead router costs one connection in 5 seconds. No call takes longer than
 * 3 seconds.
 */
#ifndef ROUTER_SNAPSHOT_H
#define ROUTER_SNAPSHOT_H

#include "base/ctx.h"
#include "router/snapshot_read.h"

/*
 * The reading of a kind as JSON, at most 5 s old.  router_id NULL: the default
 * router.  RC_NOT_FOUND, RC_CONFLICT (none is active), RC_UPSTREAM.
 */
enum rc snapshot_get(struct ctx *, const char *router_id, const char *kind,
    const char **ret) _must_check_;

/* The default router where *router_id is NULL; RC_CONFLICT when none is active. */
enum rc snapshot_default(struct ctx *, const char **router_id) _must_check_;

/* The traffic of one interface; RC_NOT_FOUND when the router has none of this name. */
enum rc snapshot_interface(struct ctx *, const char *router_id, const char *name,
    const char **ret) _must_check_;

/*
 * Refresh the live readings of all active routers within 3 seconds, except those that are
 * known to be down. RC_UPSTREAM when none could be read.
 */
enum rc snapshot_live_all(struct ctx *) _must_check_;

/* Call this after an action changed the router: the next request reads it again. */
enum rc snapshot_expire(struct ctx *, const char *router_id) _must_check_;

/* Read the sessions of a router within budget_ms, and also store them as a sample. */
enum rc snapshot_sample(struct ctx *, const char *router_id, int budget_ms) _must_check_;

#endif
