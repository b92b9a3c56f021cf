/*
 * provision_check.c: a router compared with the database.
 *
 * Jobs follow changes of ours.  A change by hand, a dial-in that
 * slipped in while its account was disabled, or another router behind the same
 * address is no change of ours, and is found here: an account that is not as it should be
 * gets a job, which puts it right or says why it cannot, and an object that bears
 * our mark but does not belong on this router gets one to leave.
 *
 * One print a table, profiles by name, and nothing is changed.  A password is
 * not to be read back, so it is taken for right.
 */
#include "router/provision_int.h"

enum { BUDGET_MS = 300000 }; /* for all of a router */

/* Would a job have anything to do, or to complain of? */
static bool
is_different(const struct task *t)
{
	return t->plan.nops > 0 || t->plan.error != NULL || t->error != NULL || t->lack != NULL ||
	       t->online;
}

/* A table that cannot be read says nothing about what should be in it. */
static enum rc
look(struct ctx *cx, struct batch *b)
{
	TRY(provision_profiles(cx, b));
	TRY(provision_look(cx, b));
	for (size_t i = 0; i < b->ntasks; i++)
		provision_plan(cx, b, &b->tasks[i]);
	TRY(provision_online(cx, b));
	return b->refusal == NULL ? RC_OK : FAIL(cx, RC_UPSTREAM, "%s", b->refusal);
}

static enum rc
make_jobs(struct ctx *cx, const struct batch *b, struct account_found *ret)
{
	struct account_findings f = { .strays = b->view.unclaimed.objs,
		.nstrays = b->view.unclaimed.n };

	f.accounts = arena_alloc(cx->mem, (b->ntasks + 1) * sizeof(*f.accounts));
	f.packages = arena_alloc(cx->mem, (b->nprofiles + 1) * sizeof(*f.packages));
	for (size_t i = 0; i < b->ntasks; i++) {
		if (is_different(&b->tasks[i]))
			f.accounts[f.naccounts++] = b->tasks[i].a->id;
	}
	for (size_t i = 0; i < b->nprofiles; i++) {
		if (b->profiles[i].wrong)
			f.packages[f.npackages++] = b->profiles[i].job->id;
	}
	return account_found(cx, b->router->id, &f, ret);
}

static enum rc
check(struct ctx *cx, struct router_link *l, const struct router *r, void *arg)
{
	struct provision_findings *ret = arg;
	struct batch b = { .ros = l->ros, .router = r, .check = true };
	struct account_found found;
	struct account *accounts;

	TRY(account_settled(cx, r->id, &accounts, &b.ntasks));
	b.tasks = arena_alloc(cx->mem, (b.ntasks + 1) * sizeof(*b.tasks));
	for (size_t i = 0; i < b.ntasks; i++)
		b.tasks[i].a = &accounts[i];
	TRY(look(cx, &b));
	TRY(make_jobs(cx, &b, &found));
	*ret = (struct provision_findings){ b.ntasks, found.different, found.profiles,
		found.misplaced };
	return RC_OK;
}

enum rc
provision_check(struct ctx *cx, const char *router_id, struct provision_findings *ret)
{
	return link_locked(cx, router_id, BUDGET_MS, check, ret);
}
