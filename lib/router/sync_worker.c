/* sync_worker.c: works on one router, batch after batch, on one connection. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "base/log.h"
#include "db/db.h"
#include "router/provision.h"
#include "router/sync.h"
#include "work/loop.h"

enum {
	LINGER_MS = 15000, /* a kept connection saves a login when the next change comes */
	BUSY_MS = 100,     /* between two tries for the lock */
	BUSY_MOST_MS = 30000,
};

static void
log_report(const char *router_id, const struct provision_report *r)
{
	char done[24], failed[24];

	if (r->done + r->failed == 0 && !r->broken)
		return;
	(void)snprintf(done, sizeof(done), "%zu", r->done);
	(void)snprintf(failed, sizeof(failed), "%zu", r->failed);
	log_event(r->failed > 0 || r->broken ? LOG_WARN : LOG_INFO, "batch", "router", router_id,
	    "done", done, "failed", failed, "error", r->error, NULL);
}

/* The time of this router's next job, if it is before `until`. */
static enum rc
next_due(struct ctx *cx, const char *router_id, int64_t until, int64_t *ret)
{
	struct router_work *work;
	size_t n;

	*ret = until;
	TRY(router_work(cx, &work, &n));
	for (size_t i = 0; i < n; i++) {
		int64_t at = clock_ms() + work[i].wait_ms;

		if (strcmp(work[i].router_id, router_id) == 0 && at < *ret)
			*ret = at;
	}
	return RC_OK;
}

/*
 * Wait for more work; true to go on: a notice for this router came, a job is due, or the
 * database was unreachable and notices may be lost.
 */
static bool
wait_for_more(struct ctx *cx, const char *router_id)
{
	int64_t until = clock_ms() + LINGER_MS, due;
	const char *payload;

	if (next_due(cx, router_id, until, &due) != RC_OK)
		return false;
	while (clock_ms() < due && !daemon_stopping()) {
		loop_wait(cx, (int)(due - clock_ms()), &payload);
		if (payload == NULL && clock_ms() < due)
			return true;
		if (payload != NULL && strcmp(payload, router_id) == 0)
			return true;
	}
	return due < until;
}

static enum rc
work(struct ctx *cx, const struct sync *s, struct router_link *l, const char *router_id,
    bool *failed)
{
	struct provision_report r;
	const char *payload;
	int waited = 0;

	while (!daemon_stopping()) {
		arena_reset(cx->mem);
		TRY(provision_batch(cx, l, &r));
		if (r.busy) {
			if ((waited += BUSY_MS) > BUSY_MOST_MS)
				return FAIL(cx, RC_RETRY, "another worker has router %s",
				    router_id);
			loop_wait(cx, BUSY_MS, &payload);
			continue;
		}
		waited = 0;
		log_report(router_id, &r);
		*failed = *failed || r.failed > 0 || r.broken;
		if (r.broken)
			return RC_OK;
		if (r.done + r.failed == 0 && (s->once || !wait_for_more(cx, router_id)))
			return RC_OK;
	}
	return RC_OK;
}

int
sync_worker(struct ctx *cx, const struct sync *s, const char *router_id)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(4096);
	struct router_link *l = link_new(life, router_id);
	bool failed = false;
	enum rc rc = s->once ? RC_OK : db_listen(cx, SYNC_CHANNEL);

	if (rc == RC_OK)
		rc = work(cx, s, l, router_id, &failed);
	link_close(l);
	if (rc != RC_OK) {
		log_err(LOG_ERROR, "worker", cx);
		return daemon_exit(rc);
	}
	/* A service leaves failures to the database; --once reports them by its exit code. */
	return failed && s->once ? EXIT_FAILED : EXIT_DONE;
}
