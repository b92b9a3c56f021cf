/*
 * provision_profile.c: the profile of a package on a router.
 *
 * A PPP profile of ours carries our mark in its comment; hotspot user profiles have no
 * comment and are recognised by the prefix "isp-". A PPP profile with this name and
 * without our mark is used as it is when its rates are the package's.
 */
#include <string.h>

#include "router/provision_int.h"

#define HOTSPOT_PREFIX "isp-"

static const char *const menu[] = { "/ppp/profile", "/ip/hotspot/user/profile" };

static bool
is_hotspot(const struct profile_job *j)
{
	return strcmp(j->service, "hotspot") == 0;
}

static struct profile *
find_profile(struct batch *b, const char *package_id)
{
	for (size_t i = 0; i < b->nprofiles; i++) {
		if (strcmp(b->profiles[i].job->id, package_id) == 0)
			return &b->profiles[i];
	}
	return NULL;
}

/* ---- looking ------------------------------------------------------------- */

static enum rc
look_row(struct ctx *cx, const struct ros_row *row, void *arg)
{
	struct profile *p = arg;
	const char *const keys[] = { ".id", "local-address", "remote-address", "rate-limit",
		"comment" };
	const char **const to[] = { &p->id, &p->local, &p->remote, &p->rate, &p->comment };

	for (size_t i = 0; i < countof(keys); i++) {
		const char *val = ros_row_get(row, keys[i]);

		*to[i] = val != NULL && *val != '\0' ? arena_strdup(cx->mem, val) : NULL;
	}
	return RC_OK;
}

static struct routeros_job
look_job(struct ctx *cx, struct profile *p, bool hotspot, const char *name)
{
	struct routeros_job job = { .row = look_row, .arg = p };

	job.cmd = ros_cmd_new(cx->mem, arena_printf(cx->mem, "%s/print", menu[hotspot]));
	ros_cmd_props(&job.cmd,
	    hotspot ? ".id,rate-limit" : ".id,local-address,remote-address,rate-limit,comment");
	ros_cmd_where(&job.cmd, "name", name);
	return job;
}

/*
 * Profiles that we must not change: the router's default, from which addresses are copied,
 * and the isolation profiles of PPP and of hotspot users.
 */
struct foreign_profiles {
	struct profile standard;
	struct profile walls[2];
	const char *refusal[2]; /* the reason why an isolation profile could not be read */
};

static enum rc
look_walls(struct ctx *cx, struct batch *b, struct foreign_profiles *o)
{
	struct routeros_job jobs[2];
	size_t n = 0;

	for (size_t i = 0; i < countof(o->walls); i++) {
		if (o->walls[i].name != NULL)
			jobs[n++] = look_job(cx, &o->walls[i], i == 1, o->walls[i].name);
	}
	if (n > 0)
		TRY(routeros_batch(cx, b->ros, jobs, n));
	for (size_t i = 0; i < n; i++) {
		size_t at = jobs[i].arg == &o->walls[1];

		o->refusal[at] = provision_refusal(cx, b, &jobs[i]);
	}
	return RC_OK;
}

/* Read all profiles of the batch, and the router's default. */
static enum rc
look_for_profiles(struct ctx *cx, struct batch *b, struct profile *standard)
{
	struct routeros_job *jobs = arena_alloc(cx->mem, (b->nprofiles + 1) * sizeof(*jobs));
	size_t n = b->nprofiles;

	if (n == 0)
		return RC_OK;
	for (size_t i = 0; i < n; i++) {
		struct profile *p = &b->profiles[i];

		jobs[i] = look_job(cx, p, is_hotspot(p->job), p->name);
	}
	jobs[n] = look_job(cx, standard, false, "default");
	TRY(routeros_batch(cx, b->ros, jobs, n + 1));
	for (size_t i = 0; i < n; i++)
		b->profiles[i].job->error = provision_refusal(cx, b, &jobs[i]);
	return RC_OK;
}

/* ---- making right -------------------------------------------------------- */

static const char *
first_of(const char *a, const char *b, const char *c)
{
	if (a != NULL && *a != '\0')
		return a;
	return b != NULL && *b != '\0' ? b : c;
}

/* Make the command that corrects a profile; false when it is right, or not ours. */
static bool
correct_ppp(struct ctx *cx, struct batch *b, struct profile *p, const struct profile *standard,
    const char *rate, struct ros_cmd *cmd)
{
	const struct router *r = b->router;
	const char *local = first_of(r->ppp_local_address, p->local, standard->local);
	const char *remote = first_of(r->ppp_pool, p->remote, standard->remote);
	bool same = p->id != NULL && rate_limit_same(p->rate, rate);

	p->ours = p->id == NULL || account_mark(cx->mem, p->comment) != NULL;
	p->has_no_pool = p->ours && remote == NULL;
	if (!p->ours && !same)
		p->job->error = arena_printf(cx->mem, "profile %s exists on %s and is not ours",
		    p->name, r->name);
	if (!p->ours)
		return false;
	if (same && account_address_same(p->local, local) &&
	    account_address_same(p->remote, remote))
		return false;
	ros_cmd_set(cmd, "local-address", local);
	ros_cmd_set(cmd, "remote-address", remote);
	ros_cmd_set(cmd, "rate-limit", rate);
	if (p->id == NULL)
		ros_cmd_set(cmd, "comment", arena_printf(cx->mem, "isp:%s", p->job->id));
	return true;
}

static bool
correct(struct ctx *cx, struct batch *b, struct profile *p, const struct profile *standard,
    struct routeros_job *ret)
{
	const struct profile_job *j = p->job;
	const char *rate = rate_limit(cx->mem, j->bandwidth, j->burst, (int)j->priority);
	bool hotspot = is_hotspot(j), needed;

