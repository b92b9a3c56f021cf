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
	AWAY_MS = 1000, /* the first pause while the peer or the database is away, and */
	AWAY_MOST_MS = 30000,
	SILENCES_MOST = 2, /* in a row, before loop_once() gives up */
};

struct pace {
	int64_t sweep_at; /* when to sweep next */
	int64_t hold_until;
	struct backoff away;
};

/* ---- waiting --------------------------------------------------------------------------------- */

/* As poll(), with SIGCHLD let in. */
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
		(void)wait_fds(fds, 1, ms < AWAY_MS ? ms : AWAY_MS);
		return;
	}
	if (*payload != NULL || daemon_stopping())
		return;
	fds[1].fd = db_socket(cx->db);
	if (wait_fds(fds, 2, ms) && fds[1].revents != 0 && db_wait(cx, 0, payload) != RC_OK)
		*payload = NULL;
}

/* Many notifications are one reason to look. */
static void
wait_all(struct ctx *cx, int ms)
{
	const char *payload;

	loop_wait(cx, ms, &payload);
	while (payload != NULL)
		if (db_wait(cx, 0, &payload) != RC_OK)
			return;
}

/* Nothing but a signal ends this wait. */
static void
wait_signal(int ms)
{
	struct pollfd fd = { .fd = daemon_signal_fd(), .events = POLLIN };

	(void)wait_fds(&fd, 1, ms);
}

/* ---- turns ----------------------------------------------------------------------------------- */

static void
begin_turn(struct ctx *cx)
{
	arena_reset(cx->mem);
	cx->err = (struct err){ 0 };
}

static enum rc
sweep_when_due(struct ctx *cx, const struct loop *l, struct pace *p)
{
	if (l->sweep == NULL || clock_ms() < p->sweep_at)
		return RC_OK;
	TRY(l->sweep(cx, l->work));
	p->sweep_at = clock_ms() + l->sweep_ms;
	return RC_OK;
}

/* *ms: how long to rest after this turn. */
static enum rc
take_turn(struct ctx *cx, const struct loop *l, struct pace *p, int *ms)
{
	struct loop_turn turn = { .wait_ms = l->sweep_ms };

	*ms = (int)(p->hold_until - clock_ms());
	if (*ms > 0)
		return RC_OK;
	*ms = 0;
	TRY(sweep_when_due(cx, l, p));
	TRY(l->step(cx, l->work, &turn));
	if (turn.outcome == LOOP_AWAY) {
		*ms = backoff_next(&p->away);
		p->hold_until = clock_ms() + turn.hold_ms;
		return RC_OK;
	}
	backoff_reset(&p->away);
	if (turn.outcome == LOOP_IDLE)
		*ms = turn.wait_ms;
	return RC_OK;
}

/* RC_RETRY only when a signal ended the wait. */
static enum rc
listen_patiently(struct ctx *cx, const char *channel)
{
	struct backoff away = { .first_ms = AWAY_MS, .most_ms = AWAY_MOST_MS };

	while (db_listen(cx, channel) == RC_RETRY && !daemon_stopping()) {
		log_err(LOG_WARN, "listen", cx);
		wait_signal(backoff_next(&away));
		begin_turn(cx);
	}
	return cx->err.rc;
}

int
loop_run(struct ctx *cx, const struct loop *l)
{
	struct pace pace = { .away = { .first_ms = AWAY_MS, .most_ms = AWAY_MOST_MS } };
	int ms;

	if (listen_patiently(cx, l->channel) != RC_OK) {
		log_err(LOG_ERROR, "listen", cx);
		return daemon_exit(cx->err.rc);
	}
	while (!daemon_stopping()) {
		begin_turn(cx);
		if (take_turn(cx, l, &pace, &ms) != RC_OK) {
			log_err(LOG_WARN, "work", cx);
			ms = backoff_next(&pace.away);
		}
		if (ms > 0)
			wait_all(cx, ms);
	}
	return EXIT_DONE;
}

enum rc
loop_once(struct ctx *cx, const struct loop *l, bool *ret_well)
{
	struct loop_turn turn = { .outcome = LOOP_DONE };
	int silences = 0;

	*ret_well = true;
	if (l->sweep != NULL)
		TRY(l->sweep(cx, l->work));
	while (turn.outcome != LOOP_IDLE && silences < SILENCES_MOST && !daemon_stopping()) {
		begin_turn(cx);
		TRY(l->step(cx, l->work, &turn));
		silences = turn.outcome == LOOP_AWAY ? silences + 1 : 0;
		if (turn.outcome == LOOP_AWAY || turn.outcome == LOOP_FAILED)
			*ret_well = false;
	}
	return RC_OK;
}

/* ---- beginning ------------------------------------------------------------------------------- */

enum rc
loop_connect(struct ctx *cx, const struct db_conf *to)
{
	struct backoff away = { .first_ms = AWAY_MS, .most_ms = AWAY_MOST_MS };

	while (db_open(cx, to, &cx->db) == RC_RETRY && !daemon_stopping()) {
		log_err(LOG_WARN, "connect", cx);
		wait_signal(backoff_next(&away));
		if (daemon_stopping())
			break;
		cx->err = (struct err){ 0 };
	}
	return cx->err.rc;
}
