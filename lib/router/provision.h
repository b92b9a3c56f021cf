/*
 * provision.h: makes routers hold what the database says (contract 6).
 *
 * A job says only "this account is dirty, generation n"; the worker reads the wanted state
 * when it acts, so a stale job can never win, and every job can run twice. All due work of
 * a router is a batch on one connection: first profiles, then objects to remove, then
 * objects to make or change, then sessions to end. A suspended customer is only cut off
 * before the sessions end; the rest of the account comes after that, so that no fault of
 * the account keeps the customer online. One bad account stops no other.
 *
 * One worker at a time works on a router: it holds an advisory lock during each batch. No
 * router is called inside a transaction.
 */
#ifndef ROUTER_PROVISION_H
#define ROUTER_PROVISION_H

#include <stdbool.h>

#include "base/ctx.h"
#include "router/link.h"

struct provision_report {
	bool busy;   /* another worker has the router: this one did nothing */
	bool broken; /* the router could not be reached; all waiting jobs have the reason */
	size_t done, failed;
	const char *error; /* the first failure; NULL: none */
};

/*
 * Do one batch of due work. A router's failure is in the report and in the database, and
 * is no error here: RC_RETRY means the database.
 */
enum rc provision_batch(struct ctx *, struct router_link *,
    struct provision_report *ret) _must_check_;

/*
 * Bring one account in order now, on its router; or the profile of a package, on every
 * active router. RC_UPSTREAM says which router failed and how; the job stays due.
 */
enum rc provision_account(struct ctx *, const char *account_id) _must_check_;
enum rc provision_package(struct ctx *, const char *package_id) _must_check_;

#endif
