#include "message/notifier.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "base/log.h"
#include "db/db.h"
#include "message/message.h"
#include "sql.h"
#include "work/loop.h"

#define CHANNEL "messages"

enum {
	CHILDREN_MAX = 32,
	SWEEP_MS = 30000,
	LINGER_MS = 5000,
	REST_MS = 2000,    /* after a child that failed, so that a mistake cannot spin */
	ENOUGH_MS = 20000, /* to end the call under way: a kill leaves its message unknown */
};

struct child {
	pid_t pid; /* 0: the place is free, or resting */
	char sender[40];
	int64_t rest_until;
};

struct notifier {
	struct child children[CHILDREN_MAX];
	const char *env;
};

/* ---- one line ----------------------------------------------------------------------------------
 */

/* In how many ms this sender's next message may leave; -1: it has none. */
static enum rc
next_due(struct ctx *cx, const char *sender, int *ret)
{
	struct db_rows *rows;

	*ret = -1;
	TRY(db_rows(cx, &SQL_message_due_senders, &rows));
	for (size_t i = 0; i < db_count(rows); i++)
		if (strcmp(db_text(rows, i, "sender"), sender) == 0)
			*ret = (int)db_i64(rows, i, "wait_ms");
	return RC_OK;
}

/* Nothing may leave now: rest until something may, or until nothing came for LINGER_MS. */
static enum rc
linger(struct ctx *cx, const char *sender, int64_t idle_since, bool *ret)
{
	const char *payload;
	int ms, left = (int)(idle_since + LINGER_MS - clock_ms());

	*ret = false;
	TRY(next_due(cx, sender, &ms));
	if (left <= 0 || ms > LINGER_MS)
		return RC_OK;
	/* Due, and not given out: quiet hours or a daily cap hold it. */
	if (ms == 0)
		return RC_OK;
	loop_wait(cx, ms > 0 && ms < left ? ms : left, &payload);
	*ret = true;
	return RC_OK;
}

enum rc
notifier_send_line(struct ctx *cx, const char *sender)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(16384);
	int64_t idle_since = clock_ms();
	struct line *line;
	bool sent, well, more = true;

	TRY(db_listen(cx, CHANNEL));
	TRY(message_open_line(cx, life, sender, &line));
	while (line != NULL && more && !daemon_stopping()) {
		arena_reset(cx->mem);
		TRY(message_send_next(cx, line, &sent, &well));
		if (sent)
			idle_since = clock_ms();
		else
			TRY(linger(cx, sender, idle_since, &more));
	}
	return RC_OK;
}

/* ---- children ----------------------------------------------------------------------------------
 */

/* Only to end a wait, and blocked but there, so that none is lost: waitpid() tells who. */
static void
on_child(int sig)
{
	(void)sig;
}

static struct child *
child_of(struct notifier *n, const char *sender)
{
	struct child *unused = NULL;

	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		struct child *c = &n->children[i];

		if (strcmp(c->sender, sender) == 0)
			return c;
		if (unused == NULL && c->pid == 0 && c->rest_until <= clock_ms())
			unused = c;
	}
	return unused;
}

static _Noreturn void
become_child(const struct notifier *n, const char *sender, pid_t parent)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == parent)
		(void)execl("/proc/self/exe", "notifier", "--sender", sender,
		    n->env != NULL ? "--env" : (char *)NULL, n->env, (char *)NULL);
	_exit(EXIT_FAILED);
}

static void
start(struct notifier *n, struct child *c, const char *sender)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		become_child(n, sender, parent);
	if (pid < 0) {
		log_event(LOG_ERROR, "fork", "error", strerror(errno), NULL);
		return;
	}
	c->pid = pid;
	(void)snprintf(c->sender, sizeof(c->sender), "%s", sender);
}

static void
note_end(struct child *c, int status)
{
	bool well = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_DONE;

	c->pid = 0;
	c->rest_until = well ? 0 : clock_ms() + REST_MS;
	if (WIFSIGNALED(status) && !daemon_stopping())
		log_event(LOG_ERROR, "child killed", "sender", c->sender, "signal",
		    strsignal(WTERMSIG(status)), NULL);
	if (well)
		c->sender[0] = '\0';
}

