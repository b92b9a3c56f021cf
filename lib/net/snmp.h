/*
 * snmp.h: many SNMP agents asked at once, versions 1 and 2c by our own messages, 3 by net-snmp.
 *
 *	snmp_engine_open(cx, &engine)
 *	snmp_agent_open(engine, &conf, answer, owner)     as many as may be open at once
 *	snmp_agent_get(agent, oids, n)                    one request an agent at a time
 *	snmp_engine_step(engine, 100)                     waits, receives, repeats, answers
 *
 * answer() is called from within snmp_engine_step(), once for each request; it
 * may send the next one or close the agent.  Memory of a reply is gone
 * when it returns.  A reply is taken only from the address that was asked.
 *
 * net-snmp keeps globals: one engine a process, one thread.  Nothing outside
 * the process is read: no snmp.conf, no MIBs, no state.
 */
#ifndef NET_SNMP_H
#define NET_SNMP_H

#include <sys/socket.h>

#include "base/ctx.h"
#include "net/snmp_reply.h"

struct snmp_agent_conf {
	struct sockaddr_storage to; /* with its port */
	const char *version;        /* "1" "2c" "3" */
	const char *community;
	const char *security_name, *security_level;
	const char *auth_protocol, *auth_password; /* MD5 SHA SHA-224 SHA-256 SHA-384 SHA-512 */
	const char *priv_protocol, *priv_password; /* DES AES AES-192 AES-256 */
	int timeout_ms;                            /* of each try; there are two */
};

struct snmp_engine;
struct snmp_agent;
typedef void (*snmp_answer)(void *owner, const struct snmp_reply *);

enum rc snmp_engine_open(struct ctx *, struct snmp_engine **ret) _must_check_;
void snmp_engine_close(struct snmp_engine *);
/* Wait for at most wait_ms for replies and time-outs, and handle them. */
void snmp_engine_step(struct snmp_engine *, int wait_ms);

/* NULL: *why says why the configuration is unusable. */
struct snmp_agent *snmp_agent_open(struct snmp_engine *, const struct snmp_agent_conf *,
    snmp_answer, void *owner, const char **why);
void snmp_agent_close(struct snmp_agent *);
void snmp_agent_get(struct snmp_agent *, const struct snmp_oid *, size_t n);
/* Ask for the successors of each name, up to rows times; version 1: once. */
void snmp_agent_bulk(struct snmp_agent *, const struct snmp_oid *, size_t n, int rows);

#endif
