/*
 * ros_peer.h: a router of two screens, for tests of the client.
 *
 * A thread on a loopback port plays a list of turns: read sentences, say
 * something.  In say, words are parted by '|' and sentences end with a newline:
 * "!re|=.id=*1\n!done\n".  Received sentences are kept in the same spelling.
 */
#ifndef TEST_ROS_PEER_H
#define TEST_ROS_PEER_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/ros_codec.h"
#include "net/routeros.h"

enum peer_end {
	PEER_ON = 0,  /* the next turn */
	PEER_HOLD,    /* the last turn: keep the connection until the client closes it */
	PEER_HANG_UP, /* the last turn: close it */
	PEER_AGAIN,   /* close it, and accept another for the next turn */
	PEER_NEXT,    /* the same, once the client has closed it */
};

struct turn {
	int listen;      /* sentences to read first */
	const char *say; /* NULL: nothing */
	enum peer_end end;
	const char *raw; /* bytes instead of say, raw_len of them */
	size_t raw_len;
	size_t drip;  /* so many bytes at a time (0: all) ... */
	int pause_ms; /* ... each after such a pause */
	bool endless; /* say it until the client has gone */
};

struct peer {
	const struct turn *turns;
	SSL_CTX *tls;
	SSL *ssl;
	pthread_t thread;
	int lfd, fd, port;
	bool was_left; /* the client kept its connection until our limit */
	char *received;
	size_t len, cap;
};

/* How a client finds it, but for the port; its times are more than a busy machine needs. */
static inline struct routeros_target
peer_target(void)
{
	return (struct routeros_target){ .name = "Main",
		.host = "127.0.0.1",
		.username = "api",
		.password = "s3cret",
		.connect_ms = 20000,
		.login_ms = 20000,
		.read_ms = 20000,
		.total_ms = 20000 };
}

static inline void
peer_note(struct peer *p, const char *bytes, size_t n)
{
	if (p->len + n + 1 > p->cap) {
		p->cap = 2 * (p->len + n + 1);
		p->received = realloc(p->received, p->cap);
	}
	memcpy(p->received + p->len, bytes, n);
	p->len += n;
	p->received[p->len] = '\0';
}

static inline bool
peer_read(struct peer *p, char *to, size_t n)
{
	errno = 0;
	for (size_t got = 0; got < n;) {
		ssize_t r = p->ssl != NULL ? SSL_read(p->ssl, to + got, (int)(n - got))
					   : recv(p->fd, to + got, n - got, 0);

		if (r <= 0) {
			p->was_left = errno == EAGAIN;
			return false;
		}
		got += (size_t)r;
	}
	return true;
}

static inline bool
peer_write(struct peer *p, const char *from, size_t n)
{
	ssize_t r =
	    p->ssl != NULL ? SSL_write(p->ssl, from, (int)n) : send(p->fd, from, n, MSG_NOSIGNAL);

	return n == 0 || r == (ssize_t)n;
}

/* Returns the length of the next word, or -1 at the end of the connection. */
static inline long
peer_length(struct peer *p)
{
	unsigned char b, more;
	unsigned long v;
	int n;

	if (!peer_read(p, (char *)&b, 1))
		return -1;
	n = b < 0x80 ? 0 : b < 0xC0 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
	v = n == 4 ? 0 : b & (0xFFU >> (n == 0 ? 0 : n + 1));
	while (n-- > 0) {
		if (!peer_read(p, (char *)&more, 1))
			return -1;
		v = v << 8 | more;
	}
	return (long)v;
}

static inline bool
peer_listen(struct peer *p)
{
	bool first = true;
	long n;

	while ((n = peer_length(p)) > 0) {
		char *word = malloc((size_t)n);
		bool ok = peer_read(p, word, (size_t)n);

		if (!first)
			peer_note(p, "|", 1);
		peer_note(p, word, ok ? (size_t)n : 0);
		free(word);
		if (!ok)
			return false;
		first = false;
	}
	if (n == 0)
		peer_note(p, "\n", 1);
	return n == 0;
}

