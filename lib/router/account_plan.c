/*
 * account_plan.c: from a wish and what was found to commands. Pure.
 *
 * Who should be offline is cut off first, object by object, by commands that
 * want nothing else and need no other to succeed; whatever is wrong with the
 * rest of his account comes after his sessions have ended.
 */
#include <assert.h>
#include <string.h>

#include "router/account.h"

/* What one planning works on. */
struct planning {
	struct arena *mem;
	const char *router;
	const struct account *want;
	struct account_object *const *objs;
	size_t n, room; /* room: of plan->ops */
	struct account_plan *plan;
	bool guarded;  /* so are the ops planned now */
	bool disabled; /* the object it should be, as left by the ops so far */
	bool walled;   /* it has got the isolation profile, enabled, with the password */
};

static bool
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
is_empty(const char *s)
{
	return s == NULL || *s == '\0';
}

/* ---- building a plan ----------------------------------------------------- */

static struct account_op *
op_new(struct planning *p, enum account_act act, enum account_menu menu, struct account_object *on)
{
	struct account_op *op = &p->plan->ops[p->plan->nops++];

	assert(p->plan->nops <= p->room);
	*op = (struct account_op){ .act = act, .menu = menu, .on = on, .guarded = p->guarded };
	return op;
}

/* The last op, when it turns out to have nothing to say. */
static void
op_drop_empty(struct planning *p)
{
	if (p->plan->ops[p->plan->nops - 1].nattrs == 0)
		p->plan->nops--;
}

static void
op_attr(struct account_op *op, const char *key, const char *val)
{
	if (is_empty(val))
		return;
	assert(op->nattrs < ACCOUNT_ATTRS);
	op->attrs[op->nattrs++] = (struct account_attr){ key, val };
}

/* The property is set when it is not so already. */
static void
op_differs(struct account_op *op, const char *key, const char *found, const char *val)
{
	if (!same(found, val))
		op_attr(op, key, val);
}

static void
op_address(struct account_op *op, const char *key, const char *found, const char *val)
{
	if (!account_address_same(found, val))
		op_attr(op, key, val);
}

/* By the numbers: the router prints "5000000/10000000" for our "5M/10M". */
static void
op_rate(struct account_op *op, const char *key, const char *found, const char *val)
{
	if (!rate_limit_same(found, val))
		op_attr(op, key, val);
}

static void
op_unset(struct planning *p, struct account_object *o, const char *key, const char *found,
    const char *val)
{
	if (!is_empty(found) && is_empty(val))
		op_attr(op_new(p, ACT_UNSET, o->menu, o), "value-name", key);
}

/* The account fails, after what can be done; the first reason is told. */
static void
plan_error(struct planning *p, const char *error)
{
	if (p->plan->error == NULL)
		p->plan->error = error;
}

/* Not to be read back, so it is always sent where it counts; not needed to switch somebody off. */
static void
op_password(struct planning *p, struct account_op *op)
{
	if (p->want->locked)
		plan_error(p, ACCOUNT_LOCKED);
	op_attr(op, "password", p->want->password);
}

static void
kick(struct planning *p, enum account_menu menu, const char *name)
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

static struct account_object *by_name(struct planning *, enum account_menu, const char *name);

/* Sessions under a name are the account's, unless the object of that name is another's. */
static void
kick_name(struct planning *p, enum account_menu menu, const char *name)
{
	const struct account_object *o = by_name(p, menu, name);

	if (o == NULL || account_owner(p->want, o) == OWNER_THIS)
		kick(p, menu, name);
}

static void
kick_all(struct planning *p)
{
	const struct account *w = p->want;

	if (w->wish != WISH_ABSENT)
		kick_name(p, w->menu, w->username);
	for (size_t i = 0; i < w->ntraces; i++)
		kick_name(p, w->traces[i].menu, w->traces[i].name);
}

static const char *
comment_of(struct planning *p)
{
	const struct account *w = p->want;

	return arena_printf(p->mem, ACCOUNT_MARK "%s%s%s", w->id, is_empty(w->comment) ? "" : " ",
	    is_empty(w->comment) ? "" : w->comment);
}

/* ---- looking at what was found ------------------------------------------- */

static bool
is_entry(enum account_menu menu)
{
	return menu == MENU_BLOCK || menu == MENU_BLOCK6;
}

/* The object under this name: ours before any other. */
static struct account_object *
by_name(struct planning *p, enum account_menu menu, const char *name)
{
	struct account_object *found = NULL;

	for (size_t i = 0; i < p->n; i++) {
		struct account_object *o = p->objs[i];

		if (o->gone || o->menu != menu || !same(o->name, name))
			continue;
		if (found == NULL || account_owner(p->want, o) == OWNER_THIS)
			found = o;
	}
	return found;
}

