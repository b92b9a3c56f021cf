/*
 * agents.c: simulated SNMP devices, for test/bench/run.
 *
 *	agents PORT PASSPHRASE
 *
 * Every address of 127.0.0.0/8, except those of 127.9.0.0/16, is a device with 24 interfaces whose
 * octets grow with time. It answers at that port of the loopback interface: version 2c with any
 * community, and version 3 with any user by SHA and AES, the passphrase being that of both. Each
 * address has an engine id of its own. Nothing is waited for, so that a poller finds its own limit.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "base/macro.h"
#include "net/snmp_ber.h"

enum { INTERFACES = 24, DEAD = 9, AT_ONCE = 32, DATAGRAM = 2048 };
enum { FLAG_AUTH = 1, FLAG_PRIV = 2, BOOTS = 1, WINDOW = 150, DIGEST = 12, SALT = 8 };
enum { REPORT = 0xa8, NOT_IN_TIME = 2, UNKNOWN_ENGINE = 4 };
enum { GET = 0xa0, BULK = 0xa5, PAIRS_MAX = 1024 };

enum what {
	SYS_TEXT,
	SYS_OBJECT,
	UPTIME,
	IF_INDEX,
	IF_NAME,
	IF_SPEED,
	IF_STATUS,
	IF_OCTETS,
	IF_OCTETS_WIDE,
	IF_HIGH_SPEED,
	IF_ALIAS,
	IF_DISCONTINUITY,
	ENGINE_TIME
};

/* Columns in the order of their names; a scalar has the one index 0. */
static const struct column {
	struct snmp_oid name;
	enum what what;
	uint32_t first, last;
} columns[] = {
	{ { 8, { 1, 3, 6, 1, 2, 1, 1, 1 } }, SYS_TEXT, 0, 0 },
	{ { 8, { 1, 3, 6, 1, 2, 1, 1, 2 } }, SYS_OBJECT, 0, 0 },
	{ { 8, { 1, 3, 6, 1, 2, 1, 1, 3 } }, UPTIME, 0, 0 },
	{ { 8, { 1, 3, 6, 1, 2, 1, 1, 4 } }, SYS_TEXT, 0, 0 },
	{ { 8, { 1, 3, 6, 1, 2, 1, 1, 5 } }, SYS_TEXT, 0, 0 },
	{ { 8, { 1, 3, 6, 1, 2, 1, 1, 6 } }, SYS_TEXT, 0, 0 },
	{ { 10, { 1, 3, 6, 1, 2, 1, 2, 2, 1, 1 } }, IF_INDEX, 1, INTERFACES },
	{ { 10, { 1, 3, 6, 1, 2, 1, 2, 2, 1, 2 } }, IF_NAME, 1, INTERFACES },
	{ { 10, { 1, 3, 6, 1, 2, 1, 2, 2, 1, 5 } }, IF_SPEED, 1, INTERFACES },
	{ { 10, { 1, 3, 6, 1, 2, 1, 2, 2, 1, 7 } }, IF_STATUS, 1, INTERFACES },
	{ { 10, { 1, 3, 6, 1, 2, 1, 2, 2, 1, 8 } }, IF_STATUS, 1, INTERFACES },
	{ { 10, { 1, 3, 6, 1, 2, 1, 2, 2, 1, 10 } }, IF_OCTETS, 1, INTERFACES },
	{ { 10, { 1, 3, 6, 1, 2, 1, 2, 2, 1, 16 } }, IF_OCTETS, 1, INTERFACES },
	{ { 11, { 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1 } }, IF_NAME, 1, INTERFACES },
	{ { 11, { 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6 } }, IF_OCTETS_WIDE, 1, INTERFACES },
	{ { 11, { 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 10 } }, IF_OCTETS_WIDE, 1, INTERFACES },
	{ { 11, { 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 15 } }, IF_HIGH_SPEED, 1, INTERFACES },
	{ { 11, { 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 18 } }, IF_ALIAS, 1, INTERFACES },
	{ { 11, { 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 19 } }, IF_DISCONTINUITY, 1, INTERFACES },
	{ { 10, { 1, 3, 6, 1, 6, 3, 10, 2, 1, 3 } }, ENGINE_TIME, 0, 0 },
};