/* The bytes that say stands for. */
static inline char *
peer_bytes(const char *say, size_t *ret)
{
	char *out = malloc(2 * strlen(say) + 16), *to = out;

	while (*say != '\0') {
		size_t n = strcspn(say, "|\n");

		to += ros_length_put((uint32_t)n, (unsigned char *)to);
		memcpy(to, say, n);
		to += n;
		if (say[n] == '\n')
			*to++ = '\0';
		say += n + 1;
	}
	*ret = (size_t)(to - out);
	return out;
}

static inline bool
peer_say(struct peer *p, const struct turn *t)
{
	size_t n = t->raw_len;
	char *made = t->say != NULL ? peer_bytes(t->say, &n) : NULL;
	const char *bytes = made != NULL ? made : t->raw;
	size_t step = t->drip == 0 ? n : t->drip;
	bool ok = true;

	do {
		for (size_t i = 0; ok && i < n; i += step) {
			(void)usleep((useconds_t)t->pause_ms * 1000);
			ok = peer_write(p, bytes + i, step < n - i ? step : n - i);
		}
	} while (ok && t->endless);
	free(made);
	return ok;
}

static inline void
peer_accept(struct peer *p)
{
	struct timeval limit = { .tv_sec = 20 };

	p->fd = accept(p->lfd, NULL, NULL);
	if (p->fd < 0) /* stopped before anyone called */
		return;
	(void)setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(p->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (p->tls == NULL)
		return;
	p->ssl = SSL_new(p->tls);
	(void)SSL_set_fd(p->ssl, p->fd);
	(void)SSL_accept(p->ssl);
}

static inline void
peer_close(struct peer *p)
{
	SSL_free(p->ssl);
	if (p->fd >= 0)
		(void)close(p->fd);
	p->ssl = NULL;
	p->fd = -1;
}

static inline void *
peer_main(void *arg)
{
	struct peer *p = arg;
	const struct turn *t = p->turns;
	bool on;
	char byte;

	peer_accept(p);
	on = p->fd >= 0;
	for (; on; t++) {
		for (int i = 0; on && i < t->listen; i++)
			on = peer_listen(p);
		on = on && peer_say(p, t);
		while (on && t->end == PEER_HOLD)
			on = peer_read(p, &byte, 1);
		while (on && t->end == PEER_NEXT && peer_read(p, &byte, 1))
			;
		if (on && (t->end == PEER_AGAIN || t->end == PEER_NEXT)) {
			peer_close(p);
			peer_accept(p);
			on = p->fd >= 0;
		}
		on = on && t->end != PEER_HANG_UP;
	}
	peer_close(p);
	return NULL;
}

static inline struct peer *
peer_start(const struct turn *turns, SSL_CTX *tls)
{
	struct peer *p = calloc(1, sizeof(*p));
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->turns = turns;
	p->tls = tls;
	p->lfd = socket(AF_INET, SOCK_STREAM, 0);
	(void)bind(p->lfd, (struct sockaddr *)&at, sizeof(at));
	(void)listen(p->lfd, 8);
	(void)getsockname(p->lfd, (struct sockaddr *)&at, &len);
	p->port = ntohs(at.sin_port);
	peer_note(p, "", 0);
	(void)pthread_create(&p->thread, NULL, peer_main, p);
	return p;
}

/* Ends it, puts what it received into to, returns its length. The client must be closed: a
 * connection that nobody closes takes one of the few that a router grants. */
static inline size_t
peer_stop(struct peer *p, char *to, size_t size)
{
	size_t len;

	(void)shutdown(p->lfd, SHUT_RDWR);
	(void)pthread_join(p->thread, NULL);
	assert_false(p->was_left);
	(void)snprintf(to, size, "%s", p->received);
	(void)close(p->lfd);
	len = p->len;
	free(p->received);
	free(p);
	return len;
}

#endif
