/* loop.c: see loop.h. */
#include "work/loop.h"

#include <poll.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "base/log.h"
#include "db/db.h"
#include "work/backoff.h"

enum {
	UNREACHABLE_MS = 1000, /* the first pause while the peer or the database is unreachable */
	UNREACHABLE_MAX_MS = 30000, /* the longest one */
	UNREACHABLE_STEPS = 2,      /* such steps in a row, before loop_once() gives up */
};

struct loop_times {
	int64_t sweep_at; /* the time of the next sweep */
	int64_t no_step_before;
	struct backoff unreachable;
};

/* ---- waiting --------------------------------------------------------------------------------- */

/* As poll(), with SIGCHLD unblocked. */
static bool
wait_fds(struct pollfd *fds, nfds_t n, int ms)
{
	struct timespec t = { 0 };
	sigset_t mask;

	if (ms > 0)
		t = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	(void)sigprocmask(SIG_SETMASK, NULL, &mask);
	(void)sigdelset(&mask, SIGCHLD);
	return ppoll(fds, n, &t, &mask) > 0;
}

void
loop_wait(struct ctx *cx, int ms, const char **payload)
{
	struct pollfd fds[2] = { { .fd = daemon_signal_fd(), .events = POLLIN },
		{ .events = POLLIN } };

	*payload = NULL;
	if (db_wait(cx, 0, payload) != RC_OK) {
		*payload = NULL;
		(void)wait_fds(fds, 1, ms < UNREACHABLE_MS ? ms : UNREACHABLE_MS);
		return;
	}
	if (*payload != NULL || daemon_stopping())
		return;
	fds[1].fd = db_socket(cx->db);
	if (wait_fds(fds, 2, ms) && fds[1].revents != 0 && db_wait(cx, 0, payload) != RC_OK)
		*payload = NULL;
}

/* Read all waiting notifications: one step handles them. */
static void
wait_and_drain(struct ctx *cx, int ms)
{
	const char *payload;

	loop_wait(cx, ms, &payload);
	while (payload != NULL)
		if (db_wait(cx, 0, &payload) != RC_OK)
			return;
}

/* Wait ms, or until a signal; a notification does not end this wait. */
static void
wait_signal(int ms)
{
	struct pollfd fd = { .fd = daemon_signal_fd(), .events = POLLIN };

	(void)wait_fds(&fd, 1, ms);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void
begin_step(struct ctx *cx)
{
	arena_reset(cx->mem);
	cx->err = (struct err){ 0 };
}

static enum rc
sweep_when_due(struct ctx *cx, const struct loop *l, struct loop_times *p)
{
	if (l->sweep == NULL || clock_ms() < p->sweep_at)
		return RC_OK;
	TRY(l->sweep(cx, l->work));
	p->sweep_at = clock_ms() + l->sweep_ms;
	return RC_OK;
}

/* *ms: the pause after this step. */
static enum rc
do_step(struct ctx *cx, const struct loop *l, struct loop_times *p, int *ms)
{
	struct loop_turn turn = { .wait_ms = l->sweep_ms };

	*ms = (int)(p->no_step_before - clock_ms());
	if (*ms > 0)
		return RC_OK;
	*ms = 0;
	TRY(sweep_when_due(cx, l, p));
	TRY(l->step(cx, l->work, &turn));
	if (turn.outcome == LOOP_UNREACHABLE) {
		*ms = backoff_next(&p->unreachable);
		p->no_step_before = clock_ms() + turn.hold_ms;
		return RC_OK;
	}
	backoff_reset(&p->unreachable);
	if (turn.outcome == LOOP_IDLE)
		*ms = turn.wait_ms;
	return RC_OK;
}

/* Fails with RC_RETRY only when a signal ended the wait. */
static enum rc
listen_with_retry(struct ctx *cx, const char *channel)
{
	struct backoff pause = { .first_ms = UNREACHABLE_MS, .most_ms = UNREACHABLE_MAX_MS };
	enum rc rc;

	while ((rc = db_listen(cx, channel)) == RC_RETRY && !daemon_stopping()) {
		log_err(LOG_WARN, "listen_failed", cx);
		wait_signal(backoff_next(&pause));
		begin_step(cx);
	}
	return rc;
}

int
loop_run(struct ctx *cx, const struct loop *l)
{
	struct loop_times times = { .unreachable = { .first_ms = UNREACHABLE_MS,
					.most_ms = UNREACHABLE_MAX_MS } };
	int ms;

	if (listen_with_retry(cx, l->channel) != RC_OK) {
		log_err(LOG_ERROR, "listen_failed", cx);
		return daemon_exit(cx->err.rc);
	}
	while (!daemon_stopping()) {
		begin_step(cx);
		if (do_step(cx, l, &times, &ms) != RC_OK) {
			log_err(LOG_WARN, "step_failed", cx);
			ms = backoff_next(&times.unreachable);
		}
		if (ms > 0)
			wait_and_drain(cx, ms);
	}
	return EXIT_DONE;
}

enum rc
loop_once(struct ctx *cx, const struct loop *l, bool *ret_ok)
{
	struct loop_turn turn = { .outcome = LOOP_DONE };
	int unreachable = 0;

	*ret_ok = true;
	if (l->sweep != NULL)
		TRY(l->sweep(cx, l->work));
	while (turn.outcome != LOOP_IDLE && unreachable < UNREACHABLE_STEPS && !daemon_stopping()) {
		begin_step(cx);
		TRY(l->step(cx, l->work, &turn));
		unreachable = turn.outcome == LOOP_UNREACHABLE ? unreachable + 1 : 0;
		if (turn.outcome == LOOP_UNREACHABLE || turn.outcome == LOOP_FAILED)
			*ret_ok = false;
	}
	return RC_OK;
}

/* ---- connecting ------------------------------------------------------------------------------ */

enum rc
loop_connect(struct ctx *cx, const struct db_conf *to)
{
	struct backoff pause = { .first_ms = UNREACHABLE_MS, .most_ms = UNREACHABLE_MAX_MS };
	enum rc rc;

	while ((rc = db_open(cx, to, &cx->db)) == RC_RETRY && !daemon_stopping()) {
		log_err(LOG_WARN, "connect_failed", cx);
		wait_signal(backoff_next(&pause));
		if (daemon_stopping())
			break;
		cx->err = (struct err){ 0 };
	}
	return rc;
}
