/*
 * link.h: a connection to one router, and what goes with it: its target, its
 * lock, its circuit breaker.
 *
 * One worker per router at a time, by an advisory lock held while a batch is
 * done.  No router is called inside a transaction.
 */
#ifndef ROUTER_LINK_H
#define ROUTER_LINK_H

#include <stdbool.h>

#include "base/ctx.h"
#include "net/routeros.h"
#include "router/router.h"

/* How to reach a router, its password opened, in cx->mem. */
enum rc link_target(struct ctx *, const struct router *, struct routeros_target *ret) _must_check_;

/*
 * A connection for an action that a person waits for (router_id NULL: the default
 * router), all of it within budget_ms.  It ends with cx->mem.  RC_NOT_FOUND,
 * RC_CONFLICT (none is active), RC_UPSTREAM.
 */
enum rc link_connect(struct ctx *, const char *router_id, int budget_ms,
    struct routeros **ret) _must_check_;

/* The connection of a worker to its router, kept from batch to batch. */
struct router_link {
	const char *router_id;
	struct arena *mem; /* of the connection */
	struct routeros *ros;
	const char *address; /* the target it was opened with, to notice changes */
};

struct router_link *link_new(struct arena *life, const char *router_id);
void link_close(struct router_link *);

/*
 * Keep the connection where it is still good, else make a new one.  *ret false:
 * the router cannot be reached; the breaker is open and all waiting jobs say why.
 */
enum rc link_open(struct ctx *, struct router_link *, const struct router *,
    bool *ret) _must_check_;

/* Give the lock of a router back after work that ended with rc; returns rc. */
enum rc link_unlock(struct ctx *, const char *router_id, enum rc rc);

/* Call fn on a new connection with the lock held, within budget_ms; failures are RC_UPSTREAM. */
typedef enum rc link_fn(struct ctx *, struct router_link *, const struct router *, void *arg);
enum rc link_locked(struct ctx *, const char *router_id, int budget_ms, link_fn *fn,
    void *arg) _must_check_;

/* Sleep so many milliseconds. */
void link_sleep(long ms);

#endif
