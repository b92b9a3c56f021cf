/* router_test.h: tests that a router is there, and that we can log in and read. */
#ifndef ROUTER_ROUTER_TEST_H
#define ROUTER_ROUTER_TEST_H

#include "base/ctx.h"

/* Texts of the router; "" for those that this board does not send. */
struct router_test {
	const char *identity, *version, *board_name, *uptime, *cpu_load;
	const char *message; /* one line for the person */
};

/*
 * Test on a connection of its own; router_id NULL: the default router; a named one may be
 * inactive. RC_NOT_FOUND, RC_CONFLICT (none is active), RC_UPSTREAM: the message tells
 * refused, timeout, TLS, login and permission apart.
 */
enum rc router_test(struct ctx *, const char *router_id, struct router_test *ret) _must_check_;

#endif
