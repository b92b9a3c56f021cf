/*
 * loop.h: a service that LISTENs for work, sweeps, and backs off.
 *
 * The services of this tree (router-sync, gateway-sync, notifier) find their
 * work in a table.  A NOTIFY on a channel says that there is new work; a sweep
 * every half minute finds what a lost NOTIFY or a killed worker left behind.
 * loop_run() does one step of work after another, rests when nothing is due
 * until a NOTIFY, a signal or the time that the step named, and backs off while
 * the peer or the database cannot be reached.  cx->mem is emptied before each step.
 *
 * One failed job is no reason to pause: its next try has a time of its own in
 * the database, and the loop goes on with other jobs (LOOP_FAILED).  An
 * unreachable peer is a reason: every other job would fail, too
 * (LOOP_UNREACHABLE).
 */
#ifndef WORK_LOOP_H
#define WORK_LOOP_H

#include <stdbool.h>

#include "base/ctx.h"

struct db_conf;

enum loop_outcome {
	LOOP_IDLE,        /* nothing is due for wait_ms */
	LOOP_DONE,        /* one job is done; there may be more */
	LOOP_FAILED,      /* one job failed, is logged, and is due again later */
	LOOP_UNREACHABLE, /* the same, and any other job would fail now, too */
};

struct loop_turn {
	enum loop_outcome outcome;
	int wait_ms; /* LOOP_IDLE: until a job is due */
	int hold_ms; /* LOOP_UNREACHABLE: begin no step for so long, not even after a NOTIFY */
};

struct loop {
	const char *channel;                        /* channel of NOTIFY */
	int sweep_ms;                               /* between two sweeps */
	void *work;                                 /* passed to the two functions */
	enum rc (*sweep)(struct ctx *, void *work); /* NULL: the steps find all work */
	enum rc (*step)(struct ctx *, void *work, struct loop_turn *ret);
};

/*
 * Work until a signal comes, and wait while the database cannot be reached.  Returns the
 * program's exit code.
 */
int loop_run(struct ctx *, const struct loop *);

/*
 * Sweep, then step until nothing is due, or the peer was unreachable twice in a row.
 * *ret_ok: no step failed.  Fails when the database cannot be reached.
 */
enum rc loop_once(struct ctx *, const struct loop *, bool *ret_ok) _must_check_;

/*
 * Wait until a NOTIFY or a signal comes, or for ms.  SIGCHLD ends the wait, too, though
 * the caller may have blocked it.  *payload: that of one notification, or NULL.  An
 * unreachable database is no error here: loop_wait() returns after at most a second, and
 * the caller's next statement fails and says why.
 */
void loop_wait(struct ctx *, int ms, const char **payload);

/*
 * Connect, and wait while the database cannot be reached.  When a signal comes
 * meanwhile, fails with RC_RETRY.  An error that waiting does not mend, such as a refused
 * password, fails at once.
 */
enum rc loop_connect(struct ctx *, const struct db_conf *) _must_check_;

#endif
