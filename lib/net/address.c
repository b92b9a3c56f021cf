#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/macro.h"

struct range4 {
	uint32_t net;
	int bits;
};

struct range6 {
	uint8_t net[16];
	int bits;
};

/* The special addresses of RFC 6890 and later ones. */
static const struct range4 special4[] = {
	{ 0x00000000, 8 },  /* 0/8: this host */
	{ 0x0A000000, 8 },  /* 10/8 */
	{ 0x64400000, 10 }, /* 100.64/10: between a provider and its customers */
	{ 0x7F000000, 8 },  /* 127/8 */
	{ 0xA9FE0000, 16 }, /* 169.254/16: link-local, the metadata of clouds */
	{ 0xAC100000, 12 }, /* 172.16/12 */
	{ 0xC0000000, 24 }, /* 192.0.0/24 */
	{ 0xC0000200, 24 }, /* 192.0.2/24 */
	{ 0xC0A80000, 16 }, /* 192.168/16 */
	{ 0xC6120000, 15 }, /* 198.18/15 */
	{ 0xC6336400, 24 }, /* 198.51.100/24 */
	{ 0xCB007100, 24 }, /* 203.0.113/24 */
	{ 0xE0000000, 3 },  /* multicast, reserved, broadcast */
};

static const struct range6 special6[] = {
	{ { 0 }, 96 },                      /* ::, ::1, IPv4-compatible */
	{ { 0x01, 0x00 }, 64 },             /* 100::/64: discard */
	{ { 0x20, 0x01 }, 23 },             /* 2001::/23: Teredo and others */
	{ { 0x20, 0x01, 0x0D, 0xB8 }, 32 }, /* documentation */
	{ { 0xFC }, 7 },                    /* unique local */
	{ { 0xFE, 0x80 }, 10 },             /* link-local */
	{ { 0xFE, 0xC0 }, 10 },             /* site-local */
	{ { 0xFF }, 8 },                    /* multicast */
};

/* An IPv4 address inside an IPv6 one: the prefix, and the offset of the four bytes. */
static const struct {
	uint8_t prefix[12];
	size_t bytes, at;
} embeddings[] = {
	{ { [10] = 0xFF, [11] = 0xFF }, 12, 12 },    /* ::ffff:a.b.c.d */
	{ { 0x00, 0x64, 0xFF, 0x9B }, 12, 12 },      /* 64:ff9b::a.b.c.d */
	{ { 0x00, 0x64, 0xFF, 0x9B, 0, 1 }, 6, 12 }, /* 64:ff9b:1::/48 */
	{ { 0x20, 0x02 }, 2, 2 },                    /* 2002:a.b.c.d::/48 */
};

static bool
is_public4(uint32_t host)
{
	for (size_t i = 0; i < countof(special4); i++)
		if ((host ^ special4[i].net) >> (32 - special4[i].bits) == 0)
			return false;
	return true;
}

static bool
is_within6(const uint8_t *a, const struct range6 *range)
{
	int bytes = range->bits / 8, rest = range->bits % 8;

	if (memcmp(a, range->net, (size_t)bytes) != 0)
		return false;
	return rest == 0 || (a[bytes] ^ range->net[bytes]) >> (8 - rest) == 0;
}

static bool
is_public6(const uint8_t *a)
{
	for (size_t i = 0; i < countof(embeddings); i++) {
		const uint8_t *v4 = a + embeddings[i].at;

		if (memcmp(a, embeddings[i].prefix, embeddings[i].bytes) == 0)
			return is_public4((uint32_t)v4[0] << 24 | (uint32_t)v4[1] << 16 |
					  (uint32_t)v4[2] << 8 | v4[3]);
	}
	for (size_t i = 0; i < countof(special6); i++)
		if (is_within6(a, &special6[i]))
			return false;
	return true;
}

bool
address_is_public(const struct sockaddr *sa)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof(v4));
		return is_public4(ntohl(v4.sin_addr.s_addr));
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(&v6, sa, sizeof(v6));
		return is_public6(v6.sin6_addr.s6_addr);
	}
	return false;
}