struct row {
	const struct column *column;
	uint32_t index;
};

static unsigned char master_key[SHA_DIGEST_LENGTH];

/* ---- the values ---- */

/* Milliseconds since a day before this program began. */
static uint64_t
uptime_ms(void)
{
	static struct timespec began;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (began.tv_sec == 0)
		began = now;
	return (uint64_t)(86400 + now.tv_sec - began.tv_sec) * 1000 +
	       (uint64_t)now.tv_nsec / 1000000;
}

/* Find the row of this name, or (next) the first one behind it; false: there is none. */
static bool
find_row(const struct snmp_oid *name, bool next, struct row *ret)
{
	for (size_t i = 0; i < countof(columns); i++) {
		const struct column *c = &columns[i];
		const uint32_t at = c->name.len;
		struct snmp_oid head = *name;
		int order;

		head.len = head.len < at ? head.len : at;
		order = snmp_order(&head, &c->name);
		if (order == 0 && name->len > at) {
			ret->index = next && name->sub[at] + 1 > c->first ? name->sub[at] + 1
				     : next                               ? c->first
									  : name->sub[at];
			if (!next && (name->len != at + 1 || ret->index < c->first))
				return false;
		} else if (next && order <= 0) {
			ret->index = c->first;
		} else {
			continue;
		}
		ret->column = c;
		if (ret->index <= c->last)
			return true;
	}
	return false;
}

static void
put_text(struct ber *b, const char *text)
{
	ber_bytes(b, text, strlen(text));
	ber_head(b, SNMP_OCTETS, strlen(text));
}

static void
put_value(struct ber *b, const struct row *r)
{
	const uint64_t octets = UINT64_C(1000000000000) * r->index + uptime_ms() * 10 * r->index;
	char name[16];

	(void)snprintf(name, sizeof(name), "ether%u", r->index);
	switch (r->column->what) {
	case SYS_TEXT:
		put_text(b, "simulated");
		break;
	case SYS_OBJECT:
		ber_name(b, &r->column->name);
		break;
	case UPTIME:
		ber_number(b, SNMP_TICKS, uptime_ms() / 10);
		break;
	case IF_NAME:
		put_text(b, name);
		break;
	case IF_ALIAS:
		put_text(b, "");
		break;
	case IF_SPEED:
		ber_number(b, SNMP_GAUGE, 1000000000);
		break;
	case IF_HIGH_SPEED:
		ber_number(b, SNMP_GAUGE, 1000);
		break;
	case IF_OCTETS:
		ber_number(b, 0x41, octets & 0xffffffff);
		break;
	case IF_OCTETS_WIDE:
		ber_number(b, SNMP_WIDE, octets);
		break;
	case IF_DISCONTINUITY:
		ber_number(b, SNMP_TICKS, 0);
		break;
	case ENGINE_TIME:
		ber_number(b, SNMP_INT, uptime_ms() / 1000);
		break;
	case IF_INDEX:
		ber_number(b, SNMP_INT, r->index);
		break;
	case IF_STATUS:
		ber_number(b, SNMP_INT, 1);
		break;
	}
}

static void
put_row(struct ber *b, const struct row *r)
{
	struct snmp_oid name = r->column->name;
	const size_t end = b->at;

	name.sub[name.len++] = r->index;
	put_value(b, r);
	ber_name(b, &name);
	ber_head(b, 0x30, end - b->at);
}

/* A pair without a value: its object or instance is missing, or the view has ended. */
static void
put_absent(struct ber *b, const struct snmp_oid *name, int why)
{
	const size_t end = b->at;

	ber_head(b, why, 0);
	ber_name(b, name);
	ber_head(b, 0x30, end - b->at);
}

