/*
 * router.h: the routers in the database: their addresses, their work, the lock of the
 * worker on each, and its circuit breaker.
 */
#ifndef ROUTER_ROUTER_H
#define ROUTER_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/conf.h"
#include "base/ctx.h"

struct router {
	const char *id, *name, *host;
	int64_t port;
	const char *username;
	const char *password; /* sealed: see router_password() */
	bool ssl;
	const char *tls_verify, *tls_fingerprint, *tls_ca;
	const char *ppp_local_address, *ppp_pool;
	int64_t connect_timeout_ms, read_timeout_ms;
	bool is_active;
	bool is_broken, is_probe_due; /* of its circuit breaker */
};

/* RC_NOT_FOUND when there is none. */
enum rc router_by_id(struct ctx *, const char *id, struct router *ret) _must_check_;
/* The id of the first active one; RC_CONFLICT when none is active. */
enum rc router_default(struct ctx *, const char **ret) _must_check_;
enum rc router_active_ids(struct ctx *, const char ***ret, size_t *nret) _must_check_;

/*
 * Make an active router from the MIKROTIK_* keys if MIKROTIK_HOST is set and there is none
 * but, perhaps, the untouched one of sql/seed/first.sql.
 */
enum rc router_first(struct ctx *, const struct conf *) _must_check_;

/* The opened password; never keep it longer than a connection. */
enum rc router_password(struct ctx *, const struct router *, const char **ret) _must_check_;

/* Routers with work, and in how many ms it is due. */
struct router_work {
	const char *router_id;
	int64_t wait_ms;
};
enum rc router_work(struct ctx *, struct router_work **ret, size_t *nret) _must_check_;

enum rc router_is_due(struct ctx *, const char *id, bool *ret) _must_check_;

/* The day to which this night belongs: when it changes, routers are compared with the database. */
enum rc router_night(struct ctx *, const char **ret) _must_check_;

/* Lock a router for this session; false when another has it. Ends with the connection. */
enum rc router_lock(struct ctx *, const char *id, bool *ret) _must_check_;
enum rc router_unlock(struct ctx *, const char *id) _must_check_;

/*
 * Open the breaker, store the reason with all waiting jobs, and probe again in probe_s
 * seconds. reached: TCP connected, so the router is there and refuses us.
 */
enum rc router_broken(struct ctx *, const char *id, const char *reason, int probe_s,
    bool reached) _must_check_;
/* Fail jobs that came since for routers with an open breaker, with its reason. */
enum rc router_fail_waiting(struct ctx *) _must_check_;
/* A login succeeded: close the breaker and make all jobs due. version may be NULL. */
enum rc router_healthy(struct ctx *, const char *id, const char *version) _must_check_;

/* The profile of a package that should be right on a router; generation 0: not from a job. */
struct profile_job {
	const char *id; /* of the package */
	int64_t generation;
	const char *service, *router_profile, *bandwidth, *burst;
	int64_t priority;
	bool ok;
	const char *error;
};
enum rc profile_claim(struct ctx *, const char *router_id, const char *only,
    struct profile_job **ret, size_t *nret) _must_check_;
enum rc profile_results(struct ctx *, const char *router_id, const struct profile_job *,
    size_t n) _must_check_;
/* Make the profile of a package due on every active router; returns their ids. */
enum rc profile_mark_dirty_on_all_routers(struct ctx *, const char *package_id, const char ***ret,
    size_t *nret) _must_check_;

#endif
