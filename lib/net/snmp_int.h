/* snmp_int.h: the engine, as snmp.c, snmp_session.c and snmp_value.c share it. */
#ifndef NET_SNMP_INT_H
#define NET_SNMP_INT_H

#include <net-snmp/library/large_fd_set.h>
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "net/snmp.h"
#include "net/snmp_discover.h"

/* A passphrase as a key: hashes 1 MB, so devices with the same passphrase share the key. */
struct ku {
	int auth_type;
	const char *passphrase;
	unsigned char key[USM_AUTH_KU_LEN];
	size_t len;
	struct ku *next;
};

struct snmp_engine {
	struct arena *life, *scratch; /* scratch: the values of one reply */
	int epoll;
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
};

/* Copy all values of a reply; a bulk reply may have more than requested. */
void snmp_take_values(struct arena *, const netsnmp_pdu *, struct snmp_reply *ret);

/* Fill the login and address of an agent for net-snmp; false: its passwords do not fit. */
bool snmp_session_fill(struct snmp_agent *, netsnmp_session *);
bool snmp_session_is_v3(const struct snmp_agent *);
/* The reason why this configuration is unusable; NULL: it is usable. */
const char *snmp_session_fault(const struct snmp_agent_conf *);

#endif