/* One of ours under another name, to be renamed. */
static struct account_object *
by_owner(struct planning *p, enum account_menu menu)
{
	for (size_t i = 0; i < p->n; i++) {
		struct account_object *o = p->objs[i];

		if (!o->gone && o->menu == menu && account_owner(p->want, o) == OWNER_THIS)
			return o;
	}
	return NULL;
}

static struct account_object *
blocked(struct planning *p, const char *address)
{
	for (size_t i = 0; i < p->n; i++) {
		struct account_object *o = p->objs[i];

		if (!o->gone && is_entry(o->menu) && account_address_same(o->address, address))
			return o;
	}
	return NULL;
}

/* ---- the address list ---------------------------------------------------- */

/* Several traces may have one address. */
static bool
is_dealt_with(const struct planning *p, const char *address)
{
	for (size_t i = 0; i < p->plan->nops; i++) {
		const struct account_op *op = &p->plan->ops[i];
		const char *of = op->act == ACT_ADD ? op->attrs[1].val : op->on->address;

		if (is_entry(op->menu) && account_address_same(of, address))
			return true;
	}
	return false;
}

/* An entry that was switched off by hand blocks nobody. */
static void
block_again(struct planning *p, struct account_object *o)
{
	if (!o->disabled)
		return;
	if (account_is_marked(o))
		op_attr(op_new(p, ACT_SET, o->menu, o), "disabled", "no");
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

	if (!account_blocks(p->want, address) || is_dealt_with(p, address))
		return;
	if ((o = blocked(p, address)) != NULL) {
		block_again(p, o);
		return;
	}
	op = op_new(p, ACT_ADD, strchr(address, ':') != NULL ? MENU_BLOCK6 : MENU_BLOCK, NULL);
	op_attr(op, "list", ACCOUNT_BLOCK_LIST);
	op_attr(op, "address", address); /* second: is_dealt_with() looks there */
	op_attr(op, "comment", comment_of(p));
}

/* The address it has, and those it had: a device goes on with an old one as well. */
static void
block_all(struct planning *p)
{
	const struct account *w = p->want;

	if (w->menu == MENU_QUEUE && w->wish == WISH_SUSPENDED)
		block(p, w->remote_address);
	for (size_t i = 0; i < w->ntraces; i++)
		block(p, w->traces[i].address);
}

static void
unblock(struct planning *p, const char *address)
{
	struct account_object *o;

	if (is_empty(address) || (o = blocked(p, address)) == NULL)
		return;
	if (account_is_marked(o))
		(void)op_new(p, ACT_REMOVE, o->menu, o);
	else
		p->plan->warning = arena_printf(p->mem,
		    "%s: %s is in " ACCOUNT_BLOCK_LIST " and the entry is not ours", p->router,
		    address);
}

/* An address the account had before must not stay blocked for whoever comes next. */
static void
unblock_old(struct planning *p)
{
	const struct account *w = p->want;

	for (size_t i = 0; i < w->ntraces; i++) {
		const char *old = w->traces[i].address;
		struct account_object *o = old != NULL ? blocked(p, old) : NULL;

		if (o == NULL || is_dealt_with(p, old) ||
		    account_address_same(old, w->remote_address) || account_shares(w, old))
			continue;
		if (account_is_marked_by(o, w->id))
			(void)op_new(p, ACT_REMOVE, o->menu, o);
	}
}

/* ---- each kind of object ------------------------------------------------- */

static bool
is_off(const struct account *w)
{
	return w->wish == WISH_SUSPENDED && w->isolation == NULL;
}

static const char *
profile_of(const struct account *w)
{
	return w->wish == WISH_SUSPENDED && w->isolation != NULL ? w->isolation : w->profile;
}

static void
common_attrs(struct planning *p, struct account_op *op, const struct account_object *o)
{
	const struct account *w = p->want;
	bool fresh = o->id == NULL;

	op_differs(op, "name", o->name, w->username);
	if (fresh || (!p->walled && (!is_off(w) || w->kick)))
		op_password(p, op);
	if (!p->walled)
		op_differs(op, "profile", o->profile, profile_of(w));
	op_differs(op, "comment", o->comment, comment_of(p));
	if (fresh || (!p->walled && p->disabled != is_off(w)))
		op_attr(op, "disabled", is_off(w) ? "yes" : "no");
}

