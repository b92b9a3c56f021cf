/*
 * rate.h: the bandwidth of a package, in the forms of people and of routers.
 *
 * A package says download/upload ("100M/20M": k, M, G are powers of ten, at most one
 * decimal); RouterOS wants upload/download. Its burst is "D/U" (the threshold is then 75%
 * of the rate, the time 10 seconds) or "D/U D/U s/s". Pure: no database, no clock.
 */
#ifndef ROUTER_RATE_H
#define ROUTER_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

#define RATE_MAX INT64_C(1000000000000) /* 1 Tbit/s: a greater rate is a typing error */

#define RATE_SECONDS_MAX 3600

/* The form that the API asks for, with an example, for its messages. */
#define RATE_FORM "download/upload with k, M or G, like 10M/10M, at most 1000G"
#define RATE_BURST_FORM                                                                            \
	"D/U (like 20M/20M) or D/U D/U s/s (like 20M/20M 8M/8M 10/10), at most 1000G and 3600 s"

struct rate {
	int64_t down, up; /* bits per second */
};

/* Read a rate that can be sold: exactly those that rate_limit() and rate_queue() accept. */
bool rate_read(const char *text, struct rate *ret); /* "D/U"; false: not that form */
bool rate_burst_ok(const char *text);               /* one of the two forms of burst */

/*
 * rate-limit of a profile: the package's own texts with halves swapped, U/D[ BU/BD TU/TD
 * SU/SD[ PRIO]]. A priority other than 8 is appended; RouterOS reads it only behind a
 * burst, which is then 0 (none). NULL when a text is malformed. burst may be NULL or "".
 */
const char *rate_limit(struct arena *, const char *bandwidth, const char *burst, int priority);

/* True for equal rate-limits, compared as numbers: "10M/10M" is "10M" is "10000k/10M 0/0". */
bool rate_limit_same(const char *a, const char *b);

/* True for equal burst-times: "90/10" is "1m30s/10s"; NULL is "0s/0s". */
bool rate_times_same(const char *a, const char *b);

/* The same as properties of a simple queue; NULL for the parts of an absent burst. */
struct rate_queue {
	const char *max_limit;
	const char *burst_limit, *burst_threshold, *burst_time;
	const char *priority;
};

bool rate_queue(struct arena *, const char *bandwidth, const char *burst, int priority,
    struct rate_queue *ret);

#endif
