/*
 * router_peer.h: a row of a router whose peer answers by turns, and a client on it, for tests of
 * lib/router.
 */
#ifndef ROUTER_PEER_H
#define ROUTER_PEER_H

#include "rows.h"

#include "net/ros_peer.h"
#include "router/link.h"

/* A turn that takes one sentence and says this; the last one of a connection holds it. */
/* clang-format off */
#define SAY(text)  { .listen = 1, .say = text }
#define LAST(text) { .listen = 1, .say = text, .end = PEER_HOLD }
#define DONE       SAY("!done\n")
#define NO_MENU    "!trap|=message=no such command prefix\n!done\n"
/* clang-format on */

/* The beginning of each connection: alone, and where the version is asked for. */
#define LOGIN          DONE
#define HELLO          LOGIN, SAY("!re|=version=7.20.4 (stable)\n!done\n")
#define LOGIN_RECEIVED "/login|=name=api|=password=s3cret\n"
#define HELLO_RECEIVED LOGIN_RECEIVED "/system/resource/print|=.proplist=version\n"

static struct peer *peer;
static struct router_link *client;
static char received[65536];

/* End the client, then the peer; the sentences that it received. */
static inline const char *
hang_up(void)
{
	if (client != NULL)
		link_close(client);
	if (peer != NULL)
		(void)peer_stop(peer, received, sizeof(received));
	client = NULL;
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

#define ROUTER_TEST(f) cmocka_unit_test_setup_teardown(f, rows_begin, end)

#endif
