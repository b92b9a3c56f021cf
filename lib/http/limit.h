/*
 * limit.h: counts refused requests per address, for all workers together.
 *
 * One IPv4 address, or one /64 of IPv6, may have 60 a minute and a burst of 60. The table
 * is memory that the master shares with its workers; without limit_open(), as in tests,
 * each process has its own. Two workers that count in the same moment may lose one of both
 * counts.
 */
#ifndef HTTP_LIMIT_H
#define HTTP_LIMIT_H

#include <stdint.h>

/* Share the table with the children of this process: call it before the first fork. */
void limit_open(void);

/* Count one refused request; 0: allowed, else the seconds to wait. */
int limit_take(const char *ip, int64_t now_ms);

#endif
