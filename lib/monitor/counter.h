/*
 * counter.h: the rate between two readings of an interface's octet counters.
 *
 * Every odd reading becomes the new baseline without a rate: a gap in the
 * chart, never a spike.  Odd is another kind of counter, a reboot of the device
 * or of our own machine, a counter that went back, too much or too little time.
 * A 32-bit counter that went back has wrapped only where the rate then fits the
 * interface.  An impossible rate is dropped once with the baseline kept, the
 * second time the reading is the new baseline.
 */
#ifndef MONITOR_COUNTER_H
#define MONITOR_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

struct counter_reading {
	uint64_t in, out; /* octets */
	int bits;         /* 32 or 64: the width of the counter that was read */
	int64_t uptime_ms, discontinuity;
	const char *boot; /* boot id of our machine, whose clock at_ms uses */
	int64_t clock_ms;
	bool is_doubtful; /* of a baseline: the reading after it gave an impossible rate */
};

enum counter_verdict {
	COUNTER_RATE, /* publish the rates; the reading is the new baseline */
	COUNTER_SEED, /* no rate; the reading is the new baseline */
	COUNTER_DROP, /* no rate; keep the baseline, doubtful */
};

struct counter_rates {
	int64_t in, out; /* bit/s */
	int64_t seconds; /* covered by the rates */
};

/*
 * May a later reading be compared with base? Not after a reboot of the device or of our machine, or
 * too long a time; of `now` its uptime, boot and clock count.
 */
bool counter_is_usable(const struct counter_reading *base, const struct counter_reading *now);

/* base NULL: no earlier reading. speed in bit/s, 0: unknown. */
enum counter_verdict counter_compare(const struct counter_reading *base,
    const struct counter_reading *now, int64_t speed, struct counter_rates *ret);

#endif
