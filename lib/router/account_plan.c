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
is_uptime_used_up(const struct account_object *o)
{
	return o->menu == MENU_HOTSPOT && account_is_uptime_used_up(o->limit_uptime);
}

/*
 * The router does not show a password, so it is written with every change of an object that
 * lets the customer in. An object that is off gets it when it is made, and when the password
 * may have changed (kick). isolate() has written the password, the profile and "disabled"
 * already.
 */
static void
common_attrs(struct planning *p, struct account_op *op, const struct account_object *o)
{
	const struct account *a = p->account;
	bool is_new = o->id == NULL;

	plan_op_differs(op, "name", o->name, a->username);
	if (is_new || (!p->isolated_so_far && (!is_off(a) || a->kick)))
		plan_op_password(p, op);
	if (!p->isolated_so_far)
		plan_op_differs(op, "profile", o->profile, profile_of(a));
	plan_op_differs(op, "comment", o->comment, plan_comment(p));
	if (is_new || (!p->isolated_so_far && p->disabled_so_far != is_off(a)))
		plan_op_attr(op, "disabled", is_off(a) ? "yes" : "no");
}

static void
user_attrs(struct planning *p, struct account_op *op, const struct account_object *o)
{
	const struct account *a = p->account;

	common_attrs(p, op, o);
	if (a->menu == MENU_HOTSPOT) {
		plan_op_address(op, "address", o->address, a->remote_address);
		if (is_uptime_used_up(o) && !is_off(a))
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

/* True when this object has another name, address or owner than the account should have. */
static bool
has_other_identity(const struct planning *p, const struct account_object *o)
{
	const struct account *a = p->account;

	return account_owner(a, o) == OWNER_STALE || !plan_same(o->name, a->username) ||
	       !account_address_same(o->address, a->remote_address) ||
	       (o->menu == MENU_PPP && !account_address_same(o->local, a->local_address));
}

/* True when sessions of this object must end, because they keep the properties they began with. */
static bool
must_end_sessions(const struct planning *p, const struct account_object *o)
{
	const struct account *a = p->account;

	return a->kick || a->wanted == WANTED_CUT || has_other_identity(p, o) ||
	       (profile_of(a) != NULL && !plan_same(o->profile, profile_of(a)));
}

static void
change(struct planning *p, struct account_object *o)
{
	struct account_op *op = plan_op_new(p, ACT_SET, o->menu, o);

	p->disabled_so_far = p->disabled_so_far || o->disabled;
	(o->menu == MENU_QUEUE ? queue_attrs : user_attrs)(p, op, o);
	plan_op_drop_empty(p);
	if (o->menu == MENU_QUEUE)
		return;
	if (o->menu == MENU_PPP)
		plan_op_unset(p, o, "local-address", o->local, p->account->local_address);
	plan_op_unset(p, o, o->menu == MENU_PPP ? "remote-address" : "address", o->address,
	    p->account->remote_address);
	if (must_end_sessions(p, o)) {
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
	plan_error(p, a->password_unreadable
			  ? ACCOUNT_PASSWORD_UNREADABLE
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
	p->disabled_so_far = true;
}

/* Isolate the account: its object is enabled, with the isolation profile and the password. */
static void
isolate(struct planning *p, struct account_object *o)
{
	struct account_op *op = plan_op_new(p, ACT_SET, o->menu, o);

	plan_op_password(p, op);
	plan_op_differs(op, "profile", o->profile, p->account->isolation);
	if (o->disabled)
		plan_op_attr(op, "disabled", "no");
	plan_op_drop_empty(p);
	p->isolated_so_far = true;
}

/*
 * Switch off `keep`, the object that the account is to have, and remove its other objects; the
 * sessions of all end. An object with another name or address is disabled, not isolated: it
 * would let the customer in as someone else. Queues stay: plan_absent() says why.
 */
static void
cut(struct planning *p, struct account_object *keep)
{
	const struct account *a = p->account;

	for (size_t i = 0; i < p->n; i++) {
		struct account_object *o = p->objs[i];

		if (o->gone || plan_is_entry(o->menu) || o->menu == MENU_QUEUE)
			continue;
		if (o == keep)
			(a->isolation != NULL && !has_other_identity(p, o) ? isolate : disable)(p,
			    o);
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
	bool only_queues = p->account->wanted != WANTED_ON; /* cut() has removed the others */

	for (size_t i = 0; i < p->n; i++) {
		struct account_object *o = p->objs[i];

		if (o == keep || o->gone || plan_is_entry(o->menu) ||
		    (only_queues && o->menu != MENU_QUEUE) ||
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
	bool is_made_or_taken_over = keep == NULL || account_owner(p->account, keep) != OWNER_THIS;

	if (held || is_incomplete(p) || (is_made_or_taken_over && lacks_password(p)))
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
 * True for an imported account that should be off, has not changed here since the import, and
 * is off as it was found: its object is absent or disabled, its uptime is used up, or it is in
 * a profile that means off. The account stays as it is.
 */
static bool
is_off_as_found(const struct planning *p, const struct account_object *o)
{
	const struct account *a = p->account;

	if (!a->imported || a->pending || a->wanted != WANTED_CUT || a->menu == MENU_QUEUE)
		return false;
	if (o == NULL || o->disabled || is_uptime_used_up(o))
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
		p->plan->kick_always = false;
		return;
	}
	if (a->wanted == WANTED_CUT) {
		plan_block_all(p);
		cut(p, keep);
		p->plan->nops_before_kick = p->plan->nops;
	}
	p->skip_after_failure = true; /* the cut was tried whatever failed; the rest is not */
	settle(p, keep, held);
}

/*
 * Remove a queue only after its address is blocked, and not where blocking failed: else the
 * customer would be online without a limit.
 */
static void
plan_absent(struct planning *p)
{
	cut(p, NULL);
	plan_block_all(p);
	p->skip_after_failure = true;
	remove_others(p, NULL);
}

void
account_plan(struct arena *mem, const char *router, const struct account *account,
    struct account_object *const *objs, size_t n, struct account_plan *ret)
{
	/*
	 * The most ops: one for each object found (it is removed or set), and two for each trace
	 * (its address is blocked, then unblocked). Beside them: an object that is added, a second
	 * op for the kept object, which both cut() and change() set, two properties of it that are
	 * cleared, and the account's own address. Those are 5; plan_op_new() asserts the bound.
	 */
	size_t room = n + 2 * account->ntraces + 8;
	struct planning p = { .mem = mem,
		.router = router,
		.account = account,
		.objs = objs,
		.n = n,
		.room = room,
		.plan = ret };

	*ret = (struct account_plan){ .kick_always = account->wanted != WANTED_ON };
	ret->ops = arena_alloc(mem, room * sizeof(*ret->ops));
	ret->kicks = arena_alloc(mem, (n + account->ntraces + 2) * sizeof(*ret->kicks));
	if (account->wanted == WANTED_GONE)
		plan_absent(&p);
	else
		plan_present(&p);
	/* Only a cut has ops that wait for the end of the sessions: see the top of this file. */
	if (account->wanted != WANTED_CUT)
		ret->nops_before_kick = ret->nops;
}
