/*
 * prefork.h: a master process and its pools of workers.
 *
 * The master listens, starts the workers of each pool, starts a new one for
 * each that dies (at once the first time, later and later when they keep
 * dying), and ends them.  Signals, caught by daemon_signals(): SIGTERM lets all
 * workers drain and ends; SIGHUP replaces them one by one, the old leaving
 * (SIGTERM) only when the new is ready to take its connections over.
 *
 * Sockets of systemd (LISTEN_FDS) are taken by their names, which are the
 * pools'.
 */
#ifndef HTTP_PREFORK_H
#define HTTP_PREFORK_H

#include "base/ctx.h"

struct pool {
	const char *name;
	const char *address; /* path of a unix socket, or HOST:PORT */
	int workers;
	int backlog;      /* connections that may wait; more are refused at once */
	int nice;         /* added to the worker's niceness */
	size_t conns_max; /* for fcgi_run() */
};

/* Descriptors that the workers of a pool share. */
struct pool_fds {
	int listen;
	int give, take; /* connections, from workers that leave to those that stay */
};

/*
 * Runs in the child; what it returns is its exit code.  It calls
 * prefork_ready() once it can serve.
 */
typedef int (*prefork_fn)(const struct pool *, const struct pool_fds *, void *arg);
void prefork_ready(void);

/* Until SIGTERM.  RC_INVALID when an address cannot be listened on, RC_RETRY when one is in use. */
enum rc prefork_run(struct ctx *, const struct pool *, size_t n, prefork_fn, void *arg);

#endif
