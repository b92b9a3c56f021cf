/*
 * http_peer.h: a web server of one screen, for tests of the client.
 *
 * A thread on a loopback port plays a list of turns: receive a whole request, say
 * something, go on.  The requests received are kept, one after another.
 */
#ifndef TEST_HTTP_PEER_H
#define TEST_HTTP_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum peer_end {
	PEER_KEEP = 0, /* the next turn: same connection or next one, as the client likes */
	PEER_CLOSE,    /* close it; the next turn accepts another */
	PEER_RESET,    /* the same, with RST */
	PEER_DIE,      /* close it and the listener: the last turn */
	PEER_HANG,     /* say no more until the client has gone */
};

struct turn {
	const char *say; /* NULL: nothing */
	enum peer_end end;
	size_t drip;  /* so many bytes at a time (0: all) ... */
	int pause_ms; /* ... each after such a pause */
	bool endless; /* say it until the client has gone */
};

struct peer {
	const struct turn *turns;
	size_t nturns;
	SSL_CTX *tls;
	SSL *ssl;
	pthread_t thread;
	int lfd, fd, port;
	int connections, requests;
	bool over; /* the client's test has ended */
	char received[8][4096];
};

static inline ssize_t
peer_recv(struct peer *p, char *to, size_t n)
{
	return p->ssl != NULL ? SSL_read(p->ssl, to, (int)n) : recv(p->fd, to, n, 0);
}

static inline bool
peer_send(struct peer *p, const char *from, size_t n)
{
	ssize_t r =
	    p->ssl != NULL ? SSL_write(p->ssl, from, (int)n) : send(p->fd, from, n, MSG_NOSIGNAL);

	return r == (ssize_t)n;
}

static inline void
peer_hang_up(struct peer *p, bool reset)
{
	struct linger now = { .l_onoff = 1 };

	if (p->fd < 0)
		return;
	if (reset)
		(void)setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	SSL_free(p->ssl);
	p->ssl = NULL;
	(void)close(p->fd);
	p->fd = -1;
}

/* Is there one of these two to be read within a second?  A new connection counts as well. */
static inline bool
peer_wait(struct peer *p)
{
	struct pollfd fds[2] = { { p->lfd, POLLIN, 0 }, { p->fd, POLLIN, 0 } };

	if (p->ssl != NULL && SSL_pending(p->ssl) > 0)
		return true;
	while (!__atomic_load_n(&p->over, __ATOMIC_ACQUIRE))
		if (poll(fds, p->fd < 0 ? 1 : 2, 50) > 0)
			break;
	return p->fd >= 0 && fds[1].revents != 0;
}

static inline bool
peer_accept(struct peer *p)
{
	struct pollfd waiting = { p->lfd, POLLIN, 0 };

	if (poll(&waiting, 1, 0) <= 0)
		return false;
	p->fd = accept(p->lfd, NULL, NULL);
	p->connections++;
	if (p->tls == NULL)
		return true;
	p->ssl = SSL_new(p->tls);
	(void)SSL_set_fd(p->ssl, p->fd);
	if (SSL_accept(p->ssl) == 1)
		return true;
	peer_hang_up(p, false);
	return false;
}

static inline bool
peer_is_whole(const char *text)
{
	const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "content-length:");

	return end != NULL && (length == NULL || length > end ||
				  strlen(end + 4) >= strtoul(length + 15, NULL, 10));
}

/* One request, into received; false: the client went away. */
static inline bool
peer_receive(struct peer *p)
{
	char *to = p->received[p->requests % 8];
	size_t n = 0;
	ssize_t r;

	memset(to, 0, sizeof(p->received[0]));
	while (n == 0 || !peer_is_whole(to)) {
		r = n < sizeof(p->received[0]) - 1
			? peer_recv(p, to + n, sizeof(p->received[0]) - 1 - n)
			: 0;
		if (r <= 0)
			return false;
		n += (size_t)r;
	}
	p->requests++;
	return true;
}

static inline void
peer_say(struct peer *p, const struct turn *t)
{
	size_t len = t->say != NULL ? strlen(t->say) : 0, step = t->drip > 0 ? t->drip : len;

	do {
		for (size_t at = 0; at < len; at += step) {
			if (t->pause_ms > 0)
				(void)usleep((unsigned)t->pause_ms * 1000);
			if (!peer_send(p, t->say + at, len - at < step ? len - at : step))
				return;
		}
	} while (t->endless && !__atomic_load_n(&p->over, __ATOMIC_ACQUIRE));
}

/* Wait for a request on the connection there is, or on a new one. */
static inline bool
peer_next(struct peer *p)
{
	while (!__atomic_load_n(&p->over, __ATOMIC_ACQUIRE)) {
		if (p->fd >= 0 && peer_wait(p) && peer_receive(p))
			return true;
		peer_hang_up(p, false);
		(void)peer_wait(p);
		(void)peer_accept(p);
	}
	return false;
}

static inline void *
peer_run(void *arg)
{
	struct peer *p = arg;

	for (size_t i = 0; i < p->nturns && peer_next(p); i++) {
		peer_say(p, &p->turns[i]);
		if (p->turns[i].end == PEER_HANG)
			(void)peer_wait(p);
		if (p->turns[i].end == PEER_DIE)
			(void)shutdown(p->lfd, SHUT_RDWR);
		if (p->turns[i].end != PEER_KEEP)
			peer_hang_up(p, p->turns[i].end == PEER_RESET);
	}
	(void)peer_next(p); /* what comes beyond the turns is received, and counted */
	peer_hang_up(p, false);
	return NULL;
}

static inline void
peer_listen(struct peer *p)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);

	p->fd = -1;
	p->lfd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(p->lfd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(p->lfd, 8), 0);
	assert_int_equal(getsockname(p->lfd, (struct sockaddr *)&at, &len), 0);
	p->port = ntohs(at.sin_port);
}

static inline void
peer_start(struct peer *p)
{
	peer_listen(p);
	assert_int_equal(pthread_create(&p->thread, NULL, peer_run, p), 0);
}

static inline void
peer_stop(struct peer *p)
{
	__atomic_store_n(&p->over, true, __ATOMIC_RELEASE);
	(void)pthread_join(p->thread, NULL);
	(void)close(p->lfd);
}

#endif
