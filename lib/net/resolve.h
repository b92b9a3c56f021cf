/*
 * resolve.h: resolves host names without blocking.
 *
 * A name server that does not answer delays a look-up by half a minute; the C library's
 * own threads wait for it. Poll a look-up until it is over, or cancel it, before its
 * memory goes.
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
	bool is_refused; /* no thread could be started: gai_error() says "in progress" for ever */
};

void resolve_start(struct resolve *, const char *host);
/* RESOLVE_FOUND fills ret, RESOLVE_FAILED fills *why. */
enum resolve_state resolve_poll(struct resolve *, struct sockaddr_storage *ret, const char **why);
/* Give up a look-up; its thread may go on until the program ends, so its memory must stay. */
void resolve_cancel(struct resolve *);

/* Read a numeric address (IPv6 also with its zone); false: the text is none. */
bool resolve_numeric(const char *text, struct sockaddr_storage *ret);
/* The address as text, in cx->mem. */
const char *resolve_text(struct ctx *, const struct sockaddr_storage *);

#endif
