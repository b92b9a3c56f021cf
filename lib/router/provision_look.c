/*
 * provision_look.c: what stands on the router under the names of a batch.
 *
 * Few names are asked for one by one, pipelined; many by one print of the
 * table, of which only the wanted rows are kept.
 *
 * Who was there and is no more under any name of his may have been renamed by
 * hand: he is looked for by his mark.  Only then, and only where it stands once:
 * whoever copies a row in Winbox copies the mark.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "router/provision_int.h"

static const char queue_props[] = ".id,name,target,dynamic,disabled,comment,priority,max-limit,"
				  "burst-limit,burst-threshold,burst-time";

static const char *const props[MENU__MAX] = {
	[MENU_PPP] = ".id,name,service,profile,local-address,remote-address,disabled,comment",
	[MENU_HOTSPOT] = ".id,name,profile,address,disabled,comment",
	[MENU_QUEUE] = queue_props,
	[MENU_BLOCK] = ".id,address,dynamic,disabled,comment",
	[MENU_BLOCK6] = ".id,address,dynamic,disabled,comment",
};

static const char *const address_of[MENU__MAX] = {
	[MENU_PPP] = "remote-address",
	[MENU_HOTSPOT] = "address",
	[MENU_QUEUE] = "target",
	[MENU_BLOCK] = "address",
	[MENU_BLOCK6] = "address",
};

static bool
is_entry(enum account_menu menu)
{
	return menu == MENU_BLOCK || menu == MENU_BLOCK6;
}

/* ---- slots --------------------------------------------------------------- */

/* What a slot is found by. */
struct place {
	enum account_menu menu;
	bool by_mark;
	const char *key;
};

