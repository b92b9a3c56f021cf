/* session.h: ends sessions on the router, now, for a person. */
#ifndef ROUTER_SESSION_H
#define ROUTER_SESSION_H

#include "base/ctx.h"

/*
 * End every session of a user; service "pppoe", "hotspot", or NULL for both. router_id
 * NULL: the router of the account, else the default router. RC_NOT_FOUND: the user is not
 * online there. RC_CONFLICT, RC_UPSTREAM.
 */
enum rc session_end(struct ctx *, const char *router_id, const char *service,
    const char *name) _must_check_;

/* The router of the account with this name, else the default router. */
enum rc session_router(struct ctx *, const char *name, const char **ret) _must_check_;

#endif
