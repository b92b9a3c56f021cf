/* limit.c: see limit.h. */
#include "http/limit.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/mman.h>

enum { SLOTS = 4096, TRIES = 8, STEP_MS = 1000, BURST = 60 };

/* earned: the moment by which all requests so far are allowed, one each STEP_MS. */
struct slot {
	uint64_t key;
	int64_t earned;
};

static struct slot own[SLOTS], *table = own;

void
limit_open(void)
{
	void *shared =
	    mmap(NULL, sizeof(own), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared != MAP_FAILED)
		table = shared;
}

/* The address, or its /64; 0 for a text that is no address. */
static uint64_t
address_key(const char *ip)
{
	unsigned char addr[16] = { 0 };
	uint64_t key;

	if (inet_pton(AF_INET6, ip, addr) != 1 && inet_pton(AF_INET, ip, addr) != 1)
		return 0;
	memcpy(&key, addr, sizeof(key));
	return key;
}

/* The slot of a key: its own, else an expired one, else the one that expires first. */
static struct slot *
find_slot(uint64_t key, int64_t now_ms)
{
	size_t at = (size_t)((key * 0x9E3779B97F4A7C15U) >> 40);
	struct slot *best = &table[at % SLOTS];

	for (size_t i = 0; i < TRIES; i++) {
		struct slot *s = &table[(at + i) % SLOTS];

		if (s->key == key)
			return s;
		if (s->earned < best->earned)
			best = s;
	}
	*best = (struct slot){ .key = key, .earned = now_ms };
	return best;
}

int
limit_take(const char *ip, int64_t now_ms)
{
	struct slot *s = find_slot(address_key(ip), now_ms);

	if (s->earned < now_ms)
		s->earned = now_ms;
	if (s->earned - now_ms > (int64_t)(BURST - 1) * STEP_MS)
		return (int)((s->earned - now_ms - (int64_t)(BURST - 1) * STEP_MS + 999) / 1000);
	s->earned += STEP_MS;
	return 0;
}
