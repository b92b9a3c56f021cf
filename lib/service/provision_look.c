/*
 * provision_look.c: what stands on the router under the names of a batch.
 *
 * Few names are asked for one by one, pipelined; many by one print of the
 * table, of which only the wanted rows are kept.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "service/provision_int.h"

static const char *const props[MENU__MAX] = {
	[MENU_PPP] = ".id,name,service,profile,local-address,remote-address,disabled,comment",
	[MENU_HOTSPOT] = ".id,name,profile,address,disabled,comment",
	[MENU_QUEUE] = ".id,name,target,dynamic,disabled,comment",
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

static size_t
hash(enum account_menu menu, const char *key)
{
	uint64_t h = UINT64_C(14695981039346656037) + menu;

	for (; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * UINT64_C(1099511628211);
	return (size_t)h;
}

static struct slot *
slot_find(const struct sight *s, enum account_menu menu, const char *key)
{
	struct slot *at = s->buckets[hash(menu, key) % s->nbuckets];

	while (at != NULL && (at->menu != menu || strcmp(at->key, key) != 0))
		at = at->next;
	return at;
}

static void
slot_want(struct ctx *cx, struct sight *s, enum account_menu menu, const char *key, const char *id)
{
	struct slot **bucket = &s->buckets[hash(menu, key) % s->nbuckets];
	struct slot *at = slot_find(s, menu, key);

	if (at != NULL) {
		if (strcmp(at->account_id, id) != 0)
			at->account_id = "";
		return;
	}
	at = arena_alloc(cx->mem, sizeof(*at));
	*at = (struct slot){ .menu = menu, .key = key, .account_id = id, .next = *bucket };
	*bucket = at;
	s->nslots++;
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

struct wanting {
	struct sight *s;
	const char *id;
};

static void
want_slot(struct ctx *cx, void *arg, enum account_menu menu, const char *key)
{
	struct wanting *w = arg;

	slot_want(cx, w->s, menu, key, w->id);
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
	struct slot *at = slot_find(g->s, menu, key);

	(void)cx;
	for (size_t i = 0; i < g->n; i++) {
		if (g->slots[i] == at)
			return;
	}
	if (at != NULL)
		g->slots[g->n++] = at;
}

size_t
provision_seen(struct ctx *cx, const struct batch *b, const struct account *a,
    struct account_object ***ret)
{
	struct gathering g = { &b->sight, NULL, 0 };
	struct account_object **all;
	size_t n = 0;

	g.slots = arena_alloc(cx->mem, (2 * a->ntraces + 2) * sizeof(struct slot *));
	each_place(cx, a, gather_slot, &g);
	for (size_t i = 0; i < g.n; i++)
		n += g.slots[i]->n;
	all = arena_alloc(cx->mem, (n + 1) * sizeof(struct account_object *));
	n = 0;
	for (size_t i = 0; i < g.n; i++) {
		for (size_t j = 0; j < g.slots[i]->n; j++)
			all[n++] = g.slots[i]->objs[j];
	}
	*ret = all;
	return n;
}

/* ---- asking the router --------------------------------------------------- */

struct looking {
	struct sight *s;
	enum account_menu menu;
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

static enum rc
look_row(struct ctx *cx, const struct ros_row *row, void *arg)
{
	struct looking *l = arg;
	const char *key = ros_row_get(row, is_entry(l->menu) ? "address" : "name");
	struct account_object *o;
	struct slot *at;

	if (key == NULL || ros_row_get(row, ".id") == NULL)
		return RC_OK;
	at = slot_find(l->s, l->menu, is_entry(l->menu) ? canonical(cx, key) : key);
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

/* One question a name, or one a menu. */
static size_t
look_jobs(struct ctx *cx, struct sight *s, struct looking look[static MENU__MAX], bool big,
    struct routeros_job *jobs)
{
	bool asked[MENU__MAX] = { false };
	size_t n = 0;

	for (size_t i = 0; i < s->nbuckets; i++) {
		for (struct slot *at = s->buckets[i]; at != NULL; at = at->next) {
			if (big && asked[at->menu])
				continue;
			asked[at->menu] = true;
			jobs[n] = look_job(cx, &look[at->menu]);
			if (!big)
				ros_cmd_where(&jobs[n].cmd, is_entry(at->menu) ? "address" : "name",
				    at->key);
			n++;
		}
	}
	return n;
}

static enum rc
ask_router(struct ctx *cx, struct batch *b)
{
	struct sight *s = &b->sight;
	struct looking look[MENU__MAX];
	struct routeros_job *jobs = arena_alloc(cx->mem, (s->nslots + 1) * sizeof(*jobs));
	size_t n;

	for (size_t i = 0; i < MENU__MAX; i++)
		look[i] = (struct looking){ s, (enum account_menu)i };
	n = look_jobs(cx, s, look, b->ntasks > PROVISION_BIG, jobs);
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

/* ---- marks of other accounts --------------------------------------------- */

/* Objects whose mark is not of the account that wants their name. */
static size_t
strangers(struct ctx *cx, const struct sight *s, struct account_object **objs, const char **marks)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nbuckets; i++) {
		for (struct slot *at = s->buckets[i]; at != NULL; at = at->next) {
			for (size_t j = 0; j < at->n && !is_entry(at->menu); j++) {
				const char *mark = account_mark(cx->mem, at->objs[j]->comment);

				if (mark == NULL || strcmp(mark, at->account_id) == 0)
					continue;
				objs[n] = at->objs[j];
				marks[n++] = mark;
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

/* An object left behind by an account of ours may be taken over by the next. */
static enum rc
ask_database(struct ctx *cx, struct batch *b)
{
	size_t room = count_objects(&b->sight) + 1, n, nstale;
	struct account_object **objs = arena_alloc(cx->mem, room * sizeof(struct account_object *));
	const char **marks = arena_alloc(cx->mem, room * sizeof(*marks)), **stale;

	n = strangers(cx, &b->sight, objs, marks);
	if (n == 0)
		return RC_OK;
	TRY(account_stale(cx, b->router->id, marks, n, &stale, &nstale));
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < nstale && !objs[i]->stale; j++)
			objs[i]->stale = strcmp(marks[i], stale[j]) == 0;
	}
	return RC_OK;
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

enum rc
provision_look(struct ctx *cx, struct batch *b)
{
	struct sight *s = &b->sight;

	s->nbuckets = 4 * b->ntasks + 16;
	s->buckets = arena_alloc(cx->mem, s->nbuckets * sizeof(struct slot *));
	for (size_t i = 0; i < b->ntasks; i++) {
		struct wanting w = { s, b->tasks[i].a->id };

		each_place(cx, b->tasks[i].a, want_slot, &w);
	}
	TRY(ask_router(cx, b));
	TRY(ask_database(cx, b));
	for (size_t i = 0; i < b->ntasks; i++) {
		struct telling t = { s, &b->tasks[i] };

		each_place(cx, b->tasks[i].a, tell_task, &t);
	}
	return RC_OK;
}
