/*
 * snmp_span.h: takes elements of BER off the front of received bytes.
 *
 * Each is checked against the bytes received: an element that is incomplete, or whose length has
 * more than 3 octets, is refused.
 */
#ifndef NET_SNMP_SPAN_H
#define NET_SNMP_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TAG_INTEGER = 0x02,
	TAG_OCTETS = 0x04,
	TAG_NULL = 0x05,
	TAG_OID = 0x06,
	TAG_SEQUENCE = 0x30
};

struct snmp_span {
	const unsigned char *at;
	size_t len;
};

/* Take the next element, of any tag. */
bool snmp_span_next(struct snmp_span *in, unsigned char *tag, struct snmp_span *ret);
/* Take the next element; false also for another tag. */
bool snmp_span_take(struct snmp_span *in, unsigned char tag, struct snmp_span *ret);
/* Take a whole number of at most 9 octets; of more than 64 bits the lowest. */
bool snmp_span_number(struct snmp_span *in, uint64_t *ret);
uint64_t snmp_span_value(const struct snmp_span *);

#endif
