/*
 * account_plan.c: compares the wanted account with the objects found, and makes commands.
 * Pure.
 *
 * A customer who should be offline is cut off first, object by object, by commands that
 * need no other to succeed; the rest of the account is corrected after the sessions have
 * ended.
 */
#include "router/account_plan_int.h"

#include <strings.h>

/* ---- each kind of object -------------------- */

static bool
is_off(const struct account *a)
{
	return a->wanted == WANTED_CUT && a->isolation == NULL;
}

static const char *
profile_of(const struct account *a)
{
	return a->wanted == WANTED_CUT && a->isolation != NULL ? a->isolation : a->profile;
}

static bool
is_spent(const struct account_object *o)
{
	return o->menu == MENU_HOTSPOT && account_is_spent(o->limit_uptime);
}

static void
common_attrs(struct planning *p, struct account_op *op, const struct account_object *o)
{
	const struct account *a = p->account;
	bool fresh = o->id == NULL;

	plan_op_differs(op, "name", o->name, a->username);
	if (fresh || (!p->walled && (!is_off(a) || a->kick)))
		plan_op_password(p, op);
	if (!p->walled)
		plan_op_differs(op, "profile", o->profile, profile_of(a));
	plan_op_differs(op, "comment", o->comment, plan_comment(p));
	if (fresh || (!p->walled && p->disabled != is_off(a)))
		plan_op_attr(op, "disabled", is_off(a) ? "yes" : "no");
}

static void
user_attrs(struct planning *p, struct account_op *op, const struct account_object *o)
{
	const struct account *a = p->account;

	common_attrs(p, op, o);
	if (a->menu == MENU_HOTSPOT) {
		plan_op_address(op, "address", o->address, a->remote_address);
		if (is_spent(o) && !is_off(a))
			plan_op_attr(op, "limit-uptime", "0s");
		return;
	}
	plan_op_differs(op, "service", o->service, a->service);
	plan_op_address(op, "local-address", o->local, a->local_address);
	plan_op_address(op, "remote-address", o->address, a->remote_address);
}

static void
queue_attrs(struct planning *p, struct account_op *op, const struct account_object *o)
{
	const struct account *a = p->account;
	struct rate_queue q = { 0 };

	(void)rate_queue(p->mem, a->bandwidth, a->burst, a->priority, &q);
	if (q.burst_limit == NULL) {
		q.burst_limit = q.burst_threshold = "0/0";
		q.burst_time = "0s/0s";
	}
	plan_op_differs(op, "name", o->name, a->username);
	plan_op_address(op, "target", o->address, a->remote_address);
	plan_op_rate(op, "max-limit", o->max_limit, q.max_limit);
	plan_op_differs(op, "priority", o->priority, q.priority);
	plan_op_differs(op, "comment", o->comment, plan_comment(p));
	plan_op_attr(op, "disabled", o->disabled ? "no" : NULL);
	plan_op_rate(op, "burst-limit", o->burst_limit, q.burst_limit);
	plan_op_rate(op, "burst-threshold", o->burst_threshold, q.burst_threshold);
	if (!rate_times_same(o->burst_time, q.burst_time))
		plan_op_attr(op, "burst-time", q.burst_time);
}

/* True when sessions of this object have another name, address or account than they should. */
static bool
is_elsewhere(const struct planning *p, const struct account_object *o)
{
	const struct account *a = p->account;

	return account_owner(a, o) == OWNER_STALE || !plan_same(o->name, a->username) ||
	       !account_address_same(o->address, a->remote_address) ||
	       (o->menu == MENU_PPP && !account_address_same(o->local, a->local_address));
}

/* True when sessions of this object run with outdated properties. */
static bool
must_redial(const struct planning *p, const struct account_object *o)
{
	const struct account *a = p->account;

	return a->kick || a->wanted == WANTED_CUT || is_elsewhere(p, o) ||
	       (profile_of(a) != NULL && !plan_same(o->profile, profile_of(a)));
}

