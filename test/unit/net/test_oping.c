/* One host pinged by liboping, of which the test plays the part: each latency is known. */
#include "fixture.h"

#include <oping.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "net/oping.h"

/* The latencies of the replies; -1: none comes, -2: the request cannot be sent. */
static const double *latencies;
static double timeout_s;
static int sent, made, destroyed;
static bool is_full, is_unknown;
static char host[32];

pingobj_t *
ping_construct(void)
{
	if (is_full)
		return NULL;
	made++;
	return (pingobj_t *)(void *)host;
}

void
ping_destroy(pingobj_t *obj)
{
	assert_ptr_equal(obj, host);
	destroyed++;
}

int
ping_setopt(pingobj_t *obj, int option, void *value)
{
	(void)obj;
	assert_int_equal(option, PING_OPT_TIMEOUT);
	memcpy(&timeout_s, value, sizeof(timeout_s));
	return 0;
}

int
ping_host_add(pingobj_t *obj, const char *name)
{
	(void)obj;
	(void)snprintf(host, sizeof(host), "%s", name);
	return is_unknown ? -1 : 0;
}

int
ping_send(pingobj_t *obj)
{
	(void)obj;
	sent++;
	return latencies[sent - 1] == -2 ? -1 : latencies[sent - 1] >= 0;
}

const char *
ping_get_error(pingobj_t *obj)
{
	(void)obj;
	return "the reason";
}

pingobj_iter_t *
ping_iterator_get(pingobj_t *obj)
{
	return (pingobj_iter_t *)(void *)obj;
}

int
ping_iterator_get_info(pingobj_iter_t *iter, int info, void *buffer, size_t *len)
{
	assert_ptr_equal(iter, host);
	if (info == PING_INFO_ADDRESS) {
		assert_true(*len > strlen(host));
		memcpy(buffer, host, strlen(host) + 1);
		return 0;
	}
	assert_int_equal(info, PING_INFO_LATENCY);
	assert_int_equal(*len, sizeof(double));
	memcpy(buffer, &latencies[sent - 1], sizeof(double));
	return 0;
}

static struct oping
pinged(const double *replies, int count)
{
	struct oping o;

	latencies = replies;
	sent = 0;
	assert_int_equal(oping_run(&cx, "192.0.2.7", count, 1500, &o), RC_OK);
	assert_int_equal(o.sent, count);
	assert_int_equal(sent, count);
	return o;
}

static void
assert_ms(double ms, double wanted)
{
	assert_true(ms > wanted - 0.001 && ms < wanted + 0.001);
}

static void
replies_are_summed_up(void **state)
{
	static const double replies[] = { 4, -1, 1, 7 };
	const int64_t began = clock_ms();
	struct oping o = pinged(replies, 4);

	(void)state;
	assert_string_equal(o.address, "192.0.2.7");
	assert_int_equal(o.received, 3);
	assert_ms(o.mean_ms, 4);
	assert_ms(o.min_ms, 1);
	assert_ms(o.max_ms, 7);
	assert_ms(o.jitter_ms, 4.5);
	assert_ms(timeout_s, 1.5);
	assert_in_range(clock_ms() - began, 599, 20000); /* 200 ms between two */
}

static void
one_reply_has_no_jitter(void **state)
{
	static const double one[] = { -1, 3 }, none[] = { -1 }, zero[] = { 0 };
	int64_t began = clock_ms(), took = 200;
	struct oping o = pinged(one, 2);

	(void)state;
	assert_true(clock_ms() - began >= 199);
	assert_int_equal(o.received, 1);
	assert_ms(o.mean_ms, 3);
	assert_ms(o.jitter_ms, 0);
	o = pinged(none, 1);
	assert_int_equal(o.received, 0);
	assert_ms(o.mean_ms, 0);
	for (int i = 0; i < 3 && took >= 200; i++) { /* nothing is waited for after the last */
		began = clock_ms();
		o = pinged(zero, 1); /* below the clock's steps */
		took = clock_ms() - began;
	}
	assert_int_equal(o.received, 1);
	assert_in_range(took, 0, 199);
}

static void
a_failure_says_why(void **state)
{
	static const double stuck[] = { 1, -2 };
	struct oping o = { .sent = 77 };

	(void)state;
	latencies = stuck;
	sent = 0;
	assert_int_equal(oping_run(&cx, "192.0.2.7", 3, 100, &o), RC_INTERNAL);
	assert_string_equal(cx.err.msg, "cannot send a ping: the reason");
	is_unknown = true;
	assert_int_equal(oping_run(&cx, "nobody", 3, 100, &o), RC_UPSTREAM);
	assert_string_equal(cx.err.msg, "nobody: the reason");
	is_unknown = false;
	is_full = true;
	assert_int_equal(oping_run(&cx, "nobody", 3, 100, &o), RC_INTERNAL);
	is_full = false;
	assert_int_equal(o.sent, 77);
}

static void
a_run_leaves_nothing(void **state)
{
	static const double replies[] = { 1 };

	(void)state;
	made = destroyed = 0;
	(void)pinged(replies, 1);
	assert_int_equal(destroyed, 0);
	arena_reset(cx.mem);
	assert_int_equal(made, 1);
	assert_int_equal(destroyed, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(replies_are_summed_up),
		FIXTURE_TEST(one_reply_has_no_jitter),
		FIXTURE_TEST(a_failure_says_why),
		FIXTURE_TEST(a_run_leaves_nothing),
	};

	return cmocka_run_group_tests_name("oping", tests, NULL, NULL);
}
