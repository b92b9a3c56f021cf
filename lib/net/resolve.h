/*
 * resolve.h: what addresses names stand for, without waiting for the answers.
 *
 * A name server that does not answer holds a lookup up for half a minute; the
 * C library's own threads do the waiting.  A lookup that was started must be
 * polled until it is over or cancelled before its memory goes.
 */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <netdb.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/ctx.h"

enum resolve_state { RESOLVE_PENDING, RESOLVE_FOUND, RESOLVE_FAILED };

struct resolve {
	struct gaicb call;
	struct addrinfo hints;
};

void resolve_start(struct resolve *, const char *host);
/* *ret is filled in with RESOLVE_FOUND, *why with RESOLVE_FAILED. */
enum resolve_state resolve_poll(struct resolve *, struct sockaddr_storage *ret, const char **why);
/* Give up on it; its thread may go on until the program ends, so the memory must stay. */
void resolve_cancel(struct resolve *);

/* A numeric address (IPv6 with its zone, too); false: it is none. */
bool resolve_numeric(const char *text, struct sockaddr_storage *ret);
/* The address as text, in cx->mem. */
const char *resolve_text(struct ctx *, const struct sockaddr_storage *);

#endif
