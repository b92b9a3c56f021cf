/* account_op.c: the commands of a plan, and the objects that they change. Pure. */
#include <assert.h>

#include "router/account_plan_int.h"

bool
plan_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
plan_is_empty(const char *s)
{
	return s == NULL || *s == '\0';
}

bool
plan_is_entry(enum account_menu menu)
{
	return menu == MENU_BLOCK || menu == MENU_BLOCK6;
}

/* The object under this name; one of ours before any other. */
struct account_object *
plan_by_name(struct planning *p, enum account_menu menu, const char *name)
{
	struct account_object *found = NULL;

	for (size_t i = 0; i < p->n; i++) {
		struct account_object *o = p->objs[i];

		if (o->gone || o->menu != menu || !plan_same(o->name, name))
			continue;
		if (found == NULL || account_owner(p->account, o) == OWNER_THIS)
			found = o;
	}
	return found;
}

/* An object of ours under another name, to be renamed. */
struct account_object *
plan_by_owner(struct planning *p, enum account_menu menu)
{
	for (size_t i = 0; i < p->n; i++) {
		struct account_object *o = p->objs[i];

		if (!o->gone && o->menu == menu && account_owner(p->account, o) == OWNER_THIS)
			return o;
	}
	return NULL;
}

struct account_op *
plan_op_new(struct planning *p, enum account_act act, enum account_menu menu,
    struct account_object *on)
{
	struct account_op *op = &p->plan->ops[p->plan->nops++];

	assert(p->plan->nops <= p->room);
	*op = (struct account_op){ .act = act,
		.menu = menu,
		.on = on,
		.skip_after_failure = p->skip_after_failure };
	return op;
}

/* Remove the last op if it sets nothing. */
void
plan_op_drop_empty(struct planning *p)
{
	if (p->plan->ops[p->plan->nops - 1].nattrs == 0)
		p->plan->nops--;
}

void
plan_op_attr(struct account_op *op, const char *key, const char *val)
{
	if (plan_is_empty(val))
		return;
	assert(op->nattrs < ACCOUNT_ATTRS);
	op->attrs[op->nattrs++] = (struct account_attr){ key, val };
}

/* Set the property if the object has another value. */
void
plan_op_differs(struct account_op *op, const char *key, const char *found, const char *val)
{
	if (!plan_same(found, val))
		plan_op_attr(op, key, val);
}

void
plan_op_address(struct account_op *op, const char *key, const char *found, const char *val)
{
	if (!account_address_same(found, val))
		plan_op_attr(op, key, val);
}

/* Compare rates as numbers: the router prints "5000000/10000000" for our "5M/10M". */
void
plan_op_rate(struct account_op *op, const char *key, const char *found, const char *val)
{
	if (!rate_limit_same(found, val))
		plan_op_attr(op, key, val);
}

void
plan_op_unset(struct planning *p, struct account_object *o, const char *key, const char *found,
    const char *val)
{
	if (!plan_is_empty(found) && plan_is_empty(val))
		plan_op_attr(plan_op_new(p, ACT_UNSET, o->menu, o), "value-name", key);
}

/* Fail the account after all that can be done; the first reason stays. */
void
plan_error(struct planning *p, const char *error)
{
	if (p->plan->error == NULL)
		p->plan->error = error;
}

/*
 * Send the password every time, because it cannot be read back; but not with a command
 * that switches off.
 */
void
plan_op_password(struct planning *p, struct account_op *op)
{
	if (p->account->password_unreadable)
		plan_error(p, ACCOUNT_PASSWORD_UNREADABLE);
	plan_op_attr(op, "password", p->account->password);
}

void
plan_kick(struct planning *p, enum account_menu menu, const char *name)
{
	struct account_plan *plan = p->plan;

	if ((menu != MENU_PPP && menu != MENU_HOTSPOT) || name == NULL)
		return;
	for (size_t i = 0; i < plan->nkicks; i++) {
		if (plan->kicks[i].menu == menu && strcmp(plan->kicks[i].name, name) == 0)
			return;
	}
	plan->kicks[plan->nkicks++] = (struct account_kick){ menu, name };
}

/* End the sessions under a name, unless the object with that name belongs to another account. */
static void
kick_name(struct planning *p, enum account_menu menu, const char *name)
{
	const struct account_object *o = plan_by_name(p, menu, name);

	if (o == NULL || account_owner(p->account, o) == OWNER_THIS)
		plan_kick(p, menu, name);
}

void
plan_kick_all(struct planning *p)
{
	const struct account *a = p->account;

	if (a->wanted != WANTED_GONE)
		kick_name(p, a->menu, a->username);
	for (size_t i = 0; i < a->ntraces; i++)
		kick_name(p, a->traces[i].menu, a->traces[i].name);
}

const char *
plan_comment(struct planning *p)
{
	const struct account *a = p->account;

	return arena_printf(p->mem, ACCOUNT_MARK "%s%s%s", a->id,
	    plan_is_empty(a->comment) ? "" : " ", plan_is_empty(a->comment) ? "" : a->comment);
}
