/*
 * nightly.c: the nightly run as billing-cron makes it, for test/bench/run.
 *
 *	nightly CONNINFO DAY
 *
 * Prints ms, the longest transaction and what was done, step by step.
 */
#include <stdio.h>
#include <time.h>

#include "billing/billing.h"
#include "db/db.h"

static double
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* When the first row of each step was reported: how the time divides. */
static void
note(void *arg, const struct billing_line *line)
{
	double *begun = arg;

	for (enum billing_step s = 0; s < BILLING__STEPS; s++)
		if (line->step[0] == billing_step_name(s)[0])
			begun[s] = now_ms();
}

int
main(int argc, char **argv)
{
	struct db_conf conf = { .role = NULL, .program = "nightly", .timezone = "Asia/Jakarta" };
	struct ctx cx = { .mem = arena_new(1 << 20), .actor.name = "nightly" };
	double t0, until[BILLING__STEPS] = { 0 };
	struct billing_options opt = { .force = true }; /* the guard would suspend nobody */
	struct billing_report rep;

	if (argc != 3) {
		fputs("usage: nightly CONNINFO DAY\n", stderr);
		return 2;
	}
	conf.conninfo = argv[1];
	opt.date = argv[2];
	t0 = now_ms();
	if (db_open(&cx, &conf, &cx.db) == RC_OK)
		db_set_actor(&cx);
	if (cx.err.rc != RC_OK || billing_run(&cx, &opt, note, until, &rep) != RC_OK) {
		fprintf(stderr, "nightly: %s (%s)\n", cx.err.msg, cx.err.detail);
		return 1;
	}
	printf("ms=%.1f longest_ms=%ld failed=%zu", now_ms() - t0, (long)rep.longest_ms,
	    billing_failed(&rep));
	for (enum billing_step s = 0; s < BILLING__STEPS; s++)
		printf(" %s=%zu %s_at=%.0f", billing_step_name(s), rep.count[s].done,
		    billing_step_name(s), until[s] > 0 ? until[s] - t0 : 0);
	putchar('\n');
	return 0;
}
