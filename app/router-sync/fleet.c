/* fleet.c: a child for each router that has work. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "base/log.h"
#include "db/db.h"
#include "router/router.h"
#include "sql.h"
#include "sync.h"
#include "work/loop.h"

enum {
	SWEEP_MS = 30000,
	CHILDREN_MAX = 256,
	REST_MS = 2000,   /* after a child that failed, so that a mistake cannot spin */
	AWAY_MS = 1000,   /* between two tries while the database is away */
	ENOUGH_MS = 5000, /* that children get to end by themselves */
};

/* Instead of a router: of the child that compares them all. */
#define NIGHT "night"
/* And of the child that samples sessions. */
#define SAMPLE "sample"

struct child {
	pid_t pid; /* 0: the place is free, or resting */
	char router_id[40];
	int64_t rest_until;
};

struct fleet {
	struct child children[CHILDREN_MAX];
	bool failed;
	char night[16]; /* whose check has been started */
};

/* Ends a wait; the signal is blocked elsewhere, so that none is lost. */
static void
on_child(int sig)
{
	(void)sig;
}

static struct child *
child_of(struct fleet *f, const char *router_id)
{
	struct child *unused = NULL;

	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		struct child *c = &f->children[i];

		if (strcmp(c->router_id, router_id) == 0)
			return c;
		if (unused == NULL && c->pid == 0 && c->rest_until <= clock_ms())
			unused = c;
	}
	return unused;
}

static _Noreturn void
become_worker(const struct sync *s, const char *router_id, pid_t parent)
{
	const char *tail[6] = { NULL };
	size_t n = 0;
	sigset_t none;

	if (strcmp(router_id, NIGHT) == 0) {
		tail[n++] = "--check";
	} else if (strcmp(router_id, SAMPLE) == 0) {
		tail[n++] = "--sample";
	} else {
		tail[n++] = "--router";
		tail[n++] = router_id;
	}
	if (s->once)
		tail[n++] = "--once";
	if (s->env != NULL) {
		tail[n++] = "--env";
		tail[n++] = s->env;
	}
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == parent)
		(void)execl("/proc/self/exe", "router-sync", tail[0], tail[1], tail[2], tail[3],
		    tail[4], (char *)NULL);
	_exit(EXIT_FAILED);
}

static void
start(struct fleet *f, const struct sync *s, const char *router_id)
{
	struct child *c = child_of(f, router_id);
	pid_t parent = getpid(), pid;

	if (c == NULL || c->pid != 0 || c->rest_until > clock_ms())
		return;
	pid = fork();
	if (pid == 0)
		become_worker(s, router_id, parent);
	if (pid < 0) {
		log_event(LOG_ERROR, "fork", "error", strerror(errno), NULL);
		return;
	}
	c->pid = pid;
	(void)snprintf(c->router_id, sizeof(c->router_id), "%s", router_id);
}

/* One that failed may not be started again at once: neither a mistake nor a dead database spins. */
static void
ended(struct fleet *f, struct child *c, int status)
{
	bool well = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_DONE;

	f->failed = f->failed || !well;
	c->pid = 0;
	c->rest_until = well ? 0 : clock_ms() + REST_MS;
	if (WIFSIGNALED(status) && !daemon_stopping())
		log_event(LOG_ERROR, "worker killed", "router", c->router_id, "signal",
		    strsignal(WTERMSIG(status)), NULL);
	if (well)
		c->router_id[0] = '\0';
}

/* How many still run. */
static size_t
reap(struct fleet *f)
{
	size_t alive = 0;

	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		struct child *c = &f->children[i];
		int status;

		if (c->pid != 0 && waitpid(c->pid, &status, WNOHANG) == c->pid)
			ended(f, c, status);
		alive += c->pid != 0;
	}
	return alive;
}

static void
signal_all(const struct fleet *f, int sig)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		if (f->children[i].pid != 0)
			(void)kill(f->children[i].pid, sig);
	}
}

