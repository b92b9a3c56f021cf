/* snmp_plain.c: agents of versions 1 and 2c, without keys, over sockets that they share. */
#include "net/snmp_int.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"

enum { AT_ONCE = 32, READS = SNMP_SLOTS / AT_ONCE, DATAGRAM = 65536, SLOT_BITS = 13 };

/* ---- sockets ---- */

static void receive(struct snmp_watch *);

static bool
open_socket(struct snmp_engine *e, struct snmp_socket *s, int family)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = s };

	*s = (struct snmp_socket){ .watch = { receive }, .engine = e };
	s->fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return false;
	if (epoll_ctl(e->epoll, EPOLL_CTL_ADD, s->fd, &ev) == 0)
		return true;
	close(s->fd);
	return false;
}

/*
 * Open the sockets of a family: their buffers together hold an answer of each agent under way,
 * where the buffer of one, as unprivileged programs have it, holds about 100.
 */
static bool
open_family(struct snmp_engine *e, int family)
{
	struct snmp_family *f = &e->families[family == AF_INET6];

	while (f->nopen < SNMP_SOCKETS && open_socket(e, &f->sockets[f->nopen], family))
		f->nopen++;
	return f->nopen == SNMP_SOCKETS;
}

void
snmp_plain_close_sockets(struct snmp_engine *e)
{
	for (size_t i = 0; i < countof(e->families); i++)
		for (size_t k = 0; k < e->families[i].nopen; k++)
			close(e->families[i].sockets[k].fd);
}

/* ---- agents ---- */

bool
snmp_plain_open(struct snmp_agent *a)
{
	struct snmp_engine *e = a->engine;

	if (!open_family(e, a->conf.to.ss_family))
		return false;
	for (size_t i = 0; i < countof(e->slots); i++) {
		const size_t slot = (e->next_slot + i) % countof(e->slots);

		if (e->slots[slot] != NULL)
			continue;
		e->slots[slot] = a;
		e->next_slot = slot + 1;
		a->slot = slot;
		a->socket =
		    &e->families[a->conf.to.ss_family == AF_INET6].sockets[slot % SNMP_SOCKETS];
		return true;
	}
	return false;
}

static void
unqueue(struct snmp_agent *a)
{
	struct snmp_socket *s = a->socket;

	for (size_t i = 0; i < s->nqueued; i++)
		if (s->queue[i] == a)
			s->queue[i--] = s->queue[--s->nqueued];
}

void
snmp_plain_close(struct snmp_agent *a)
{
	if (a->socket == NULL)
		return;
	unqueue(a);
	a->engine->slots[a->slot] = NULL;
}

/* ---- requests ---- */

/* Send a socket's queue. Messages that it refuses are lost, and sent again after their time-out. */
static void
flush_socket(struct snmp_socket *s)
{
	struct mmsghdr msgs[SNMP_QUEUE];
	struct iovec iov[SNMP_QUEUE];

	for (size_t i = 0; i < s->nqueued; i++) {
		struct snmp_agent *a = s->queue[i];

		iov[i] = (struct iovec){ a->message, a->message_len };
		msgs[i].msg_hdr = (struct msghdr){ .msg_name = &a->conf.to,
			.msg_namelen = snmp_address_len(&a->conf.to),
			.msg_iov = &iov[i],
			.msg_iovlen = 1 };
	}
	for (size_t i = 0; i < s->nqueued;) {
		const int n = sendmmsg(s->fd, &msgs[i], (unsigned)(s->nqueued - i), MSG_DONTWAIT);

		i += n > 0 ? (size_t)n : 1; /* one that cannot be sent holds up no other */
	}
	s->nqueued = 0;
}

void
snmp_plain_flush(struct snmp_engine *e)
{
	for (size_t i = 0; i < countof(e->families); i++)
		for (size_t k = 0; k < e->families[i].nopen; k++)
			if (e->families[i].sockets[k].nqueued > 0)
				flush_socket(&e->families[i].sockets[k]);
}

static void
queue_message(struct snmp_agent *a)
{
	struct snmp_socket *s = a->socket;

	if (s->nqueued == SNMP_QUEUE)
		flush_socket(s);
	s->queue[s->nqueued++] = a;
	a->tries++;
	a->due_at = clock_ms() + a->conf.timeout_ms;
}

