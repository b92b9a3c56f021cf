/*
 * fcgi_loop.c: the connections of a worker: finds those with a whole request, closes slow
 * ones, accepts and passes on others.
 */
#include "http/fcgi_int.h"

#include <errno.h>
#include <fcgiapp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	HALF_REQUEST_MS = 5000, /* longest time from the first byte of a request to its last */
	EVENTS = 64,
	GIVE_TRIES = 200, /* tries of a millisecond each, while other workers are busy */
	FCGI_VERSION = 1,
	FCGI_HEADER = 8,
	FCGI_ABORT = 2,
	FCGI_STDIN = 5,
};

struct conn {
	int fd;           /* -1: the place is free */
	int64_t since_ms; /* when a part of a request was first seen; 0: none */
};

struct loop {
	const struct fcgi_worker *w;
	int epoll;
	struct conn *conns;
	size_t nconns;
	bool accepts; /* the listening socket is being watched */
	unsigned char peek[FCGI_PEEK_MAX];
};

/* Values by which epoll names descriptors that are no connections. */
static char marks[3];
static void *const mark_listen = &marks[0], *const mark_take = &marks[1],
		   *const mark_wake = &marks[2];

enum arrival { NOTHING, GONE, HALF, WHOLE, LARGE };

/* ---- what has arrived ------------------------------------------------------------------------ */

/* Look for a whole request: records up to an empty one of standard input. */
static enum arrival
look_at_records(const unsigned char *p, size_t n)
{
	for (size_t at = 0; at + FCGI_HEADER <= n;) {
		size_t len = (size_t)p[at + 4] << 8 | p[at + 5];

		if (p[at] != FCGI_VERSION || p[at + 1] == FCGI_ABORT)
			return GONE;
		if (p[at + 1] == FCGI_STDIN && len == 0)
			return WHOLE;
		at += FCGI_HEADER + len + p[at + 6];
	}
	return n == FCGI_PEEK_MAX ? LARGE : HALF; /* the rest is read under the timer */
}

static enum arrival
look_at_fd(struct loop *l, int fd)
{
	ssize_t n = recv(fd, l->peek, sizeof(l->peek), MSG_PEEK | MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? NOTHING : GONE;
	return n == 0 ? GONE : look_at_records(l->peek, (size_t)n);
}

/* ---- connections ----------------------------------------------------------------------------- */

/* Watch a socket that all workers of the pool share, so that each event wakes one of them. */
static void
watch_shared(struct loop *l, int fd, void *mark, bool on)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = mark };

	if (fd >= 0)
		(void)epoll_ctl(l->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd, &e);
}

static void
watch_sources(struct loop *l, bool on)
{
	if (l->accepts == on)
		return;
	l->accepts = on;
	watch_shared(l, l->w->listen_fd, mark_listen, on);
	watch_shared(l, l->w->take_fd, mark_take, on);
}

static void
forget(struct loop *l, struct conn *c)
{
	c->fd = -1;
	c->since_ms = 0;
	l->nconns--;
}

static void
drop(struct loop *l, struct conn *c)
{
	(void)close(c->fd);
	forget(l, c);
}

/* Look at the bytes that a connection has; left: its peer has closed it. */
static void
attend(struct loop *l, struct conn *c, bool left)
{
	enum arrival seen = look_at_fd(l, c->fd);

	switch (seen) {
	case GONE:
		drop(l, c);
		break;
	case NOTHING:
		break;
	case HALF:
		if (left)
			drop(l, c); /* the rest cannot come any more */
		else if (c->since_ms == 0)
			c->since_ms = clock_ms();
		break;
	case WHOLE:
	case LARGE:
		c->since_ms = 0;
		if (!fcgi_serve(l->w, c->fd, seen == LARGE))
			forget(l, c);
		break;
	}
}

static struct conn *
free_place(struct loop *l)
{
	for (size_t i = 0; i < l->w->conns_max; i++)
		if (l->conns[i].fd < 0)
			return &l->conns[i];
	return NULL;
}

/* Edge-triggered: a part of a request wakes the worker only when more of it comes. */
static bool
watch(struct loop *l, struct conn *c, int fd)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = c };
	struct timeval wait = { .tv_sec = HALF_REQUEST_MS / 1000 };

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

static void
add_connection(struct loop *l, int fd)
{
	struct conn *c = free_place(l);

	if (c == NULL || !watch(l, c, fd)) {
		(void)close(fd);
		return;
	}
	/*
	 * With one connection at a time a silent peer counts as a slow one: other peers wait for
	 * its place.
	 */
	*c = (struct conn){ .fd = fd, .since_ms = l->w->conns_max == 1 ? clock_ms() : 0 };
	l->nconns++;
	attend(l, c, false);
}