	if (j->error != NULL)
		return false;
	if (rate == NULL) {
		p->job->error = "the bandwidth or burst of the package is malformed";
		return false;
	}
	*ret = (struct routeros_job){ .arg = p };
	ret->cmd = ros_cmd_new(cx->mem,
	    arena_printf(cx->mem, "%s/%s", menu[hotspot], p->id == NULL ? "add" : "set"));
	ros_cmd_set(&ret->cmd, p->id == NULL ? "name" : ".id", p->id == NULL ? p->name : p->id);
	if (!hotspot)
		return correct_ppp(cx, b, p, standard, rate, &ret->cmd);
	needed = p->id == NULL || !rate_limit_same(p->rate, rate);
	ros_cmd_set(&ret->cmd, "rate-limit", rate);
	return needed;
}

static enum rc
correct_all(struct ctx *cx, struct batch *b, const struct profile *standard)
{
	struct routeros_job *jobs = arena_alloc(cx->mem, (b->nprofiles + 1) * sizeof(*jobs));
	size_t n = 0;

	for (size_t i = 0; i < b->nprofiles; i++) {
		struct profile *p = &b->profiles[i];

		p->wrong = correct(cx, b, p, standard, &jobs[n]);
		n += p->wrong && !b->check;
	}
	if (n > 0)
		TRY(routeros_batch(cx, b->ros, jobs, n));
	for (size_t i = 0; i < n; i++)
		((struct profile *)jobs[i].arg)->job->error = provision_refusal(cx, b, &jobs[i]);
	for (size_t i = 0; i < b->nprofiles; i++)
		b->profiles[i].job->ok = b->profiles[i].job->error == NULL;
	return RC_OK;
}

/* ---- the batch's profiles ------------------------------------------------ */

static void
name_profile(struct ctx *cx, struct profile *p, struct profile_job *j)
{
	*p = (struct profile){ .job = j, .name = j->router_profile };
	if (is_hotspot(j))
		p->name = arena_printf(cx->mem, HOTSPOT_PREFIX "%s", j->router_profile);
}

static bool
needs_profile(const struct account *a)
{
	return a->own_profile && a->menu != MENU_QUEUE && a->wanted != WANTED_GONE;
}

/* Collect the profiles with a job (already in the batch) and those that accounts use. */
static void
collect_profiles(struct ctx *cx, struct batch *b)
{
	struct profile *all = arena_alloc(cx->mem, (b->nprofiles + b->ntasks + 1) * sizeof(*all));

	if (b->nprofiles > 0)
		memcpy(all, b->profiles, b->nprofiles * sizeof(*all));
	b->profiles = all;
	for (size_t i = 0; i < b->nprofiles; i++)
		name_profile(cx, &all[i], all[i].job);
	for (size_t i = 0; i < b->ntasks; i++) {
		const struct account *a = b->tasks[i].a;
		struct profile_job *j;

		if (!needs_profile(a) || find_profile(b, a->package_id) != NULL)
			continue;
		j = arena_alloc(cx->mem, sizeof(*j));
		*j = (struct profile_job){ .id = a->package_id,
			.service = a->service,
			.router_profile = a->router_profile,
			.bandwidth = a->bandwidth,
			.burst = a->burst,
			.priority = a->priority };
		name_profile(cx, &all[b->nprofiles++], j);
	}
}

static bool
is_walled(const struct account *a)
{
	return a->wanted == WANTED_CUT && a->isolation != NULL && a->menu != MENU_QUEUE;
}

static void
collect_walls(const struct batch *b, struct foreign_profiles *o)
{
	for (size_t i = 0; i < b->ntasks; i++) {
		const struct account *a = b->tasks[i].a;

		if (is_walled(a))
			o->walls[a->menu == MENU_HOTSPOT].name = a->isolation;
	}
}

/* Disable the customer when the isolation profile is missing: no session can be isolated then. */
static void
fail_walled(struct ctx *cx, struct batch *b, const struct foreign_profiles *o)
{
	for (size_t i = 0; i < b->ntasks; i++) {
		struct task *t = &b->tasks[i];
		bool hotspot = t->a->menu == MENU_HOTSPOT;

		if (!is_walled(t->a) || o->walls[hotspot].id != NULL)
			continue;
		t->missing_feature = o->refusal[hotspot];
		if (t->missing_feature == NULL)
			t->missing_feature = arena_printf(cx->mem,
			    "profile %s does not exist on %s: disabled instead", t->a->isolation,
			    b->router->name);
		t->a->isolation = NULL;
	}
}

/* Fail accounts that should be on and whose profile is missing; switching off needs none. */
static void
fail_tasks(struct batch *b)
{
	for (size_t i = 0; i < b->ntasks; i++) {
		struct task *t = &b->tasks[i];
		const struct profile *p =
		    needs_profile(t->a) ? find_profile(b, t->a->package_id) : NULL;

		if (p == NULL)
			continue;
		t->has_no_pool = p->has_no_pool;
		if (p->job->ok)
			t->a->profile = p->name;
		else if (t->a->wanted == WANTED_ON)
			task_fail(t, p->job->error);
	}
}

enum rc
provision_profiles(struct ctx *cx, struct batch *b)
{
	struct foreign_profiles foreign = { 0 };

	collect_profiles(cx, b);
	collect_walls(b, &foreign);
	TRY(look_walls(cx, b, &foreign));
	fail_walled(cx, b, &foreign);
	TRY(look_for_profiles(cx, b, &foreign.standard));
	TRY(correct_all(cx, b, &foreign.standard));
	fail_tasks(b);
	return RC_OK;
}
