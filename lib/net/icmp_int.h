/* icmp_int.h: the engine, as icmp.c, icmp_heap.c and icmp_socket.c share it. */
#ifndef NET_ICMP_INT_H
#define NET_ICMP_INT_H

#include "net/icmp.h"

enum { TOKENS = 32, BATCH = 32, PAYLOAD = 48, PACKET = 8 + PAYLOAD, RECEIVE = 576, V4 = 0, V6 = 1 };

struct outgoing {
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	unsigned char packet[BATCH][PACKET];
	struct icmp_probe *probe[BATCH];
	size_t n;
};

/* The time stands beside the probe: comparing through 10,000 probes missed the cache each time. */
struct icmp_event {
	int64_t ns;
	struct icmp_probe *probe;
};

struct icmp {
	struct arena *mem;
	int fd[2];
	uint16_t ident;
	struct icmp_probe **slots; /* by slot number; NULL: free */
	uint32_t *unused;
	size_t nslots, nunused;
	struct icmp_event *heap;
	size_t nheap, heap_max;
	struct icmp_probe **ended; /* not given out yet */
	size_t nended, ended_max;
	struct outgoing out[2];
	uint64_t tokens[TOKENS]; /* drawn at once, 256 bytes: no call for less is cut short */
	size_t ntokens;
};

/* Make room for one more element in a list of the arena. */
void *icmp_grow(struct arena *, void *list, size_t n, size_t *max, size_t size);

/* The heap of probes: the one whose event comes first is on top. */
void icmp_heap_add(struct icmp *, struct icmp_probe *);
void icmp_heap_remove(struct icmp *, struct icmp_probe *);

#endif
