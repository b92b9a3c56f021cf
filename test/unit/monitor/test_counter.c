/* Rates between two readings: every odd one is a gap, never a spike. */
#include "unit.h"

#include "base/macro.h"
#include "monitor/counter.h"

#define GIGABIT INT64_C(1000000000)
#define TOP32   UINT64_C(4294967295)
#define TOP64   UINT64_MAX

static const struct counter_reading base = { .in = 1000,
	.out = 2000,
	.bits = 64,
	.uptime_ms = 5000000,
	.boot = "b",
	.clock_ms = 1000000 };

/* The reading 300 s later. */
static struct counter_reading
later(uint64_t in, uint64_t out)
{
	struct counter_reading r = base;

	r.in = in;
	r.out = out;
	r.clock_ms += 300000;
	r.uptime_ms += 300000;
	return r;
}

static enum counter_verdict
compare(const struct counter_reading *from, struct counter_reading to, int64_t speed)
{
	struct counter_rates rates;

	return counter_compare(from, &to, speed, &rates);
}

static void
a_rate_is_bits_over_the_time_between(void **state)
{
	const struct counter_reading now = later(1000 + 37500000, 2000);
	struct counter_rates rates;

	(void)state;
	assert_int_equal(counter_compare(&base, &now, GIGABIT, &rates), COUNTER_RATE);
	assert_int_equal(rates.in, 1000000);
	assert_int_equal(rates.out, 0);
	assert_int_equal(rates.seconds, 300);
}

static void
the_first_reading_is_a_seed(void **state)
{
	(void)state;
	assert_int_equal(compare(NULL, later(1, 1), GIGABIT), COUNTER_SEED);
}

static void
an_incomparable_reading_is_a_seed(void **state)
{
	struct counter_reading r[7];

	(void)state;
	for (size_t i = 0; i < countof(r); i++)
		r[i] = later(2000, 3000);
	r[0].bits = 32;                           /* the other counters */
	r[1].boot = "another";                    /* our machine has rebooted */
	r[2].uptime_ms = 1000;                    /* the device has */
	r[3].uptime_ms = base.uptime_ms + 200000; /* it has, a while ago */
	r[4].clock_ms = base.clock_ms + 5000;     /* too soon */
	r[5].clock_ms = base.clock_ms + 3600000;  /* too late */
	r[5].uptime_ms = base.uptime_ms + 3600000;
	r[6].discontinuity = 77;
	for (size_t i = 0; i < countof(r); i++)
		assert_int_equal(compare(&base, r[i], GIGABIT), COUNTER_SEED);
	assert_int_equal(compare(&base, later(2000, 3000), GIGABIT), COUNTER_RATE);
}

/* check_snmp and others added 2^64 after each reboot that their uptime test missed. */
static void
a_counter_of_64_bits_never_wraps(void **state)
{
	struct counter_reading high = base;

	(void)state;
	high.in = TOP64;
	assert_int_equal(compare(&high, later(10, 3000), GIGABIT), COUNTER_SEED);
	assert_int_equal(compare(&high, later(10, 3000), 0), COUNTER_SEED);
}

static void
one_of_32_bits_wraps_where_the_rate_fits(void **state)
{
	struct counter_reading high = base, now = later(1000, 3000);
	struct counter_rates rates;

	(void)state;
	high.bits = now.bits = 32;
	high.in = TOP32 - 999;
	assert_int_equal(counter_compare(&high, &now, 10000000, &rates), COUNTER_RATE);
	assert_int_equal(rates.in, 2000 * 8 / 300);
	high.in = TOP32 / 2; /* a wrap of 2 GB in 300 s is 57 Mbit/s */
	assert_int_equal(compare(&high, now, 100000000), COUNTER_RATE);
	assert_int_equal(compare(&high, now, 10000000), COUNTER_SEED);
	now.clock_ms += 300000; /* in two rounds it may have wrapped twice */
	now.uptime_ms += 300000;
	assert_int_equal(compare(&high, now, 100000000), COUNTER_SEED);
}

/* Bug: keeping the old baseline for ever made a device fail for ever (NetworkOptimizer #764). */
static void
an_impossible_rate_is_dropped_once(void **state)
{
	struct counter_reading doubtful = base;
	const struct counter_reading now = later(UINT64_C(1000000000000), 2000);

	(void)state;
	doubtful.is_doubtful = true;
	assert_int_equal(compare(&base, now, GIGABIT), COUNTER_DROP);
	assert_int_equal(compare(&doubtful, now, GIGABIT), COUNTER_SEED);
	assert_int_equal(compare(&base, later(UINT64_C(1000000000000000), 0), 0), COUNTER_SEED);
	assert_int_equal(compare(&base, later(UINT64_C(1000000000000000), 2000), 0), COUNTER_DROP);
}

