/*
 * clock.h: a monotonic clock for durations and time-outs.  No rule reads a clock: each takes
 * the business date as a parameter.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of a clock that only goes forward, the same for all processes of a machine. */
int64_t clock_ms(void);

#endif
