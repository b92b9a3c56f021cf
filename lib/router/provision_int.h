/* provision_int.h: what the files of provision share; no other file includes it. */
#ifndef ROUTER_PROVISION_INT_H
#define ROUTER_PROVISION_INT_H

#include "router/account.h"
#include "router/provision.h"
#include "router/provision_view.h"

/* More jobs than this, or names, and a table is printed once as a whole. */
#define PROVISION_BIG ((size_t)50)

struct profile {
	struct profile_job *job; /* what it should be; ok and error are filled in */
	const char *name;        /* on the router */
	const char *id, *local, *remote, *rate, *comment; /* as found; id NULL: not there */
	bool seen;
	bool ours, has_no_pool; /* we made it, and it gives no address */
	bool wrong;             /* it is to be made or set */
};

struct task {
	struct account *a;
	struct account_plan plan;
	size_t step;       /* next op of the plan */
	const char *error; /* the first that failed it; its guarded ops are not done */
	const char
	    *missing_feature; /* fails it too, when all is done: what the router would need */
	const char *hint;
	struct account_object *stray; /* its object, renamed on the router */
	bool kicks;                   /* its sessions end in this batch */
	bool online;                  /* it has some in spite of its plan, see provision_online() */
	bool ok;
	bool has_no_pool;
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
	struct router_view view;
};

/* The words of a refusal, NULL when the reply has none. */
const char *provision_refusal(struct ctx *, struct batch *, const struct routeros_job *);
/* Is it that this router has no such menu: another version, a package left out? */
bool provision_missing(const struct routeros_job *);
void task_fail(struct task *, const char *error);

/* Make or correct the profiles (a check: only look), and fail the tasks whose profile failed.
 */
enum rc provision_profiles(struct ctx *, struct batch *) _must_check_;
/* Is a table printed as a whole? */
bool provision_big(const struct batch *);
/* Look up all names and addresses of the tasks. */
enum rc provision_look(struct ctx *, struct batch *) _must_check_;
/* All that was seen for one task. */
size_t provision_view_of(struct ctx *, const struct batch *, const struct task *,
    struct account_object ***ret);
/* One reading of a table. */
struct looking {
	struct router_view *s;
	enum account_menu menu;
	bool by_mark; /* rows under names of the batch have been seen already */
	bool check;
};
struct routeros_job provision_look_job(struct ctx *, struct looking *);
/* Sends the questions; what was refused is kept by menu in the view. */
enum rc provision_ask(struct ctx *, struct batch *, struct routeros_job *, size_t n) _must_check_;
/* Makes rows for the marks of an account. */
void provision_add_marks(struct ctx *, struct router_view *, const struct account *);
/* Finds objects that were renamed by hand. */
enum rc provision_find_strays(struct ctx *, struct batch *) _must_check_;
/* Asks the database which objects of other accounts may be taken over. */
enum rc provision_find_takeable(struct ctx *, struct batch *) _must_check_;
/*
 * Plan and carry out: of those that leave, then of those that stay what comes
 * before the end of their sessions; and of all what comes after it.
 */
enum stage { STAGE_REMOVE, STAGE_BEFORE_KICK, STAGE_AFTER_KICK };
enum rc provision_act(struct ctx *, struct batch *, enum stage) _must_check_;
/* Only plan, from what was seen. */
void provision_plan(struct ctx *, struct batch *, struct task *);
/* End the sessions that must end. */
enum rc provision_kick(struct ctx *, struct batch *) _must_check_;
/* Find sessions of accounts that should be disabled. */
enum rc provision_online(struct ctx *, struct batch *) _must_check_;

#endif
