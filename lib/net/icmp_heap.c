/* icmp_heap.c: a heap of probes, ordered by the time of their next event. */
#include "net/icmp_int.h"

#include <string.h>

void *
icmp_grow(struct arena *mem, void *list, size_t n, size_t *max, size_t size)
{
	void *bigger;

	if (n < *max)
		return list;
	*max = *max == 0 ? 64 : *max * 2;
	bigger = arena_alloc(mem, *max * size);
	if (n > 0)
		memcpy(bigger, list, n * size);
	return bigger;
}

static void
heap_put(struct icmp *e, size_t i, struct icmp_probe *p)
{
	e->heap[i] = p;
	p->heap_at = (ptrdiff_t)i;
}

static void
sift_up(struct icmp *e, size_t i, struct icmp_probe *p)
{
	size_t up;

	for (; i > 0 && e->heap[up = (i - 1) / 2]->event_ns > p->event_ns; i = up)
		heap_put(e, i, e->heap[up]);
	heap_put(e, i, p);
}

static void
sift_down(struct icmp *e, size_t i, struct icmp_probe *p)
{
	size_t child;

	while ((child = 2 * i + 1) < e->nheap) {
		if (child + 1 < e->nheap && e->heap[child + 1]->event_ns < e->heap[child]->event_ns)
			child++;
		if (p->event_ns <= e->heap[child]->event_ns)
			break;
		heap_put(e, i, e->heap[child]);
		i = child;
	}
	sift_up(e, i, p);
}

void
icmp_heap_add(struct icmp *e, struct icmp_probe *p)
{
	e->heap = icmp_grow(e->mem, e->heap, e->nheap, &e->heap_max, sizeof(struct icmp_probe *));
	sift_up(e, e->nheap++, p);
}

void
icmp_heap_remove(struct icmp *e, struct icmp_probe *p)
{
	const size_t i = (size_t)p->heap_at;
	struct icmp_probe *last = e->heap[--e->nheap];

	p->heap_at = -1;
	if (last != p)
		sift_down(e, i, last);
}
