/* fcgi_int.h: the interface between connections (fcgi_loop.c) and requests (fcgi.c). */
#ifndef HTTP_FCGI_INT_H
#define HTTP_FCGI_INT_H

#include "http/fcgi.h"

enum { FCGI_PEEK_MAX = 65536 }; /* bytes of a request that are peeked at before libfcgi reads it */

/*
 * Read the request that has arrived on fd (large: only its beginning has) and answer it.
 * True when the connection may serve another request; else it is closed.
 */
bool fcgi_serve(const struct fcgi_worker *, int fd, bool large);

#endif
