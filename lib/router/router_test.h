/* router_test.h: is a router there, and may we log in and read? */
#ifndef ROUTER_ROUTER_TEST_H
#define ROUTER_ROUTER_TEST_H

#include "base/ctx.h"

/* All as the router says them; "" where this board says nothing. */
struct router_test {
	const char *identity, *version, *board_name, *uptime, *cpu_load;
	const char *message; /* one line for the person */
};

/*
 * On a short connection of its own; router_id NULL: the default router, active
 * or not when given.  RC_NOT_FOUND, RC_CONFLICT (none is active), RC_UPSTREAM:
 * the message tells refused, timeout, TLS, login and permission apart.
 */
enum rc router_test(struct ctx *, const char *router_id, struct router_test *ret) _must_check_;

#endif
