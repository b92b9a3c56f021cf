/*
 * account_block.c: the address list isp-blocked, which cuts static accounts off. Pure.
 */
#include "router/account_plan_int.h"

static struct account_object *
blocked(struct planning *p, const char *address)
{
	for (size_t i = 0; i < p->n; i++) {
		struct account_object *o = p->objs[i];

		if (!o->gone && plan_is_entry(o->menu) && account_address_same(o->address, address))
			return o;
	}
	return NULL;
}

/* True when an address was handled before: several traces may have the same one. */
static bool
is_dealt_with(const struct planning *p, const char *address)
{
	for (size_t i = 0; i < p->plan->nops; i++) {
		const struct account_op *op = &p->plan->ops[i];
		const char *of = op->act == ACT_ADD ? op->attrs[1].val : op->on->address;

		if (plan_is_entry(op->menu) && account_address_same(of, address))
			return true;
	}
	return false;
}

/* A disabled entry blocks no address: enable it again. */
static void
block_again(struct planning *p, struct account_object *o)
{
	if (!o->disabled)
		return;
	if (account_object_has_mark(o))
		plan_op_attr(plan_op_new(p, ACT_SET, o->menu, o), "disabled", "no");
	else
		plan_error(p,
		    arena_printf(p->mem,
			"%s: the entry of %s in " ACCOUNT_BLOCK_LIST " is disabled and not ours",
			p->router, o->address));
}

static void
block(struct planning *p, const char *address)
{
	struct account_object *o;
	struct account_op *op;

	if (!account_blocks(p->account, address) || is_dealt_with(p, address))
		return;
	if ((o = blocked(p, address)) != NULL) {
		block_again(p, o);
		return;
	}
	op = plan_op_new(p, ACT_ADD, strchr(address, ':') != NULL ? MENU_BLOCK6 : MENU_BLOCK, NULL);
	plan_op_attr(op, "list", ACCOUNT_BLOCK_LIST);
	plan_op_attr(op, "address", address); /* second, where is_dealt_with() looks */
	plan_op_attr(op, "comment", plan_comment(p));
}

/* Block the address of the account, and its former ones: a device may still use an old one. */
void
plan_block_all(struct planning *p)
{
	const struct account *a = p->account;

	if (a->menu == MENU_QUEUE && a->wanted == WANTED_CUT)
		block(p, a->remote_address);
	for (size_t i = 0; i < a->ntraces; i++)
		block(p, a->traces[i].address);
}

void
plan_unblock(struct planning *p, const char *address)
{
	struct account_object *o;

	if (plan_is_empty(address) || (o = blocked(p, address)) == NULL)
		return;
	if (account_object_has_mark(o))
		(void)plan_op_new(p, ACT_REMOVE, o->menu, o);
	else
		p->plan->warning = arena_printf(p->mem,
		    "%s: %s is in " ACCOUNT_BLOCK_LIST " and the entry is not ours", p->router,
		    address);
}

/* Unblock a former address of the account, which its next user needs. */
void
plan_unblock_old(struct planning *p)
{
	const struct account *a = p->account;

	for (size_t i = 0; i < a->ntraces; i++) {
		const char *old = a->traces[i].address;
		struct account_object *o = old != NULL ? blocked(p, old) : NULL;

		if (o == NULL || is_dealt_with(p, old) ||
		    account_address_same(old, a->remote_address) || account_shares(a, old))
			continue;
		if (account_object_has_mark_of(o, a->id))
			(void)plan_op_new(p, ACT_REMOVE, o->menu, o);
	}
}
