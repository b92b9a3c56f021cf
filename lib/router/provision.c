/* provision.c: one batch of jobs on a router; one account or package for a user who waits. */
#include "router/provision.h"

#include <string.h>

#include "base/crypt.h"
#include "db/db.h"
#include "router/provision_int.h"
#include "sql.h"

enum {
	BATCH_MAX = 2000, /* jobs at once */
	GROW_MS = 200,    /* pause before jobs are claimed again while their number grows */
	GROW_TIMES = 6,   /* pauses at most */
	USER_BUDGET_MS = 30000,
};

/* ---- a batch ------------------------------------------------------------- */

static struct task *
tasks_of(struct ctx *cx, struct account *accounts, size_t n)
{
	struct task *tasks = arena_alloc(cx->mem, (n + 1) * sizeof(*tasks));

	for (size_t i = 0; i < n; i++) {
		struct account *a = &accounts[i];

		tasks[i].a = a;
		if (a->sealed == NULL || a->wanted == WANTED_GONE || a->menu == MENU_QUEUE)
			continue;
		a->password_unreadable =
		    crypt_unseal(cx, a->sealed_place, a->sealed, &a->password) != RC_OK;
	}
	return tasks;
}

/* Static packages have no profile on a router. */
static struct profile *
profiles_of(struct ctx *cx, struct profile_job *jobs, size_t n, size_t *nret)
{
	struct profile *all = arena_alloc(cx->mem, (n + 1) * sizeof(*all));

	*nret = 0;
	for (size_t i = 0; i < n; i++) {
		jobs[i].ok = strcmp(jobs[i].service, "static") == 0;
		if (!jobs[i].ok)
			all[(*nret)++].job = &jobs[i];
	}
	return all;
}

static enum rc
carry_out(struct ctx *cx, struct batch *b)
{
	TRY(provision_profiles(cx, b));
	if (b->ntasks == 0)
		return RC_OK;
	TRY(provision_look(cx, b));
	TRY(provision_act(cx, b, STAGE_REMOVE));
	TRY(provision_act(cx, b, STAGE_BEFORE_KICK));
	TRY(provision_kick(cx, b));
	return provision_act(cx, b, STAGE_AFTER_KICK);
}

static const char *
warning_of(struct ctx *cx, const struct batch *b, const struct task *t)
{
	const struct account *a = t->a;

	if (t->plan.warning != NULL)
		return t->plan.warning;
	if (!t->has_no_pool || a->wanted == WANTED_GONE || a->remote_address != NULL)
		return NULL;
	return arena_printf(cx->mem,
	    "profile %s on %s gives no addresses: set a pool for the router or a remote_address",
	    a->profile != NULL ? a->profile : a->router_profile, b->router->name);
}

/*
 * The error of an account that still has an object which another account is to take over: its
 * customer can log in until the other account has it. NULL: it has none.
 */
static const char *
reserved_error(struct ctx *cx, const struct batch *b, const struct task *t)
{
	struct account_object **seen;
	size_t n = provision_view_of(cx, b, t, &seen);

	for (size_t i = 0; i < n; i++) {
		if (seen[i]->reserved && account_object_has_mark_of(seen[i], t->a->id))
			return arena_printf(cx->mem,
			    "%s on %s is reserved for another account that has not taken it over",
			    seen[i]->name, b->router->name);
	}
	return NULL;
}

/*
 * Set the task's ok and error. reason: the cause of the lost connection; NULL: it was not lost. A
 * task that is ok has its warning in error, as struct account_result has.
 */
static void
finish_task(struct ctx *cx, struct batch *b, struct task *t, const char *reason)
{
	const char *const reasons[] = { t->plan.error, t->missing_feature, reason,
		reason == NULL ? reserved_error(cx, b, t) : NULL };

	for (size_t i = 0; i < countof(reasons); i++) {
		if (reasons[i] != NULL)
			task_fail(t, reasons[i]);
	}
	t->ok = t->error == NULL;
	if (t->ok)
		t->error = warning_of(cx, b, t);
}

