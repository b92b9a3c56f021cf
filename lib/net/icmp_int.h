/* icmp_int.h: the engine, as icmp.c, icmp_event.c and icmp_socket.c share it. */
#ifndef NET_ICMP_INT_H
#define NET_ICMP_INT_H

#include "net/icmp.h"

#include <netinet/in.h>
#include <time.h>

enum { TOKENS = 32, BATCH = 32, PAYLOAD = 48, PACKET = 8 + PAYLOAD, V4 = 0, V6 = 1 };
/* Room for two batches of replies: a call that returns fewer has emptied the socket. */
enum { TAKE = 2 * BATCH };
/* Bytes kept of a reply: the longest header of IPv4, that of ICMP, and our stamp. */
enum { RECEIVE = 128 };

struct outgoing {
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	unsigned char packet[BATCH][PACKET];
	struct icmp_probe *probe[BATCH];
	size_t n;
};

struct incoming {
	struct mmsghdr msgs[TAKE];
	struct iovec iov[TAKE];
	struct sockaddr_in6 from[TAKE]; /* of IPv6, which delivers no header */
	unsigned char packet[TAKE][RECEIVE];
	union {
		struct cmsghdr align;
		unsigned char room[CMSG_SPACE(sizeof(struct timespec))];
	} control[TAKE];
};

/*
 * The time at which the probe in a slot sends or times out.  An event is void when its probe has
 * ended or was planned for another time: void events stay in the queue until their time, because
 * removing them missed the cache for each of 10,000 probes.
 */
struct icmp_event {
	int64_t ns;
	uint32_t slot;
};

struct icmp_events {
	struct icmp_event *fifo, *heap;
	size_t first, end, fifo_max; /* of the queue */
	size_t nheap, heap_max;
};

struct icmp {
	struct arena *mem;
	int fd[2];
	uint16_t ident;
	struct icmp_probe **slots; /* by slot number; NULL: free */
	uint32_t *unused;
	size_t nslots, nunused;
	struct icmp_events events;
	struct icmp_probe **ended; /* icmp_step() has not returned them yet */
	size_t nended, ended_max;
	struct outgoing out[2];
	struct incoming in[2];
	uint64_t tokens[TOKENS]; /* from one getrandom(), which returns all of 256 bytes */
	size_t ntokens;
};

/* Make room for one more element in a list of the arena. */
void *icmp_grow(struct arena *, void *list, size_t n, size_t *max, size_t size);

/* Plan the event of the probe at its event_ns. */
void icmp_plan(struct icmp *, const struct icmp_probe *);
/* When the first event comes; INT64_MAX: there is none. */
int64_t icmp_next_ns(const struct icmp *);
/* Take the first event (there must be one) and return its probe; NULL: the event was void. */
struct icmp_probe *icmp_take_next(struct icmp *);

#endif
