/*
 * provision_view.h: the objects found on a router, by name, address and mark.
 *
 * A batch makes a row for each place that it looks at; the router's answers fill the rows.
 */
#ifndef ROUTER_PROVISION_VIEW_H
#define ROUTER_PROVISION_VIEW_H

#include "router/account.h"

struct task;

/* A place where an object may be: under a name, an address, or the mark of an account. */
struct place {
	enum account_menu menu;
	bool by_mark;
	const char *key;
};

/* All objects of one place. */
struct view_row {
	enum account_menu menu;
	bool by_mark;
	const char *key;             /* a name, the address of an entry, or the account of a mark */
	const struct task *for_whom; /* the task with this name; NULL: only traces */
	struct account_object **objs;
	size_t n, room;
	struct view_row *next;
};

struct router_view {
	struct view_row **buckets;
	size_t nbuckets, nrows;
	const char *error[MENU__MAX]; /* the reason why a menu could not be read */
	bool missing[MENU__MAX];      /* this router lacks the menu */
	struct view_row unclaimed;    /* of a check: marked with an account that is no task */
};

/* True for the menus of address lists. */
bool view_is_entry(enum account_menu menu);
/* An address as a router prints it in a list. */
const char *view_address(struct ctx *, const char *address);

struct view_row *view_find(const struct router_view *, struct place);
/* Find the row, or make it. */
struct view_row *view_add(struct ctx *, struct router_view *, struct place);
void view_row_put(struct ctx *, struct view_row *, struct account_object *);

/* Call fn for each place of an account, including addresses that may be blocked. */
typedef void place_fn(struct ctx *, void *arg, enum account_menu, const char *key);
void view_each_place(struct ctx *cx, const struct account *a, place_fn *fn, void *arg);
/* A place_fn: make the row in the struct router_view at arg. */
void view_add_place(struct ctx *, void *arg, enum account_menu menu, const char *key);

/* All objects in the places of an account; *ret has space for one more. */
size_t view_objects(struct ctx *, const struct router_view *, const struct account *,
    struct account_object ***ret);

#endif
