#include "http/prefork.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "base/fd.h"
#include "base/log.h"

enum {
	CHILDREN_MAX = 1024,
	READY_MS = 15000,
	LEAVE_MS = 1000,
	DRAIN_MS = 35000, /* longer than the longest call to a router or to Midtrans */
	YOUNG_MS = 2000,  /* a worker that dies younger than this could not start */
	BACKOFF_MS = 250,
	BACKOFF_MAX_MS = 10000,
	FIRST_INHERITED = 3,
};

/* A place for one worker; it has a child, or waits until one may be started. */
struct slot {
	const struct pool *pool;
	struct pool_fds fds;
	pid_t pid; /* 0: none */
	int64_t started, not_before;
	int backoff;
};

struct master {
	struct ctx *cx;
	prefork_fn fn;
	void *arg;
	struct slot *slots;
	size_t nslots;
	pid_t leaving[CHILDREN_MAX]; /* replaced children that still drain */
	size_t nleaving;
	int child_fd;  /* readable when a child died */
	sigset_t mask; /* the signal mask before ours */
};

/* The child's end of the pipe on which it reports that it is ready. */
static int ready_pipe = -1;

/* ---- listening ------------------------------------------------------------------------------- */

static int
give_fd(int *fd)
{
	int mine = *fd;

	*fd = -1;
	return mine;
}

/* The number of systemd's socket for this pool; -1: none. */
static int
inherited(const char *pool)
{
	const char *pid = getenv("LISTEN_PID"), *names = getenv("LISTEN_FDNAMES");

	if (pid == NULL || names == NULL || strtol(pid, NULL, 10) != getpid())
		return -1;
	for (int fd = FIRST_INHERITED; *names != '\0'; fd++) {
		size_t n = strcspn(names, ":");

		if (n == strlen(pool) && strncmp(names, pool, n) == 0)
			return fd;
		names += n + (names[n] == ':');
	}
	return -1;
}

static bool
somebody_listens(const struct sockaddr_un *sa)
{
	_cleanup_(fd_closep) int fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 || errno == EAGAIN;
}

static enum rc
listen_unix(struct ctx *cx, const char *path, int *ret)
{
	_cleanup_(fd_closep) int fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(sa.sun_path))
		return FAIL(cx, RC_INVALID, "%s: the path of a socket has at most %zu bytes", path,
		    sizeof(sa.sun_path) - 1);
	memcpy(sa.sun_path, path, strlen(path) + 1);
	if (somebody_listens(&sa))
		return FAIL(cx, RC_RETRY, "%s: another process listens there", path);
	(void)unlink(path);
	if (bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    chmod(path, 0660) != 0) /* the web server is in our group */
		return FAIL(cx, RC_INVALID, "%s: %s", path, strerror(errno));
	*ret = give_fd(&fd);
	return RC_OK;
}

static enum rc
bind_tcp(struct ctx *cx, const struct addrinfo *ai, const char *address, int *ret)
{
	_cleanup_(fd_closep) int fd =
	    socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) != 0)
		return FAIL(cx, errno == EADDRINUSE ? RC_RETRY : RC_INVALID, "%s: %s", address,
		    strerror(errno));
	*ret = give_fd(&fd);
	return RC_OK;
}

static enum rc
listen_tcp(struct ctx *cx, const char *address, int *ret)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
	const char *colon = strrchr(address, ':');
	struct addrinfo *ai = NULL;
	enum rc rc;

	if (colon == NULL ||
	    getaddrinfo(arena_printf(cx->mem, "%.*s", (int)(colon - address), address), colon + 1,
		&hints, &ai) != 0)
		return FAIL(cx, RC_INVALID, "%s: neither a path nor ADDRESS:PORT", address);
	rc = bind_tcp(cx, ai, address, ret);
	freeaddrinfo(ai);
	return rc;
}

static enum rc
open_listener(struct ctx *cx, const struct pool *p, int *ret)
{
	int fd = inherited(p->name);

	if (fd < 0 && strchr(p->address, '/') != NULL)
		TRY(listen_unix(cx, p->address, &fd));
	else if (fd < 0)
		TRY(listen_tcp(cx, p->address, &fd));
	/* systemd's socket may block, and a draining worker would wait for ever in accept(). */
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	if (listen(fd, p->backlog) != 0)
		return FAIL(cx, RC_INVALID, "%s: %s", p->address, strerror(errno));
	*ret = fd;
	return RC_OK;
}