static void
change(struct planning *p, struct account_object *o)
{
	struct account_op *op = plan_op_new(p, ACT_SET, o->menu, o);

	p->disabled = p->disabled || o->disabled;
	(o->menu == MENU_QUEUE ? queue_attrs : user_attrs)(p, op, o);
	plan_op_drop_empty(p);
	if (o->menu == MENU_QUEUE)
		return;
	if (o->menu == MENU_PPP)
		plan_op_unset(p, o, "local-address", o->local, p->account->local_address);
	plan_op_unset(p, o, o->menu == MENU_PPP ? "remote-address" : "address", o->address,
	    p->account->remote_address);
	if (must_redial(p, o)) {
		plan_kick(p, o->menu, o->name);
		plan_kick_all(p);
	}
}

/* An object without the password lets no customer in: do not make it. */
static bool
lacks_password(struct planning *p)
{
	const struct account *a = p->account;

	if (a->menu == MENU_QUEUE || a->password != NULL)
		return false;
	plan_error(p, a->locked
			  ? ACCOUNT_LOCKED
			  : arena_printf(p->mem, "%s is not on %s and its password is not known",
				a->username, p->router));
	return true;
}

static void
add(struct planning *p)
{
	static const struct account_object nothing;
	const struct account *a = p->account;

	(a->menu == MENU_QUEUE ? queue_attrs : user_attrs)(p,
	    plan_op_new(p, ACT_ADD, a->menu, NULL), &nothing);
	if (a->kick || a->wanted == WANTED_CUT)
		plan_kick_all(p);
}

/* ---- cutting off -------------------- */

static void
disable(struct planning *p, struct account_object *o)
{
	if (!o->disabled)
		plan_op_attr(plan_op_new(p, ACT_SET, o->menu, o), "disabled", "yes");
	p->disabled = true;
}

/* Isolate the account. Under a wrong name or address it is disabled until those are right. */
static void
wall(struct planning *p, struct account_object *o)
{
	struct account_op *op = plan_op_new(p, ACT_SET, o->menu, o);

	plan_op_password(p, op);
	plan_op_differs(op, "profile", o->profile, p->account->isolation);
	if (o->disabled)
		plan_op_attr(op, "disabled", "no");
	plan_op_drop_empty(p);
	p->walled = true;
}

/* Remove all objects of the account but its proper one, and switch that one off. */
static void
cut(struct planning *p, struct account_object *keep)
{
	const struct account *a = p->account;

	for (size_t i = 0; i < p->n; i++) {
		struct account_object *o = p->objs[i];

		if (o->gone || plan_is_entry(o->menu) || o->menu == MENU_QUEUE)
			continue;
		if (o == keep)
			(a->isolation != NULL && !is_elsewhere(p, o) ? wall : disable)(p, o);
		else if (account_owner(a, o) == OWNER_THIS)
			(void)plan_op_new(p, ACT_REMOVE, o->menu, o);
		else
			continue;
		plan_kick(p, o->menu, o->name);
	}
	plan_kick_all(p);
}

/* ---- on, cut, gone -------------------- */

/* Remove the other objects of the account, as after a rename or a change of service. */
static void
remove_others(struct planning *p, const struct account_object *keep)
{
	bool cut_off = p->account->wanted != WANTED_ON; /* of these only queues remain then */

	for (size_t i = 0; i < p->n; i++) {
		struct account_object *o = p->objs[i];

		if (o == keep || o->gone || plan_is_entry(o->menu) ||
		    (cut_off && o->menu != MENU_QUEUE) ||
		    account_owner(p->account, o) != OWNER_THIS)
			continue;
		(void)plan_op_new(p, ACT_REMOVE, o->menu, o);
		plan_kick(p, o->menu, o->name);
	}
}

