/*
 * provision.h: makes routers hold what the database says (contract 6).
 *
 * A job says only "this account is dirty, generation n"; what should be is
 * read when the worker acts, so a stale job can never win, and every job can
 * run twice.  All of a router's work of one moment is a batch on one
 * connection: profiles first, then what must leave, then what must be there,
 * then the sessions that must end.  Who is suspended is only cut off before his
 * sessions end; all else about him comes after that, so that nothing that is
 * wrong with his account keeps him online.  One bad account stops nothing else.
 *
 * One worker per router at a time, by an advisory lock held while a batch is
 * done.  No router is called inside a transaction.
 */
#ifndef ROUTER_PROVISION_H
#define ROUTER_PROVISION_H

#include <stdbool.h>

#include "base/ctx.h"
#include "net/routeros.h"
#include "router/router.h"

/* How to reach a router, its password opened, in cx->mem. */
enum rc provision_target(struct ctx *, const struct router *,
    struct routeros_target *ret) _must_check_;

/*
 * A connection for an action somebody waits for (router_id NULL: the default
 * router), all of it within budget_ms.  It ends with cx->mem.  RC_NOT_FOUND,
 * RC_CONFLICT (none is active), RC_UPSTREAM.
 */
enum rc provision_connect(struct ctx *, const char *router_id, int budget_ms,
    struct routeros **ret) _must_check_;

/* A worker's hand on one router; its connection is kept from batch to batch. */
struct provision;
struct provision *provision_new(struct arena *life, const char *router_id);
void provision_close(struct provision *);

struct provision_report {
	bool busy;   /* another worker has the router: nothing was done */
	bool broken; /* it could not be reached; told to all who wait for it */
	size_t done, failed;
	const char *error; /* the first; NULL: none */
};

/*
 * One batch of what is due.  A router's failure is in the report and in the
 * database, not an error: RC_RETRY is the database's.
 */
enum rc provision_batch(struct ctx *, struct provision *,
    struct provision_report *ret) _must_check_;

/*
 * Compare all of a router with the database; nothing is changed there, what is
 * different becomes jobs.  RC_UPSTREAM: it could not be read, and nothing is made.
 */
struct provision_findings {
	size_t accounts;   /* compared */
	int64_t different; /* of them, without a job before */
	int64_t profiles;  /* that are gone or wrong */
	int64_t misplaced; /* accounts of ours that should not be there */
};
enum rc provision_check(struct ctx *, const char *router_id,
    struct provision_findings *ret) _must_check_;

/*
 * Bring one account in order now, on the router where it lives; and the
 * profile of a package on every active router.  RC_UPSTREAM says which router
 * failed and how; the job stays due.
 */
enum rc provision_account(struct ctx *, const char *account_id) _must_check_;
enum rc provision_package(struct ctx *, const char *package_id) _must_check_;

#endif