/* Fail the tasks that a lost connection left undone, with its cause. */
static void
finish_batch(struct ctx *cx, struct batch *b, enum rc rc)
{
	const char *reason = rc != RC_OK ? arena_strdup(cx->mem, cx->err.msg) : NULL;

	for (size_t i = 0; i < b->ntasks; i++)
		finish_task(cx, b, &b->tasks[i], reason);
	for (size_t i = 0; i < b->nprofiles; i++) {
		struct profile_job *j = b->profiles[i].job;

		if (!j->ok && j->error == NULL)
			j->error = reason;
	}
}

static enum rc
write_back(struct ctx *cx, const struct batch *b, const struct profile_job *jobs, size_t njobs)
{
	struct account_result *results = arena_alloc(cx->mem, (b->ntasks + 1) * sizeof(*results));

	for (size_t i = 0; i < b->ntasks; i++) {
		const struct task *t = &b->tasks[i];

		results[i] = (struct account_result){ t->a->id, t->a->generation, t->ok, t->error,
			t->hint, t->a };
	}
	TRY(profile_results(cx, b->router->id, jobs, njobs));
	return account_results(cx, b->router->id, results, b->ntasks);
}

/* The jobs, as the database has them at the moment of claiming. */
struct work {
	struct account *accounts;
	size_t naccounts;
	struct profile_job *jobs;
	size_t njobs;
};

static void
count_result(struct provision_report *r, bool ok, const char *error)
{
	r->done += ok;
	r->failed += !ok;
	if (!ok && r->error == NULL)
		r->error = error;
}

static enum rc
do_batch(struct ctx *cx, struct router_link *l, const struct router *r, const struct work *w,
    struct provision_report *ret)
{
	struct batch b = { .ros = l->ros, .router = r, .ntasks = w->naccounts };
	enum rc rc;

	b.tasks = tasks_of(cx, w->accounts, w->naccounts);
	b.profiles = profiles_of(cx, w->jobs, w->njobs, &b.nprofiles);
	rc = carry_out(cx, &b);
	if (rc != RC_OK && rc != RC_UPSTREAM)
		return rc;
	finish_batch(cx, &b, rc);
	if (!routeros_alive(l->ros))
		link_close(l);
	for (size_t i = 0; i < b.ntasks; i++)
		count_result(ret, b.tasks[i].ok, b.tasks[i].error);
	for (size_t i = 0; i < w->njobs; i++)
		count_result(ret, w->jobs[i].ok, w->jobs[i].error);
	return write_back(cx, &b, w->jobs, w->njobs);
}

/*
 * Claim the due jobs. The nightly billing run commits in chunks. With more jobs due than
 * PROVISION_BY_NAME_MAX, claim again while their number grows: the whole run is then one batch,
 * which reads each table of the router once.
 */
static enum rc
claim(struct ctx *cx, const char *router_id, struct work *ret)
{
	size_t before;
	int pauses = 0;

	TRY(profile_claim(cx, router_id, NULL, &ret->jobs, &ret->njobs));
	TRY(account_claim(cx, router_id, BATCH_MAX, NULL, &ret->accounts, &ret->naccounts));
	do {
		before = ret->naccounts;
		if (before <= PROVISION_BY_NAME_MAX || before == BATCH_MAX)
			return RC_OK;
		link_sleep(GROW_MS);
		TRY(account_claim(cx, router_id, BATCH_MAX, NULL, &ret->accounts, &ret->naccounts));
	} while (ret->naccounts != before && ++pauses < GROW_TIMES);
	return RC_OK;
}

/*
 * Connect where jobs are due, or where the last connection failed (is_broken): the login is
 * then the probe that makes the router's jobs due again. Claim only after the router has
 * answered: account_claim() records that the account may have an object there, which would be
 * wrong for a router that never answers. *ret: the router answered, or there was no reason to
 * connect.
 */
static enum rc
connect_and_claim(struct ctx *cx, struct router_link *l, const struct router *r, struct work *w,
    bool *ret)
{
	bool due = true;

	*ret = true;
	if (!r->is_broken)
		TRY(router_is_due(cx, l->router_id, &due));
	if (due)
		TRY(link_open(cx, l, r, ret));
	return due && *ret ? claim(cx, l->router_id, w) : RC_OK;
}

