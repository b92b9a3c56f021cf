/*
 * provision.h: makes routers hold what the database says (contract 6).
 *
 * A job says only "this account is dirty, generation n"; what should be is
 * read when the worker acts, so a stale job can never win, and every job can
 * run twice.  All of a router's work of one moment is a batch on one
 * connection: profiles first, then what must leave, then what must be there,
 * then the sessions that must end.  A suspended customer is only cut off
 * before the sessions end; the rest of the account comes after that, so that no
 * fault of the account keeps the customer online.  One bad account stops no other.
 *
 * One worker per router at a time, by an advisory lock held while a batch is
 * done.  No router is called inside a transaction.
 */
#ifndef ROUTER_PROVISION_H
#define ROUTER_PROVISION_H

#include <stdbool.h>

#include "base/ctx.h"
#include "router/link.h"

struct provision_report {
	bool busy;   /* another worker has the router: nothing was done */
	bool broken; /* it could not be reached; all waiting jobs say so */
	size_t done, failed;
	const char *error; /* the first; NULL: none */
};

/*
 * One batch of what is due.  A router's failure is in the report and in the
 * database, not an error: RC_RETRY is the database's.
 */
enum rc provision_batch(struct ctx *, struct router_link *,
    struct provision_report *ret) _must_check_;

/*
 * Bring one account in order now, on the router that has it; and the
 * profile of a package on every active router.  RC_UPSTREAM says which router
 * failed and how; the job stays due.
 */
enum rc provision_account(struct ctx *, const char *account_id) _must_check_;
enum rc provision_package(struct ctx *, const char *package_id) _must_check_;

#endif
