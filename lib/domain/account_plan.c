/* account_plan.c: from a wish and what was found to commands. Pure. */
#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#include "domain/account.h"

const char *const account_menu_path[MENU__MAX] = {
	[MENU_PPP] = "/ppp/secret",
	[MENU_HOTSPOT] = "/ip/hotspot/user",
	[MENU_QUEUE] = "/queue/simple",
	[MENU_BLOCK] = "/ip/firewall/address-list",
	[MENU_BLOCK6] = "/ipv6/firewall/address-list",
};

#define MARK     "isp:"
#define MARK_LEN (sizeof(MARK) - 1)
#define UUID_LEN ((size_t)36)

/* What one planning works on. */
struct planning {
	struct arena *mem;
	const char *router;
	const struct account *want;
	struct account_object *const *objs;
	size_t n;
	struct account_plan *plan;
	struct account_op spare; /* where a plan beyond its bounds is written to */
};

/* ---- marks, addresses ---------------------------------------------------- */

const char *
account_mark(struct arena *mem, const char *comment)
{
	if (comment == NULL || strncmp(comment, MARK, MARK_LEN) != 0)
		return NULL;
	comment += MARK_LEN;
	if (strspn(comment, "0123456789abcdef-") != UUID_LEN)
		return NULL;
	if (comment[UUID_LEN] != '\0' && comment[UUID_LEN] != ' ')
		return NULL;
	return arena_printf(mem, "%.*s", (int)UUID_LEN, comment);
}

static bool
is_marked_by(const char *comment, const char *id)
{
	return comment != NULL && strncmp(comment, MARK, MARK_LEN) == 0 &&
	       strncmp(comment + MARK_LEN, id, UUID_LEN) == 0 &&
	       (comment[MARK_LEN + UUID_LEN] == '\0' || comment[MARK_LEN + UUID_LEN] == ' ');
}

static bool
is_ours(const struct account_object *o)
{
	return o->comment != NULL && strncmp(o->comment, MARK, MARK_LEN) == 0;
}

enum account_owner
account_owner(const struct account *want, const struct account_object *o)
{
	if (o->dynamic)
		return OWNER_FOREIGN;
	if (is_marked_by(o->comment, want->id))
		return OWNER_THIS;
	if (is_ours(o))
		return o->stale ? OWNER_STALE : OWNER_OTHER;
	return want->imported ? OWNER_THIS : OWNER_FOREIGN;
}

