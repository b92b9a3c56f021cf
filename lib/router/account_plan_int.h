/* account_plan_int.h: what the files of account_plan() share; no other file includes it. */
#ifndef ROUTER_ACCOUNT_PLAN_INT_H
#define ROUTER_ACCOUNT_PLAN_INT_H

#include <string.h>

#include "router/account.h"

/* The state of one planning. */
struct planning {
	struct arena *mem;
	const char *router;
	const struct account *account;
	struct account_object *const *objs;
	size_t n, room; /* room: of plan->ops */
	struct account_plan *plan;
	bool guarded;  /* so are the ops planned now */
	bool disabled; /* the object it should be, as left by the ops so far */
	bool walled;   /* it has got the isolation profile, enabled, with the password */
};

bool plan_same(const char *a, const char *b);
bool plan_is_empty(const char *);

/* Adds a command about an object (NULL: of ACT_ADD). */
struct account_op *plan_op_new(struct planning *, enum account_act, enum account_menu,
    struct account_object *on);
/* Takes the last command back when it sets nothing. */
void plan_op_drop_empty(struct planning *);
/* Sets a property; an empty value is left out. */
void plan_op_attr(struct account_op *, const char *key, const char *val);
/* Sets a property that was found otherwise: as text, as an address, as a rate. */
void plan_op_differs(struct account_op *, const char *key, const char *found, const char *val);
void plan_op_address(struct account_op *, const char *key, const char *found, const char *val);
void plan_op_rate(struct account_op *, const char *key, const char *found, const char *val);
/* Clears a property that should be absent. */
void plan_op_unset(struct planning *, struct account_object *, const char *key, const char *found,
    const char *val);
void plan_op_password(struct planning *, struct account_op *);

/* The account fails after everything that can be done; the first reason stands. */
void plan_error(struct planning *, const char *error);

/* Ends the sessions of a name; of all names of the account. */
void plan_kick(struct planning *, enum account_menu, const char *name);
void plan_kick_all(struct planning *);

/* The mark and the comment of the user behind it. */
const char *plan_comment(struct planning *);

/* Is it a menu of an address list? */
bool plan_is_entry(enum account_menu);
/* The object under this name: ours before any other. */
struct account_object *plan_by_name(struct planning *, enum account_menu, const char *name);
/* One of ours, under whatever name. */
struct account_object *plan_by_owner(struct planning *, enum account_menu);

/* Blocks the address of the account, and those it had: a device goes on with an old one as well. */
void plan_block_all(struct planning *);
void plan_unblock(struct planning *, const char *address);
/* An address the account had before must not stay blocked for its next user. */
void plan_unblock_old(struct planning *);

#endif
