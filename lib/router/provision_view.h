/*
 * provision_view.h: what was found on a router, kept by name, address and mark.
 *
 * A row is made for each place that a batch asks for; objects are put into it
 * as the router answers.
 */
#ifndef ROUTER_PROVISION_VIEW_H
#define ROUTER_PROVISION_VIEW_H

#include "router/account.h"

struct task;

/* A place at which an object may stand: under a name, an address or the mark of an account. */
struct place {
	enum account_menu menu;
	bool by_mark;
	const char *key;
};

/* All objects of one place. */
struct view_row {
	enum account_menu menu;
	bool by_mark;
	const char *key;             /* a name; of an entry its address; of marks the account */
	const struct task *for_whom; /* whose the name should be; NULL: there are only traces */
	struct account_object **objs;
	size_t n, room;
	struct view_row *next;
};

struct router_view {
	struct view_row **buckets;
	size_t nbuckets, nrows;
	const char *error[MENU__MAX]; /* why a menu could not be read */
	bool missing[MENU__MAX];      /* because this router has no such menu */
	struct view_row unclaimed;    /* of a check: marked with an account that is no task */
};

/* Is it a menu of an address list? */
bool view_is_entry(enum account_menu menu);
/* An address as the router prints it in a list. */
const char *view_address(struct ctx *, const char *address);

struct view_row *view_find(const struct router_view *, struct place);
/* Finds the row or makes it. */
struct view_row *view_add(struct ctx *, struct router_view *, struct place);
void view_row_put(struct ctx *, struct view_row *, struct account_object *);

/* Calls fn for each place of an account, the addresses that may be blocked included. */
typedef void place_fn(struct ctx *, void *arg, enum account_menu, const char *key);
void view_each_place(struct ctx *cx, const struct account *a, place_fn *fn, void *arg);
/* A place_fn: makes the row in the struct router_view at arg. */
void view_add_place(struct ctx *, void *arg, enum account_menu menu, const char *key);

/* All objects in the places of an account; *ret has room for one more. */
size_t view_objects(struct ctx *, const struct router_view *, const struct account *,
    struct account_object ***ret);

#endif
