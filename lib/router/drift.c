/* drift.c: see drift.h. */
#include "router/drift.h"

#include <string.h>

#include "db/db.h"
#include "router/drift_int.h"
#include "router/provision_int.h"
#include "sql.h"

enum {
	BUDGET_MS = 300000, /* for a whole router */
	CUTS_MIN = 5,       /* applying may always cut fewer accounts than this */
	CUTS_SHARE = 10,    /* and a tenth of the accounts */
	BLANK_MIN = 5,      /* when at least so many accounts should be there and none is, ask */
};

/* True when a job of this account would change something, or fail. */
static bool
is_different(const struct task *t)
{
	return t->plan.nops > 0 || t->plan.error != NULL || t->error != NULL ||
	       t->missing_feature != NULL || t->online;
}

/* True when applying would cut the customer off. An account with a job is cut off anyway. */
static bool
is_cut(const struct task *t)
{
	return t->a->wanted != WANTED_ON && !t->a->pending && (t->plan.nops > 0 || t->online);
}

/* Read the tables; one that cannot be read makes no difference. */
static enum rc
look_at_router(struct ctx *cx, struct batch *b)
{
	TRY(provision_profiles(cx, b));
	TRY(provision_look(cx, b));
	for (size_t i = 0; i < b->ntasks; i++)
		provision_plan(cx, b, &b->tasks[i]);
	TRY(provision_online(cx, b));
	return b->refusal == NULL ? RC_OK : FAIL(cx, RC_UPSTREAM, "%s", b->refusal);
}

/* Make a task for each account. Comparing needs no password: any text stands for one. */
static void
make_tasks(struct ctx *cx, struct batch *b, struct account *accounts)
{
	b->tasks = arena_alloc(cx->mem, (b->ntasks + 1) * sizeof(*b->tasks));
	for (size_t i = 0; i < b->ntasks; i++) {
		accounts[i].password = accounts[i].sealed != NULL ? "" : NULL;
		b->tasks[i].a = &accounts[i];
	}
}

/* True when none of the accounts that should be there is. */
static bool
is_blank(struct ctx *cx, const struct batch *b)
{
	struct account_object **seen;
	size_t wanted = 0;

	for (size_t i = 0; i < b->ntasks; i++) {
		if (b->tasks[i].a->wanted == WANTED_GONE || !b->tasks[i].a->known ||
		    b->tasks[i].a->imported)
			continue;
		wanted++;
		if (provision_view_of(cx, b, &b->tasks[i], &seen) > 0)
			return false;
	}
	return wanted >= BLANK_MIN;
}

static void
collect_differences(struct ctx *cx, const struct batch *b, struct drift *d)
{
	d->account_ids = arena_alloc(cx->mem, (b->ntasks + 1) * sizeof(*d->account_ids));
	d->package_ids = arena_alloc(cx->mem, (b->nprofiles + 1) * sizeof(*d->package_ids));
	for (size_t i = 0; i < b->ntasks; i++) {
		if (!is_different(&b->tasks[i]))
			continue;
		d->account_ids[d->naccounts++] = b->tasks[i].a->id;
		d->cuts += is_cut(&b->tasks[i]);
		drift_text_task(cx, d, &b->tasks[i]);
	}
	for (size_t i = 0; i < b->nprofiles; i++) {
		if (!b->profiles[i].wrong)
			continue;
		d->package_ids[d->npackages++] = b->profiles[i].job->id;
		drift_text_profile(cx, d, &b->profiles[i]);
	}
}

/* Collect objects with the mark of an account that should not be on this router. */
static enum rc
collect_unclaimed(struct ctx *cx, const struct batch *b, struct drift *d)
{
	const struct view_row *all = &b->view.unclaimed;

	d->unclaimed = arena_alloc(cx->mem, (all->n + 1) * sizeof(struct account_object *));
	TRY(account_stale(cx, d->router_id, all->objs, all->n));
	for (size_t i = 0; i < all->n; i++) {
		struct account_object *o = all->objs[i];

		if (!o->stale || o->reserved || o->has_other_name)
			continue;
		d->unclaimed[d->nunclaimed++] = o;
		d->cuts++;
		drift_text_unclaimed(cx, d, o);
	}
	return RC_OK;
}

static enum rc
compare(struct ctx *cx, struct router_link *l, const struct router *r, void *arg)
{
	struct batch b = { .ros = l->ros, .router = r, .check = true };
	struct drift *d = arg;
	struct account *accounts;

	TRY(account_compared(cx, r->id, &accounts, &b.ntasks));
	make_tasks(cx, &b, accounts);
	TRY(look_at_router(cx, &b));
	d->router_id = arena_strdup(cx->mem, r->id);
	d->router_name = arena_strdup(cx->mem, r->name);
	d->accounts = b.ntasks;
	d->is_blank = is_blank(cx, &b);
	collect_differences(cx, &b, d);
	return collect_unclaimed(cx, &b, d);
}

enum rc
drift_plan(struct ctx *cx, const char *router_id, struct drift *ret)
{
	*ret = (struct drift){ 0 };
	return link_locked(cx, router_id, BUDGET_MS, compare, ret);
}

const char *
drift_refusal(struct ctx *cx, const struct drift *d)
{
	if (d->is_blank)
		return arena_printf(cx->mem,
		    "%s answers none of its accounts: is it the right router?", d->router_name);
	if (d->cuts >= CUTS_MIN && d->cuts * CUTS_SHARE > d->accounts)
		return arena_printf(cx->mem, "this would cut or remove %zu of %zu accounts on %s",
		    d->cuts, d->accounts, d->router_name);
	return NULL;
}

enum rc
drift_apply(struct ctx *cx, const struct drift *d, bool force, struct drift_jobs *ret)
{
	struct account_findings f = { d->account_ids, d->package_ids, d->naccounts, d->npackages,
		d->unclaimed, d->nunclaimed };
	const char *refusal = drift_refusal(cx, d);
	struct account_found found;

	*ret = (struct drift_jobs){ 0 };
	if (refusal != NULL && !force)
		return FAIL(cx, RC_CONFLICT, "%s: nothing is done without force", refusal);
	TRY(account_found(cx, d->router_id, &f, &found));
	*ret = (struct drift_jobs){ found.different, found.profiles, found.misplaced };
	return RC_OK;
}

enum rc
drift_check(struct ctx *cx, const char *router_id, struct drift_findings *ret)
{
	struct drift_jobs jobs = { 0 };
	struct drift d;
	const char *refusal;

	TRY(drift_plan(cx, router_id, &d));
	refusal = drift_refusal(cx, &d);
	if (refusal == NULL)
		TRY(drift_apply(cx, &d, false, &jobs));
	TRY(db_exec(cx, &SQL_router_drift_alert, V_TEXT(router_id), V_TEXT(d.router_name),
	    V_TEXT(refusal)));
	*ret = (struct drift_findings){ d.accounts, jobs.accounts, jobs.profiles, jobs.leaving,
		refusal };
	return RC_OK;
}
