/*
 * provision_kick.c: ends sessions.
 *
 * It does so after the accounts are right, never before: a device dials again within a
 * second. Hotspot cookies go first, or the device comes back by one.
 */
#include <stdlib.h>
#include <string.h>

#include "router/provision_int.h"

/* A table of sessions, and the property that names the user. */
struct session_table {
	const char *path, *prop;
	enum account_menu menu;
};

static const struct session_table session_tables[] = {
	{ "/ppp/active", "name", MENU_PPP },
	{ "/ip/hotspot/cookie", "user", MENU_HOTSPOT },
	{ "/ip/hotspot/active", "user", MENU_HOTSPOT },
};

struct name {
	const char *name;
	struct task *task;
};

/* One table: the names whose sessions must end, and the sessions found. */
struct kicking {
	const struct session_table *table;
	struct name *names;
	size_t n;
	struct {
		const char *id;
		struct task *task;
	} * found;
	size_t nfound, room;
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->name, ((const struct name *)b)->name);
}

/* Only a cut ends the sessions of an account that is not right. */
static bool
may_kick(const struct task *t)
{
	return t->plan.kick_always || t->error == NULL;
}

static void
collect_names(struct ctx *cx, struct batch *b, struct kicking *k)
{
	size_t n = 0;

	for (size_t i = 0; i < b->ntasks; i++)
		n += b->tasks[i].plan.nkicks;
	k->names = arena_alloc(cx->mem, (n + 1) * sizeof(*k->names));
	for (size_t i = 0; i < b->ntasks; i++) {
		struct task *t = &b->tasks[i];

		for (size_t j = 0; j < t->plan.nkicks && t->kicks; j++) {
			if (t->plan.kicks[j].menu == k->table->menu)
				k->names[k->n++] = (struct name){ t->plan.kicks[j].name, t };
		}
	}
	qsort(k->names, k->n, sizeof(*k->names), by_name);
}

static void
found(struct ctx *cx, struct kicking *k, const char *id, struct task *task)
{
	if (k->nfound == k->room) {
		void *more;

		k->room = k->room == 0 ? 64 : k->room * 2;
		more = arena_alloc(cx->mem, k->room * sizeof(*k->found));
		if (k->nfound > 0)
			memcpy(more, k->found, k->nfound * sizeof(*k->found));
		k->found = more;
	}
	k->found[k->nfound].id = arena_strdup(cx->mem, id);
	k->found[k->nfound++].task = task;
}

static enum rc
session_row(struct ctx *cx, const struct ros_row *row, void *arg)
{
	struct kicking *k = arg;
	struct name key = { ros_row_get(row, k->table->prop), NULL };
	const char *id = ros_row_get(row, ".id");
	const struct name *hit;

	if (key.name == NULL || id == NULL)
		return RC_OK;
	hit = bsearch(&key, k->names, k->n, sizeof(*k->names), by_name);
	if (hit != NULL)
		found(cx, k, id, hit->task);
	return RC_OK;
}

static struct routeros_job
look_job(struct ctx *cx, struct kicking *k)
{
	struct routeros_job job = { .row = session_row, .arg = k };

	job.cmd = ros_cmd_new(cx->mem, arena_printf(cx->mem, "%s/print", k->table->path));
	ros_cmd_props(&job.cmd, arena_printf(cx->mem, ".id,%s", k->table->prop));
	return job;
}

/* True for a name that came before: one account left it and another took it. */
static bool
is_repeated(const struct kicking *k, size_t i)
{
	return i > 0 && strcmp(k->names[i].name, k->names[i - 1].name) == 0;
}

/* Fail the tasks with this name (NULL: all, because the table could not be read). */
static void
fail_names(struct kicking *k, const char *name, const char *refusal)
{
	for (size_t i = 0; i < k->n; i++) {
		if (name == NULL || strcmp(name, k->names[i].name) == 0)
			task_fail(k->names[i].task, refusal);
	}
}

static enum rc
look_for_sessions(struct ctx *cx, struct batch *b, struct kicking *k)
{
	struct routeros_job *jobs = arena_alloc(cx->mem, (k->n + 1) * sizeof(*jobs));
	const char **asked = arena_alloc(cx->mem, (k->n + 1) * sizeof(*asked));
	bool whole = provision_reads_tables(b) || k->n > PROVISION_BY_NAME_MAX;
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++) {
		if (is_repeated(k, i) || (whole && n > 0))
			continue;
		jobs[n] = look_job(cx, k);
		if (!whole)
			ros_cmd_where(&jobs[n].cmd, k->table->prop, asked[n] = k->names[i].name);
		n++;
	}
	TRY(routeros_batch(cx, b->ros, jobs, n));
	for (size_t i = 0; i < n; i++) {
		/* a router without this table has no such sessions */
		if (jobs[i].reply.ntraps > 0 && !provision_missing(&jobs[i]))
			fail_names(k, asked[i], provision_refusal(cx, b, &jobs[i]));
	}
	return RC_OK;
}

static enum rc
end(struct ctx *cx, struct batch *b, struct kicking *k)
{
	struct routeros_job *jobs = arena_alloc(cx->mem, (k->nfound + 1) * sizeof(*jobs));

	if (k->nfound == 0)
		return RC_OK;
	for (size_t i = 0; i < k->nfound; i++) {
		jobs[i].arg = k->found[i].task;
		jobs[i].cmd =
		    ros_cmd_new(cx->mem, arena_printf(cx->mem, "%s/remove", k->table->path));
		ros_cmd_set(&jobs[i].cmd, ".id", k->found[i].id);
	}
	TRY(routeros_batch(cx, b->ros, jobs, k->nfound));
	for (size_t i = 0; i < k->nfound; i++) {
		if (jobs[i].reply.ntraps > 0 && jobs[i].reply.traps[0].kind != TRAP_NO_ITEM)
			task_fail(jobs[i].arg, provision_refusal(cx, b, &jobs[i]));
	}
	return RC_OK;
}

static void
note(struct kicking *k)
{
	for (size_t i = 0; i < k->nfound; i++)
		k->found[i].task->online = true;
}

static enum rc
each_table(struct ctx *cx, struct batch *b)
{
	for (size_t i = 0; i < countof(session_tables); i++) {
		struct kicking k = { .table = &session_tables[i] };

		collect_names(cx, b, &k);
		if (k.n == 0)
			continue;
		TRY(look_for_sessions(cx, b, &k));
		if (b->check)
			note(&k);
		else
			TRY(end(cx, b, &k));
	}
	return RC_OK;
}

enum rc
provision_kick(struct ctx *cx, struct batch *b)
{
	for (size_t i = 0; i < b->ntasks; i++)
		b->tasks[i].kicks = may_kick(&b->tasks[i]); /* a failed table stops no other */
	return each_table(cx, b);
}

enum rc
provision_online(struct ctx *cx, struct batch *b)
{
	for (size_t i = 0; i < b->ntasks; i++) {
		struct task *t = &b->tasks[i];

		t->kicks = t->plan.kick_always && t->a->isolation == NULL;
	}
	return each_table(cx, b);
}