static size_t
hash(const struct place *p)
{
	uint64_t h = UINT64_C(14695981039346656037) + p->menu + (p->by_mark ? MENU__MAX : 0);

	for (const char *key = p->key; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * UINT64_C(1099511628211);
	return (size_t)h;
}

static struct slot *
slot_find(const struct sight *s, struct place p)
{
	struct slot *at = s->buckets[hash(&p) % s->nbuckets];

	while (at != NULL &&
	       (at->menu != p.menu || at->by_mark != p.by_mark || strcmp(at->key, p.key) != 0))
		at = at->next;
	return at;
}

static struct slot *
slot_want(struct ctx *cx, struct sight *s, struct place p)
{
	struct slot **bucket = &s->buckets[hash(&p) % s->nbuckets];
	struct slot *at = slot_find(s, p);

	if (at != NULL)
		return at;
	at = arena_alloc(cx->mem, sizeof(*at));
	*at = (struct slot){ .menu = p.menu, .by_mark = p.by_mark, .key = p.key, .next = *bucket };
	*bucket = at;
	s->nslots++;
	return at;
}

static void
slot_put(struct ctx *cx, struct slot *at, struct account_object *o)
{
	struct account_object **more;

	if (at->n == at->room) {
		at->room = at->room == 0 ? 2 : at->room * 2;
		more = arena_alloc(cx->mem, at->room * sizeof(struct account_object *));
		if (at->n > 0)
			memcpy(more, at->objs, at->n * sizeof(struct account_object *));
		at->objs = more;
	}
	at->objs[at->n++] = o;
}

/* An address as the router prints it in a list. */
static const char *
canonical(struct ctx *cx, const char *address)
{
	unsigned char bytes[16];
	char buf[INET6_ADDRSTRLEN];
	int family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
	const char *slash = strchr(address, '/');

	if (slash != NULL && strcmp(slash, family == AF_INET6 ? "/128" : "/32") == 0)
		address = arena_printf(cx->mem, "%.*s", (int)(slash - address), address);
	if (inet_pton(family, address, bytes) != 1)
		return address;
	return arena_strdup(cx->mem, inet_ntop(family, bytes, buf, sizeof(buf)));
}

static enum account_menu
list_of(const char *address)
{
	return strchr(address, ':') != NULL ? MENU_BLOCK6 : MENU_BLOCK;
}

/* ---- what an account needs to see ---------------------------------------- */

typedef void want_fn(struct ctx *, void *arg, enum account_menu, const char *key);

static void
want_address(struct ctx *cx, want_fn *want, void *arg, const char *address)
{
	if (address != NULL && *address != '\0')
		want(cx, arg, list_of(address), canonical(cx, address));
}

/* Each menu and key an account may stand under, the addresses that may be blocked included. */
static void
each_place(struct ctx *cx, const struct account *a, want_fn *want, void *arg)
{
	if (a->wish != WISH_ABSENT) {
		want(cx, arg, a->menu, a->username);
		if (a->wish == WISH_ENABLED || a->menu == MENU_QUEUE)
			want_address(cx, want, arg, a->remote_address);
	}
	for (size_t i = 0; i < a->ntraces; i++) {
		want(cx, arg, a->traces[i].menu, a->traces[i].name);
		want_address(cx, want, arg, a->traces[i].address);
	}
}

static void
want_slot(struct ctx *cx, void *arg, enum account_menu menu, const char *key)
{
	(void)slot_want(cx, arg, (struct place){ menu, false, key });
}

struct gathering {
	const struct sight *s;
	struct slot **slots;
	size_t n;
};

static void
gather_slot(struct ctx *cx, void *arg, enum account_menu menu, const char *key)
{
	struct gathering *g = arg;
	struct slot *at = slot_find(g->s, (struct place){ menu, false, key });

	(void)cx;
	for (size_t i = 0; i < g->n; i++) {
		if (g->slots[i] == at)
			return;
	}
	if (at != NULL)
		g->slots[g->n++] = at;
}

size_t
provision_seen(struct ctx *cx, const struct batch *b, const struct task *t,
    struct account_object ***ret)
{
	struct gathering g = { &b->sight, NULL, 0 };
	struct account_object **all;
	size_t n = 0;

	g.slots = arena_alloc(cx->mem, (2 * t->a->ntraces + 2) * sizeof(struct slot *));
	each_place(cx, t->a, gather_slot, &g);
	for (size_t i = 0; i < g.n; i++)
		n += g.slots[i]->n;
	all = arena_alloc(cx->mem, (n + 1) * sizeof(struct account_object *));
	n = 0;
	for (size_t i = 0; i < g.n; i++) {
		for (size_t j = 0; j < g.slots[i]->n; j++)
			all[n++] = g.slots[i]->objs[j];
	}
	if (t->stray != NULL)
		all[n++] = t->stray;
	*ret = all;
	return n;
}

/* ---- asking the router --------------------------------------------------- */

struct looking {
	struct sight *s;
	enum account_menu menu;
	bool by_mark; /* rows under names of the batch have been seen already */
	bool check;
};

static const char *
text_of(struct ctx *cx, const struct ros_row *row, const char *key)
{
	const char *val = ros_row_get(row, key);

	return val != NULL && *val != '\0' ? arena_strdup(cx->mem, val) : NULL;
}

static bool
flag_of(const struct ros_row *row, const char *key)
{
	const char *val = ros_row_get(row, key);

	return val != NULL && (strcmp(val, "true") == 0 || strcmp(val, "yes") == 0);
}

/*
 * Where a row is wanted: by its name, else by its mark; NULL: it is not.  A check
 * also keeps what bears the mark of somebody else.
 */
static struct slot *
slot_of(struct ctx *cx, const struct looking *l, const struct ros_row *row)
{
	const char *key = ros_row_get(row, is_entry(l->menu) ? "address" : "name"), *mark;
	struct slot *at = NULL;

	if (key == NULL || ros_row_get(row, ".id") == NULL)
		return NULL;
	if (is_entry(l->menu))
		key = canonical(cx, key);
	at = slot_find(l->s, (struct place){ l->menu, false, key });
	if (at != NULL || is_entry(l->menu))
		return l->by_mark ? NULL : at;
	mark = account_mark(cx->mem, ros_row_get(row, "comment"));
	if (mark != NULL)
		at = slot_find(l->s, (struct place){ l->menu, true, mark });
	return at == NULL && mark != NULL && l->check ? &l->s->rest : at;
}

static enum rc
look_row(struct ctx *cx, const struct ros_row *row, void *arg)
{
	struct looking *l = arg;
	struct slot *at = slot_of(cx, l, row);
	struct account_object *o;

	if (at == NULL)
		return RC_OK;
	o = arena_alloc(cx->mem, sizeof(*o));
	*o = (struct account_object){
		.menu = l->menu,
		.id = text_of(cx, row, ".id"),
		.name = text_of(cx, row, "name"),
		.service = text_of(cx, row, "service"),
		.profile = text_of(cx, row, "profile"),
		.local = text_of(cx, row, "local-address"),
		.address = text_of(cx, row, address_of[l->menu]),
		.comment = text_of(cx, row, "comment"),
		.max_limit = text_of(cx, row, "max-limit"),
		.priority = text_of(cx, row, "priority"),
		.burst_limit = text_of(cx, row, "burst-limit"),
		.burst_threshold = text_of(cx, row, "burst-threshold"),
		.burst_time = text_of(cx, row, "burst-time"),
		.disabled = flag_of(row, "disabled"),
		.dynamic = flag_of(row, "dynamic"),
	};
	slot_put(cx, at, o);
	return RC_OK;
}

static struct routeros_job
look_job(struct ctx *cx, struct looking *l)
{
	struct routeros_job job = { .row = look_row, .arg = l };
	const char *path = arena_printf(cx->mem, "%s/print", account_menu_path[l->menu]);

	job.cmd = ros_cmd_new(cx->mem, path);
	ros_cmd_props(&job.cmd, props[l->menu]);
	if (is_entry(l->menu))
		ros_cmd_where(&job.cmd, "list", ACCOUNT_BLOCK_LIST);
	return job;
}

/* One question a table; a check asks for all of them. */
static size_t
table_jobs(struct ctx *cx, const struct sight *s, struct looking look[static MENU__MAX],
    struct routeros_job *jobs)
{
	bool wanted[MENU__MAX] = { false };
	size_t n = 0;

	for (size_t i = 0; i < s->nbuckets; i++) {
		for (const struct slot *at = s->buckets[i]; at != NULL; at = at->next)
			wanted[at->menu] = true;
	}
	for (enum account_menu m = 0; m < MENU__MAX; m++) {
		if (wanted[m] || look[m].check)
			jobs[n++] = look_job(cx, &look[m]);
	}
	return n;
}

/* One question a name. */
static size_t
name_jobs(struct ctx *cx, const struct sight *s, struct looking look[static MENU__MAX],
    struct routeros_job *jobs)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nbuckets; i++) {
		for (const struct slot *at = s->buckets[i]; at != NULL; at = at->next) {
			jobs[n] = look_job(cx, &look[at->menu]);
			ros_cmd_where(&jobs[n++].cmd, is_entry(at->menu) ? "address" : "name",
			    at->key);
		}
	}
	return n;
}