/* As bytes, without the prefix length of a single host; 0 when it is no address. */
static size_t
address_bytes(const char *text, unsigned char ret[static 16])
{
	char buf[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	bool six = memchr(text, ':', len) != NULL;

	if (len >= sizeof(buf))
		return 0;
	if (slash != NULL && strcmp(slash, six ? "/128" : "/32") != 0)
		return 0;
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (inet_pton(six ? AF_INET6 : AF_INET, buf, ret) != 1)
		return 0;
	return six ? 16 : 4;
}

bool
account_address_same(const char *a, const char *b)
{
	unsigned char x[16], y[16];
	size_t n;

	if (a == NULL || b == NULL)
		return a == b;
	n = address_bytes(a, x);
	if (n == 0 || n != address_bytes(b, y))
		return strcmp(a, b) == 0;
	return memcmp(x, y, n) == 0;
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
is_taken(const struct account *want, const char *address)
{
	for (size_t i = 0; i < want->ntaken; i++) {
		if (account_address_same(want->taken[i], address))
			return true;
	}
	return false;
}

/* ---- building a plan ----------------------------------------------------- */

static struct account_op *
op_new(struct planning *p, enum account_act act, enum account_menu menu, struct account_object *on)
{
	struct account_op *op = &p->spare;

	if (p->plan->nops < ACCOUNT_OPS)
		op = &p->plan->ops[p->plan->nops++];
	else
		p->plan->error = "too many traces on the router; the rest follows";
	*op = (struct account_op){ .act = act, .menu = menu, .on = on };
	return op;
}

static void
op_attr(struct account_op *op, const char *key, const char *val)
{
	if (val == NULL || *val == '\0')
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

static void
op_unset(struct planning *p, struct account_object *o, const char *key, const char *found,
    const char *val)
{
	if (found != NULL && *found != '\0' && (val == NULL || *val == '\0'))
		op_attr(op_new(p, ACT_UNSET, o->menu, o), "value-name", key);
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
	if (plan->nkicks < ACCOUNT_KICKS)
		plan->kicks[plan->nkicks++] = (struct account_kick){ menu, name };
}

static struct account_object *by_name(struct planning *, enum account_menu, const char *name);

/* May sessions under this name be of the account, whatever became of its object? */
static void
kick_trace(struct planning *p, const struct account_trace *t)
{
	const struct account_object *o = by_name(p, t->menu, t->name);

	if (o == NULL || account_owner(p->want, o) == OWNER_THIS)
		kick(p, t->menu, t->name);
}

static void
kick_all(struct planning *p)
{
	kick(p, p->want->menu, p->want->username);
	for (size_t i = 0; i < p->want->ntraces; i++)
		kick_trace(p, &p->want->traces[i]);
}

static const char *
comment_of(struct planning *p)
{
	const struct account *w = p->want;

	if (w->comment == NULL || *w->comment == '\0')
		return arena_printf(p->mem, MARK "%s", w->id);
	return arena_printf(p->mem, MARK "%s %s", w->id, w->comment);
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
by_mark(struct planning *p, enum account_menu menu)
{
	for (size_t i = 0; i < p->n; i++) {
		struct account_object *o = p->objs[i];

		if (!o->gone && o->menu == menu && is_marked_by(o->comment, p->want->id))
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

static void
block(struct planning *p, const char *address)
{
	struct account_op *op;

	if (address == NULL || *address == '\0' || blocked(p, address) != NULL)
		return;
	op = op_new(p, ACT_ADD, strchr(address, ':') != NULL ? MENU_BLOCK6 : MENU_BLOCK, NULL);
	op_attr(op, "list", ACCOUNT_BLOCK_LIST);
	op_attr(op, "address", address);
	op_attr(op, "comment", comment_of(p));
}

static void
unblock(struct planning *p, const char *address)
{
	struct account_object *o;

	if (address == NULL || *address == '\0' || (o = blocked(p, address)) == NULL)
		return;
	if (is_ours(o))
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

		if (o == NULL || account_address_same(old, w->remote_address) || is_taken(w, old))
			continue;
		if (is_marked_by(o->comment, w->id))
			(void)op_new(p, ACT_REMOVE, o->menu, o);
	}
}

/* ---- each kind of object ------------------------------------------------- */

static bool
is_disabled(const struct account *w)
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

	op_differs(op, "name", o->name, w->username);
	op_attr(op, "password", w->password);
	op_differs(op, "profile", o->profile, profile_of(w));
	op_differs(op, "comment", o->comment, comment_of(p));
	if (o->id == NULL || o->disabled != is_disabled(w))
		op_attr(op, "disabled", is_disabled(w) ? "yes" : "no");
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
	op_differs(op, "name", o->name, w->username);
	op_address(op, "target", o->address, w->remote_address);
	op_attr(op, "max-limit", q.max_limit);
	op_attr(op, "priority", q.priority);
	op_differs(op, "comment", o->comment, comment_of(p));
	if (q.burst_limit == NULL && o->id == NULL)
		return;
	op_attr(op, "burst-limit", q.burst_limit != NULL ? q.burst_limit : "0/0");
	op_attr(op, "burst-threshold", q.burst_limit != NULL ? q.burst_threshold : "0/0");
	op_attr(op, "burst-time", q.burst_limit != NULL ? q.burst_time : "0s/0s");
}

/* What a session of this object runs with is no longer what it should. */
static bool
must_redial(const struct planning *p, const struct account_object *o)
{
	const struct account *w = p->want;

	return w->kick || w->wish == WISH_SUSPENDED || account_owner(w, o) == OWNER_STALE ||
	       !same(o->name, w->username) ||
	       (profile_of(w) != NULL && !same(o->profile, profile_of(w))) ||
	       !account_address_same(o->address, w->remote_address) ||
	       (o->menu == MENU_PPP && !account_address_same(o->local, w->local_address));
}

static void
change(struct planning *p, struct account_object *o)
{
	struct account_op *op = op_new(p, ACT_SET, o->menu, o);

	(o->menu == MENU_QUEUE ? queue_attrs : user_attrs)(p, op, o);
	if (op->nattrs == 0)
		p->plan->nops--;
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

static void
add(struct planning *p)
{
	static const struct account_object nothing;
	const struct account *w = p->want;

	if (w->menu != MENU_QUEUE && w->password == NULL) {
		p->plan->error = arena_printf(p->mem,
		    "%s is not on %s and its password is not known", w->username, p->router);
		return;
	}
	(w->menu == MENU_QUEUE ? queue_attrs : user_attrs)(p, op_new(p, ACT_ADD, w->menu, NULL),
	    &nothing);
	if (w->kick || w->wish == WISH_SUSPENDED)
		kick_all(p);
}

/* ---- the three wishes ---------------------------------------------------- */

/* What is ours but not the one object it should be: after a rename or another service. */
static void
remove_others(struct planning *p, const struct account_object *keep)
{
	for (size_t i = 0; i < p->n; i++) {
		struct account_object *o = p->objs[i];

		if (o == keep || o->gone || is_entry(o->menu) ||
		    !is_marked_by(o->comment, p->want->id))
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
		p->plan->error =
		    arena_printf(p->mem, "%s exists on %s and is not ours", o->name, p->router);
	else if (owner == OWNER_OTHER)
		p->plan->error = arena_printf(p->mem, "%s on %s still belongs to another account",
		    o->name, p->router);
	return p->plan->error != NULL;
}

static bool
has_rates(const struct planning *p)
{
	const struct account *w = p->want;
	struct rate_queue q;

	return rate_queue(p->mem, w->bandwidth, w->burst, w->priority, &q);
}

static void
plan_present(struct planning *p)
{
	const struct account *w = p->want;
	struct account_object *o = by_name(p, w->menu, w->username);

	if (o != NULL && is_held(p, o))
		return;
	if (w->menu == MENU_QUEUE && (w->remote_address == NULL || *w->remote_address == '\0')) {
		p->plan->error = "a static account needs a remote_address";
		return;
	}
	if (w->menu == MENU_QUEUE && w->wish == WISH_SUSPENDED)
		block(p, w->remote_address);
	if (w->menu == MENU_QUEUE && !has_rates(p)) {
		p->plan->error = "the bandwidth or burst of the package is malformed";
		return;
	}
	if (o == NULL)
		o = by_mark(p, w->menu);
	remove_others(p, o);
	if (o != NULL)
		change(p, o);
	else
		add(p);
	if (w->wish == WISH_ENABLED)
		unblock(p, w->remote_address);
	unblock_old(p);
}

static void
plan_absent(struct planning *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct account_object *o = p->objs[i];

		if (o->gone || is_entry(o->menu) || account_owner(p->want, o) != OWNER_THIS)
			continue;
		if (o->menu == MENU_QUEUE && !is_taken(p->want, o->address))
			block(p, o->address);
		(void)op_new(p, ACT_REMOVE, o->menu, o);
	}
	for (size_t i = 0; i < p->want->ntraces; i++)
		kick_trace(p, &p->want->traces[i]);
}

void
account_plan(struct arena *mem, const char *router, const struct account *want,
    struct account_object *const *objs, size_t n, struct account_plan *ret)
{
	struct planning p = { mem, router, want, objs, n, ret, { 0 } };

	memset(ret, 0, sizeof(*ret));
	if (want->wish == WISH_ABSENT)
		plan_absent(&p);
	else
		plan_present(&p);
}
