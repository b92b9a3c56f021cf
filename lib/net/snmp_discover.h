/*
 * snmp_discover.h: the SNMPv3 exchange that finds the engine id of an agent, and its clock.
 *
 * net-snmp does it blocking, inside the first send: one dead device delayed all others for
 * its whole time-out (measured). This file has the message and the reader of its Report;
 * snmp.c sends and receives them.
 */
#ifndef NET_SNMP_DISCOVER_H
#define NET_SNMP_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SNMP_DISCOVER_LEN = 64, SNMP_ENGINE_ID_MAX = 32 };

struct snmp_engine_id {
	unsigned char id[SNMP_ENGINE_ID_MAX];
	size_t len;
	uint32_t boots, seconds; /* the agent's clock: its starts, and seconds since the last one */
};

/* An empty GET without a user, with a message id of 31 bits. */
void snmp_discover_write(unsigned char msg[SNMP_DISCOVER_LEN], uint32_t id);

/* Read the answer to this message id; false: the bytes are none. */
bool snmp_discover_read(const unsigned char *msg, size_t len, uint32_t id,
    struct snmp_engine_id *ret);

#endif
