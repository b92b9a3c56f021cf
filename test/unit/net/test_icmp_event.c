/* Events in the order of their times, whatever the order in which they are planned. */
#include "fixture.h"

#include <string.h>

#include "net/icmp_int.h"

enum { PROBES = 400, FAR = 1000 };

static struct icmp *engine;
static struct icmp_probe probes[PROBES];
static struct icmp_probe *slots[PROBES];
static bool is_planned[PROBES];
static uint32_t seed;

static int
begin(void **state)
{
	(void)setup(state);
	engine = arena_alloc(cx.mem, sizeof(*engine));
	engine->mem = cx.mem;
	engine->slots = slots;
	engine->nslots = PROBES;
	memset(is_planned, 0, sizeof(is_planned));
	for (uint32_t i = 0; i < PROBES; i++) {
		probes[i] = (struct icmp_probe){ .slot = i };
		slots[i] = &probes[i];
	}
	seed = 1;
	return 0;
}

static uint32_t
random_below(uint32_t n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static void
plan(size_t i, int64_t ns)
{
	probes[i].event_ns = ns;
	is_planned[i] = true;
	icmp_plan(engine, &probes[i]);
}

/* Take the first event, which must be the earliest of all that are planned. */
static int64_t
take(void)
{
	const int64_t ns = icmp_next_ns(engine);
	const struct icmp_probe *p = icmp_take_next(engine);

	assert_non_null(p);
	assert_true(is_planned[p->slot]);
	assert_int_equal(p->event_ns, ns);
	for (size_t i = 0; i < PROBES; i++)
		assert_true(!is_planned[i] || probes[i].event_ns >= ns);
	is_planned[p->slot] = false;
	return ns;
}

static void
events_come_in_the_order_of_their_times(void **state)
{
	(void)state;
	assert_true(icmp_next_ns(engine) == INT64_MAX);
	for (int round = 0; round < 50; round++) {
		for (size_t i = 0; i < PROBES; i++) /* all before the first: the heap holds them */
			plan(i, i == 0 ? 10 * FAR : random_below(FAR));
		for (size_t i = 0; i < PROBES; i++)
			(void)take();
		assert_true(icmp_next_ns(engine) == INT64_MAX);
	}
}

/* Probes are planned again as time goes on, some soon and some late. */
static void
events_are_planned_and_taken_by_turns(void **state)
{
	int64_t now = 0;
	size_t n = 0;

	(void)state;
	for (int turn = 0; turn < 20000; turn++) {
		const uint32_t i = random_below(PROBES);

		if (!is_planned[i] && random_below(3) > 0) {
			plan(i, now + random_below(turn % 2 == 0 ? FAR : 10));
			n++;
		} else if (n > 0) {
			now = take();
			n--;
		}
	}
	for (; n > 0; n--)
		(void)take();
	assert_true(icmp_next_ns(engine) == INT64_MAX);
}

/* An event of a probe that has ended, or is planned for another time, is void. */
static void
a_void_event_has_no_probe(void **state)
{
	(void)state;
	for (size_t i = 0; i < 20; i++)
		plan(i, 100 + (int64_t)i);
	for (size_t i = 0; i < 20; i += 2)
		plan(i, 50 - (int64_t)i);
	for (size_t i = 0; i < 10; i++)
		(void)take();
	slots[1] = slots[19] = NULL;
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(icmp_next_ns(engine), 100 + i);
		if (i % 2 == 0 || i == 1 || i == 19)
			assert_null(icmp_take_next(engine));
		else
			assert_ptr_equal(icmp_take_next(engine), &probes[i]);
	}
}

/* Room of events that are over is used again: a pinger runs for a minute. */
static void
queues_do_not_grow_without_need(void **state)
{
	(void)state;
	for (int64_t ns = 0; ns < 5000; ns++) {
		plan((size_t)ns % 20, ns);
		if (ns >= 19)
			assert_int_equal(take(), ns - 19);
	}
	for (int i = 0; i < 19; i++)
		(void)take();
	assert_int_equal(engine->events.fifo_max, 64);
	assert_int_equal(engine->events.heap_max, 0);
	plan(20, 9000);
	for (int64_t ns = 5000; ns > 0; ns--) {
		plan(0, ns);
		assert_int_equal(take(), ns);
	}
	assert_int_equal(engine->events.heap_max, 64);
}

static void
a_list_grows_with_what_it_holds(void **state)
{
	size_t max = 0;
	int *list = NULL;

	(void)state;
	for (int i = 0; i < 300; i++) {
		const int *before = list;

		list = icmp_grow(cx.mem, list, (size_t)i, &max, sizeof(int));
		assert_int_equal(list != before, i == 0 || i == 64 || i == 128 || i == 256);
		list[i] = i;
	}
	assert_int_equal(max, 512);
	for (int i = 0; i < 300; i++)
		assert_int_equal(list[i], i);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(events_come_in_the_order_of_their_times),
		CASE(events_are_planned_and_taken_by_turns),
		CASE(a_void_event_has_no_probe),
		CASE(queues_do_not_grow_without_need),
		CASE(a_list_grows_with_what_it_holds),
	};

	return cmocka_run_group_tests_name("icmp_event", tests, NULL, NULL);
}
