/* account_object.c: the owner of an object on a router, and its place. Pure. */
#include <arpa/inet.h>
#include <string.h>

#include "router/account.h"

const char *const account_menu_path[MENU__MAX] = {
	[MENU_PPP] = "/ppp/secret",
	[MENU_HOTSPOT] = "/ip/hotspot/user",
	[MENU_QUEUE] = "/queue/simple",
	[MENU_BLOCK] = "/ip/firewall/address-list",
	[MENU_BLOCK6] = "/ipv6/firewall/address-list",
};

#define MARK_LEN (sizeof(ACCOUNT_MARK) - 1)
#define UUID_LEN ((size_t)36)

/* The uuid in a mark, without an end; NULL when the comment is no mark. */
static const char *
uuid_of(const char *comment)
{
	if (comment == NULL || strncmp(comment, ACCOUNT_MARK, MARK_LEN) != 0)
		return NULL;
	comment += MARK_LEN;
	if (strspn(comment, "0123456789abcdef-") != UUID_LEN)
		return NULL;
	return comment[UUID_LEN] == '\0' || comment[UUID_LEN] == ' ' ? comment : NULL;
}

bool
account_is_uptime_used_up(const char *limit_uptime)
{
	return limit_uptime != NULL && strcmp(limit_uptime, "1s") == 0;
}

const char *
account_mark(struct arena *mem, const char *comment)
{
	const char *uuid = uuid_of(comment);

	return uuid != NULL ? arena_printf(mem, "%.*s", (int)UUID_LEN, uuid) : NULL;
}

bool
account_object_has_mark(const struct account_object *o)
{
	return uuid_of(o->comment) != NULL;
}

bool
account_object_has_mark_of(const struct account_object *o, const char *id)
{
	const char *uuid = uuid_of(o->comment);

	return uuid != NULL && strncmp(uuid, id, UUID_LEN) == 0;
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* True for the object from which this account was imported, still under its name of that day. */
static bool
is_imported(const struct account *a, const struct account_object *o)
{
	return a->imported && a->ntraces > 0 && a->traces[0].menu == o->menu &&
	       same(a->traces[0].name, o->name);
}

enum account_owner
account_owner(const struct account *a, const struct account_object *o)
{
	if (o->dynamic)
		return OWNER_FOREIGN;
	if (account_object_has_mark_of(o, a->id))
		return o->reserved ? OWNER_OTHER : OWNER_THIS;
	if (account_object_has_mark(o))
		return o->stale ? OWNER_STALE : OWNER_OTHER;
	return is_imported(a, o) ? OWNER_THIS : OWNER_FOREIGN;
}

/* The bytes of an address, without the prefix length of a single host; 0 when it is none. */
static size_t
address_bytes(const char *text, unsigned char ret[static 16])
{
	char buf[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	bool six = memchr(text, ':', len) != NULL;

	if (len >= sizeof(buf))
		return 0;
	if (slash != NULL && strcmp(slash, six ? "/128" : "/32") != 0)
		return 0;
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (inet_pton(six ? AF_INET6 : AF_INET, buf, ret) != 1)
		return 0;
	return six ? 16 : 4;
}

bool
account_address_same(const char *a, const char *b)
{
	unsigned char x[16], y[16];
	size_t n;

	if (a == NULL || b == NULL)
		return a == b;
	n = address_bytes(a, x);
	if (n == 0 || n != address_bytes(b, y))
		return strcmp(a, b) == 0;
	return memcmp(x, y, n) == 0;
}

static bool
is_among(const char *const *addresses, size_t n, const char *address)
{
	for (size_t i = 0; i < n; i++) {
		if (account_address_same(addresses[i], address))
			return true;
	}
	return false;
}

bool
account_blocks(const struct account *a, const char *address)
{
	return a->wanted != WANTED_ON && address != NULL && *address != '\0' &&
	       !is_among(a->taken, a->ntaken, address);
}

bool
account_shares(const struct account *a, const char *address)
{
	return is_among(a->shared, a->nshared, address);
}