/* Write the pairs of an answer, the last one first. */
static void
put_pairs(struct ber *b, const struct snmp_question *q)
{
	static struct row found[PAIRS_MAX];
	const uint32_t rows = q->kind == BULK ? q->rows : 1;
	const bool next = q->kind != GET;
	size_t n = 0;

	for (uint32_t r = 0; r < rows && n + q->n <= PAIRS_MAX; r++) {
		for (size_t i = 0; i < q->n; i++, n++) {
			struct snmp_oid name = q->names[i];

			if (r > 0 && found[n - q->n].column != NULL) {
				name = found[n - q->n].column->name;
				name.sub[name.len++] = found[n - q->n].index;
			}
			if ((r > 0 && found[n - q->n].column == NULL) ||
			    !find_row(&name, next, &found[n]))
				found[n].column = NULL;
		}
	}
	while (n-- > 0)
		if (found[n].column != NULL)
			put_row(b, &found[n]);
		else
			put_absent(b, &q->names[n % q->n], next ? 0x82 : 0x81);
}

/* ---- version 3 ---- */

/* The engine id of an address: an enterprise, the kind of id (text), the address. */
enum { ENGINE_LEN = 9 };

static void
engine_of(uint32_t address, unsigned char ret[ENGINE_LEN])
{
	static const unsigned char head[5] = { 0x80, 0, 0x1f, 0x88, 4 };

	memcpy(ret, head, sizeof(head));
	memcpy(ret + sizeof(head), &address, sizeof(address));
}

/* RFC 3414: the digest of 1 MB of the passphrase, over and over. */
static void
make_master_key(const char *passphrase)
{
	enum { MEGABYTE = 1 << 20 };
	static unsigned char text[MEGABYTE];
	const size_t len = strlen(passphrase);

	for (size_t i = 0; i < MEGABYTE; i++)
		text[i] = (unsigned char)passphrase[i % len];
	SHA1(text, MEGABYTE, master_key);
}

/* The key of an engine, made once for each of 65,536 addresses. */
static const unsigned char *
key_of(uint32_t address, const unsigned char engine[ENGINE_LEN])
{
	static struct {
		uint32_t address;
		unsigned char key[SHA_DIGEST_LENGTH];
	} keys[65536], *k;
	unsigned char text[2 * SHA_DIGEST_LENGTH + ENGINE_LEN];

	k = &keys[ntohl(address) & 0xffff];
	if (k->address != address) {
		memcpy(text, master_key, SHA_DIGEST_LENGTH);
		memcpy(text + SHA_DIGEST_LENGTH, engine, ENGINE_LEN);
		memcpy(text + SHA_DIGEST_LENGTH + ENGINE_LEN, master_key, SHA_DIGEST_LENGTH);
		SHA1(text, sizeof(text), k->key);
		k->address = address;
	}
	return k->key;
}

/* A message of version 3: its head, and what its security parameters say. */
struct message {
	uint32_t id, flags, boots, seconds;
	struct span engine, user, salt, data;
};

static struct message
read_message(struct span whole)
{
	struct message m;
	struct span head = ber_take(&whole), security = ber_take(&whole), fields;

	m.id = ber_value(ber_take(&head));
	(void)ber_take(&head);
	m.flags = ber_value(ber_take(&head));
	fields = ber_take(&security);
	m.engine = ber_take(&fields);
	m.boots = ber_value(ber_take(&fields));
	m.seconds = ber_value(ber_take(&fields));
	m.user = ber_take(&fields);
	(void)ber_take(&fields);
	m.salt = ber_take(&fields);
	m.data = whole;
	return m;
}

static void
crypt_bytes(const unsigned char *key, uint32_t boots, uint32_t seconds, const unsigned char *salt,
    const unsigned char *in, unsigned char *out, size_t len, bool encrypt)
{
	static EVP_CIPHER_CTX *ctx;
	const uint32_t clock[2] = { htonl(boots), htonl(seconds) };
	unsigned char iv[16];
	int n;

	if (ctx == NULL)
		ctx = EVP_CIPHER_CTX_new();
	memcpy(iv, clock, 8);
	memcpy(iv + 8, salt, SALT);
	if (EVP_CipherInit_ex(ctx, EVP_aes_128_cfb128(), NULL, key, iv, encrypt) != 1 ||
	    EVP_CipherUpdate(ctx, out, &n, in, (int)len) != 1)
		errx(1, "AES fails");
}