/* The name belongs to an object that we must not change. */
static bool
is_held(struct planning *p, const struct account_object *o)
{
	enum account_owner owner = account_owner(p->account, o);

	if (owner == OWNER_FOREIGN)
		plan_error(p,
		    arena_printf(p->mem, "%s exists on %s and is not ours", o->name, p->router));
	else if (owner == OWNER_OTHER)
		plan_error(p, arena_printf(p->mem, "%s on %s still belongs to another account",
				  o->name, p->router));
	return owner == OWNER_FOREIGN || owner == OWNER_OTHER;
}

/* A queue needs an address and a rate. */
static bool
is_incomplete(struct planning *p)
{
	const struct account *a = p->account;
	const char *error = NULL;
	struct rate_queue q;

	if (a->menu != MENU_QUEUE)
		return false;
	if (plan_is_empty(a->remote_address))
		error = "a static account needs a remote_address";
	else if (!rate_queue(p->mem, a->bandwidth, a->burst, a->priority, &q))
		error = "the bandwidth or burst of the package is malformed";
	if (error != NULL)
		plan_error(p, error);
	return error != NULL;
}

/* Make or correct the object with all its properties. */
static void
settle(struct planning *p, struct account_object *keep, bool held)
{
	bool fresh = keep == NULL || account_owner(p->account, keep) != OWNER_THIS;

	if (held || is_incomplete(p) || (fresh && lacks_password(p)))
		return;
	remove_others(p, keep);
	if (keep != NULL)
		change(p, keep);
	else
		add(p);
	if (p->account->wanted != WANTED_ON)
		return;
	plan_unblock(p, p->account->remote_address);
	plan_unblock_old(p);
}

/*
 * An imported account that has not changed here since is off when its object is absent,
 * disabled, spent or in a profile that means off.
 */
static bool
is_off_as_found(const struct planning *p, const struct account_object *o)
{
	const struct account *a = p->account;

	if (!a->imported || a->pending || a->wanted != WANTED_CUT || a->menu == MENU_QUEUE)
		return false;
	if (o == NULL || o->disabled || is_spent(o))
		return true;
	for (size_t i = 0; i < a->noff_names && o->profile != NULL; i++)
		if (strcasecmp(a->off_names[i], o->profile) == 0)
			return true;
	return false;
}

static void
plan_present(struct planning *p)
{
	const struct account *a = p->account;
	struct account_object *keep = plan_by_name(p, a->menu, a->username);
	bool held = keep != NULL && is_held(p, keep);

	if (keep == NULL || held)
		keep = plan_by_owner(p, a->menu);
	if (is_off_as_found(p, keep)) {
		p->plan->cut = false;
		return;
	}
	if (a->wanted == WANTED_CUT) {
		plan_block_all(p);
		cut(p, keep);
		p->plan->nfirst = p->plan->nops;
	}
	p->guarded = true;
	settle(p, keep, held);
}

/*
 * Remove a queue only after its address is blocked: else the customer would be online
 * without a limit.
 */
static void
plan_absent(struct planning *p)
{
	cut(p, NULL);
	plan_block_all(p);
	p->guarded = true;
	remove_others(p, NULL);
}

void
account_plan(struct arena *mem, const char *router, const struct account *account,
    struct account_object *const *objs, size_t n, struct account_plan *ret)
{
	/*
	 * Each object is removed or set once, each address blocked or unblocked; one object is set
	 * and cleared twice.
	 */
	size_t room = n + 2 * account->ntraces + 8;
	struct planning p = { .mem = mem,
		.router = router,
		.account = account,
		.objs = objs,
		.n = n,
		.room = room,
		.plan = ret };

	*ret = (struct account_plan){ .cut = account->wanted != WANTED_ON };
	ret->ops = arena_alloc(mem, room * sizeof(*ret->ops));
	ret->kicks = arena_alloc(mem, (n + account->ntraces + 2) * sizeof(*ret->kicks));
	if (account->wanted == WANTED_GONE)
		plan_absent(&p);
	else
		plan_present(&p);
	if (account->wanted != WANTED_CUT)
		ret->nfirst = ret->nops;
}
