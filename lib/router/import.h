/* import.h: accounts that stand on a router, taken into our lists; nothing changes there. */
#ifndef ROUTER_IMPORT_H
#define ROUTER_IMPORT_H

#include "base/ctx.h"

struct import_report {
	int64_t total;       /* objects found */
	int64_t imported;    /* accounts created here */
	int64_t adopted;     /* accounts of subscriptions that take the object of their name over */
	int64_t skipped;     /* those that are here already, and faulty ones */
	const char **errors; /* one line for each object that cannot be taken */
	size_t nerrors;
};

/*
 * PPP secrets and hotspot users of a router (NULL: the default one).  A password
 * that the router hides stays unknown.  RC_NOT_FOUND, RC_CONFLICT, RC_UPSTREAM.
 */
enum rc import_secrets(struct ctx *, const char *router_id, struct import_report *ret) _must_check_;

#endif