/* The question inside a message, deciphered. */
static struct snmp_question
read_scoped(const struct message *m, const unsigned char *key)
{
	static unsigned char plain[DATAGRAM];
	struct span data = m->data, scoped, in;

	if (m->flags & FLAG_PRIV) {
		scoped = ber_take(&data);
		crypt_bytes(key, m->boots, m->seconds, m->salt.at, scoped.at, plain, scoped.len,
		    false);
		data = (struct span){ plain, scoped.len };
	}
	in = ber_take(&data);
	(void)ber_take(&in);
	(void)ber_take(&in);
	return snmp_read_pdu(in);
}

static void
put_octets(struct ber *b, const void *bytes, size_t n)
{
	ber_bytes(b, bytes, n);
	ber_head(b, SNMP_OCTETS, n);
}

/* Put the security parameters in front; returns the place of the digest, still zero. */
static unsigned char *
put_security(struct ber *b, const struct message *m, const unsigned char *salt, uint32_t seconds,
    const unsigned char engine[ENGINE_LEN])
{
	const size_t end = b->at;
	const size_t digest = m->flags & FLAG_AUTH ? DIGEST : 0;
	unsigned char *place;

	put_octets(b, salt, m->flags & FLAG_PRIV ? SALT : 0);
	put_octets(b, (const unsigned char[DIGEST]){ 0 }, digest);
	place = b->buf + b->at + 2;
	put_octets(b, m->user.at, m->user.len);
	ber_number(b, SNMP_INT, seconds);
	ber_number(b, SNMP_INT, BOOTS);
	put_octets(b, engine, ENGINE_LEN);
	ber_head(b, 0x30, end - b->at);
	ber_head(b, SNMP_OCTETS, end - b->at);
	return place;
}

/* Close a message of version 3 around the PDU that is written: encipher and sign it. */
static void
put_message(struct ber *b, const struct message *m, uint32_t address)
{
	static uint64_t salt;
	const uint32_t seconds = (uint32_t)(uptime_ms() / 1000);
	const unsigned char flags = (unsigned char)m->flags;
	unsigned char engine[ENGINE_LEN], digest[SHA_DIGEST_LENGTH], *place;
	const unsigned char *key;
	size_t end;

	engine_of(address, engine);
	key = key_of(address, engine);
	put_octets(b, "", 0);
	put_octets(b, engine, ENGINE_LEN);
	ber_head(b, 0x30, sizeof(b->buf) - b->at);
	salt++;
	if (m->flags & FLAG_PRIV) {
		const size_t n = sizeof(b->buf) - b->at;

		crypt_bytes(key, BOOTS, seconds, (void *)&salt, b->buf + b->at, b->buf + b->at, n,
		    true);
		ber_head(b, SNMP_OCTETS, n);
	}
	place = put_security(b, m, (void *)&salt, seconds, engine);
	end = b->at;
	ber_number(b, SNMP_INT, 3);
	put_octets(b, &flags, 1);
	ber_number(b, SNMP_INT, 65507);
	ber_number(b, SNMP_INT, m->id);
	ber_head(b, 0x30, end - b->at);
	ber_number(b, SNMP_INT, 3);
	ber_head(b, 0x30, sizeof(b->buf) - b->at);
	if (m->flags & FLAG_AUTH) {
		HMAC(EVP_sha1(), key, SHA_DIGEST_LENGTH, b->buf + b->at, sizeof(b->buf) - b->at,
		    digest, NULL);
		memcpy(place, digest, DIGEST);
	}
}

/* Put one of the counters that tell why a message is refused. */
static void
put_report(struct ber *b, uint32_t reason, uint32_t id)
{
	const struct snmp_oid name = { 11, { 1, 3, 6, 1, 6, 3, 15, 1, 1, reason, 0 } };
	const size_t end = b->at;

	ber_number(b, 0x41, 1);
	ber_name(b, &name);
	ber_head(b, 0x30, end - b->at);
	snmp_write_pdu(b, REPORT, id, 0, 0);
}

