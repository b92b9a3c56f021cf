/* snmp_ber.h: reads questions of SNMP and writes answers, for agents of tests and benches. */
#ifndef TEST_SNMP_BER_H
#define TEST_SNMP_BER_H

#include <stdint.h>
#include <string.h>

#include "net/snmp.h"

enum {
	SNMP_INT = 0x02,
	SNMP_OCTETS = 0x04,
	SNMP_GAUGE = 0x42,
	SNMP_TICKS = 0x43,
	SNMP_WIDE = 0x46,
	SNMP_RESPONSE = 0xa2
};

/* Bytes that grow towards the front, as lengths stand before what they measure. */
struct ber {
	unsigned char buf[65536];
	size_t at;
};

static inline void
ber_bytes(struct ber *b, const void *bytes, size_t n)
{
	b->at -= n;
	memcpy(b->buf + b->at, bytes, n);
}

static inline void
ber_head(struct ber *b, int tag, size_t len)
{
	unsigned char head[4] = { (unsigned char)tag, (unsigned char)len };

	if (len > 127) {
		head[1] = 0x82;
		head[2] = (unsigned char)(len >> 8);
		head[3] = (unsigned char)len;
	}
	ber_bytes(b, head, len > 127 ? 4 : 2);
}

static inline void
ber_number(struct ber *b, int tag, uint64_t number)
{
	size_t end = b->at;

	do {
		unsigned char byte = (unsigned char)number;

		ber_bytes(b, &byte, 1);
		number >>= 8;
	} while (number > 0 || (b->buf[b->at] & 0x80 && end - b->at < 9));
	if (b->buf[b->at] & 0x80)
		ber_bytes(b, "\0", 1);
	ber_head(b, tag, end - b->at);
}

static inline void
ber_name(struct ber *b, const struct snmp_oid *name)
{
	size_t end = b->at;
	unsigned char first = (unsigned char)(name->sub[0] * 40 + name->sub[1]);

	for (size_t n = name->len; n-- > 2;) {
		uint32_t arc = name->sub[n];
		unsigned char more = 0;

		do {
			unsigned char byte = (unsigned char)((arc & 0x7f) | more);

			ber_bytes(b, &byte, 1);
			arc >>= 7;
			more = 0x80;
		} while (arc > 0);
	}
	ber_bytes(b, &first, 1);
	ber_head(b, 0x06, end - b->at);
}

struct span {
	const unsigned char *at;
	size_t len;
};

static inline struct span
ber_take(struct span *in)
{
	size_t len = in->at[1], head = 2;
	struct span body;

	if (len & 0x80) {
		head = 2 + (len & 0x7f);
		len = 0;
		for (size_t i = 2; i < head; i++)
			len = len << 8 | in->at[i];
	}
	body = (struct span){ in->at + head, len };
	in->at += head + len;
	in->len -= head + len;
	return body;
}

static inline uint32_t
ber_value(struct span s)
{
	uint32_t n = 0;

	while (s.len-- > 0)
		n = n << 8 | *s.at++;
	return n;
}

static inline struct snmp_oid
ber_arcs(struct span s)
{
	struct snmp_oid ret = { 2, { s.at[0] / 40, s.at[0] % 40 } };
	uint32_t arc = 0;

	for (size_t i = 1; i < s.len && ret.len < SNMP_OID_MAX; i++) {
		arc = arc << 7 | (s.at[i] & 0x7f);
		if (s.at[i] & 0x80)
			continue;
		ret.sub[ret.len++] = arc;
		arc = 0;
	}
	return ret;
}

static inline int
snmp_order(const struct snmp_oid *a, const struct snmp_oid *b)
{
	for (uint32_t i = 0; i < a->len && i < b->len; i++)
		if (a->sub[i] != b->sub[i])
			return a->sub[i] < b->sub[i] ? -1 : 1;
	return (a->len > b->len) - (a->len < b->len);
}

struct snmp_question {
	uint32_t version; /* 0: version 1 */
	struct span community;
	int kind;
	uint32_t id, rows;
	struct snmp_oid names[64];
	size_t n;
};

/* Read the kind, the id and the names of a PDU. */
static inline struct snmp_question
snmp_read_pdu(struct span in)
{
	struct snmp_question q = { .kind = in.at[0] };
	struct span pdu = ber_take(&in), list;

	q.id = ber_value(ber_take(&pdu));
	(void)ber_take(&pdu);
	q.rows = ber_value(ber_take(&pdu));
	list = ber_take(&pdu);
	while (list.len > 0 && q.n < 64) {
		struct span pair = ber_take(&list);

		q.names[q.n++] = ber_arcs(ber_take(&pair));
	}
	return q;
}

static inline struct snmp_question
snmp_read_question(const unsigned char *data, size_t len)
{
	struct span in = { data, len }, whole = ber_take(&in), community;
	const uint32_t version = ber_value(ber_take(&whole));
	struct snmp_question q;

	community = ber_take(&whole);
	q = snmp_read_pdu(whole);
	q.version = version;
	q.community = community;
	return q;
}

/* Close a PDU of an answer whose pairs are written, up to the end of the buffer; index: of the
 * fault. */
static inline void
snmp_write_pdu(struct ber *b, int kind, uint32_t id, int status, uint64_t index)
{
	ber_head(b, 0x30, sizeof(b->buf) - b->at);
	ber_number(b, 0x02, index);
	ber_number(b, 0x02, (uint64_t)status);
	ber_number(b, 0x02, id);
	ber_head(b, kind, sizeof(b->buf) - b->at);
}

/* Close a message of version 1 or 2c around its PDU. */
static inline void
snmp_write_community(struct ber *b, const struct snmp_question *q)
{
	ber_bytes(b, q->community.at, q->community.len);
	ber_head(b, 0x04, q->community.len);
	ber_number(b, 0x02, q->version);
	ber_head(b, 0x30, sizeof(b->buf) - b->at);
}

#endif
