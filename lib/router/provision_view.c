/* provision_view.c: keeps the objects found on a router by name, address and mark. */
#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "router/provision_view.h"

bool
view_is_entry(enum account_menu menu)
{
	return menu == MENU_BLOCK || menu == MENU_BLOCK6;
}

static size_t
hash(const struct place *p)
{
	uint64_t h = UINT64_C(14695981039346656037) + p->menu + (p->by_mark ? MENU__MAX : 0);

	for (const char *key = p->key; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * UINT64_C(1099511628211);
	return (size_t)h;
}

struct view_row *
view_find(const struct router_view *s, struct place p)
{
	struct view_row *at = s->buckets[hash(&p) % s->nbuckets];

	while (at != NULL &&
	       (at->menu != p.menu || at->by_mark != p.by_mark || strcmp(at->key, p.key) != 0))
		at = at->next;
	return at;
}

struct view_row *
view_add(struct ctx *cx, struct router_view *s, struct place p)
{
	struct view_row **bucket = &s->buckets[hash(&p) % s->nbuckets];
	struct view_row *at = view_find(s, p);

	if (at != NULL)
		return at;
	at = arena_alloc(cx->mem, sizeof(*at));
	*at = (struct view_row){ .menu = p.menu,
		.by_mark = p.by_mark,
		.key = p.key,
		.next = *bucket };
	*bucket = at;
	s->nrows++;
	return at;
}

void
view_row_put(struct ctx *cx, struct view_row *at, struct account_object *o)
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

/* An address in the form that a router prints in a list. */
const char *
view_address(struct ctx *cx, const char *address)
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

static void
place_address(struct ctx *cx, place_fn *fn, void *arg, const char *address)
{
	if (address != NULL && *address != '\0')
		fn(cx, arg, list_of(address), view_address(cx, address));
}

/* Visit each menu and key where an account may be, including addresses that may be blocked. */
void
view_each_place(struct ctx *cx, const struct account *a, place_fn *fn, void *arg)
{
	if (a->wanted != WANTED_GONE) {
		fn(cx, arg, a->menu, a->username);
		if (a->wanted == WANTED_ON || a->menu == MENU_QUEUE)
			place_address(cx, fn, arg, a->remote_address);
	}
	for (size_t i = 0; i < a->ntraces; i++) {
		fn(cx, arg, a->traces[i].menu, a->traces[i].name);
		place_address(cx, fn, arg, a->traces[i].address);
	}
}

void
view_add_place(struct ctx *cx, void *arg, enum account_menu menu, const char *key)
{
	(void)view_add(cx, arg, (struct place){ menu, false, key });
}

struct gathering {
	const struct router_view *s;
	struct view_row **rows;
	size_t n;
};

static void
gather_row(struct ctx *cx, void *arg, enum account_menu menu, const char *key)
{
	struct gathering *g = arg;
	struct view_row *at = view_find(g->s, (struct place){ menu, false, key });

	(void)cx;
	for (size_t i = 0; i < g->n; i++) {
		if (g->rows[i] == at)
			return;
	}
	if (at != NULL)
		g->rows[g->n++] = at;
}

size_t
view_objects(struct ctx *cx, const struct router_view *view, const struct account *a,
    struct account_object ***ret)
{
	struct gathering g = { view, NULL, 0 };
	struct account_object **all;
	size_t n = 0;

	g.rows = arena_alloc(cx->mem, (2 * a->ntraces + 2) * sizeof(struct view_row *));
	view_each_place(cx, a, gather_row, &g);
	for (size_t i = 0; i < g.n; i++)
		n += g.rows[i]->n;
	all = arena_alloc(cx->mem, (n + 1) * sizeof(struct account_object *));
	n = 0;
	for (size_t i = 0; i < g.n; i++) {
		for (size_t j = 0; j < g.rows[i]->n; j++)
			all[n++] = g.rows[i]->objs[j];
	}
	*ret = all;
	return n;
}
