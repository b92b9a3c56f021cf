/* router_peer.h: a row of a router whose peer answers by turns, for tests of lib/router. */
#ifndef ROUTER_PEER_H
#define ROUTER_PEER_H

#include "rows.h"

#include "net/ros_peer.h"

static struct peer *peer;
static char received[8192];

/* End the peer; the sentences that it received. */
static inline const char *
hang_up(void)
{
	if (peer != NULL)
		(void)peer_stop(peer, received, sizeof(received));
	peer = NULL;
	return received;
}

/* A router in the database that answers by these turns. */
static inline const char *
answering(const struct turn *turns)
{
	peer = peer_start(turns, NULL);
	return a_router("Main", peer->port);
}

static inline int
end(void **state)
{
	(void)hang_up();
	return rows_end(state);
}

#define LOGIN                                                                                      \
	{                                                                                          \
		.listen = 1, .say = "!done\n"                                                      \
	}
#define LOGIN_RECEIVED "/login|=name=api|=password=s3cret\n"

#endif