/* How many still run. */
static size_t
reap(struct notifier *n)
{
	size_t alive = 0;

	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		struct child *c = &n->children[i];
		int status;

		if (c->pid != 0 && waitpid(c->pid, &status, WNOHANG) == c->pid)
			note_end(c, status);
		alive += c->pid != 0;
	}
	return alive;
}

static void
signal_all(const struct notifier *n, int sig)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (n->children[i].pid != 0)
			(void)kill(n->children[i].pid, sig);
}

static void
end_all(struct notifier *n)
{
	int64_t until = clock_ms() + ENOUGH_MS;

	signal_all(n, SIGTERM);
	while (reap(n) > 0) {
		if (clock_ms() > until)
			signal_all(n, SIGKILL);
		(void)poll(NULL, 0, 20);
	}
}

/* ---- the master --------------------------------------------------------------------------------
 */

static enum rc
fan_out(struct ctx *cx)
{
	struct db_rows *rows;

	do {
		TRY(db_row(cx, &SQL_message_fan_out, &rows));
	} while (db_bool(rows, 0, "more"));
	return RC_OK;
}

static enum rc
sweep(struct ctx *cx, void *work)
{
	(void)work;
	return db_exec(cx, &SQL_alert_sweep);
}

/* A running child looks after its line itself; one that rests is looked at again soon. */
static int
serve_sender(struct notifier *n, const char *sender, int wait_ms)
{
	struct child *c = child_of(n, sender);

	if (c == NULL || (c->pid == 0 && c->rest_until > clock_ms()))
		return REST_MS;
	if (c->pid != 0)
		return SWEEP_MS;
	if (wait_ms > 0)
		return wait_ms;
	start(n, c, sender);
	return SWEEP_MS;
}

static enum rc
step(struct ctx *cx, void *work, struct loop_turn *ret)
{
	struct notifier *n = work;
	struct db_rows *rows;

	(void)reap(n);
	*ret = (struct loop_turn){ .outcome = LOOP_IDLE, .wait_ms = SWEEP_MS };
	TRY(fan_out(cx));
	TRY(db_rows(cx, &SQL_message_due_senders, &rows));
	for (size_t i = 0; i < db_count(rows); i++) {
		int ms =
		    serve_sender(n, db_text(rows, i, "sender"), (int)db_i64(rows, i, "wait_ms"));

		ret->wait_ms = ms < ret->wait_ms ? ms : ret->wait_ms;
	}
	return RC_OK;
}

int
notifier_serve(struct ctx *cx, const char *env)
{
	static const struct sigaction child = { .sa_handler = on_child };
	struct notifier n = { .env = env }; /* not from cx->mem, which the loop empties */
	struct loop loop = { .channel = CHANNEL,
		.sweep_ms = SWEEP_MS,
		.work = &n,
		.sweep = sweep,
		.step = step };
	sigset_t blocked;
	int code;

	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &blocked, NULL);
	(void)sigaction(SIGCHLD, &child, NULL);
	code = loop_run(cx, &loop);
	end_all(&n);
	return code;
}

/* ---- once --------------------------------------------------------------------------------------
 */

/* A line in the hands of a service is left to it. */
static enum rc
empty_line(struct ctx *cx, const char *sender, bool *ret_well)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(16384);
	_cleanup_(arena_freep) struct arena *mem = arena_new(65536);
	struct ctx own = *cx;
	struct line *line;
	enum rc rc;
	bool sent = true, well = true;

	own.mem = mem;
	rc = message_open_line(&own, life, sender, &line);
	while (rc == RC_OK && line != NULL && sent && !daemon_stopping()) {
		arena_reset(mem);
		rc = message_send_next(&own, line, &sent, &well);
		*ret_well = *ret_well && well;
	}
	cx->err = own.err;
	cx->err.fields = NULL;
	return rc;
}

enum rc
notifier_once(struct ctx *cx, bool *ret_well)
{
	struct db_rows *rows;

	*ret_well = true;
	TRY(sweep(cx, NULL));
	TRY(fan_out(cx));
	TRY(db_rows(cx, &SQL_message_due_senders, &rows));
	for (size_t i = 0; i < db_count(rows); i++)
		TRY(empty_line(cx, db_text(rows, i, "sender"), ret_well));
	return RC_OK;
}
