/*
 * account.h: what a router should hold for an account, and the commands for it.
 *
 * account_claim() takes the due jobs of one router, each with what is wanted as
 * the database has it at that moment.  account_plan() compares it with what was
 * found on the router and answers with commands; it is pure, and the whole
 * of contract 6 about single accounts stands there.  account_results() writes
 * back what came of it.  The service floor (provision.h) does the talking.
 *
 * Objects of ours carry the comment "isp:<uuid of the account>", the user's
 * own comment behind it.  Nothing else is ever changed or removed.
 */
#ifndef ROUTER_ACCOUNT_H
#define ROUTER_ACCOUNT_H

#include "base/ctx.h"
#include "router/rate.h"

/* The menus of a router that hold objects of accounts. */
enum account_menu {
	MENU_PPP,
	MENU_HOTSPOT,
	MENU_QUEUE,
	MENU_BLOCK,  /* entries of the address list isp-blocked */
	MENU_BLOCK6, /* the same for IPv6 */
	MENU__MAX
};
extern const char *const account_menu_path[MENU__MAX]; /* "/ppp/secret" ... */
#define ACCOUNT_BLOCK_LIST "isp-blocked"

enum account_wanted { WANTED_ON, WANTED_CUT, WANTED_GONE };

/* A place where the account stands, or may stand where a reply was lost. */
struct account_trace {
	enum account_menu menu;
	const char *name;
	const char *address; /* of a queue; else NULL */
};

struct account {
	const char *id;
	int64_t generation;
	bool kick; /* sessions must end with this change */
	enum account_wanted wanted;
	enum account_menu menu;
	const char *service;  /* pppoe, any, hotspot, static */
	const char *username; /* its name on the router */
	const char *sealed, *sealed_place;
	const char *password; /* opened by the worker; NULL: unknown */
	bool locked;          /* it is sealed, and no key of ours opens it */
	const char *profile;  /* NULL: leave alone */
	bool own_profile;     /* of its package, not one that the subscription names */
	const char *package_id, *router_profile, *bandwidth, *burst;
	int priority;
	const char *local_address, *remote_address;
	const char *comment;    /* the user's */
	bool known;             /* it was in order on this router once */
	bool pending;           /* it has a job */
	bool imported;          /* an object without a mark under its first trace is it */
	const char *isolation;  /* profile of those suspended; NULL: disable them */
	const char **off_names; /* profiles that mean off on what was imported, in lower case */
	size_t noff_names;
	struct account_trace *traces;
	size_t ntraces;
	const char **taken; /* addresses that other accounts in service have by now */
	size_t ntaken;
	const char **shared; /* addresses that others must have blocked */
	size_t nshared;
};

enum rc account_claim(struct ctx *, const char *router_id, int most, const char *only,
    struct account **ret, size_t *nret) _must_check_;

/* All that should be on a router, or still leave it, but for untouched imports. */
enum rc account_compared(struct ctx *, const char *router_id, struct account **ret,
    size_t *nret) _must_check_;

/* The owner of an object, seen from one account. */
enum account_owner {
	OWNER_FOREIGN,
	OWNER_THIS,
	OWNER_STALE, /* an account of ours that should no longer be there */
	OWNER_OTHER, /* an account of ours that should */
};

/* An object as found on the router; NULL where a property was not there. */
struct account_object {
	enum account_menu menu;
	const char *id, *name;
	const char *service, *profile;
	const char *local, *address; /* address: remote-address, target or entry */
	const char *comment;
	const char *limit_uptime;         /* of hotspot users */
	const char *max_limit, *priority; /* of queues, and their bursts: */
	const char *burst_limit, *burst_threshold, *burst_time;
	bool disabled, dynamic;
	bool stale;    /* its mark's account should not be under this name: account_stale() */
	bool promised; /* and is in service itself, so that it leaves this object alone */
	bool copied;   /* the account has another name: the mark was copied with the row */
	bool gone;     /* removed since */
};

/* Is it the limit by which Mikhmon switches an expired hotspot user off? NULL is none. */
bool account_is_spent(const char *limit_uptime);

/* The uuid in "isp:<uuid>[ ...]", in mem; NULL when it is no mark of ours. */
#define ACCOUNT_MARK "isp:"
const char *account_mark(struct arena *, const char *comment);
bool account_is_marked(const struct account_object *);
bool account_is_marked_by(const struct account_object *, const char *id);
enum account_owner account_owner(const struct account *, const struct account_object *);

/* Two spellings of one address? "10.0.0.5" is "10.0.0.5/32". */
bool account_address_same(const char *a, const char *b);
/* Must this address of an account be blocked: it is not in service, nor is another that took it? */
bool account_blocks(const struct account *, const char *address);
/* Must another have it blocked? */
bool account_shares(const struct account *, const char *address);

enum account_act { ACT_ADD, ACT_SET, ACT_UNSET, ACT_REMOVE };

struct account_attr {
	const char *key, *val;
};
#define ACCOUNT_ATTRS 12

struct account_op {
	enum account_act act;
	enum account_menu menu;
	struct account_object *on; /* what it changes; NULL for ACT_ADD */
	bool guarded;              /* only if nothing of the account failed before */
	struct account_attr attrs[ACCOUNT_ATTRS];
	size_t nattrs;
};

/* Sessions to end: of a PPP or hotspot user. */
struct account_kick {
	enum account_menu menu;
	const char *name;
};

/*
 * To be done in this order: the first ops, the end of the sessions, the other
 * ops.  cut: the sessions end whatever failed; else only when nothing did.
 * error: the account fails after all this; a warning does not fail it.
 */
struct account_plan {
	struct account_op *ops;
	size_t nops, nfirst;
	struct account_kick *kicks;
	size_t nkicks;
	bool cut;
	const char *error, *warning;
};
#define ACCOUNT_LOCKED "its password cannot be opened: wrong APP_KEY?"

/*
 * objs: everything found under the account's names and addresses, of all
 * menus.  router: its name, for messages.
 */
void account_plan(struct arena *, const char *router, const struct account *,
    struct account_object *const *objs, size_t n, struct account_plan *ret);

/* The result of one job.  error beside ok is a warning. */
struct account_result {
	const char *id;
	int64_t generation;
	bool ok;
	const char *error;
	const char *hint;              /* last seen .id, or NULL */
	const struct account *account; /* NULL: nothing was tried */
};

enum rc account_results(struct ctx *, const char *router_id, const struct account_result *,
    size_t n) _must_check_;

/*
 * Differences become jobs, where it is for us to act and there is
 * none yet; how many of each.
 */
struct account_findings {
	const char **accounts,
	    **packages; /* that are not as they should be, packages by a profile */
	size_t naccounts, npackages;
	struct account_object **strays; /* that bear the mark of an account not compared */
	size_t nstrays;
};
struct account_found {
	int64_t different, profiles;
	int64_t misplaced; /* accounts that have no business on this router */
};
enum rc account_found(struct ctx *, const char *router_id, const struct account_findings *,
    struct account_found *ret) _must_check_;

/* Fills in stale and promised of marked objects under a name that another account should have. */
enum rc account_stale(struct ctx *, const char *router_id, struct account_object *const *objs,
    size_t n) _must_check_;

#endif
