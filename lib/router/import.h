/* import.h: takes the accounts of a router into our lists; nothing changes on the router. */
#ifndef ROUTER_IMPORT_H
#define ROUTER_IMPORT_H

#include "base/ctx.h"

struct import_report {
	int64_t total;       /* objects found */
	int64_t imported;    /* accounts created here */
	int64_t adopted;     /* accounts of subscriptions that took over an object */
	int64_t skipped;     /* accounts that are here already, and faulty objects */
	const char **errors; /* one line for each object that cannot be taken */
	size_t nerrors;
};

/*
 * Import PPP secrets and hotspot users of a router (NULL: the default one). A password
 * that the router hides stays unknown. RC_NOT_FOUND, RC_CONFLICT, RC_UPSTREAM.
 */
enum rc import_secrets(struct ctx *, const char *router_id, struct import_report *ret) _must_check_;

#endif