static void
answer_v3(struct ber *b, struct span whole, uint32_t address)
{
	struct message m = read_message(whole);
	unsigned char engine[ENGINE_LEN];
	struct snmp_question q;
	const uint32_t now = (uint32_t)(uptime_ms() / 1000);

	engine_of(address, engine);
	q = read_scoped(&m, key_of(address, engine));
	m.flags &= FLAG_AUTH | FLAG_PRIV;
	if (m.engine.len == 0) {
		m.flags = 0;
		put_report(b, UNKNOWN_ENGINE, q.id);
	} else if (m.boots != BOOTS || m.seconds + WINDOW < now || m.seconds > now + WINDOW) {
		m.flags = FLAG_AUTH;
		put_report(b, NOT_IN_TIME, q.id);
	} else {
		put_pairs(b, &q);
		snmp_write_pdu(b, SNMP_RESPONSE, q.id, 0, 0);
	}
	put_message(b, &m, address);
}

/* ---- the socket ---- */

static int
open_port(const char *port)
{
	static const int on = 1, room = 8 << 20;
	const struct sockaddr_in any = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtol(port, NULL, 10)) };
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) != 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) != 0 ||
	    bind(fd, (const void *)&any, sizeof(any)) != 0)
		err(1, "port %s of the loopback interface", port);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return fd;
}

/* Datagrams that came at once, with the address at which each came, which its answer leaves from.
 */
struct batch {
	struct mmsghdr msgs[AT_ONCE];
	struct iovec iov[AT_ONCE];
	struct sockaddr_in from[AT_ONCE];
	unsigned char data[AT_ONCE][DATAGRAM];
	union {
		struct cmsghdr align;
		unsigned char room[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control[AT_ONCE];
};

static int
receive(int fd, struct batch *in)
{
	for (size_t i = 0; i < AT_ONCE; i++) {
		in->iov[i] = (struct iovec){ in->data[i], DATAGRAM };
		in->msgs[i].msg_hdr = (struct msghdr){ .msg_name = &in->from[i],
			.msg_namelen = sizeof(in->from[i]),
			.msg_iov = &in->iov[i],
			.msg_iovlen = 1,
			.msg_control = &in->control[i],
			.msg_controllen = sizeof(in->control[i]) };
	}
	return recvmmsg(fd, in->msgs, AT_ONCE, MSG_WAITFORONE, NULL);
}

static struct in_pktinfo *
info_of(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);

	if (c == NULL || c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO)
		errx(1, "a datagram without its address");
	return (void *)CMSG_DATA(c);
}

/* Answer a datagram, if its address is not one of the dead. */
static void
answer(int fd, struct msghdr *msg, size_t len)
{
	static struct ber b;
	struct span in = { msg->msg_iov->iov_base, len }, whole;
	struct in_pktinfo *info = info_of(msg);
	const uint32_t address = info->ipi_addr.s_addr;

	if ((ntohl(address) >> 16 & 0xff) == DEAD)
		return;
	b.at = sizeof(b.buf);
	whole = ber_take(&in);
	if (ber_value(ber_take(&whole)) == 3) {
		answer_v3(&b, whole, address);
	} else {
		const struct snmp_question q = snmp_read_question(msg->msg_iov->iov_base, len);

		put_pairs(&b, &q);
		snmp_write_pdu(&b, SNMP_RESPONSE, q.id, 0, 0);
		snmp_write_community(&b, &q);
	}
	*msg->msg_iov = (struct iovec){ b.buf + b.at, sizeof(b.buf) - b.at };
	*info = (struct in_pktinfo){ .ipi_spec_dst.s_addr = address };
	(void)sendmsg(fd, msg, 0);
}

int
main(int argc, char **argv)
{
	static struct batch in;
	int fd;

	if (argc != 3)
		errx(2, "usage: agents PORT PASSPHRASE");
	make_master_key(argv[2]);
	fd = open_port(argv[1]);
	for (;;) {
		const int n = receive(fd, &in);

		for (int i = 0; i < n; i++)
			answer(fd, &in.msgs[i].msg_hdr, in.msgs[i].msg_len);
	}
}