/* ---- children -------------------------------------------------------------------------------- */

void
prefork_ready(void)
{
	if (ready_pipe < 0)
		return;
	(void)!write(ready_pipe, "r", 1);
	(void)close(ready_pipe);
	ready_pipe = -1;
}

static _Noreturn void
be_worker(struct master *m, const struct slot *s, pid_t parent)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAILED); /* the master died during the fork */
	(void)sigprocmask(SIG_SETMASK, &m->mask, NULL);
	daemon_signals();
	if (s->pool->nice != 0)
		(void)setpriority(PRIO_PROCESS, 0, s->pool->nice);
	exit(m->fn(s->pool, &s->fds, m->arg));
}

/* Start a child; *ready becomes readable when it can serve, or has died. */
static pid_t
start_child(struct master *m, struct slot *s, int *ready)
{
	int ends[2];
	pid_t parent = getpid(), pid;

	if (pipe(ends) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		(void)close(ends[0]);
		ready_pipe = ends[1];
		be_worker(m, s, parent);
	}
	(void)close(ends[1]);
	*ready = ends[0];
	s->started = clock_ms();
	return pid;
}

/*
 * Start a worker in an empty slot. Only replace() waits until a worker is ready: here the pool's
 * other workers serve meanwhile. A fork that failed is tried again after the longest pause.
 */
static void
fill_slot(struct master *m, struct slot *s)
{
	_cleanup_(fd_closep) int ready = -1;
	pid_t pid;

	if (s->pid != 0 || clock_ms() < s->not_before)
		return;
	pid = start_child(m, s, &ready);
	if (pid > 0)
		s->pid = pid;
	else
		s->not_before = clock_ms() + BACKOFF_MAX_MS;
}

