/*
 * drift.h: what differs between a router and the database, and its repair.
 *
 * The plan is made by the code that makes provisioning's commands, so both have
 * one definition of what is wanted.  Reading changes nothing.  Applying makes
 * jobs; router-sync, or the caller by provision_batch(), carries them out.
 *
 * Applying refuses without force where it would cut or remove more than a tenth
 * of the accounts of the router (and at least 5), and where the router answers
 * none of them: an empty answer is no proof of an empty router.
 *
 * A password cannot be read back, so it is taken for right.  Accounts that were
 * imported are left as they were found until they change here.
 */
#ifndef ROUTER_DRIFT_H
#define ROUTER_DRIFT_H

#include <stdbool.h>

#include "base/ctx.h"
#include "base/jw.h"

enum drift_kind {
	DRIFT_MISSING, /* should be there */
	DRIFT_EXTRA,   /* ours, and should not be there */
	DRIFT_CHANGED, /* a property differs */
	DRIFT_SESSION, /* a suspended account has a session */
	DRIFT_FAULT,   /* cannot be put right; text says why */
};

struct drift_line {
	enum drift_kind kind;
	const char *menu, *name;
	const char *text; /* "profile: gold -> silver"; "" where there is nothing to add */
};

struct drift {
	const char *router_id, *router_name;
	size_t accounts; /* compared */
	size_t cuts;     /* accounts that applying would cut or remove */
	bool is_blank;   /* none of the accounts that should be there is */
	struct drift_line *lines;
	size_t nlines, room;
	/* Differences that become jobs. */
	const char **account_ids, **package_ids;
	size_t naccounts, npackages;
	struct account_object **unclaimed;
	size_t nunclaimed;
};

/* Read a router and compare.  RC_UPSTREAM: it could not be read, nothing is known. */
enum rc drift_plan(struct ctx *, const char *router_id, struct drift *ret) _must_check_;

/* Why applying this needs force; NULL: it does not. */
const char *drift_refusal(struct ctx *, const struct drift *);

/* How many jobs were made: accounts, profiles, objects that must leave. */
struct drift_jobs {
	int64_t accounts, profiles, leaving;
};

/* Make the jobs; RC_CONFLICT with the refusal unless force. */
enum rc drift_apply(struct ctx *, const struct drift *, bool force,
    struct drift_jobs *ret) _must_check_;

/* The nightly check: plan, and apply within the bounds; else an alert, and refusal says why. */
struct drift_findings {
	size_t accounts;   /* compared */
	int64_t different; /* accounts that differ and had no job yet */
	int64_t profiles;  /* missing or wrong */
	int64_t misplaced; /* objects of ours that should not be there */
	const char *refusal;
};
enum rc drift_check(struct ctx *, const char *router_id, struct drift_findings *ret) _must_check_;

/* As a diff for people; as JSON for programs. */
void drift_print(struct sb *, const struct drift *);
void drift_json(struct jw *, const char *key, const char *refusal, const struct drift *);

#endif
