/*
 * provision_mark.c: finds objects by their mark.
 *
 * An account that was on the router, and is under none of its names now, may have been
 * renamed by hand: its object is searched by the mark. It counts only when the mark is on
 * one object: copying a row in Winbox copies the mark.
 */
#include "router/provision_int.h"

/* ---- renamed by hand ------------------------------------------------------ */

/* True for each menu where the account has been. */
static bool
was_in(const struct account *a, enum account_menu menu)
{
	for (size_t i = 0; i < a->ntraces; i++) {
		if (a->traces[i].menu == menu)
			return true;
	}
	return false;
}

/* True when the account was there and its places, all readable, are empty. */
static bool
is_lost(struct ctx *cx, const struct batch *b, const struct task *t)
{
	struct account_object **seen;
	size_t n;

	if (!t->a->known || t->error != NULL)
		return false;
	n = provision_view_of(cx, b, t, &seen);
	for (size_t i = 0; i < n; i++) {
		if (!view_is_entry(seen[i]->menu) && account_owner(t->a, seen[i]) == OWNER_THIS)
			return false;
	}
	return true;
}

/* Search by the comment as we write it; a comment that a person has extended is not found. */
static struct routeros_job
mark_job(struct ctx *cx, const struct account *a, struct looking *l)
{
	struct routeros_job job = provision_look_job(cx, l);
	const char *mark = arena_printf(cx->mem, ACCOUNT_MARK "%s", a->id);
	const char *const comments[] = { mark,
		arena_printf(cx->mem, "%s %s", mark, a->comment != NULL ? a->comment : "") };

	ros_cmd_any(&job.cmd, "comment", comments, a->comment != NULL ? 2 : 1);
	return job;
}

void
provision_add_marks(struct ctx *cx, struct router_view *s, const struct account *a)
{
	for (enum account_menu m = 0; m < MENU__MAX; m++) {
		if (a->known && was_in(a, m))
			(void)view_add(cx, s, (struct place){ m, true, a->id });
	}
}

/* Query the marks of lost accounts; a whole table has shown them already. */
static enum rc
ask_marks(struct ctx *cx, struct batch *b)
{
	struct routeros_job *jobs =
	    arena_alloc(cx->mem, (b->ntasks * MENU__MAX + 1) * sizeof(*jobs));
	struct looking look[MENU__MAX];
	size_t n = 0;

	for (enum account_menu m = 0; m < MENU__MAX; m++)
		look[m] = (struct looking){ .s = &b->view, .menu = m, .by_mark = true };
	for (size_t i = 0; i < b->ntasks && !provision_reads_tables(b); i++) {
		struct task *t = &b->tasks[i];

		if (!is_lost(cx, b, t))
			continue;
		provision_add_marks(cx, &b->view, t->a);
		for (enum account_menu m = 0; m < MENU__MAX; m++) {
			if (was_in(t->a, m))
				jobs[n++] = mark_job(cx, t->a, &look[m]);
		}
	}
	return provision_ask(cx, b, jobs, n);
}

static struct account_object *
stray_of(const struct router_view *s, const struct account *a)
{
	struct account_object *found = NULL;
	size_t n = 0;

	for (enum account_menu m = 0; m < MENU__MAX; m++) {
		struct view_row *at = view_find(s, (struct place){ m, true, a->id });

		n += at != NULL ? at->n : 0;
		if (at != NULL && at->n > 0)
			found = at->objs[0];
	}
	return n == 1 ? found : NULL;
}

enum rc
provision_find_strays(struct ctx *cx, struct batch *b)
{
	TRY(ask_marks(cx, b));
	for (size_t i = 0; i < b->ntasks; i++) {
		struct task *t = &b->tasks[i];

		if (is_lost(cx, b, t))
			t->stray = stray_of(&b->view, t->a);
	}
	return RC_OK;
}

/* ---- marks of other accounts --------------------------------------------- */

/* True when this task can use an object that another account leaves. */
static bool
is_taker(const struct task *t)
{
	return t != NULL && t->error == NULL &&
	       (t->a->menu == MENU_QUEUE || t->a->password != NULL);
}

/* Collect objects under a name that another account of ours should have. */
static size_t
foreign_marks(const struct router_view *s, struct account_object **objs)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nbuckets; i++) {
		for (struct view_row *at = s->buckets[i]; at != NULL; at = at->next) {
			for (size_t j = 0; j < at->n && is_taker(at->for_whom); j++) {
				struct account_object *o = at->objs[j];

				if (account_object_has_mark(o) &&
				    !account_object_has_mark_of(o, at->for_whom->a->id))
					objs[n++] = o;
			}
		}
	}
	return n;
}

static size_t
count_objects(const struct router_view *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nbuckets; i++) {
		for (const struct view_row *at = s->buckets[i]; at != NULL; at = at->next)
			n += at->n;
	}
	return n;
}

/* An object that an account of ours has left, or must leave, may be taken over. */
enum rc
provision_find_takeable(struct ctx *cx, struct batch *b)
{
	struct account_object **objs =
	    arena_alloc(cx->mem, (count_objects(&b->view) + 1) * sizeof(struct account_object *));

	return account_stale(cx, b->router->id, objs, foreign_marks(&b->view, objs));
}
