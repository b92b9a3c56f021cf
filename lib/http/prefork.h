/*
 * prefork.h: a master process and its pools of workers.
 *
 * The master listens, starts the workers of each pool, replaces a worker that dies (at
 * once the first time, after growing pauses when workers keep dying), and ends them all.
 * Signals, caught by daemon_signals(): SIGTERM lets all workers drain and ends; SIGHUP
 * replaces them one by one: the old worker gets SIGTERM when the new one is ready to take
 * over its connections. Sockets of systemd (LISTEN_FDS) are found by their names, which
 * are the pools'.
 */
#ifndef HTTP_PREFORK_H
#define HTTP_PREFORK_H

#include "base/ctx.h"

struct pool {
	const char *name;
	const char *address; /* path of a unix socket, or HOST:PORT */
	int workers;
	int backlog;      /* connections that may wait; the kernel refuses more */
	int nice;         /* added to the worker's niceness */
	size_t conns_max; /* for fcgi_run() */
};

/* Descriptors that the workers of a pool share. */
struct pool_fds {
	int listen;
	int give; /* a leaving worker sends its connections here */
	int take; /* the other workers receive them here */
};

/* Runs in the child; its result is the exit code. It calls prefork_ready() once it can serve. */
typedef int (*prefork_fn)(const struct pool *, const struct pool_fds *, void *arg);
void prefork_ready(void);

/*
 * Run until SIGTERM. RC_INVALID when it cannot listen on an address, RC_RETRY when one is
 * in use.
 */
enum rc prefork_run(struct ctx *, const struct pool *, size_t n, prefork_fn, void *arg);

#endif