/* Carry the questions out; what was refused is remembered of its menu. */
static enum rc
ask(struct ctx *cx, struct batch *b, struct routeros_job *jobs, size_t n)
{
	struct sight *s = &b->sight;

	if (n == 0)
		return RC_OK;
	TRY(routeros_batch(cx, b->ros, jobs, n));
	for (size_t i = 0; i < n; i++) {
		const char *refusal = provision_refusal(cx, b, &jobs[i]);
		enum account_menu menu = ((struct looking *)jobs[i].arg)->menu;

		if (refusal != NULL)
			s->error[menu] = refusal;
		s->missing[menu] = s->missing[menu] || provision_missing(&jobs[i]);
	}
	return RC_OK;
}

bool
provision_big(const struct batch *b)
{
	return b->check || b->ntasks > PROVISION_BIG;
}

/* ---- who was renamed by hand --------------------------------------------- */

/* Each menu where the account has been. */
static bool
was_in(const struct account *a, enum account_menu menu)
{
	for (size_t i = 0; i < a->ntraces; i++) {
		if (a->traces[i].menu == menu)
			return true;
	}
	return false;
}

/* It was there, and is not to be seen, though its places could be read. */
static bool
is_lost(struct ctx *cx, const struct batch *b, const struct task *t)
{
	struct account_object **seen;
	size_t n;

	if (!t->a->known || t->error != NULL)
		return false;
	n = provision_seen(cx, b, t, &seen);
	for (size_t i = 0; i < n; i++) {
		if (!is_entry(seen[i]->menu) && account_owner(t->a, seen[i]) == OWNER_THIS)
			return false;
	}
	return true;
}

/* By the comment as we write it; with another text behind the mark it is not found. */
static struct routeros_job
mark_job(struct ctx *cx, const struct account *a, struct looking *l)
{
	struct routeros_job job = look_job(cx, l);
	const char *mark = arena_printf(cx->mem, ACCOUNT_MARK "%s", a->id);
	const char *const comments[] = { mark,
		arena_printf(cx->mem, "%s %s", mark, a->comment != NULL ? a->comment : "") };

	ros_cmd_any(&job.cmd, "comment", comments, a->comment != NULL ? 2 : 1);
	return job;
}

static void
want_marks(struct ctx *cx, struct sight *s, const struct account *a)
{
	for (enum account_menu m = 0; m < MENU__MAX; m++) {
		if (a->known && was_in(a, m))
			(void)slot_want(cx, s, (struct place){ m, true, a->id });
	}
}

/* Ask for the marks of those who are lost; a whole table has shown them already. */
static enum rc
ask_marks(struct ctx *cx, struct batch *b)
{
	struct routeros_job *jobs =
	    arena_alloc(cx->mem, (b->ntasks * MENU__MAX + 1) * sizeof(*jobs));
	struct looking look[MENU__MAX];
	size_t n = 0;

	for (enum account_menu m = 0; m < MENU__MAX; m++)
		look[m] = (struct looking){ .s = &b->sight, .menu = m, .by_mark = true };
	for (size_t i = 0; i < b->ntasks && !provision_big(b); i++) {
		struct task *t = &b->tasks[i];

		if (!is_lost(cx, b, t))
			continue;
		want_marks(cx, &b->sight, t->a);
		for (enum account_menu m = 0; m < MENU__MAX; m++) {
			if (was_in(t->a, m))
				jobs[n++] = mark_job(cx, t->a, &look[m]);
		}
	}
	return ask(cx, b, jobs, n);
}