static void
user_attrs(struct planning *p, struct account_op *op, const struct account_object *o)
{
	const struct account *w = p->want;

	common_attrs(p, op, o);
	if (w->menu == MENU_HOTSPOT) {
		op_address(op, "address", o->address, w->remote_address);
		return;
	}
	op_differs(op, "service", o->service, w->service);
	op_address(op, "local-address", o->local, w->local_address);
	op_address(op, "remote-address", o->address, w->remote_address);
}

static void
queue_attrs(struct planning *p, struct account_op *op, const struct account_object *o)
{
	const struct account *w = p->want;
	struct rate_queue q = { 0 };

	(void)rate_queue(p->mem, w->bandwidth, w->burst, w->priority, &q);
	if (q.burst_limit == NULL) {
		q.burst_limit = q.burst_threshold = "0/0";
		q.burst_time = "0s/0s";
	}
	op_differs(op, "name", o->name, w->username);
	op_address(op, "target", o->address, w->remote_address);
	op_rate(op, "max-limit", o->max_limit, q.max_limit);
	op_differs(op, "priority", o->priority, q.priority);
	op_differs(op, "comment", o->comment, comment_of(p));
	op_attr(op, "disabled", o->disabled ? "no" : NULL);
	op_rate(op, "burst-limit", o->burst_limit, q.burst_limit);
	op_rate(op, "burst-threshold", o->burst_threshold, q.burst_threshold);
	if (!rate_times_same(o->burst_time, q.burst_time))
		op_attr(op, "burst-time", q.burst_time);
}

/* Is a session of this object under a name or address, or of an account, that it should not be? */
static bool
is_elsewhere(const struct planning *p, const struct account_object *o)
{
	const struct account *w = p->want;

	return account_owner(w, o) == OWNER_STALE || !same(o->name, w->username) ||
	       !account_address_same(o->address, w->remote_address) ||
	       (o->menu == MENU_PPP && !account_address_same(o->local, w->local_address));
}

/* What a session of this object runs with is no longer what it should. */
static bool
must_redial(const struct planning *p, const struct account_object *o)
{
	const struct account *w = p->want;

	return w->kick || w->wish == WISH_SUSPENDED || is_elsewhere(p, o) ||
	       (profile_of(w) != NULL && !same(o->profile, profile_of(w)));
}

static void
change(struct planning *p, struct account_object *o)
{
	struct account_op *op = op_new(p, ACT_SET, o->menu, o);

	p->disabled = p->disabled || o->disabled;
	(o->menu == MENU_QUEUE ? queue_attrs : user_attrs)(p, op, o);
	op_drop_empty(p);
	if (o->menu == MENU_QUEUE)
		return;
	if (o->menu == MENU_PPP)
		op_unset(p, o, "local-address", o->local, p->want->local_address);
	op_unset(p, o, o->menu == MENU_PPP ? "remote-address" : "address", o->address,
	    p->want->remote_address);
	if (must_redial(p, o)) {
		kick(p, o->menu, o->name);
		kick_all(p);
	}
}

/* Nobody could dial in, or another with his own password: better not there. */
static bool
lacks_password(struct planning *p)
{
	const struct account *w = p->want;

	if (w->menu == MENU_QUEUE || w->password != NULL)
		return false;
	plan_error(p, w->locked
			  ? ACCOUNT_LOCKED
			  : arena_printf(p->mem, "%s is not on %s and its password is not known",
				w->username, p->router));
	return true;
}

static void
add(struct planning *p)
{
	static const struct account_object nothing;
	const struct account *w = p->want;

	(w->menu == MENU_QUEUE ? queue_attrs : user_attrs)(p, op_new(p, ACT_ADD, w->menu, NULL),
	    &nothing);
	if (w->kick || w->wish == WISH_SUSPENDED)
		kick_all(p);
}

/* ---- cutting off --------------------------------------------------------- */

static void
disable(struct planning *p, struct account_object *o)
{
	if (!o->disabled)
		op_attr(op_new(p, ACT_SET, o->menu, o), "disabled", "yes");
	p->disabled = true;
}

/* Into the walled garden.  Who is under a wrong name or address is disabled until that is right. */
static void
wall(struct planning *p, struct account_object *o)
{
	struct account_op *op = op_new(p, ACT_SET, o->menu, o);

	op_password(p, op);
	op_differs(op, "profile", o->profile, p->want->isolation);
	if (o->disabled)
		op_attr(op, "disabled", "no");
	op_drop_empty(p);
	p->walled = true;
}