/* The reading so many milliseconds later, by the clock and by the device's own. */
static struct counter_reading
after(int64_t dt, int64_t ran)
{
	struct counter_reading r = later(2000, 3000);

	r.clock_ms = base.clock_ms + dt;
	r.uptime_ms = base.uptime_ms + ran;
	return r;
}

static void
times_have_limits(void **state)
{
	(void)state;
	assert_int_equal(compare(&base, after(9999, 9999), GIGABIT), COUNTER_SEED);
	assert_int_equal(compare(&base, after(10000, 10000), GIGABIT), COUNTER_RATE);
	assert_int_equal(compare(&base, after(960000, 960000), GIGABIT), COUNTER_RATE);
	assert_int_equal(compare(&base, after(960001, 960001), GIGABIT), COUNTER_SEED);
	assert_int_equal(compare(&base, after(300000, 260000), GIGABIT), COUNTER_RATE);
	assert_int_equal(compare(&base, after(300000, 259999), GIGABIT), COUNTER_SEED);
}

static void
seconds_are_rounded(void **state)
{
	struct counter_reading now = after(300499, 300499);
	struct counter_rates rates;

	(void)state;
	assert_int_equal(counter_compare(&base, &now, GIGABIT, &rates), COUNTER_RATE);
	assert_int_equal(rates.seconds, 300);
	now = after(300500, 300500);
	assert_int_equal(counter_compare(&base, &now, GIGABIT, &rates), COUNTER_RATE);
	assert_int_equal(rates.seconds, 301);
}

/* Once within a round and a half; a wrap of 3,750,000 bytes in 300 s is 100 kbit/s. */
static void
a_wrap_has_limits(void **state)
{
	struct counter_reading high = base, now = after(450000, 450000);

	(void)state;
	high.bits = now.bits = 32;
	high.out = TOP32 - 749999;
	now.out = 3000000;
	assert_int_equal(compare(&high, now, GIGABIT), COUNTER_RATE);
	now.clock_ms += 1;
	now.uptime_ms += 1;
	assert_int_equal(compare(&high, now, GIGABIT), COUNTER_SEED);
	now.clock_ms = base.clock_ms + 300000;
	assert_int_equal(compare(&high, now, 100000), COUNTER_RATE);
	assert_int_equal(compare(&high, now, 96000), COUNTER_RATE);
	assert_int_equal(compare(&high, now, 95000), COUNTER_SEED);
	assert_int_equal(compare(&high, now, 0), COUNTER_RATE);
}

/* A tenth above the interface's speed is its measuring error; either direction counts. */
static void
a_speed_has_limits(void **state)
{
	(void)state;
	assert_int_equal(compare(&base, later(1000 + 4125000, 2000), 100000), COUNTER_RATE);
	assert_int_equal(compare(&base, later(1000 + 4125100, 2000), 100000), COUNTER_DROP);
	assert_int_equal(compare(&base, later(1000, 2000 + 4125000), 100000), COUNTER_RATE);
	assert_int_equal(compare(&base, later(1000, 2000 + 4125100), 100000), COUNTER_DROP);
	assert_int_equal(compare(&base, later(1000, 2000), 1), COUNTER_RATE);
	assert_int_equal(compare(&base, later(1000 + 825, 2000), 20), COUNTER_RATE); /* 22 bit/s */
	assert_int_equal(compare(&base, later(1000, 2000 + 825), 20), COUNTER_RATE);
	assert_int_equal(compare(&base, later(1000 + 826, 2000), 20), COUNTER_DROP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_is_bits_over_the_time_between),
		cmocka_unit_test(the_first_reading_is_a_seed),
		cmocka_unit_test(an_incomparable_reading_is_a_seed),
		cmocka_unit_test(a_counter_of_64_bits_never_wraps),
		cmocka_unit_test(one_of_32_bits_wraps_where_the_rate_fits),
		cmocka_unit_test(an_impossible_rate_is_dropped_once),
		cmocka_unit_test(times_have_limits),
		cmocka_unit_test(seconds_are_rounded),
		cmocka_unit_test(a_wrap_has_limits),
		cmocka_unit_test(a_speed_has_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
