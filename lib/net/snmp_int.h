/* snmp_int.h: the engine, as snmp.c, snmp_plain.c, snmp_v3.c, snmp_session.c and snmp_value.c share
 * it. */
#ifndef NET_SNMP_INT_H
#define NET_SNMP_INT_H

#include <net-snmp/library/large_fd_set.h>
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "net/snmp.h"
#include "net/snmp_discover.h"
#include "net/snmp_message.h"

enum { SNMP_TRIES = 2, SNMP_SWEEP_MS = 5, SNMP_SOCKETS = 8, SNMP_QUEUE = 64, SNMP_SLOTS = 8192 };

#define SNMP_NO_SOCKET "no socket could be opened to it"

/* A passphrase as a key: hashes 1 MB, so devices with the same passphrase share the key. */
struct ku {
	int auth_type;
	const char *passphrase;
	unsigned char key[USM_AUTH_KU_LEN];
	size_t len;
	struct ku *next;
};

/* The beginning of all that epoll watches. */
struct snmp_watch {
	void (*receive)(struct snmp_watch *);
};

/* A socket of agents of versions 1 and 2c, and those whose request it will send. */
struct snmp_socket {
	struct snmp_watch watch;
	struct snmp_engine *engine;
	int fd;
	struct snmp_agent *queue[SNMP_QUEUE];
	size_t nqueued;
};

struct snmp_family {
	struct snmp_socket sockets[SNMP_SOCKETS];
	size_t nopen;
};

struct snmp_engine {
	struct arena *life, *scratch; /* scratch: the values of one reply */
	int epoll;
	struct snmp_family families[2]; /* of IPv4 and of IPv6 */
	struct snmp_agent *slots[SNMP_SLOTS];
	size_t next_slot;
	unsigned char *datagrams;
	struct snmp_agent *first;
	struct ku *keys;
	netsnmp_large_fd_set readable;
	int64_t swept_at;
};

/* A request until it is sent: discovery may come first. */
struct request {
	netsnmp_pdu *pdu;
	bool is_open;
};

struct snmp_agent {
	struct snmp_watch watch;
	struct snmp_engine *engine;
	struct snmp_agent *prev, *next;
	struct arena *mem;
	struct snmp_agent_conf conf;
	snmp_answer answer;
	void *owner;
	void *session; /* net-snmp's; NULL until the engine id is known */
	int fd;        /* of the session, or of the discovery */
	struct request request;
	int64_t due_at; /* clock_ms() at which the current try times out */
	int tries;
	uint32_t discover_id;
	struct snmp_engine_id engine_id;
	bool is_closing, is_answered;
	struct snmp_reply reply;
	char report[64];

	/* of versions 1 and 2c */
	struct snmp_socket *socket; /* NULL: version 3 */
	size_t slot;
	uint32_t id;
	unsigned char *message;
	size_t message_len, message_room;
};

/* End the open request; its answer is given outside of net-snmp, by snmp_give_answer(). */
void snmp_finish_request(struct snmp_agent *, enum snmp_outcome, const char *why);
void snmp_give_answer(struct snmp_agent *);
socklen_t snmp_address_len(const struct sockaddr_storage *);

/* Copy all values of a reply; a bulk reply may have more than requested. */
void snmp_take_values(struct arena *, const netsnmp_pdu *, struct snmp_reply *ret);

/* Fill the login and address of an agent for net-snmp; false: its passwords do not fit. */
bool snmp_session_fill(struct snmp_agent *, netsnmp_session *);
bool snmp_session_is_v3(const struct snmp_agent *);
/* The reason why this configuration is unusable; NULL: it is usable. */
const char *snmp_session_fault(const struct snmp_agent_conf *);

/*
 * Versions 1 and 2c go over a few sockets that all agents share (snmp_plain.c). An answer finds its
 * agent by the request's id, which has its slot and 18 random bits, and counts only when it comes
 * from the address that was asked.
 */

/* Give the agent a slot; false: too many are open, or no socket could be opened. */
bool snmp_plain_open(struct snmp_agent *);
void snmp_plain_close(struct snmp_agent *);
/* Queue a request: the next flush sends it. */
void snmp_plain_ask(struct snmp_agent *, enum snmp_kind, const struct snmp_oid *, size_t n,
    int rows);
/* The current try has timed out: queue it again or give up. */
void snmp_plain_timeout(struct snmp_agent *);
/* Send what is queued. */
void snmp_plain_flush(struct snmp_engine *);
void snmp_plain_close_sockets(struct snmp_engine *);

/* Version 3 goes over a socket of each agent: the discovery's, then that of net-snmp's session
 * (snmp_v3.c). */

/* Open the socket of the discovery; false: it could not be opened. */
bool snmp_v3_open(struct snmp_agent *);
void snmp_v3_close(struct snmp_agent *);
/* Send a request; where no session is open yet, after the discovery. */
void snmp_v3_ask(struct snmp_agent *, enum snmp_kind, const struct snmp_oid *, size_t n, int rows);
void snmp_v3_receive(struct snmp_watch *);
/* The current try has timed out: send again or give up. */
void snmp_v3_timeout(struct snmp_agent *, int64_t now);

#endif
