/*
 * fcgi.h: one worker process: FastCGI connections in, http_dispatch() out.
 *
 * A worker holds up to conns_max connections, waits for all of them at once
 * and serves one request at a time.  With many it suits web servers that keep
 * connections (the fast pool); with one, and nothing kept, it is the classic
 * loop, which never sits on a connection while it works (the slow pools).
 *
 * libfcgi reads and writes the protocol, but it would block on a peer that
 * sends half a request.  So the worker looks at what lies in the socket first,
 * and hands a connection over only when the whole request is there; requests
 * too large for that, and large answers, are under a timer.  A peer that is
 * slow, broken or gone costs its connection, never the worker.
 *
 * On stop no connection is taken any more, what has arrived is answered, and
 * the connections are given to the other workers of the pool as they are: all
 * there is to know of one lies in its socket.  The web server notices nothing.
 */
#ifndef HTTP_FCGI_H
#define HTTP_FCGI_H

#include "http/http.h"

struct fcgi_worker {
	struct ctx *cx; /* reset after each request */
	const struct http_policy *policy;
	int listen_fd;    /* does not block */
	int take_fd;      /* connections of workers that leave; -1: none */
	int give_fd;      /* where to leave ours; -1: they are closed */
	size_t conns_max; /* 1: the classic loop */
	int wake_fd;      /* readable when stopping() may have changed */
	bool (*stopping)(void);
};

/* Serve until stopping(); RC_INTERNAL when the machine refuses its means. */
enum rc fcgi_run(const struct fcgi_worker *);

#endif
