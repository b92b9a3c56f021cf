/*
 * fcgi.h: one worker process: reads requests from FastCGI connections, passes each to
 * http_dispatch() and writes the answer.
 *
 * A worker holds up to conns_max connections, waits for all of them at once and serves one
 * request at a time. Many connections suit web servers that keep them (the fast pool). One
 * connection, closed after its request, suits the slow pools: a busy worker then holds no
 * request that an idle one could take.
 *
 * libfcgi reads and writes the protocol, but it would block on a peer that sends half a
 * request. So the worker peeks at the socket's bytes first, and calls libfcgi only when
 * the whole request is there; larger requests, and large answers, are under a timer. A
 * slow, broken or vanished peer costs its connection, never the worker.
 *
 * When stopping() becomes true the worker accepts no connection any more, answers the
 * requests that have arrived, and passes its connections to the other workers of the pool:
 * the state of a connection lies in its socket alone, so the web server notices nothing.
 */
#ifndef HTTP_FCGI_H
#define HTTP_FCGI_H

#include "http/http.h"

struct fcgi_worker {
	struct ctx *cx; /* reset after each request */
	const struct http_policy *policy;
	int listen_fd;    /* must be non-blocking */
	int take_fd;      /* receives connections of leaving workers; -1: none */
	int give_fd;      /* sends our connections when we leave; -1: close them */
	size_t conns_max; /* 1: close each after its request */
	int wake_fd;      /* readable when stopping() may have changed */
	bool (*stopping)(void);
};

/* Serve until stopping(); RC_INTERNAL when the machine lacks memory or descriptors. */
enum rc fcgi_run(const struct fcgi_worker *);

#endif