static struct account_object *
stray_of(const struct sight *s, const struct account *a)
{
	struct account_object *found = NULL;
	size_t n = 0;

	for (enum account_menu m = 0; m < MENU__MAX; m++) {
		struct slot *at = slot_find(s, (struct place){ m, true, a->id });

		n += at != NULL ? at->n : 0;
		if (at != NULL && at->n > 0)
			found = at->objs[0];
	}
	return n == 1 ? found : NULL;
}

static enum rc
find_strays(struct ctx *cx, struct batch *b)
{
	TRY(ask_marks(cx, b));
	for (size_t i = 0; i < b->ntasks; i++) {
		struct task *t = &b->tasks[i];

		if (is_lost(cx, b, t))
			t->stray = stray_of(&b->sight, t->a);
	}
	return RC_OK;
}

/* ---- marks of other accounts --------------------------------------------- */

/* May this task take an object over, if that is free? */
static bool
is_taker(const struct task *t)
{
	return t != NULL && t->error == NULL &&
	       (t->a->menu == MENU_QUEUE || t->a->password != NULL);
}

/* Objects under a name that another account of ours should have. */
static size_t
strangers(const struct sight *s, struct account_object **objs)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nbuckets; i++) {
		for (struct slot *at = s->buckets[i]; at != NULL; at = at->next) {
			for (size_t j = 0; j < at->n && is_taker(at->for_whom); j++) {
				struct account_object *o = at->objs[j];

				if (account_is_marked(o) &&
				    !account_is_marked_by(o, at->for_whom->a->id))
					objs[n++] = o;
			}
		}
	}
	return n;
}

static size_t
count_objects(const struct sight *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nbuckets; i++) {
		for (const struct slot *at = s->buckets[i]; at != NULL; at = at->next)
			n += at->n;
	}
	return n;
}

/* What an account of ours left behind, or is to leave, may be taken over by the next. */
static enum rc
ask_database(struct ctx *cx, struct batch *b)
{
	struct account_object **objs =
	    arena_alloc(cx->mem, (count_objects(&b->sight) + 1) * sizeof(struct account_object *));

	return account_stale(cx, b->router->id, objs, strangers(&b->sight, objs));
}

struct telling {
	const struct sight *s;
	struct task *task;
};

/*
 * A menu that cannot be read fails the accounts that need it.  One that this
 * router does not have holds nothing, and fails who should be in it alone.
 */
static void
tell_task(struct ctx *cx, void *arg, enum account_menu menu, const char *key)
{
	struct telling *t = arg;
	bool lives_there = menu == t->task->a->menu && t->task->a->wish != WISH_ABSENT;

	(void)cx;
	(void)key;
	if (t->s->error[menu] != NULL && (lives_there || !t->s->missing[menu]))
		provision_fault(t->task, t->s->error[menu]);
}

/* All names and addresses; of a batch that prints whole tables the marks as well. */
static void
want_all(struct ctx *cx, struct batch *b)
{
	struct sight *s = &b->sight;

	s->nbuckets = 4 * b->ntasks + 16;
	s->buckets = arena_alloc(cx->mem, s->nbuckets * sizeof(struct slot *));
	for (size_t i = 0; i < b->ntasks; i++) {
		const struct task *t = &b->tasks[i];
		struct place its = { t->a->menu, false, t->a->username };

		each_place(cx, t->a, want_slot, s);
		if (t->a->wish != WISH_ABSENT)
			slot_want(cx, s, its)->for_whom = t;
		if (provision_big(b))
			want_marks(cx, s, t->a);
	}
}

enum rc
provision_look(struct ctx *cx, struct batch *b)
{
	struct sight *s = &b->sight;
	struct looking look[MENU__MAX];
	struct routeros_job *jobs;

	want_all(cx, b);
	for (enum account_menu m = 0; m < MENU__MAX; m++)
		look[m] = (struct looking){ .s = s, .menu = m, .check = b->check };
	jobs = arena_alloc(cx->mem, (s->nslots + MENU__MAX) * sizeof(*jobs));
	TRY(ask(cx, b, jobs, (provision_big(b) ? table_jobs : name_jobs)(cx, s, look, jobs)));
	for (size_t i = 0; i < b->ntasks; i++) {
		struct telling t = { s, &b->tasks[i] };

		each_place(cx, b->tasks[i].a, tell_task, &t);
	}
	TRY(find_strays(cx, b));
	return ask_database(cx, b);
}