static uint32_t
new_id(struct snmp_agent *a)
{
	uint32_t id = 0;

	(void)!getrandom(&id, sizeof(id), 0);
	return (id << SLOT_BITS | (uint32_t)a->slot) & 0x7fffffff;
}

void
snmp_plain_ask(struct snmp_agent *a, enum snmp_kind kind, const struct snmp_oid *oids, size_t n,
    int rows)
{
	unsigned char buf[SNMP_REQUEST_MAX];
	const struct snmp_request q = { .is_v1 = strcmp(a->conf.version, "1") == 0,
		.community = a->conf.community,
		.kind = kind,
		.id = new_id(a),
		.rows = rows,
		.oids = oids,
		.n = n };
	const size_t len = snmp_request_write(buf, &q);

	a->id = q.id;
	if (len == 0) {
		snmp_finish_request(a, SNMP_SILENT, "the request could not be sent");
		return;
	}
	if (len > a->message_room) {
		a->message = arena_alloc(a->mem, len);
		a->message_room = len;
	}
	memcpy(a->message, buf + SNMP_REQUEST_MAX - len, len);
	a->message_len = len;
	queue_message(a);
}

void
snmp_plain_timeout(struct snmp_agent *a)
{
	if (a->tries < SNMP_TRIES)
		queue_message(a);
	else
		snmp_finish_request(a, SNMP_SILENT, "no answer");
}

/* ---- answers ---- */

static bool
is_from(const struct snmp_agent *a, const struct sockaddr_storage *from)
{
	const struct sockaddr_in *to4 = (const void *)&a->conf.to, *from4 = (const void *)from;
	const struct sockaddr_in6 *to6 = (const void *)&a->conf.to, *from6 = (const void *)from;

	if (from->ss_family != a->conf.to.ss_family)
		return false;
	if (from->ss_family == AF_INET)
		return from4->sin_port == to4->sin_port &&
		       from4->sin_addr.s_addr == to4->sin_addr.s_addr;
	return from6->sin6_port == to6->sin6_port &&
	       memcmp(&from6->sin6_addr, &to6->sin6_addr, sizeof(to6->sin6_addr)) == 0;
}

static void
take_response(struct snmp_engine *e, const unsigned char *msg, size_t len,
    const struct sockaddr_storage *from)
{
	struct snmp_response r;
	struct snmp_agent *a;

	if (!snmp_response_read(msg, len, &r))
		return;
	a = e->slots[r.id & ((1U << SLOT_BITS) - 1)];
	if (a == NULL || !a->request.is_open || r.id != a->id || !is_from(a, from))
		return;
	if (r.status != 0) {
		a->reply.status = r.status;
		a->reply.index = r.index;
		snmp_finish_request(a, SNMP_FAULT, snmp_errstring((int)r.status));
	} else if (snmp_response_values(e->scratch, &r, &a->reply)) {
		snmp_finish_request(a, SNMP_REPLIED, NULL);
	} else {
		a->reply = (struct snmp_reply){ 0 };
		return;
	}
	snmp_give_answer(a);
}

/* Read datagrams that have arrived; how many. */
static int
read_some(struct snmp_socket *s)
{
	struct snmp_engine *e = s->engine;
	struct mmsghdr msgs[AT_ONCE];
	struct iovec iov[AT_ONCE];
	struct sockaddr_storage from[AT_ONCE];
	int n;

	if (e->datagrams == NULL)
		e->datagrams = arena_alloc(e->life, (size_t)AT_ONCE * DATAGRAM);
	for (size_t i = 0; i < AT_ONCE; i++) {
		iov[i] = (struct iovec){ e->datagrams + i * DATAGRAM, DATAGRAM };
		msgs[i].msg_hdr = (struct msghdr){ .msg_name = &from[i],
			.msg_namelen = sizeof(from[i]),
			.msg_iov = &iov[i],
			.msg_iovlen = 1 };
	}
	n = recvmmsg(s->fd, msgs, AT_ONCE, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		take_response(e, iov[i].iov_base, msgs[i].msg_len, &from[i]);
		arena_reset(e->scratch);
	}
	return n;
}

/* Read all that has arrived, but in a flood no more than an answer of each agent. */
static void
receive(struct snmp_watch *w)
{
	for (int i = 0; i < READS && read_some((void *)w) == AT_ONCE; i++)
		;
}
