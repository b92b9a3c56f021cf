/*
 * link.h: a connection to one router, with its target, lock and circuit breaker.
 *
 * One worker at a time works on a router: it holds an advisory lock during each batch. No
 * router is called inside a transaction.
 */
#ifndef ROUTER_LINK_H
#define ROUTER_LINK_H

#include <stdbool.h>

#include "base/ctx.h"
#include "net/routeros.h"
#include "router/router.h"

/* The address and login of a router, its password opened, in cx->mem. */
enum rc link_target(struct ctx *, const struct router *, struct routeros_target *ret) _must_check_;

/*
 * A connection for an action that a person waits for (router_id NULL: the default
 * router), all of it within budget_ms.  It ends with cx->mem.  RC_NOT_FOUND,
 * RC_CONFLICT (none is active), RC_UPSTREAM.
 */
enum rc link_connect(struct ctx *, const char *router_id, int budget_ms,
    struct routeros **ret) _must_check_;

/* A worker's connection to its router, kept from batch to batch. */
struct router_link {
	const char *router_id;
	struct arena *mem; /* of the connection */
	struct routeros *ros;
	const char *address; /* the target of the connection: another one means a new connection */
};

struct router_link *link_new(struct arena *life, const char *router_id);
void link_close(struct router_link *);

/*
 * Keep a connection that works, else make a new one. *ret false: the router cannot be
 * reached; the breaker is open and all waiting jobs have the reason.
 */
enum rc link_open(struct ctx *, struct router_link *, const struct router *,
    bool *ret) _must_check_;

/* Release the lock of a router after work that ended with rc; returns rc. */
enum rc link_unlock(struct ctx *, const char *router_id, enum rc rc);

/* Call fn on a new connection with the lock held, within budget_ms; failures are RC_UPSTREAM. */
typedef enum rc link_fn(struct ctx *, struct router_link *, const struct router *, void *arg);
enum rc link_locked(struct ctx *, const char *router_id, int budget_ms, link_fn *fn,
    void *arg) _must_check_;

/* Sleep for ms milliseconds. */
void link_sleep(long ms);

#endif
