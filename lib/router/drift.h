/*
 * drift.h: the differences between a router and the database, and their repair.
 *
 * The code that makes provisioning's commands makes the plan, so both have one definition
 * of the wanted state. Reading changes nothing. Applying makes jobs; router-sync, or the
 * caller by provision_batch(), carries them out. Applying refuses without force if it
 * would cut or remove more than a tenth of the accounts of the router (and at least 5),
 * and if the router shows none of them: an empty answer is no proof of an empty router. A
 * password cannot be read back, so it is assumed to be right. Imported accounts stay as
 * they were found until they change here.
 */
#ifndef ROUTER_DRIFT_H
#define ROUTER_DRIFT_H

#include <stdbool.h>

#include "base/ctx.h"
#include "base/jw.h"

enum drift_kind {
	DRIFT_MISSING, /* ours, and absent */
	DRIFT_EXTRA,   /* ours, and should be absent */
	DRIFT_CHANGED, /* a property differs */
	DRIFT_SESSION, /* a suspended account has a session */
	DRIFT_FAULT,   /* cannot be repaired; text says why */
};

struct drift_line {
	enum drift_kind kind;
	const char *menu, *name;
	const char *text; /* "profile: gold -> silver"; "" when the kind says all */
};

struct drift {
	const char *router_id, *router_name;
	size_t accounts; /* number of accounts compared */
	size_t cuts;     /* accounts that applying would cut or remove */
	bool is_blank;   /* no account that should be there is */
	struct drift_line *lines;
	size_t nlines, room;
	/* accounts and packages whose differences become jobs */
	const char **account_ids, **package_ids;
	size_t naccounts, npackages;
	struct account_object **unclaimed;
	size_t nunclaimed;
};

/* Read a router and compare it. RC_UPSTREAM: it could not be read, so there is no result. */
enum rc drift_plan(struct ctx *, const char *router_id, struct drift *ret) _must_check_;

/* The reason why applying needs force; NULL: it does not. */
const char *drift_refusal(struct ctx *, const struct drift *);

/* Numbers of jobs made: accounts, profiles, objects to remove. */
struct drift_jobs {
	int64_t accounts, profiles, leaving;
};

/* Make the jobs; without force RC_CONFLICT with the refusal. */
enum rc drift_apply(struct ctx *, const struct drift *, bool force,
    struct drift_jobs *ret) _must_check_;

/*
 * The nightly check: plan, and apply within the bounds; beyond them raise an alert with
 * the refusal.
 */
struct drift_findings {
	size_t accounts;   /* number compared */
	int64_t different; /* accounts that differ and had no job yet */
	int64_t profiles;  /* missing or wrong */
	int64_t misplaced; /* objects of ours that should not be there */
	const char *refusal;
};
enum rc drift_check(struct ctx *, const char *router_id, struct drift_findings *ret) _must_check_;

/* Print a plan: as a diff for people, as JSON for programs. */
void drift_print(struct sb *, const struct drift *);
void drift_json(struct jw *, const char *key, const char *refusal, const struct drift *);

#endif
