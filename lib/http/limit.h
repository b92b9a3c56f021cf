/*
 * limit.h: refused requests counted per address, for all workers together.
 *
 * 60 a minute and a burst of 60 are allowed to one IPv4 address, or to one /64
 * of IPv6.  The table is memory that the master shares with its workers; where
 * nobody called limit_open(), as in tests, it belongs to the process.  Two
 * workers that count at the same moment may lose one of both counts.
 */
#ifndef HTTP_LIMIT_H
#define HTTP_LIMIT_H

#include <stdint.h>

/* Share the table with the children of this process: call it before they are made. */
void limit_open(void);

/* Count one refused request; 0: allowed, else the seconds to wait. */
int limit_take(const char *ip, int64_t now_ms);

#endif
