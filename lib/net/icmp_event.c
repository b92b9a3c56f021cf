/*
 * icmp_event.c: the events of the probes, in the order of their times.
 *
 * Probes that start together have their events in the order in which they are planned: a FIFO queue
 * holds those events.  An event that is planned for an earlier time than the last one in the queue
 * goes into a heap, of which each node has four children.
 */
#include "net/icmp_int.h"

#include <string.h>

enum { CHILDREN = 4 };

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

/* ---- the FIFO queue ---- */

static bool
fifo_is_empty(const struct icmp_events *all)
{
	return all->first == all->end;
}

static void
fifo_add(struct arena *mem, struct icmp_events *all, struct icmp_event ev)
{
	if (all->first > all->end / 2) { /* also when it is empty */
		all->end -= all->first;
		memmove(all->fifo, all->fifo + all->first, all->end * sizeof(ev));
		all->first = 0;
	}
	all->fifo = icmp_grow(mem, all->fifo, all->end, &all->fifo_max, sizeof(ev));
	all->fifo[all->end++] = ev;
}

/* ---- the heap ---- */

static void
heap_add(struct arena *mem, struct icmp_events *all, struct icmp_event ev)
{
	size_t i, up;

	all->heap = icmp_grow(mem, all->heap, all->nheap, &all->heap_max, sizeof(ev));
	for (i = all->nheap++; i > 0 && all->heap[up = (i - 1) / CHILDREN].ns > ev.ns; i = up)
		all->heap[i] = all->heap[up];
	all->heap[i] = ev;
}

/* Remove the top: move the last event there and sift it down. */
static void
heap_take(struct icmp_events *all)
{
	const struct icmp_event ev = all->heap[--all->nheap];
	size_t i = 0, first, child;

	while ((first = child = CHILDREN * i + 1) < all->nheap) {
		for (size_t k = first + 1; k < first + CHILDREN && k < all->nheap; k++)
			child = all->heap[k].ns < all->heap[child].ns ? k : child;
		if (ev.ns <= all->heap[child].ns)
			break;
		all->heap[i] = all->heap[child];
		i = child;
	}
	all->heap[i] = ev;
}

/* ---- both ---- */

void
icmp_plan(struct icmp *e, const struct icmp_probe *p)
{
	const struct icmp_event ev = { p->event_ns, p->slot };
	struct icmp_events *all = &e->events;

	if (fifo_is_empty(all) || all->fifo[all->end - 1].ns <= ev.ns)
		fifo_add(e->mem, all, ev);
	else
		heap_add(e->mem, all, ev);
}

static const struct icmp_event *
first_of(const struct icmp_events *all)
{
	const struct icmp_event *queued = fifo_is_empty(all) ? NULL : all->fifo + all->first;

	if (all->nheap > 0 && (queued == NULL || all->heap->ns < queued->ns))
		return all->heap;
	return queued;
}

int64_t
icmp_next_ns(const struct icmp *e)
{
	const struct icmp_event *first = first_of(&e->events);

	return first == NULL ? INT64_MAX : first->ns;
}

/* Prefetch a probe some events before its own: reading each of 10,000 missed the cache. */
static void
prefetch_probe(const struct icmp *e)
{
	enum { AHEAD = 8 };
	const struct icmp_events *all = &e->events;
	const struct icmp_probe *p;

	if (all->end - all->first <= AHEAD)
		return;
	p = e->slots[all->fifo[all->first + AHEAD].slot];
	if (p == NULL) /* it has ended */
		return;
	__builtin_prefetch(&p->to);
	__builtin_prefetch(&p->count);
	__builtin_prefetch(&p->time_ns);
}

struct icmp_probe *
icmp_take_next(struct icmp *e)
{
	struct icmp_events *all = &e->events;
	const struct icmp_event *first = first_of(all), ev = *first;
	struct icmp_probe *p = e->slots[ev.slot];

	prefetch_probe(e);
	if (first == all->heap)
		heap_take(all);
	else
		all->first++;
	return p != NULL && p->event_ns == ev.ns ? p : NULL;
}
