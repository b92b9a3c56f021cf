/*
 * clock.h: how long something took, or may take.  No rule reads a clock: what day
 * it is, is told to it (contract 5).
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of a clock that only goes forward, the same for all processes of a machine. */
int64_t clock_ms(void);

#endif
