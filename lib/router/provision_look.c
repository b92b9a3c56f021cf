/*
 * provision_look.c: reads from the router all objects with a name, an address or a mark of
 * a batch.
 *
 * A few names are queried one by one, pipelined; for many the whole table is printed once,
 * of which only the rows of the batch are kept.
 */
#include <string.h>

#include "router/provision_int.h"

static const char queue_props[] = ".id,name,target,dynamic,disabled,comment,priority,max-limit,"
				  "burst-limit,burst-threshold,burst-time";

static const char *const props[MENU__MAX] = {
	[MENU_PPP] = ".id,name,service,profile,local-address,remote-address,disabled,comment",
	[MENU_HOTSPOT] = ".id,name,profile,address,disabled,comment,limit-uptime",
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

size_t
provision_view_of(struct ctx *cx, const struct batch *b, const struct task *t,
    struct account_object ***ret)
{
	size_t n = view_objects(cx, &b->view, t->a, ret);

	if (t->stray != NULL)
		(*ret)[n++] = t->stray;
	return n;
}

static const char *
found_text(struct ctx *cx, const struct ros_row *row, const char *key)
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
 * The place to which a row belongs: by its name, else by its mark; NULL: none. A check
 * also keeps objects with the mark of another account.
 */
static struct view_row *
row_for(struct ctx *cx, const struct looking *l, const struct ros_row *row)
{
	const char *key = ros_row_get(row, view_is_entry(l->menu) ? "address" : "name"), *mark;
	struct view_row *at = NULL;

	if (key == NULL || ros_row_get(row, ".id") == NULL)
		return NULL;
	if (view_is_entry(l->menu))
		key = view_address(cx, key);
	at = view_find(l->s, (struct place){ l->menu, false, key });
	if (at != NULL || view_is_entry(l->menu))
		return l->by_mark ? NULL : at;
	mark = account_mark(cx->mem, ros_row_get(row, "comment"));
	if (mark != NULL)
		at = view_find(l->s, (struct place){ l->menu, true, mark });
	return at == NULL && mark != NULL && l->check ? &l->s->unclaimed : at;
}

static enum rc
look_row(struct ctx *cx, const struct ros_row *row, void *arg)
{
	struct looking *l = arg;
	struct view_row *at = row_for(cx, l, row);
	struct account_object *o;

	if (at == NULL)
		return RC_OK;
	o = arena_alloc(cx->mem, sizeof(*o));
	*o = (struct account_object){
		.menu = l->menu,
		.id = found_text(cx, row, ".id"),
		.name = found_text(cx, row, "name"),
		.service = found_text(cx, row, "service"),
		.profile = found_text(cx, row, "profile"),
		.local = found_text(cx, row, "local-address"),
		.address = found_text(cx, row, address_of[l->menu]),
		.comment = found_text(cx, row, "comment"),
		.limit_uptime = found_text(cx, row, "limit-uptime"),
		.max_limit = found_text(cx, row, "max-limit"),
		.priority = found_text(cx, row, "priority"),
		.burst_limit = found_text(cx, row, "burst-limit"),
		.burst_threshold = found_text(cx, row, "burst-threshold"),
		.burst_time = found_text(cx, row, "burst-time"),
		.disabled = flag_of(row, "disabled"),
		.dynamic = flag_of(row, "dynamic"),
	};
	view_row_put(cx, at, o);
	return RC_OK;
}

struct routeros_job
provision_look_job(struct ctx *cx, struct looking *l)
{
	struct routeros_job job = { .row = look_row, .arg = l };
	const char *path = arena_printf(cx->mem, "%s/print", account_menu_path[l->menu]);

	job.cmd = ros_cmd_new(cx->mem, path);
	ros_cmd_props(&job.cmd, props[l->menu]);
	if (view_is_entry(l->menu))
		ros_cmd_where(&job.cmd, "list", ACCOUNT_BLOCK_LIST);
	return job;
}

/* Make one query for each table; a check reads all of them. */
static size_t
table_jobs(struct ctx *cx, const struct router_view *s, struct looking look[static MENU__MAX],
    struct routeros_job *jobs)
{
	bool wanted[MENU__MAX] = { false };
	size_t n = 0;

	for (size_t i = 0; i < s->nbuckets; i++) {
		for (const struct view_row *at = s->buckets[i]; at != NULL; at = at->next)
			wanted[at->menu] = true;
	}
	for (enum account_menu m = 0; m < MENU__MAX; m++) {
		if (wanted[m] || look[m].check)
			jobs[n++] = provision_look_job(cx, &look[m]);
	}
	return n;
}

/* Make one query for each name. */
static size_t
name_jobs(struct ctx *cx, const struct router_view *s, struct looking look[static MENU__MAX],
    struct routeros_job *jobs)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nbuckets; i++) {
		for (const struct view_row *at = s->buckets[i]; at != NULL; at = at->next) {
			jobs[n] = provision_look_job(cx, &look[at->menu]);
			ros_cmd_where(&jobs[n++].cmd, view_is_entry(at->menu) ? "address" : "name",
			    at->key);
		}
	}
	return n;
}

/* Run the queries; the view keeps each refusal by its menu. */
enum rc
provision_ask(struct ctx *cx, struct batch *b, struct routeros_job *jobs, size_t n)
{
	struct router_view *s = &b->view;

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

struct failing {
	const struct router_view *s;
	struct task *task;
};

/*
 * Fail the accounts that need a menu that cannot be read. A menu that this router lacks is
 * empty, and fails only accounts that should be in it.
 */
static void
fail_task(struct ctx *cx, void *arg, enum account_menu menu, const char *key)
{
	struct failing *t = arg;
	bool lives_there = menu == t->task->a->menu && t->task->a->wanted != WANTED_GONE;

	(void)cx;
	(void)key;
	if (t->s->error[menu] != NULL && (lives_there || !t->s->missing[menu]))
		task_fail(t->task, t->s->error[menu]);
}

/* Make rows for all names and addresses; if whole tables are printed, for the marks as well. */
static void
add_all(struct ctx *cx, struct batch *b)
{
	struct router_view *s = &b->view;

	s->nbuckets = 4 * b->ntasks + 16;
	s->buckets = arena_alloc(cx->mem, s->nbuckets * sizeof(struct view_row *));
	for (size_t i = 0; i < b->ntasks; i++) {
		const struct task *t = &b->tasks[i];
		struct place its = { t->a->menu, false, t->a->username };

		view_each_place(cx, t->a, view_add_place, s);
		if (t->a->wanted != WANTED_GONE)
			view_add(cx, s, its)->for_whom = t;
		if (provision_reads_tables(b))
			provision_add_marks(cx, s, t->a);
	}
}

enum rc
provision_look(struct ctx *cx, struct batch *b)
{
	struct router_view *s = &b->view;
	struct looking look[MENU__MAX];
	struct routeros_job *jobs;

	add_all(cx, b);
	for (enum account_menu m = 0; m < MENU__MAX; m++)
		look[m] = (struct looking){ .s = s, .menu = m, .check = b->check };
	jobs = arena_alloc(cx->mem, (s->nrows + MENU__MAX) * sizeof(*jobs));
	TRY(provision_ask(cx, b, jobs,
	    (provision_reads_tables(b) ? table_jobs : name_jobs)(cx, s, look, jobs)));
	for (size_t i = 0; i < b->ntasks; i++) {
		struct failing t = { s, &b->tasks[i] };

		view_each_place(cx, b->tasks[i].a, fail_task, &t);
	}
	TRY(provision_find_strays(cx, b));
	return provision_find_takeable(cx, b);
}
