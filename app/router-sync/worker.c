/* worker.c: one router, batch after batch, on one connection. */
#include <stdio.h>
#include <string.h>

#include "base/daemon.h"
#include "base/log.h"
#include "db/db.h"
#include "service/provision.h"
#include "sync.h"

enum {
	LINGER_MS = 15000, /* a kept connection saves a login when the next change comes */
	BUSY_MS = 100,     /* between two tries for the lock */
	BUSY_MOST_MS = 30000,
};

static void
tell(const char *router_id, const struct provision_report *r)
{
	char done[24], failed[24];

	if (r->done + r->failed == 0 && !r->broken)
		return;
	(void)snprintf(done, sizeof(done), "%zu", r->done);
	(void)snprintf(failed, sizeof(failed), "%zu", r->failed);
	log_event(r->failed > 0 || r->broken ? LOG_WARN : LOG_INFO, "batch", "router", router_id,
	    "done", done, "failed", failed, "error", r->error, NULL);
}

/* How long this router has nothing to do; LINGER_MS at most. */
static enum rc
next_due(struct ctx *cx, const char *router_id, int *ret)
{
	struct router_work *work;
	size_t n;

	*ret = LINGER_MS;
	TRY(router_work(cx, &work, &n));
	for (size_t i = 0; i < n; i++) {
		if (strcmp(work[i].router_id, router_id) == 0 && work[i].wait_ms < *ret)
			*ret = (int)work[i].wait_ms;
	}
	return RC_OK;
}

/* True when there is a reason to go on: a notice for this router, or a job that came due. */
static bool
goes_on(struct ctx *cx, const char *router_id)
{
	const char *payload;
	int ms;

	if (next_due(cx, router_id, &ms) != RC_OK)
		return false;
	sync_wait(cx, ms, &payload);
	return ms < LINGER_MS || (payload != NULL && strcmp(payload, router_id) == 0);
}

static enum rc
work(struct ctx *cx, const struct sync *s, struct provision *p, const char *router_id, bool *failed)
{
	struct provision_report r;
	const char *payload;
	int waited = 0;

	while (!daemon_stopping()) {
		arena_reset(cx->mem);
		TRY(provision_batch(cx, p, &r));
		if (r.busy) {
			if ((waited += BUSY_MS) > BUSY_MOST_MS)
				return FAIL(cx, RC_RETRY, "another worker has router %s",
				    router_id);
			sync_wait(cx, BUSY_MS, &payload);
			continue;
		}
		waited = 0;
		tell(router_id, &r);
		*failed = *failed || r.failed > 0 || r.broken;
		if (r.broken)
			return RC_OK;
		if (r.done + r.failed == 0 && (s->once || !goes_on(cx, router_id)))
			return RC_OK;
	}
	return RC_OK;
}

int
worker_run(struct ctx *cx, const struct sync *s, const char *router_id)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(4096);
	struct provision *p = provision_new(life, router_id);
	bool failed = false;
	enum rc rc = s->once ? RC_OK : db_listen(cx, SYNC_CHANNEL);

	if (rc == RC_OK)
		rc = work(cx, s, p, router_id, &failed);
	provision_close(p);
	if (rc != RC_OK) {
		log_err(LOG_ERROR, "worker", cx);
		return daemon_exit(rc);
	}
	return failed ? EXIT_FAILED : EXIT_DONE;
}
