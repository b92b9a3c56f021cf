/* provision_int.h: what the files of provision share; nobody else includes it. */
#ifndef ROUTER_PROVISION_INT_H
#define ROUTER_PROVISION_INT_H

#include "router/account.h"
#include "router/provision.h"

/* More jobs than this, or names, and a table is printed once as a whole. */
#define PROVISION_BIG ((size_t)50)

struct provision {
	const char *router_id;
	struct arena *mem; /* of the connection */
	struct routeros *ros;
	const char *address; /* what it was opened with, to notice changes */
};

/* All that may stand on the router under one name of one menu, or bear one mark. */
struct slot {
	enum account_menu menu;
	bool by_mark;
	const char *key;             /* a name; of an entry its address; of marks the account */
	const struct task *for_whom; /* whose the name should be; NULL: there are only traces */
	struct account_object **objs;
	size_t n, room;
	struct slot *next;
};

/* What was seen on the router of what we asked for. */
struct sight {
	struct slot **buckets;
	size_t nbuckets, nslots;
	const char *error[MENU__MAX]; /* why a menu could not be read */
	bool missing[MENU__MAX];      /* because this router has no such menu */
	struct slot rest; /* of a check: what bears the mark of an account that is no task */
};

struct profile {
	struct profile_job *job; /* what it should be; ok and error are filled in */
	const char *name;        /* on the router */
	const char *id, *local, *remote, *rate, *comment; /* as found; id NULL: not there */
	bool seen;
	bool ours, poolless; /* we made it, and it gives nobody an address */
	bool wrong;          /* it is to be made or set */
};

struct task {
	struct account *a;
	struct account_plan plan;
	size_t step;       /* next op of the plan */
	const char *error; /* the first that failed it; its guarded ops are not done */
	const char *lack;  /* fails it too, when all is done: what the router would need */
	const char *hint;
	struct account_object *stray; /* its object under a name that a hand gave it */
	bool kicks;                   /* its sessions end in this batch */
	bool online;                  /* it has some in spite of its plan, see provision_online() */
	bool ok;
	bool poolless;
};

struct batch {
	struct routeros *ros;
	const struct router *router;
	struct task *tasks;
	size_t ntasks;
	struct profile *profiles;
	size_t nprofiles;
	bool check;          /* all tables are looked at, and nothing is changed */
	const char *refusal; /* the first */
	struct sight sight;
};

/* The words of a refusal, NULL when the reply has none. */
const char *provision_refusal(struct ctx *, struct batch *, const struct routeros_job *);
/* Is it that this router has no such menu: another version, a package left out? */
bool provision_missing(const struct routeros_job *);
void provision_fault(struct task *, const char *error);

/* Make or correct the profiles (a check: only look), and tell the tasks that need one that failed.
 */
enum rc provision_profiles(struct ctx *, struct batch *) _must_check_;
/* Is a table printed as a whole? */
bool provision_big(const struct batch *);
/* Look up all names and addresses of the tasks. */
enum rc provision_look(struct ctx *, struct batch *) _must_check_;
/* All that was seen for one task. */
size_t provision_seen(struct ctx *, const struct batch *, const struct task *,
    struct account_object ***ret);
/*
 * Plan and carry out: of those that leave, then of those that stay what comes
 * before the end of their sessions; and of all what comes after it.
 */
enum stage { STAGE_LEAVE, STAGE_STAY, STAGE_AFTER };
enum rc provision_act(struct ctx *, struct batch *, enum stage) _must_check_;
/* Only plan, from what was seen. */
void provision_plan(struct ctx *, struct batch *, struct task *);
/* End the sessions that must end. */
enum rc provision_kick(struct ctx *, struct batch *) _must_check_;
/* Who of those that should be disabled has sessions? */
enum rc provision_online(struct ctx *, struct batch *) _must_check_;

/* Speak to one router with its lock held, within budget_ms; its failure is RC_UPSTREAM. */
typedef enum rc provision_fn(struct ctx *, struct provision *, const struct router *, void *arg);
enum rc provision_alone(struct ctx *cx, const char *router_id, int budget_ms, provision_fn *fn,
    void *arg) _must_check_;

#endif
