/*
 * snmp_v3_peer.h: an SNMP agent of version 3 for tests of those that ask: it has one user, with the
 * keys of SHA or without any, and is as strict about digests and clocks as RFC 3414.
 */
#ifndef TEST_SNMP_V3_PEER_H
#define TEST_SNMP_V3_PEER_H

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "net/snmp_peer.h"

enum { V3_DIGEST = 12, V3_WINDOW_S = 150 };
/* Its words in Reports: usmStats 1.3.6.1.6.3.15.1.1.N.0 */
enum { V3_WINDOW = 2, V3_ENGINE = 4, V3_DIGESTS = 5 };

struct v3_peer {
	struct snmp_peer agent; /* its table, socket and thread, and how it answers */
	const char *engine;
	uint32_t boots, seconds; /* its clock */
	const char *user;
	unsigned char key[20]; /* of its user, for its engine */
	bool has_key;
	int report; /* N: the answer to each request is this Report; 0: none is */
	bool has_name_in_report;
	int discovered; /* questions for its engine; agent.asked counts the others */
};

struct v3_question {
	struct span all, engine, user, digest;
	uint32_t id, flags, boots, seconds;
	struct snmp_question pdu;
};

static inline struct v3_question
v3_read(const unsigned char *data, size_t len)
{
	struct v3_question q = { .all = { data, len } };
	struct span in = q.all, whole = ber_take(&in), head, security, fields, scoped;

	(void)ber_take(&whole);
	head = ber_take(&whole);
	q.id = ber_value(ber_take(&head));
	(void)ber_take(&head);
	q.flags = ber_value(ber_take(&head));
	security = ber_take(&whole);
	fields = ber_take(&security);
	q.engine = ber_take(&fields);
	q.boots = ber_value(ber_take(&fields));
	q.seconds = ber_value(ber_take(&fields));
	q.user = ber_take(&fields);
	q.digest = ber_take(&fields);
	scoped = ber_take(&whole);
	(void)ber_take(&scoped);
	(void)ber_take(&scoped);
	q.pdu = snmp_read_pdu(scoped);
	return q;
}

static inline void
v3_sign(const struct v3_peer *p, const unsigned char *msg, size_t len, unsigned char ret[20])
{
	assert_non_null(HMAC(EVP_sha1(), p->key, sizeof(p->key), msg, len, ret, NULL));
}

static inline void
v3_text(struct ber *b, const void *bytes, size_t len)
{
	ber_bytes(b, bytes, len);
	ber_head(b, SNMP_OCTETS, len);
}

/* Close a message around its PDU, signed where it is authenticated. */
static inline void
v3_write(const struct v3_peer *p, const struct v3_question *q, bool is_signed, struct ber *b)
{
	static const unsigned char zero[V3_DIGEST];
	const unsigned char flags = is_signed;
	unsigned char digest[20];
	size_t end, digest_at;

	v3_text(b, "", 0);
	v3_text(b, p->engine, strlen(p->engine));
	ber_head(b, 0x30, sizeof(b->buf) - b->at);
	end = b->at;
	v3_text(b, "", 0);
	digest_at = b->at - V3_DIGEST;
	v3_text(b, zero, is_signed ? V3_DIGEST : 0);
	v3_text(b, q->user.at, q->user.len);
	ber_number(b, SNMP_INT, p->seconds);
	ber_number(b, SNMP_INT, p->boots);
	v3_text(b, p->engine, strlen(p->engine));
	ber_head(b, 0x30, end - b->at);
	ber_head(b, SNMP_OCTETS, end - b->at);
	end = b->at;
	ber_number(b, SNMP_INT, 3);
	v3_text(b, &flags, 1);
	ber_number(b, SNMP_INT, 65507);
	ber_number(b, SNMP_INT, q->id);
	ber_head(b, 0x30, end - b->at);
	ber_number(b, SNMP_INT, 3);
	ber_head(b, 0x30, sizeof(b->buf) - b->at);
	if (!is_signed)
		return;
	v3_sign(p, b->buf + b->at, sizeof(b->buf) - b->at, digest);
	memcpy(b->buf + digest_at, digest, V3_DIGEST);
}

static inline void
v3_report(const struct v3_peer *p, const struct v3_question *q, uint32_t what, struct ber *b)
{
	const struct snmp_row row = { { 11, { 1, 3, 6, 1, 6, 3, 15, 1, 1, what, 0 } }, 0x41, 1,
		NULL };

	b->at = sizeof(b->buf);
	if (p->report == 0 || p->has_name_in_report)
		ber_pair(b, &row, &row.name);
	snmp_write_pdu(b, 0xa8, q->pdu.id, 0, 0);
	v3_write(p, q, what == V3_WINDOW && p->has_key, b);
}

static inline bool
v3_is_signed(const struct v3_peer *p, const struct v3_question *q)
{
	unsigned char copy[2048], digest[20];

	if (q->digest.len != V3_DIGEST)
		return false;
	memcpy(copy, q->all.at, q->all.len);
	memset(copy + (q->digest.at - q->all.at), 0, V3_DIGEST);
	v3_sign(p, copy, q->all.len, digest);
	return memcmp(digest, q->digest.at, V3_DIGEST) == 0;
}

/* The number of the Report that a request deserves; 0: none. */
static inline uint32_t
v3_fault(const struct v3_peer *p, const struct v3_question *q)
{
	if (p->report != 0)
		return (uint32_t)p->report;
	if (!p->has_key)
		return 0;
	if (!v3_is_signed(p, q))
		return V3_DIGESTS;
	return q->boots == p->boots && q->seconds >= p->seconds &&
		       q->seconds <= p->seconds + V3_WINDOW_S
		   ? 0
		   : V3_WINDOW;
}

static inline void
v3_reply(struct v3_peer *p, const struct v3_question *q, const struct sockaddr_in *to)
{
	static __thread struct ber b;
	const uint32_t fault = q->engine.len == 0 ? V3_ENGINE : v3_fault(p, q);
	const int status = p->agent.how == SNMP_STATUS ? 5 : 0;

	if (fault != 0) {
		v3_report(p, q, fault, &b);
	} else {
		b.at = sizeof(b.buf);
		if (status == 0)
			snmp_write_pairs(&p->agent, &q->pdu, &b);
		snmp_write_pdu(&b, SNMP_RESPONSE, q->pdu.id, status, status != 0 ? 2 : 0);
		v3_write(p, q, p->has_key, &b);
	}
	snmp_send_to(p->agent.how == SNMP_ELSEWHERE ? p->agent.other : p->agent.fd, &b, to);
}

static inline void *
v3_peer_run(void *arg)
{
	struct v3_peer *p = arg;
	unsigned char data[2048];

	while (!__atomic_load_n(&p->agent.over, __ATOMIC_ACQUIRE)) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(p->agent.fd, data, sizeof(data), 0, (void *)&from, &len);
		struct v3_question q;

		if (n < 20)
			continue;
		q = v3_read(data, (size_t)n);
		*(q.engine.len == 0 ? &p->discovered : &p->agent.asked) += 1;
		if (p->agent.how != SNMP_MUTE)
			v3_reply(p, &q, &from);
		__atomic_add_fetch(&p->agent.handled, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static inline void
v3_peer_start(struct v3_peer *p)
{
	struct sockaddr_in at;

	p->agent.other = snmp_peer_socket(&at);
	p->agent.fd = snmp_peer_socket(&at);
	p->agent.port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&p->agent.thread, NULL, v3_peer_run, p), 0);
}

#endif
