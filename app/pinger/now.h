/* now.h: pinger --now, one host asked while a person waits. */
#ifndef PINGER_NOW_H
#define PINGER_NOW_H

#include "base/daemon.h"

/* As on the command line; count and timeout may be NULL. */
struct now {
	const char *host, *count, *timeout;
};

int now_run(struct ctx *, const struct daemon *, const struct now *);

#endif
