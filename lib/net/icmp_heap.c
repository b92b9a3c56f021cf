/* icmp_heap.c: a heap of probes, four below each, ordered by the time of their next event. */
#include "net/icmp_int.h"

#include <string.h>

enum { BELOW = 4 };

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
heap_put(struct icmp *e, size_t i, struct icmp_event ev)
{
	e->heap[i] = ev;
	ev.probe->heap_at = (ptrdiff_t)i;
}

static void
sift_up(struct icmp *e, size_t i, struct icmp_event ev)
{
	size_t up;

	for (; i > 0 && e->heap[up = (i - 1) / BELOW].ns > ev.ns; i = up)
		heap_put(e, i, e->heap[up]);
	heap_put(e, i, ev);
}

static void
sift_down(struct icmp *e, size_t i, struct icmp_event ev)
{
	size_t first, child;

	while ((first = child = BELOW * i + 1) < e->nheap) {
		for (size_t k = first + 1; k < first + BELOW && k < e->nheap; k++)
			child = e->heap[k].ns < e->heap[child].ns ? k : child;
		if (ev.ns <= e->heap[child].ns)
			break;
		heap_put(e, i, e->heap[child]);
		i = child;
	}
	sift_up(e, i, ev);
}

void
icmp_heap_add(struct icmp *e, struct icmp_probe *p)
{
	const struct icmp_event ev = { p->event_ns, p };

	e->heap = icmp_grow(e->mem, e->heap, e->nheap, &e->heap_max, sizeof(ev));
	sift_up(e, e->nheap++, ev);
}

void
icmp_heap_remove(struct icmp *e, struct icmp_probe *p)
{
	const size_t i = (size_t)p->heap_at;
	const struct icmp_event last = e->heap[--e->nheap];

	p->heap_at = -1;
	if (last.probe != p)
		sift_down(e, i, last);
}
