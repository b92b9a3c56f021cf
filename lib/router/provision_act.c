/* provision_act.c: carries plans out, in rounds: op n of all accounts at once, pipelined. */
#include <string.h>

#include "router/provision_int.h"

static const char *const verbs[] = {
	[ACT_ADD] = "add",
	[ACT_SET] = "set",
	[ACT_UNSET] = "unset",
	[ACT_REMOVE] = "remove",
};

static struct routeros_job
op_job(struct ctx *cx, struct task *t)
{
	const struct account_op *op = &t->plan.ops[t->step];
	struct routeros_job job = { .arg = t };

	job.cmd = ros_cmd_new(cx->mem,
	    arena_printf(cx->mem, "%s/%s", account_menu_path[op->menu], verbs[op->act]));
	if (op->on != NULL)
		ros_cmd_set(&job.cmd, ".id", op->on->id);
	for (size_t i = 0; i < op->nattrs; i++)
		ros_cmd_set(&job.cmd, op->attrs[i].key, op->attrs[i].val);
	return job;
}

/* True when the trap means that the goal is already reached. */
static bool
is_reached(const struct account_op *op, enum ros_trap_kind trap)
{
	if (op->act == ACT_REMOVE)
		return trap == TRAP_NO_ITEM;
	return op->act == ACT_ADD && (op->menu == MENU_BLOCK || op->menu == MENU_BLOCK6) &&
	       trap == TRAP_EXISTS;
}

static const char *
attr_of(const struct account_op *op, const char *key)
{
	for (size_t i = 0; i < op->nattrs; i++) {
		if (strcmp(op->attrs[i].key, key) == 0)
			return op->attrs[i].val;
	}
	return NULL;
}

static const char *
refusal(struct ctx *cx, struct batch *b, const struct task *t, const struct routeros_job *job)
{
	const struct ros_trap *trap = &job->reply.traps[0];
	const char *profile = attr_of(&t->plan.ops[t->step], "profile");

	if (trap->kind == TRAP_EXISTS)
		return arena_printf(cx->mem, "%s exists on %s", t->a->username, b->router->name);
	if (trap->kind == TRAP_NO_REF && strcmp(trap->arg, "profile") == 0 && profile != NULL)
		return arena_printf(cx->mem, "profile %s does not exist on %s", profile,
		    b->router->name);
	return provision_refusal(cx, b, job);
}

/* Record in the view the effect of a successful command. */
static void
op_done(struct task *t, const struct routeros_job *job)
{
	const struct account_op *op = &t->plan.ops[t->step];
	bool entry = op->menu == MENU_BLOCK || op->menu == MENU_BLOCK6;

	if (op->act == ACT_REMOVE)
		op->on->gone = true;
	else if (op->act == ACT_ADD && !entry)
		t->hint = job->reply.ret;
	else if (op->act == ACT_SET && !entry)
		t->hint = op->on->id;
	if (op->act == ACT_SET && attr_of(op, "comment") != NULL)
		op->on->reserved = false; /* it has the mark of its new owner now */
}

static void
op_answered(struct ctx *cx, struct batch *b, const struct routeros_job *job)
{
	struct task *t = job->arg;

	if (job->reply.ntraps == 0 || is_reached(&t->plan.ops[t->step], job->reply.traps[0].kind))
		op_done(t, job);
	else
		task_fail(t, refusal(cx, b, t, job));
	t->step++;
}

static bool
is_at(const struct task *t, enum stage stage)
{
	return stage == STAGE_AFTER_KICK ||
	       (t->a->wanted == WANTED_GONE) == (stage == STAGE_REMOVE);
}

/* True when an op of this stage is left; drops those that a failure before them forbids. */
static bool
has_op(struct task *t, enum stage stage)
{
	size_t end = stage == STAGE_AFTER_KICK ? t->plan.nops : t->plan.nops_before_kick;

	while (t->step < end && t->plan.ops[t->step].skip_after_failure && t->error != NULL)
		t->step++;
	return is_at(t, stage) && t->step < end;
}

static enum rc
round_of(struct ctx *cx, struct batch *b, enum stage stage, size_t *ret)
{
	struct routeros_job *jobs = arena_alloc(cx->mem, (b->ntasks + 1) * sizeof(*jobs));
	size_t n = 0;

	for (size_t i = 0; i < b->ntasks; i++) {
		if (has_op(&b->tasks[i], stage))
			jobs[n++] = op_job(cx, &b->tasks[i]);
	}
	if (n > 0)
		TRY(routeros_batch(cx, b->ros, jobs, n));
	for (size_t i = 0; i < n; i++)
		op_answered(cx, b, &jobs[i]);
	*ret = n;
	return RC_OK;
}

void
provision_plan(struct ctx *cx, struct batch *b, struct task *t)
{
	struct account_object **seen;
	size_t n = provision_view_of(cx, b, t, &seen);

	account_plan(cx->mem, b->router->name, t->a, seen, n, &t->plan);
}

enum rc
provision_act(struct ctx *cx, struct batch *b, enum stage stage)
{
	size_t n;

	for (size_t i = 0; i < b->ntasks; i++) {
		if (stage != STAGE_AFTER_KICK && is_at(&b->tasks[i], stage))
			provision_plan(cx, b, &b->tasks[i]);
	}
	do {
		TRY(round_of(cx, b, stage, &n));
	} while (n > 0);
	return RC_OK;
}
