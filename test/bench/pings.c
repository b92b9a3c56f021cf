/*
 * pings.c: the rounds of pinger without its database, for test/bench/run.
 *
 *	pings TARGETS COUNT
 *
 * Asks the first so many addresses of 127.20.0.0/16 so often by lib/net/icmp, 200 ms apart, and
 *prints how many answers came.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/icmp.h"
#include "net/resolve.h"

enum { GAP_MS = 200, TIMEOUT_MS = 500, STEP_MS = 50, BATCH = 1024 };

static struct icmp_probe *
start_all(struct ctx *cx, struct icmp *engine, size_t n, int count)
{
	struct icmp_probe *all = arena_alloc(cx->mem, n * sizeof(*all));

	for (size_t i = 0; i < n; i++) {
		all[i] = (struct icmp_probe){ .count = count,
			.gap_ms = GAP_MS,
			.timeout_ms = TIMEOUT_MS };
		if (!resolve_numeric(arena_printf(cx->mem, "127.20.%zu.%zu", i / 250, i % 250 + 1),
			&all[i].to))
			errx(1, "that is no address");
		icmp_start(engine, &all[i]);
	}
	return all;
}

int
main(int argc, char **argv)
{
	struct ctx cx = { .mem = arena_new(1 << 20) };
	struct icmp_probe *done[BATCH];
	struct icmp *engine;
	size_t n, over = 0, received = 0;

	if (argc != 3)
		errx(2, "usage: pings TARGETS COUNT");
	if (icmp_open(&cx, &engine) != RC_OK)
		errx(1, "%s", cx.err.msg);
	n = strtoul(argv[1], NULL, 10);
	(void)start_all(&cx, engine, n, (int)strtol(argv[2], NULL, 10));
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
