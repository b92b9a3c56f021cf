/*
 * account.h: the objects that a router should hold for an account, and the commands for
 * them.
 *
 * account_claim() takes the due jobs of one router, each with the wanted state as the
 * database has it at that moment. account_plan() compares it with the objects found on the
 * router and returns commands; it is pure, and holds all of contract 6 about single
 * accounts. account_results() stores the outcome. provision.h talks to the router.
 *
 * Objects of ours carry the comment "isp:<uuid of the account>", followed by the user's
 * own comment. No other object is ever changed or removed.
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

/*
 * A place of the account on this router, where an object of it is or, after a lost reply,
 * may be.
 */
struct account_trace {
	enum account_menu menu;
	const char *name;
	const char *address; /* of a queue; else NULL */
};

struct account {
	const char *id;
	int64_t generation;
	bool kick; /* the sessions must end with this change */
	enum account_wanted wanted;
	enum account_menu menu;
	const char *service;  /* pppoe, any, hotspot, static */
	const char *username; /* its name on the router */
	const char *sealed, *sealed_place;
	const char *password;     /* opened by the worker; NULL: unknown */
	bool password_unreadable; /* it is sealed, and no key of ours opens it */
	const char *profile;      /* NULL: leave alone */
	bool own_profile; /* the profile is its package's, not one named by the subscription */
	const char *package_id, *router_profile, *bandwidth, *burst;
	int priority;
	const char *local_address, *remote_address;
	const char *comment;    /* the user's comment */
	bool known;             /* it was in order on this router before */
	bool pending;           /* it has a job */
	bool imported;          /* an unmarked object under its first trace belongs to it */
	const char *isolation;  /* profile of suspended accounts; NULL: they are disabled */
	const char **off_names; /* lower-case names of profiles that mean off on imports */
	size_t noff_names;
	struct account_trace *traces;
	size_t ntraces;
	const char **taken; /* its addresses that another account in service has now */
	size_t ntaken;
	const char **shared; /* its addresses that another account must have blocked */
	size_t nshared;
};

enum rc account_claim(struct ctx *, const char *router_id, int most, const char *only,
    struct account **ret, size_t *nret) _must_check_;

/* All accounts that should be on a router, or must still leave it, except untouched imports. */
enum rc account_compared(struct ctx *, const char *router_id, struct account **ret,
    size_t *nret) _must_check_;

/* The owner of an object, relative to the account that is planned. */
enum account_owner {
	OWNER_FOREIGN,
	OWNER_THIS,
	OWNER_STALE, /* an account of ours that should no longer be on this router */
	OWNER_OTHER, /* an account of ours that should be here */
};

/* An object found on the router; NULL for a property that the router did not send. */
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
	bool stale;          /* the marked account should not have this name: account_stale() */
	bool reserved;       /* the marked account is in service and should have another name */
	bool has_other_name; /* the marked account has one: a person may have copied the row */
	bool gone;           /* removed by this plan */
};

/* True for the limit by which Mikhmon switches an expired hotspot user off (1s). NULL is none. */
bool account_is_uptime_used_up(const char *limit_uptime);

/* The uuid in "isp:<uuid>[ ...]", in mem; NULL when the comment is no mark of ours. */
#define ACCOUNT_MARK "isp:"
const char *account_mark(struct arena *, const char *comment);
bool account_object_has_mark(const struct account_object *);
bool account_object_has_mark_of(const struct account_object *, const char *id);
enum account_owner account_owner(const struct account *, const struct account_object *);

/* True for two spellings of one address: "10.0.0.5" is "10.0.0.5/32". */
bool account_address_same(const char *a, const char *b);
/* True when this address must be blocked: neither the account nor another with it is in service. */
bool account_blocks(const struct account *, const char *address);
/* True when another account must have the address blocked. */
bool account_shares(const struct account *, const char *address);

enum account_act { ACT_ADD, ACT_SET, ACT_UNSET, ACT_REMOVE };

struct account_attr {
	const char *key, *val;
};
#define ACCOUNT_ATTRS 12

struct account_op {
	enum account_act act;
	enum account_menu menu;
	struct account_object *on; /* the object to change; NULL for ACT_ADD */
	bool skip_after_failure;   /* skip it when a command of the account failed before */
	struct account_attr attrs[ACCOUNT_ATTRS];
	size_t nattrs;
};

/* End the sessions of a PPP or hotspot user. */
struct account_kick {
	enum account_menu menu;
	const char *name;
};

/*
 * The work in this order: the first nops_before_kick ops, the end of the sessions, the other
 * ops. kick_always: the sessions end whatever failed; else only when nothing did. error: the
 * account fails after all this; a warning does not fail it.
 */
struct account_plan {
	struct account_op *ops;
	size_t nops, nops_before_kick;
	struct account_kick *kicks;
	size_t nkicks;
	bool kick_always;
	const char *error, *warning;
};
#define ACCOUNT_PASSWORD_UNREADABLE "its password cannot be opened: wrong APP_KEY?"

/*
 * objs: all objects found under the account's names and addresses, of all menus. router:
 * its name, for messages.
 */
void account_plan(struct arena *, const char *router, const struct account *,
    struct account_object *const *objs, size_t n, struct account_plan *ret);

/* The result of one job.  error beside ok is a warning. */
struct account_result {
	const char *id;
	int64_t generation;
	bool ok;
	const char *error;
	const char *hint;              /* the .id of the object when last seen, or NULL */
	const struct account *account; /* NULL: nothing was tried */
};

enum rc account_results(struct ctx *, const char *router_id, const struct account_result *,
    size_t n) _must_check_;

/* Make a job for each difference that is ours to repair and has none yet; counts them. */
struct account_findings {
	const char **accounts,
	    **packages; /* accounts that differ, and packages whose profile differs */
	size_t naccounts, npackages;
	struct account_object **strays; /* marked with an account not compared */
	size_t nstrays;
};
struct account_found {
	int64_t different, profiles;
	int64_t misplaced; /* accounts that should not be on this router */
};
enum rc account_found(struct ctx *, const char *router_id, const struct account_findings *,
    struct account_found *ret) _must_check_;

/* Set stale, reserved and has_other_name of marked objects under a name of another account. */
enum rc account_stale(struct ctx *, const char *router_id, struct account_object *const *objs,
    size_t n) _must_check_;

#endif
