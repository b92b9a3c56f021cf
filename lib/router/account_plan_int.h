/* account_plan_int.h: shared by the files of account_plan(); no other file includes it. */
#ifndef ROUTER_ACCOUNT_PLAN_INT_H
#define ROUTER_ACCOUNT_PLAN_INT_H

#include <string.h>

#include "router/account.h"

/* The state while one account is planned. */
struct planning {
	struct arena *mem;
	const char *router;
	const struct account *account;
	struct account_object *const *objs;
	size_t n, room; /* room: capacity of plan->ops */
	struct account_plan *plan;
	bool skip_after_failure; /* of the ops that are planned now */
	bool disabled_so_far;    /* the account's object is disabled after the ops so far */
	bool isolated_so_far;    /* after them it is enabled, isolated, and has the password */
};

bool plan_same(const char *a, const char *b);
bool plan_is_empty(const char *);

/* Add a command for an object (NULL: for ACT_ADD). */
struct account_op *plan_op_new(struct planning *, enum account_act, enum account_menu,
    struct account_object *on);
/* Remove the last command if it sets nothing. */
void plan_op_drop_empty(struct planning *);
/* Set a property; an empty value is left out. */
void plan_op_attr(struct account_op *, const char *key, const char *val);
/* Set a property if the object has another value: as text, as an address, as a rate. */
void plan_op_differs(struct account_op *, const char *key, const char *found, const char *val);
void plan_op_address(struct account_op *, const char *key, const char *found, const char *val);
void plan_op_rate(struct account_op *, const char *key, const char *found, const char *val);
/* Clear a property if the object has one. */
void plan_op_unset(struct planning *, struct account_object *, const char *key, const char *found,
    const char *val);
void plan_op_password(struct planning *, struct account_op *);

/* Fail the account after all that can be done; the first reason stays. */
void plan_error(struct planning *, const char *error);

/* End the sessions of a name; of all names of the account. */
void plan_kick(struct planning *, enum account_menu, const char *name);
void plan_kick_all(struct planning *);

/* The account's mark, with the user's comment behind it. */
const char *plan_comment(struct planning *);

/* True for the menus of address lists. */
bool plan_is_entry(enum account_menu);
/* The object under this name; one of ours before any other. */
struct account_object *plan_by_name(struct planning *, enum account_menu, const char *name);
/* An object of ours under any name. */
struct account_object *plan_by_owner(struct planning *, enum account_menu);

/* Block the address of the account, and its former ones: a device may still use an old one. */
void plan_block_all(struct planning *);
void plan_unblock(struct planning *, const char *address);
/* Unblock a former address of the account, which its next user needs. */
void plan_unblock_old(struct planning *);

#endif
