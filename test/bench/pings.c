/*
 * pings.c: the rounds of pinger without its database, for test/bench/run.
 *
 *	pings COUNT < addresses
 *
 * Asks each address, one a line, so often by lib/net/icmp, 200 ms apart, and prints how many
 * answers came.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/icmp.h"
#include "net/resolve.h"

enum { TARGETS = 10000, GAP_MS = 200, TIMEOUT_MS = 500, STEP_MS = 50, BATCH = 1024 };

static struct icmp_probe probes[TARGETS];

static size_t
start_all(struct icmp *engine, int count)
{
	char line[64];
	size_t n = 0;

	for (; n < TARGETS && fgets(line, sizeof(line), stdin) != NULL; n++) {
		struct icmp_probe *p = &probes[n];

		line[strcspn(line, "\n")] = '\0';
		if (!resolve_numeric(line, &p->to))
			errx(1, "%s is no address", line);
		p->count = count;
		p->gap_ms = GAP_MS;
		p->timeout_ms = TIMEOUT_MS;
		icmp_start(engine, p);
	}
	return n;
}

int
main(int argc, char **argv)
{
	struct ctx cx = { .mem = arena_new(1 << 20) };
	struct icmp_probe *done[BATCH];
	struct icmp *engine;
	size_t n, over = 0, received = 0;

	if (argc != 2)
		errx(2, "usage: pings COUNT < addresses");
	if (icmp_open(&cx, &engine) != RC_OK)
		errx(1, "%s", cx.err.msg);
	n = start_all(engine, (int)strtol(argv[1], NULL, 10));
	while (over < n) {
		const size_t ended = icmp_step(engine, STEP_MS, done, BATCH);

		for (size_t i = 0; i < ended; i++)
			received += (size_t)done[i]->received;
		over += ended;
	}
	printf("received=%zu\n", received);
	icmp_close(engine);
	arena_free(cx.mem);
	return 0;
}