/* Do the work; the caller holds the lock. */
static enum rc
work_on(struct ctx *cx, struct router_link *l, struct provision_report *ret)
{
	struct work w = { 0 };
	struct router r;
	bool reached;

	TRY(router_by_id(cx, l->router_id, &r));
	if (!r.is_active || (r.is_broken && !r.is_probe_due))
		return RC_OK;
	TRY(connect_and_claim(cx, l, &r, &w, &reached));
	ret->broken = !reached;
	if (!reached)
		ret->error = arena_strdup(cx->mem, cx->err.msg);
	if (!reached || w.naccounts + w.njobs == 0)
		return RC_OK;
	return do_batch(cx, l, &r, &w, ret);
}

enum rc
provision_batch(struct ctx *cx, struct router_link *l, struct provision_report *ret)
{
	struct provision_report report = { 0 };
	bool got_lock;
	enum rc rc;

	TRY(router_lock(cx, l->router_id, &got_lock));
	report.busy = !got_lock;
	if (got_lock) {
		rc = link_unlock(cx, l->router_id, work_on(cx, l, &report));
		if (rc != RC_OK && rc != RC_NOT_FOUND) /* it may have been deleted meanwhile */
			return rc;
	}
	*ret = report;
	return RC_OK;
}

/* A user waits for this: an account, or the profile of a package. */
struct sync_target {
	const char *account_id, *package_id;
};

static enum rc
sync_one(struct ctx *cx, struct router_link *l, const struct router *r, void *arg)
{
	struct provision_report report = { 0 };
	const struct sync_target *target = arg;
	struct work w = { 0 };

	if (target->account_id != NULL)
		TRY(account_claim(cx, r->id, 1, target->account_id, &w.accounts, &w.naccounts));
	else
		TRY(profile_claim(cx, r->id, target->package_id, &w.jobs, &w.njobs));
	TRY(do_batch(cx, l, r, &w, &report));
	return report.error != NULL ? FAIL(cx, RC_UPSTREAM, "%s", report.error) : RC_OK;
}

static enum rc
sync_locked(struct ctx *cx, const char *router_id, const char *account_id, const char *package_id)
{
	struct sync_target target = { account_id, package_id };

	return link_locked(cx, router_id, USER_BUDGET_MS, sync_one, &target);
}

enum rc
provision_account(struct ctx *cx, const char *account_id)
{
	const char *router_id;
	struct db_rows *rows;

	TRY(db_row_if_any(cx, &SQL_account_place, &rows, V_TEXT(account_id)));
	if (db_count(rows) == 0)
		return FAIL(cx, RC_NOT_FOUND, "No such account.");
	router_id = db_text(rows, 0, "router_id");
	if (router_id == NULL)
		return FAIL(cx, RC_UPSTREAM, "no active router");
	if (!db_bool(rows, 0, "is_active"))
		return FAIL(cx, RC_UPSTREAM, "%s is not active", db_text(rows, 0, "router_name"));
	TRY(db_exec(cx, &SQL_account_mark_dirty, V_TEXT(account_id)));
	return sync_locked(cx, router_id, account_id, NULL);
}

enum rc
provision_package(struct ctx *cx, const char *package_id)
{
	enum rc rc = RC_OK;
	struct err first;
	const char **ids;
	size_t n;

	TRY(profile_mark_dirty_on_all_routers(cx, package_id, &ids, &n));
	if (n == 0)
		return FAIL(cx, RC_CONFLICT, "There is no active router.");
	for (size_t i = 0; i < n; i++) {
		enum rc one = sync_locked(cx, ids[i], NULL, package_id);

		if (one != RC_OK && one != RC_UPSTREAM)
			return one;
		if (one != RC_OK && rc == RC_OK)
			first = cx->err;
		rc = rc == RC_OK ? one : rc;
	}
	if (rc != RC_OK)
		cx->err = first;
	return rc;
}
