/* serve.c: see serve.h. */
#include "serve.h"

#include <poll.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "base/log.h"
#include "db/db.h"
#include "midtrans/gateway.h"

enum {
	SWEEP_MS = 30000,
	PAUSE_MS = 1000, /* when nobody answers; doubled with each time, up to */
	PAUSE_MOST_MS = 30000,
	SLOW_MOST = 60,    /* seconds it may ask us to wait */
	SILENCES_MOST = 2, /* in a row, when it is done once */
};

struct pace {
	int64_t sweep_at; /* when to sweep next */
	int64_t again_at; /* Midtrans asked us to slow down: nothing before, whoever asks */
	int pause;        /* Midtrans or the database is away: ms to wait before more is tried */
};

/* Until a NOTIFY, a signal or ms; where the database is away, a signal or ms. */
static void
rest(struct ctx *cx, int ms)
{
	struct pollfd fds[2] = { { .fd = daemon_signal_fd(), .events = POLLIN },
		{ .events = POLLIN } };
	const char *payload = NULL;
	bool deaf = db_wait(cx, 0, &payload) != RC_OK;

	if (payload != NULL || daemon_stopping())
		return;
	fds[1].fd = deaf ? -1 : db_socket(cx->db);
	(void)poll(fds, 2, ms);
	do {
		payload = NULL;
	} while (!deaf && db_wait(cx, 0, &payload) == RC_OK && payload != NULL);
}

/* Longer and longer, so that who is dead is not asked without end. */
static int
longer(struct pace *p)
{
	p->pause = p->pause > 0 ? 2 * p->pause : PAUSE_MS;
	if (p->pause > PAUSE_MOST_MS)
		p->pause = PAUSE_MOST_MS;
	return p->pause;
}

static int
slow_ms(const struct ctx *cx)
{
	int wait = gateway_slow_down(cx);

	return 1000 * (wait < SLOW_MOST ? wait : SLOW_MOST);
}

/*
 * Sweep when it is time, then one thing that is due; *ms: how long to rest.
 * What fails has a clock of its own and delays nothing else, unless nobody is
 * there; and even then somebody may ask for something now, unless Midtrans
 * asked us to slow down.
 */
static enum rc
step(struct ctx *cx, struct pace *p, int *ms)
{
	enum gateway_outcome came;

	*ms = (int)(p->again_at - clock_ms());
	if (*ms > 0)
		return RC_OK;
	*ms = 0;
	if (clock_ms() >= p->sweep_at) {
		TRY(gateway_sweep(cx));
		p->sweep_at = clock_ms() + SWEEP_MS;
	}
	TRY(gateway_work(cx, &came));
	if (came == GATEWAY_AWAY) {
		*ms = longer(p);
		p->again_at = clock_ms() + slow_ms(cx);
		return RC_OK;
	}
	p->pause = 0;
	return came == GATEWAY_IDLE ? gateway_wait(cx, ms) : RC_OK;
}

int
serve(struct ctx *cx)
{
	struct pace pace = { 0 };
	int ms;

	if (db_listen(cx, "gateway_jobs") != RC_OK) {
		log_err(LOG_ERROR, "listen", cx);
		return daemon_exit(cx->err.rc);
	}
	while (!daemon_stopping()) {
		arena_reset(cx->mem);
		cx->err = (struct err){ 0 };
		if (step(cx, &pace, &ms) != RC_OK) {
			log_err(LOG_WARN, "work", cx);
			ms = longer(&pace);
		}
		if (ms > 0)
			rest(cx, ms);
	}
	return EXIT_DONE;
}

enum rc
serve_once(struct ctx *cx, bool *ret_well)
{
	enum gateway_outcome came = GATEWAY_DONE;
	int silences = 0;

	*ret_well = true;
	TRY(gateway_sweep(cx));
	while (came != GATEWAY_IDLE && silences < SILENCES_MOST && !daemon_stopping()) {
		arena_reset(cx->mem);
		cx->err = (struct err){ 0 };
		TRY(gateway_work(cx, &came));
		silences = came == GATEWAY_AWAY ? silences + 1 : 0;
		*ret_well = *ret_well && (came == GATEWAY_DONE || came == GATEWAY_IDLE);
	}
	return RC_OK;
}
