/*
 * snmp_peer.h: an SNMP agent of versions 1 and 2c for tests of those that ask.
 *
 * A thread on a loopback port answers GET, GETNEXT and GETBULK from a table in the
 * order of its names, right or wrong as `how` says.
 */
#ifndef TEST_SNMP_PEER_H
#define TEST_SNMP_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/snmp_ber.h"
#include "unit.h"

/* A name, of its numbers. */
#define OID(...)                                                                                   \
	{                                                                                          \
		sizeof((uint32_t[]){ __VA_ARGS__ }) / 4,                                           \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

/* A row of the agent's table. */
struct snmp_row {
	struct snmp_oid name;
	int tag;
	uint64_t number;
	const char *text;
};

enum snmp_how {
	SNMP_RIGHT,
	SNMP_MUTE,
	SNMP_OTHER_ID,     /* another request's answer first, then the right one */
	SNMP_ELSEWHERE,    /* from another port only */
	SNMP_NOISE,        /* bytes that are none, then the right answer */
	SNMP_BROKEN,       /* a message whose values are none, then the right answer */
	SNMP_TWICE,        /* the right answer, twice */
	SNMP_STATUS,       /* genErr at the first value */
	SNMP_SMALL,        /* tooBig for more than 8 names */
	SNMP_DEAF_AT_BULK, /* silent to GETBULK of more than one row */
	SNMP_ODD_INDEX     /* noSuchName with an index beyond the names asked for */
};

struct snmp_peer {
	const struct snmp_row *rows;
	size_t nrows;
	enum snmp_how how;
	pthread_t thread;
	int fd, other, port;
	int asked;
	int handled; /* questions of all kinds: each counts once its answer is sent */
	bool over;
};

/* The row of this name, or (next) the first behind it. */
static inline const struct snmp_row *
snmp_row_of(const struct snmp_peer *p, const struct snmp_oid *name, bool next)
{
	for (size_t i = 0; i < p->nrows; i++) {
		int order = snmp_order(&p->rows[i].name, name);

		if (next ? order > 0 : order == 0)
			return &p->rows[i];
	}
	return NULL;
}

static inline void
ber_pair(struct ber *b, const struct snmp_row *row, const struct snmp_oid *name)
{
	size_t end = b->at;

	if (row == NULL) {
		ber_head(b, 0x82, 0); /* endOfMibView */
	} else if (row->tag == SNMP_OCTETS) {
		ber_bytes(b, row->text, strlen(row->text));
		ber_head(b, SNMP_OCTETS, strlen(row->text));
	} else {
		ber_number(b, row->tag, row->number);
	}
	ber_name(b, row != NULL ? &row->name : name);
	ber_head(b, 0x30, end - b->at);
}

/* The pairs of an answer, the last one first: they are written from the end. */
static inline void
snmp_write_pairs(const struct snmp_peer *p, const struct snmp_question *q, struct ber *b)
{
	uint32_t rows = q->kind == 0xa5 ? q->rows : 1;
	const struct snmp_row *found[64 * 16] = { NULL };
	size_t n = 0;

	for (uint32_t r = 0; r < rows && n < 64 * 16; r++) {
		for (size_t i = 0; i < q->n && n < 64 * 16; i++, n++) {
			const struct snmp_row *last = r > 0 ? found[n - q->n] : NULL;

			if (r > 0 && last == NULL)
				continue;
			found[n] = snmp_row_of(p, last != NULL ? &last->name : &q->names[i],
			    q->kind != 0xa0);
		}
	}
	while (n-- > 0)
		ber_pair(b, found[n], &q->names[n % q->n]);
}

/* Version 1 refuses a request for the first name that it lacks; its number, 0: it has all. */
static inline size_t
snmp_lacking(const struct snmp_peer *p, const struct snmp_question *q)
{
	for (size_t i = 0; q->version == 0 && i < q->n; i++)
		if (snmp_row_of(p, &q->names[i], q->kind != 0xa0) == NULL)
			return i + 1;
	return 0;
}

static inline void
snmp_answer_to(const struct snmp_peer *p, const struct snmp_question *q, uint32_t id, int status,
    struct ber *b)
{
	size_t lacking = snmp_lacking(p, q);

	status = status == 0 && lacking > 0 ? 2 : status;
	b->at = sizeof(b->buf);
	if (status == 0)
		snmp_write_pairs(p, q, b);
	if (status == 2 && p->how == SNMP_ODD_INDEX)
		lacking = 99;
	snmp_write_pdu(b, SNMP_RESPONSE, id, status, status == 2 ? lacking : status != 0);
	snmp_write_community(b, q);
}

static inline void
snmp_send_to(int fd, const struct ber *b, const struct sockaddr_in *to)
{
	(void)sendto(fd, b->buf + b->at, sizeof(b->buf) - b->at, 0, (const void *)to, sizeof(*to));
}

static inline void
snmp_peer_reply(struct snmp_peer *p, const struct snmp_question *q, const struct sockaddr_in *to)
{
	static __thread struct ber b;
	int status = p->how == SNMP_STATUS ? 5 : p->how == SNMP_SMALL && q->n > 8 ? 1 : 0;

	if (p->how == SNMP_MUTE || (p->how == SNMP_DEAF_AT_BULK && q->kind == 0xa5 && q->rows > 1))
		return;
	if (p->how == SNMP_OTHER_ID) {
		snmp_answer_to(p, q, q->id + 1, 0, &b);
		snmp_send_to(p->fd, &b, to);
	}
	if (p->how == SNMP_NOISE) {
		b.at = sizeof(b.buf) - 100;
		memset(b.buf + b.at, 0x30, 100);
		snmp_send_to(p->fd, &b, to);
	}
	if (p->how == SNMP_BROKEN) {
		b.at = sizeof(b.buf);
		ber_head(&b, 0x05, 0);
		snmp_write_pdu(&b, SNMP_RESPONSE, q->id, 0, 0);
		snmp_write_community(&b, q);
		snmp_send_to(p->fd, &b, to);
	}
	snmp_answer_to(p, q, q->id, status, &b);
	if (p->how == SNMP_TWICE)
		snmp_send_to(p->fd, &b, to);
	snmp_send_to(p->how == SNMP_ELSEWHERE ? p->other : p->fd, &b, to);
}

static inline void *
snmp_peer_run(void *arg)
{
	struct snmp_peer *p = arg;
	unsigned char data[2048];

	while (!__atomic_load_n(&p->over, __ATOMIC_ACQUIRE)) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(p->fd, data, sizeof(data), 0, (void *)&from, &len);

		if (n < 20)
			continue;
		struct snmp_question q = snmp_read_question(data, (size_t)n);

		p->asked++;
		snmp_peer_reply(p, &q, &from);
		__atomic_add_fetch(&p->handled, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Wait until it has handled so many questions: those that time out may still be in its socket. */
static inline void
snmp_peer_await(struct snmp_peer *p, int n)
{
	for (int i = 0; i < 10000 && __atomic_load_n(&p->handled, __ATOMIC_ACQUIRE) < n; i++)
		(void)usleep(2000);
	assert_true(__atomic_load_n(&p->handled, __ATOMIC_ACQUIRE) >= n);
}

static inline int
snmp_peer_socket(struct sockaddr_in *at)
{
	struct timeval limit = { .tv_usec = 50000 };
	const int most = 1 << 30; /* as large a buffer as the kernel grants: 500 requests at once */
	socklen_t len = sizeof(*at);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof(*at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &len), 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &most, sizeof(most));
	return fd;
}

static inline void
snmp_peer_start(struct snmp_peer *p)
{
	struct sockaddr_in at;

	p->other = snmp_peer_socket(&at);
	p->fd = snmp_peer_socket(&at);
	p->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&p->thread, NULL, snmp_peer_run, p), 0);
}

static inline void
snmp_peer_stop(struct snmp_peer *p)
{
	__atomic_store_n(&p->over, true, __ATOMIC_RELEASE);
	(void)pthread_join(p->thread, NULL);
	(void)close(p->fd);
	(void)close(p->other);
}

#endif