/* Every job can run twice, so a worker that hangs on a router may be killed. */
static void
end_all(struct fleet *f)
{
	int64_t until = clock_ms() + ENOUGH_MS;

	signal_all(f, SIGTERM);
	while (reap(f) > 0) {
		if (clock_ms() > until)
			signal_all(f, SIGKILL);
		(void)poll(NULL, 0, 20);
	}
}

/* A night that began before we did is not ours: each restart would compare all again. */
static enum rc
check_nightly(struct ctx *cx, struct fleet *f, const struct sync *s)
{
	const char *night;
	bool first = f->night[0] == '\0';

	TRY(router_night(cx, &night));
	if (strcmp(night, f->night) == 0)
		return RC_OK;
	(void)snprintf(f->night, sizeof(f->night), "%s", night);
	if (!first)
		start(f, s, NIGHT);
	return RC_OK;
}

static enum rc
sample_sessions(struct ctx *cx, struct fleet *f, const struct sync *s)
{
	struct db_rows *rows;

	if (s->once)
		return RC_OK;
	TRY(db_row(cx, &SQL_router_sample_waiting, &rows));
	if (db_bool(rows, 0, "is_due"))
		start(f, s, SAMPLE);
	return RC_OK;
}

/* Start what is due; *ret: when to look again. */
static enum rc
/* NOLINTNEXTLINE(readability-function-size): one walk, read from top to bottom */
sweep(struct ctx *cx, struct fleet *f, const struct sync *s, int *ret)
{
	struct router_work *work;
	size_t n;

	*ret = SWEEP_MS;
	TRY(check_nightly(cx, f, s));
	TRY(sample_sessions(cx, f, s));
	TRY(router_fail_waiting(cx));
	TRY(router_work(cx, &work, &n));
	for (size_t i = 0; i < n; i++) {
		const struct child *c = child_of(f, work[i].router_id);

		if (c != NULL && c->pid != 0)
			continue; /* it looks after itself */
		if (work[i].wait_ms == 0)
			start(f, s, work[i].router_id);
		c = child_of(f, work[i].router_id);
		if (c != NULL && c->pid != 0)
			continue;
		if (work[i].wait_ms < *ret)
			*ret = work[i].wait_ms > 0 ? (int)work[i].wait_ms : REST_MS / 4;
	}
	return RC_OK;
}

static int
serve(struct ctx *cx, struct fleet *f, const struct sync *s)
{
	const char *payload;
	int ms;

	if (db_listen(cx, SYNC_CHANNEL) != RC_OK) {
		log_err(LOG_ERROR, "listen", cx);
		return daemon_exit(cx->err.rc);
	}
	while (!daemon_stopping()) {
		arena_reset(cx->mem);
		(void)reap(f);
		if (sweep(cx, f, s, &ms) != RC_OK) {
			log_err(LOG_ERROR, "sweep", cx);
			ms = AWAY_MS;
		}
		loop_wait(cx, ms, &payload);
		while (payload != NULL)
			if (db_wait(cx, 0, &payload) != RC_OK)
				break;
	}
	end_all(f);
	return EXIT_DONE;
}

static int
serve_once(struct ctx *cx, struct fleet *f, const struct sync *s)
{
	int ms;

	if (sweep(cx, f, s, &ms) != RC_OK) {
		log_err(LOG_ERROR, "sweep", cx);
		return daemon_exit(cx->err.rc);
	}
	while (reap(f) > 0 && !daemon_stopping())
		(void)poll(NULL, 0, 10);
	end_all(f);
	return f->failed ? EXIT_FAILED : EXIT_DONE;
}

int
fleet_run(struct ctx *cx, const struct sync *s)
{
	static const struct sigaction child = { .sa_handler = on_child };
	sigset_t blocked;
	struct fleet fleet = { 0 }; /* not from cx->mem, which serve() empties */

	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &blocked, NULL);
	(void)sigaction(SIGCHLD, &child, NULL);
	return s->once ? serve_once(cx, &fleet, s) : serve(cx, &fleet, s);
}
