/* sync_fleet.c: keeps a child for each router that has work. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/daemon.h"
#include "base/log.h"
#include "db/db.h"
#include "router/router.h"
#include "router/sync.h"
#include "sql.h"
#include "work/child.h"
#include "work/loop.h"

enum {
	SWEEP_MS = 30000,
	CHILDREN_MOST = 256,
	GRACE_MS = 5000, /* then workers are killed, which is safe: every job can run twice */
};

/* Keys of the children that serve all routers. */
#define CHECK  "night"
#define SAMPLE "sample"

struct fleet {
	const struct sync *sync;
	struct child_set *children;
	char night[16]; /* the night whose check has been started */
};

static size_t
worker_arguments(const void *work, const char *key, const char **ret)
{
	const struct sync *s = work;
	size_t n = 0;

	if (strcmp(key, CHECK) == 0) {
		ret[n++] = "--check";
	} else if (strcmp(key, SAMPLE) == 0) {
		ret[n++] = "--sample";
	} else {
		ret[n++] = "--router";
		ret[n++] = key;
	}
	if (s->once)
		ret[n++] = "--once";
	if (s->env != NULL) {
		ret[n++] = "--env";
		ret[n++] = s->env;
	}
	return n;
}

/* Skip the night in which this program started: each restart would compare all routers again. */
static enum rc
check_nightly(struct ctx *cx, struct fleet *f)
{
	const char *night;
	bool first = f->night[0] == '\0';

	TRY(router_night(cx, &night));
	if (strcmp(night, f->night) == 0)
		return RC_OK;
	(void)snprintf(f->night, sizeof(f->night), "%s", night);
	if (!first)
		(void)child_start(f->children, CHECK);
	return RC_OK;
}

static enum rc
sample_sessions(struct ctx *cx, struct fleet *f)
{
	struct db_rows *rows;

	if (f->sync->once)
		return RC_OK;
	TRY(db_row(cx, &SQL_router_sample_waiting, &rows));
	if (db_bool(rows, 0, "is_due"))
		(void)child_start(f->children, SAMPLE);
	return RC_OK;
}

/* Start this router's worker if work is due; returns ms until the router is looked at again. */
static int
serve_router(const struct fleet *f, const struct router_work *w)
{
	if (child_is_running(f->children, w->router_id))
		return SWEEP_MS; /* its worker finds new work by itself */
	if (w->wait_ms > 0)
		return w->wait_ms < SWEEP_MS ? (int)w->wait_ms : SWEEP_MS;
	return child_start(f->children, w->router_id) ? SWEEP_MS : CHILD_REST_MS / 4;
}

/* Start the workers whose routers have due work. */
static enum rc
fleet_step(struct ctx *cx, void *arg, struct loop_turn *ret)
{
	struct fleet *f = arg;
	struct router_work *work;
	size_t n;

	(void)child_reap(f->children);
	*ret = (struct loop_turn){ .outcome = LOOP_IDLE, .wait_ms = SWEEP_MS };
	TRY(check_nightly(cx, f));
	TRY(sample_sessions(cx, f));
	TRY(router_fail_waiting(cx));
	TRY(router_work(cx, &work, &n));
	for (size_t i = 0; i < n; i++) {
		int ms = serve_router(f, &work[i]);

		ret->wait_ms = ms < ret->wait_ms ? ms : ret->wait_ms;
	}
	return RC_OK;
}

static int
serve(struct ctx *cx, struct fleet *f)
{
	const struct loop loop = { .channel = SYNC_CHANNEL,
		.sweep_ms = SWEEP_MS,
		.work = f,
		.step = fleet_step };
	int code = loop_run(cx, &loop);

	child_end_all(f->children);
	return code;
}

static int
serve_once(struct ctx *cx, struct fleet *f)
{
	struct loop_turn turn;

	if (fleet_step(cx, f, &turn) != RC_OK) {
		log_err(LOG_ERROR, "step_failed", cx);
		return daemon_exit(cx->err.rc);
	}
	while (child_reap(f->children) > 0 && !daemon_stopping())
		(void)poll(NULL, 0, 10);
	child_end_all(f->children);
	return child_has_failed(f->children) ? EXIT_FAILED : EXIT_DONE;
}

int
sync_fleet(struct ctx *cx, const struct sync *s)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(16384);
	const struct child_plan plan = { .program = "router-sync",
		.noun = "router",
		.most = CHILDREN_MOST,
		.grace_ms = GRACE_MS,
		.arguments = worker_arguments,
		.work = s };
	struct fleet fleet = { .sync = s, .children = child_set_new(life, &plan) };

	return s->once ? serve_once(cx, &fleet) : serve(cx, &fleet);
}