/* All that is ours, but the one object it should be, which lets nobody dial in as a customer. */
static void
cut(struct planning *p, struct account_object *keep)
{
	const struct account *w = p->want;

	for (size_t i = 0; i < p->n; i++) {
		struct account_object *o = p->objs[i];

		if (o->gone || is_entry(o->menu) || o->menu == MENU_QUEUE)
			continue;
		if (o == keep)
			(w->isolation != NULL && !is_elsewhere(p, o) ? wall : disable)(p, o);
		else if (account_owner(w, o) == OWNER_THIS)
			(void)op_new(p, ACT_REMOVE, o->menu, o);
		else
			continue;
		kick(p, o->menu, o->name);
	}
	kick_all(p);
}

/* ---- the three wishes ---------------------------------------------------- */

/* What is ours but not the one object it should be: after a rename or another service. */
static void
remove_others(struct planning *p, const struct account_object *keep)
{
	bool cut_off = p->want->wish != WISH_ENABLED; /* then only queues are left of them */

	for (size_t i = 0; i < p->n; i++) {
		struct account_object *o = p->objs[i];

		if (o == keep || o->gone || is_entry(o->menu) ||
		    (cut_off && o->menu != MENU_QUEUE) || account_owner(p->want, o) != OWNER_THIS)
			continue;
		(void)op_new(p, ACT_REMOVE, o->menu, o);
		kick(p, o->menu, o->name);
	}
}

/* The name is held by something that is not for us to touch. */
static bool
is_held(struct planning *p, const struct account_object *o)
{
	enum account_owner owner = account_owner(p->want, o);

	if (owner == OWNER_FOREIGN)
		plan_error(p,
		    arena_printf(p->mem, "%s exists on %s and is not ours", o->name, p->router));
	else if (owner == OWNER_OTHER)
		plan_error(p, arena_printf(p->mem, "%s on %s still belongs to another account",
				  o->name, p->router));
	return owner == OWNER_FOREIGN || owner == OWNER_OTHER;
}

/* What a queue cannot be made without. */
static bool
is_incomplete(struct planning *p)
{
	const struct account *w = p->want;
	const char *error = NULL;
	struct rate_queue q;

	if (w->menu != MENU_QUEUE)
		return false;
	if (is_empty(w->remote_address))
		error = "a static account needs a remote_address";
	else if (!rate_queue(p->mem, w->bandwidth, w->burst, w->priority, &q))
		error = "the bandwidth or burst of the package is malformed";
	if (error != NULL)
		plan_error(p, error);
	return error != NULL;
}

/* The object and all its properties. */
static void
settle(struct planning *p, struct account_object *keep, bool held)
{
	bool fresh = keep == NULL || account_owner(p->want, keep) != OWNER_THIS;

	if (held || is_incomplete(p) || (fresh && lacks_password(p)))
		return;
	remove_others(p, keep);
	if (keep != NULL)
		change(p, keep);
	else
		add(p);
	if (p->want->wish != WISH_ENABLED)
		return;
	unblock(p, p->want->remote_address);
	unblock_old(p);
}

static void
plan_present(struct planning *p)
{
	const struct account *w = p->want;
	struct account_object *keep = by_name(p, w->menu, w->username);
	bool held = keep != NULL && is_held(p, keep);

	if (keep == NULL || held)
		keep = by_owner(p, w->menu);
	if (w->wish == WISH_SUSPENDED) {
		block_all(p);
		cut(p, keep);
		p->plan->nfirst = p->plan->nops;
	}
	p->guarded = true;
	settle(p, keep, held);
}

/* A queue goes only after its block: without it the customer would be online unlimited. */
static void
plan_absent(struct planning *p)
{
	cut(p, NULL);
	block_all(p);
	p->guarded = true;
	remove_others(p, NULL);
}

void
account_plan(struct arena *mem, const char *router, const struct account *want,
    struct account_object *const *objs, size_t n, struct account_plan *ret)
{
	/* Each object is removed or set once, an address blocked or unblocked; one is set and unset
	 * twice. */
	size_t room = n + 2 * want->ntraces + 8;
	struct planning p = { .mem = mem,
		.router = router,
		.want = want,
		.objs = objs,
		.n = n,
		.room = room,
		.plan = ret };

	*ret = (struct account_plan){ .cut = want->wish != WISH_ENABLED };
	ret->ops = arena_alloc(mem, room * sizeof(*ret->ops));
	ret->kicks = arena_alloc(mem, (n + want->ntraces + 2) * sizeof(*ret->kicks));
	if (want->wish == WISH_ABSENT)
		plan_absent(&p);
	else
		plan_present(&p);
	if (want->wish != WISH_SUSPENDED)
		ret->nfirst = ret->nops;
}
