#include "work/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "base/log.h"

struct child {
	pid_t pid; /* 0: the place is free, or rests */
	char key[40];
	int64_t rest_until;
};

struct child_set {
	const struct child_plan *plan;
	struct child *children; /* plan->most places */
	bool failed;
};

/* Does nothing: a handler must exist for SIGCHLD to end a wait. */
static void
on_child(int sig)
{
	(void)sig;
}

struct child_set *
child_set_new(struct arena *life, const struct child_plan *plan)
{
	static const struct sigaction end = { .sa_handler = on_child };
	struct child_set *set = arena_alloc(life, sizeof(*set));
	sigset_t blocked;

	set->plan = plan;
	set->children = arena_alloc(life, plan->most * sizeof(*set->children));
	memset(set->children, 0, plan->most * sizeof(*set->children));
	set->failed = false;
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &blocked, NULL);
	(void)sigaction(SIGCHLD, &end, NULL);
	return set;
}

static bool
is_free(const struct child *c)
{
	return c->pid == 0 && c->rest_until <= clock_ms();
}

/* The place of this key, else one that is free and no longer rests; NULL: none. */
static struct child *
place_of(const struct child_set *set, const char *key)
{
	struct child *unused = NULL;

	for (size_t i = 0; i < set->plan->most; i++) {
		struct child *c = &set->children[i];

		if (strcmp(c->key, key) == 0)
			return c;
		if (unused == NULL && is_free(c))
			unused = c;
	}
	return unused;
}

bool
child_is_running(const struct child_set *set, const char *key)
{
	const struct child *c = place_of(set, key);

	return c != NULL && c->pid != 0;
}

bool
child_may_start(const struct child_set *set, const char *key)
{
	const struct child *c = place_of(set, key);

	return c != NULL && is_free(c);
}

static _Noreturn void
become_child(const struct child_plan *plan, const char *key, pid_t parent)
{
	const char *args[CHILD_ARGS_MAX + 2] = { plan->program };
	sigset_t none;

	(void)plan->arguments(plan->work, key, args + 1);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == parent)
		(void)execl("/proc/self/exe", args[0], args[1], args[2], args[3], args[4], args[5],
		    args[6], (char *)NULL);
	_exit(EXIT_FAILED);
}

bool
child_start(struct child_set *set, const char *key)
{
	struct child *c = place_of(set, key);
	pid_t parent = getpid();

	if (c == NULL || !is_free(c))
		return c != NULL && c->pid != 0;
	c->pid = fork();
	if (c->pid == 0)
		become_child(set->plan, key, parent);
	if (c->pid < 0) {
		log_event(LOG_ERROR, "fork", "error", strerror(errno), NULL);
		c->pid = 0;
		return false;
	}
	(void)snprintf(c->key, sizeof(c->key), "%s", key);
	return true;
}

static void
note_end(struct child_set *set, struct child *c, int status)
{
	bool well = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_DONE;

	set->failed = set->failed || !well;
	c->pid = 0;
	c->rest_until = well ? 0 : clock_ms() + CHILD_REST_MS;
	if (WIFSIGNALED(status) && !daemon_stopping())
		log_event(LOG_ERROR, "child killed", set->plan->noun, c->key, "signal",
		    strsignal(WTERMSIG(status)), NULL);
	if (well)
		c->key[0] = '\0';
}

size_t
child_reap(struct child_set *set)
{
	size_t alive = 0;

	for (size_t i = 0; i < set->plan->most; i++) {
		struct child *c = &set->children[i];
		int status;

		if (c->pid != 0 && waitpid(c->pid, &status, WNOHANG) == c->pid)
			note_end(set, c, status);
		alive += c->pid != 0;
	}
	return alive;
}

bool
child_has_failed(const struct child_set *set)
{
	return set->failed;
}

static void
signal_all(const struct child_set *set, int sig)
{
	for (size_t i = 0; i < set->plan->most; i++)
		if (set->children[i].pid != 0)
			(void)kill(set->children[i].pid, sig);
}

void
child_end_all(struct child_set *set)
{
	int64_t until = clock_ms() + set->plan->grace_ms;

	signal_all(set, SIGTERM);
	while (child_reap(set) > 0) {
		if (clock_ms() > until)
			signal_all(set, SIGKILL);
		(void)poll(NULL, 0, 20);
	}
}