/* Accept one connection only: an idle worker takes the next. */
static bool
accept_one(struct loop *l)
{
	int fd = -1;

	if (l->nconns < l->w->conns_max)
		fd = accept4(l->w->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		add_connection(l, fd);
	else if (errno == EMFILE || errno == ENFILE)
		log_event(LOG_WARN, "accept", "msg", strerror(errno), NULL);
	return fd >= 0;
}

/* A message of one byte that carries a descriptor to another worker. */
struct parcel {
	struct msghdr msg;
	struct iovec io;
	char byte;
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
};

static struct msghdr *
pack(struct parcel *p)
{
	*p = (struct parcel){ .byte = 'c' };
	p->io = (struct iovec){ &p->byte, 1 };
	p->msg = (struct msghdr){ .msg_iov = &p->io,
		.msg_iovlen = 1,
		.msg_control = &p->control,
		.msg_controllen = sizeof(p->control) };
	return &p->msg;
}

static void
take_one(struct loop *l)
{
	struct parcel p;
	struct cmsghdr *c;
	int fd;

	if (l->nconns == l->w->conns_max ||
	    recvmsg(l->w->take_fd, pack(&p), MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
		return;
	c = CMSG_FIRSTHDR(&p.msg);
	if (c == NULL || c->cmsg_type != SCM_RIGHTS)
		return;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	add_connection(l, fd);
}

static void
give_away(struct loop *l, struct conn *c)
{
	struct parcel p;
	struct msghdr *msg = pack(&p);
	struct cmsghdr *head = CMSG_FIRSTHDR(msg);

	*head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(sizeof(int)) };
	memcpy(CMSG_DATA(head), &c->fd, sizeof(c->fd));
	for (int i = 0; i < GIVE_TRIES && l->w->give_fd >= 0; i++) {
		if (sendmsg(l->w->give_fd, msg, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 ||
		    errno != EAGAIN)
			break;
		(void)usleep(1000);
	}
	drop(l, c); /* the other worker has its own descriptor of it */
}

/* Close connections whose request stays incomplete; returns ms until the next look, -1 for none. */
static int
drop_slow_peers(struct loop *l)
{
	int64_t now = clock_ms();
	int wait = -1;

	for (size_t i = 0; i < l->w->conns_max; i++) {
		struct conn *c = &l->conns[i];

		if (c->fd < 0 || c->since_ms == 0)
			continue;
		if (now - c->since_ms >= HALF_REQUEST_MS)
			drop(l, c);
		else
			wait = 500;
	}
	return wait;
}

static void
wait_and_attend(struct loop *l, int ms)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(l->epoll, events, EVENTS, ms);

	for (int i = 0; i < n; i++) {
		void *what = events[i].data.ptr;
		struct conn *c = what;

		if (what == mark_listen)
			(void)accept_one(l);
		else if (what == mark_take)
			take_one(l);
		else if (what != mark_wake && c->fd >= 0)
			attend(l, c, (events[i].events & (EPOLLRDHUP | EPOLLHUP)) != 0);
	}
}

/* Accept the connections that wait: there may be no other worker to do so. */
static void
drain_loop(struct loop *l)
{
	while (l->w->conns_max > 1 && accept_one(l))
		;
	watch_sources(l, false);
	for (size_t i = 0; i < l->w->conns_max; i++) {
		if (l->conns[i].fd >= 0)
			attend(l, &l->conns[i], false);
		if (l->conns[i].fd >= 0)
			give_away(l, &l->conns[i]);
	}
}

static void
on_alarm(int sig)
{
	(void)sig;
}

static bool
open_loop(struct loop *l)
{
	struct epoll_event wake = { .events = EPOLLIN, .data.ptr = mark_wake };
	struct sigaction sa = { .sa_handler = on_alarm };

	(void)sigaction(SIGALRM, &sa, NULL);
	(void)setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "0",
	    1); /* a close must not wait for the peer */
	if (FCGX_Init() != 0 || (l->epoll = epoll_create1(EPOLL_CLOEXEC)) < 0)
		return false;
	for (size_t i = 0; i < l->w->conns_max; i++)
		l->conns[i].fd = -1;
	if (l->w->wake_fd >= 0)
		(void)epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->w->wake_fd, &wake);
	watch_sources(l, true);
	return true;
}

enum rc
fcgi_run(const struct fcgi_worker *w)
{
	_cleanup_(arena_freep) struct arena *mem = arena_new(4096);
	struct loop *l = arena_alloc(mem, sizeof(*l));

	l->w = w;
	l->conns = arena_alloc(mem, w->conns_max * sizeof(*l->conns));
	if (!open_loop(l))
		return FAIL(w->cx, RC_INTERNAL, "the worker cannot wait: %s", strerror(errno));
	while (!w->stopping()) {
		int wait = drop_slow_peers(l);

		watch_sources(l, l->nconns < w->conns_max);
		wait_and_attend(l, wait);
	}
	drain_loop(l);
	(void)close(l->epoll);
	return RC_OK;
}