/* Wait longer each time before a child that dies young is started again. */
static void
note_death(struct slot *s, int status)
{
	char text[48];
	bool young = clock_ms() - s->started < YOUNG_MS;

	s->pid = 0;
	if (daemon_stopping())
		return;
	s->backoff = young ? (s->backoff > 0 ? 2 * s->backoff : BACKOFF_MS) : 0;
	s->backoff = s->backoff > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : s->backoff;
	s->not_before = clock_ms() + s->backoff;
	(void)snprintf(text, sizeof(text), WIFSIGNALED(status) ? "signal %d" : "exit %d",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	log_event(LOG_WARN, "worker_died", "pool", s->pool->name, "how", text, NULL);
}

static void
bury(struct master *m, pid_t pid, int status)
{
	for (size_t i = 0; i < m->nslots; i++)
		if (m->slots[i].pid == pid)
			note_death(&m->slots[i], status);
	for (size_t i = 0; i < m->nleaving; i++)
		if (m->leaving[i] == pid)
			m->leaving[i--] = m->leaving[--m->nleaving];
}

static void
reap(struct master *m)
{
	struct signalfd_siginfo info;
	pid_t pid;
	int status;

	while (read(m->child_fd, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		bury(m, pid, status);
}

static bool
became_ready(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t end = clock_ms() + READY_MS;
	char byte;

	while (clock_ms() < end && !daemon_stopping())
		if (poll(&p, 1, 100) > 0)
			return read(fd, &byte, 1) == 1;
	return false;
}

static bool
is_leaving(const struct master *m, pid_t pid)
{
	for (size_t i = 0; i < m->nleaving; i++)
		if (m->leaving[i] == pid)
			return true;
	return false;
}

/* Wait until an old worker has left, at most LEAVE_MS: one with long work leaves later. */
static void
wait_for(struct master *m, pid_t pid)
{
	struct pollfd p = { .fd = m->child_fd, .events = POLLIN };

	for (int64_t end = clock_ms() + LEAVE_MS; is_leaving(m, pid) && clock_ms() < end;) {
		(void)poll(&p, 1, 100);
		reap(m);
	}
}

/* False when the new worker cannot serve: then the old one stays. */
static bool
replace(struct master *m, struct slot *s)
{
	_cleanup_(fd_closep) int ready = -1;
	pid_t old = s->pid, pid;

	if (old == 0 || m->nleaving == CHILDREN_MAX)
		return true;
	pid = start_child(m, s, &ready);
	if (pid < 0 || !became_ready(ready)) {
		if (pid > 0)
			(void)kill(pid, SIGKILL);
		log_event(LOG_ERROR, "reload_stopped", "pool", s->pool->name, "msg",
		    "a new worker does not come up; the old ones stay", NULL);
		return false;
	}
	s->pid = pid;
	m->leaving[m->nleaving++] = old;
	(void)kill(old, SIGTERM);
	wait_for(m, old);
	return true;
}

static void
replace_all(struct master *m)
{
	log_event(LOG_INFO, "reload", NULL);
	for (size_t i = 0; i < m->nslots && !daemon_stopping(); i++) {
		if (!replace(m, &m->slots[i]))
			return;
		reap(m);
	}
}

static bool
signal_all(const struct master *m, int sig)
{
	bool any = m->nleaving > 0;

	for (size_t i = 0; i < m->nslots; i++)
		if (m->slots[i].pid != 0) {
			(void)kill(m->slots[i].pid, sig);
			any = true;
		}
	for (size_t i = 0; i < m->nleaving; i++)
		(void)kill(m->leaving[i], sig);
	return any;
}

static void
end_all(struct master *m)
{
	struct pollfd p = { .fd = m->child_fd, .events = POLLIN };
	int64_t end = clock_ms() + DRAIN_MS;

	for (size_t i = 0; i < m->nslots; i++) {
		const char *address = m->slots[i].pool->address;

		if (inherited(m->slots[i].pool->name) < 0 && address[0] == '/')
			(void)unlink(address); /* a new connection is refused at once */
	}
	for (bool any = signal_all(m, SIGTERM); any && clock_ms() < end; any = signal_all(m, 0)) {
		(void)poll(&p, 1, 200);
		reap(m);
	}
	(void)signal_all(m, SIGKILL);
}

/* ---- the master ------------------------------------------------------------------------------ */

/* Open the listener of a pool, and the sockets on which its workers pass connections on. */
static enum rc
open_fds(struct ctx *cx, const struct pool *p, struct pool_fds *ret)
{
	int pair[2], fd = -1;

	TRY(open_listener(cx, p, &fd));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
		return FAIL(cx, RC_INTERNAL, "socketpair: %s", strerror(errno));
	*ret = (struct pool_fds){ .listen = fd, .take = pair[0], .give = pair[1] };
	return RC_OK;
}

static enum rc
make_slots(struct master *m, const struct pool *pools, size_t n)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += (size_t)pools[i].workers;
	m->slots = arena_alloc(m->cx->mem, total * sizeof(*m->slots));
	for (size_t i = 0; i < n; i++) {
		struct pool_fds fds;

		TRY(open_fds(m->cx, &pools[i], &fds));
		for (int k = 0; k < pools[i].workers; k++)
			m->slots[m->nslots++] = (struct slot){ .pool = &pools[i], .fds = fds };
	}
	return RC_OK;
}

/* Open a descriptor that poll() can wait for: it becomes readable when a child dies. */
static enum rc
open_child_fd(struct master *m)
{
	sigset_t chld;

	(void)sigemptyset(&chld);
	(void)sigaddset(&chld, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &chld, &m->mask);
	m->child_fd = signalfd(-1, &chld, SFD_NONBLOCK | SFD_CLOEXEC);
	if (m->child_fd < 0)
		return FAIL(m->cx, RC_INTERNAL, "signalfd: %s", strerror(errno));
	return RC_OK;
}

static void
watch_over(struct master *m)
{
	struct pollfd fds[] = { { .fd = m->child_fd, .events = POLLIN },
		{ .fd = daemon_signal_fd(), .events = POLLIN } };

	while (!daemon_stopping()) {
		bool waiting = false;

		for (size_t i = 0; i < m->nslots; i++) {
			fill_slot(m, &m->slots[i]);
			waiting = waiting || m->slots[i].pid == 0;
		}
		(void)poll(fds, countof(fds), waiting ? BACKOFF_MS : -1);
		reap(m);
		if (daemon_hup())
			replace_all(m);
	}
}

enum rc
prefork_run(struct ctx *cx, const struct pool *pools, size_t n, prefork_fn fn, void *arg)
{
	struct master *m = arena_alloc(cx->mem, sizeof(*m));

	*m = (struct master){ .cx = cx, .fn = fn, .arg = arg, .child_fd = -1 };
	TRY(make_slots(m, pools, n));
	TRY(open_child_fd(m));
	watch_over(m);
	end_all(m);
	(void)close(m->child_fd);
	return RC_OK;
}
