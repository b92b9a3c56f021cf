/* counter.c: see counter.h. */
#include "monitor/counter.h"

#include <string.h>

enum {
	SHORTEST_MS = 10000,   /* agents refresh their counters every 1 to 10 s */
	LONGEST_MS = 960000,   /* three rounds of 5 minutes, and a minute */
	WRAP_MS = 450000,      /* one round and a half */
	CLOCK_SLACK_MS = 10000 /* largest accepted difference between a device's clock and ours */
};

static const double SPEED_UNKNOWN_64 = 400e9, SPEED_UNKNOWN_32 = 1e9;

bool
counter_is_usable(const struct counter_reading *base, const struct counter_reading *now)
{
	const int64_t dt = now->clock_ms - base->clock_ms;
	const int64_t ran = now->uptime_ms - base->uptime_ms;

	return strcmp(base->boot, now->boot) == 0 && dt <= LONGEST_MS &&
	       ran >= dt - dt / 10 - CLOCK_SLACK_MS;
}

static bool
is_comparable(const struct counter_reading *base, const struct counter_reading *now, int64_t dt)
{
	return counter_is_usable(base, now) && base->bits == now->bits && dt >= SHORTEST_MS &&
	       base->discontinuity == now->discontinuity;
}

/* The rate in bit/s; negative when the counter went back without wrapping. */
static double
rate(uint64_t base, uint64_t now, const struct counter_reading *reading, int64_t dt, double fastest)
{
	double bits;

	if (now >= base)
		return (double)(now - base) * 8000.0 / (double)dt;
	if (reading->bits == 64 || dt > WRAP_MS)
		return -1;
	bits = (double)(now + (UINT64_C(1) << 32) - base) * 8000.0 / (double)dt;
	return bits <= fastest * 1.05 ? bits : -1;
}

enum counter_verdict
counter_compare(const struct counter_reading *base, const struct counter_reading *now,
    int64_t speed, struct counter_rates *ret)
{
	const int64_t dt = base != NULL ? now->clock_ms - base->clock_ms : 0;
	const double unknown = now->bits == 64 ? SPEED_UNKNOWN_64 : SPEED_UNKNOWN_32;
	const double fastest = speed > 0 ? (double)speed : unknown;
	double in, out;

	if (base == NULL || !is_comparable(base, now, dt))
		return COUNTER_SEED;
	in = rate(base->in, now->in, now, dt, fastest);
	out = rate(base->out, now->out, now, dt, fastest);
	if (in < 0 || out < 0)
		return COUNTER_SEED;
	if (in > fastest * 1.1 || out > fastest * 1.1)
		return base->is_doubtful ? COUNTER_SEED : COUNTER_DROP;
	*ret = (struct counter_rates){ (int64_t)in, (int64_t)out, (dt + 500) / 1000 };
	return COUNTER_RATE;
}
