/* provision_int.h: shared by the files of provision; no other file includes it. */
#ifndef ROUTER_PROVISION_INT_H
#define ROUTER_PROVISION_INT_H

#include "router/account.h"
#include "router/provision.h"
#include "router/provision_view.h"

/* So many jobs or names are looked up by name; with more, each table is read as a whole, once. */
#define PROVISION_BY_NAME_MAX ((size_t)50)

struct profile {
	struct profile_job *job; /* the wanted profile; receives ok and error */
	const char *name;        /* its name on the router */
	const char *id, *local, *remote, *rate, *comment; /* as found; id NULL: absent */
	bool seen;
	bool ours, has_no_pool; /* ours: we made it; has_no_pool: it gives no address */
	bool wrong;             /* it must be made or set */
};

struct task {
	struct account *a;
	struct account_plan plan;
	size_t step;                 /* the next op of the plan */
	const char *error;           /* the first failure; see skip_after_failure */
	const char *missing_feature; /* of the router; fails the account at the end */
	const char *hint;
	struct account_object *stray; /* its object, renamed on the router by a person */
	bool kicks;                   /* the plan ends its sessions */
	bool online;                  /* still has sessions, see provision_online() */
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
	bool check;          /* read all tables, change nothing */
	const char *refusal; /* the first refusal */
	struct router_view view;
};

/* The words of a refusal; NULL when the reply has none. */
const char *provision_refusal(struct ctx *, struct batch *, const struct routeros_job *);
/* True when the router lacks the menu: another version, or a package left out. */
bool provision_missing(const struct routeros_job *);
void task_fail(struct task *, const char *error);

/* Make or correct the profiles (check: only compare), and fail the tasks whose profile failed. */
enum rc provision_profiles(struct ctx *, struct batch *) _must_check_;
/* True when this batch reads tables as a whole. */
bool provision_reads_tables(const struct batch *);
/* Look up all names and addresses of the tasks. */
enum rc provision_look(struct ctx *, struct batch *) _must_check_;
/* All objects found for one task. */
size_t provision_view_of(struct ctx *, const struct batch *, const struct task *,
    struct account_object ***ret);
/* The reading of one table. */
struct looking {
	struct router_view *s;
	enum account_menu menu;
	bool by_mark; /* read by mark: rows under names of the batch were read before */
	bool check;
};
struct routeros_job provision_look_job(struct ctx *, struct looking *);
/* Send the queries; the view keeps each refusal by its menu. */
enum rc provision_ask(struct ctx *, struct batch *, struct routeros_job *, size_t n) _must_check_;
/* Make rows for the marks of an account. */
void provision_add_marks(struct ctx *, struct router_view *, const struct account *);
/* Find objects that a person renamed. */
enum rc provision_find_strays(struct ctx *, struct batch *) _must_check_;
/* Ask the database which objects of other accounts may be taken over. */
enum rc provision_find_takeable(struct ctx *, struct batch *) _must_check_;
/*
 * Plan and carry out, in three stages: accounts that leave; of the others the part before
 * the end of their sessions; of all the part after it.
 */
enum stage { STAGE_REMOVE, STAGE_BEFORE_KICK, STAGE_AFTER_KICK };
enum rc provision_act(struct ctx *, struct batch *, enum stage) _must_check_;
/* Only plan, from the objects found. */
void provision_plan(struct ctx *, struct batch *, struct task *);
/* End the sessions that the plans end. */
enum rc provision_kick(struct ctx *, struct batch *) _must_check_;
/* Find sessions of accounts that should be off. */
enum rc provision_online(struct ctx *, struct batch *) _must_check_;

#endif
