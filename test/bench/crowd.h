/*
 * crowd.h: so many processes at the same work, each on its own connection, and
 * what they did together.  For programs of test/bench, which have one each.
 */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/macro.h"
#include "db/db.h"

enum { CROWD_MAX = 16 };

struct crowd_tally {
	int64_t done, repeated;
	double seconds; /* without connecting, as pgbench counts; of all: the longest */
	int failed;
};

/* The p-th process works on what begins at first + p * step; it counts, and takes the time. */
struct crowd {
	const struct db_conf *conf;
	enum rc (*work)(struct ctx *, int64_t first, const void *arg, struct crowd_tally *);
	const void *arg;
	int64_t first, step;
	int processes;
};

static inline double
crowd_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline void
crowd_member(const struct crowd *c, int p, struct crowd_tally *t)
{
	struct ctx cx = { .mem = arena_new(65536) };
	enum rc rc = db_open(&cx, c->conf, &cx.db);

	if (rc == RC_OK)
		rc = c->work(&cx, c->first + p * c->step, c->arg, t);
	if (rc != RC_OK)
		fprintf(stderr, "%s: %s (%s)\n", c->conf->program, cx.err.msg, cx.err.detail);
	t->failed = rc != RC_OK;
}

/* The work of all of them; failed where one did not come to its end. */
static inline struct crowd_tally
crowd_run(const struct crowd *c)
{
	struct crowd_tally sum = { 0 },
			   *of = mmap(NULL, CROWD_MAX * sizeof(*of), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (of == MAP_FAILED || c->processes < 1 || c->processes > CROWD_MAX)
		return (struct crowd_tally){ .failed = 1 };
	for (int p = 0; p < c->processes; p++) {
		of[p].failed = 1;
		if (fork() != 0)
			continue;
		crowd_member(c, p, &of[p]);
		_exit(0);
	}
	while (wait(NULL) > 0)
		continue;
	for (int p = 0; p < c->processes; p++) {
		sum.done += of[p].done;
		sum.repeated += of[p].repeated;
		sum.failed |= of[p].failed;
		if (of[p].seconds > sum.seconds)
			sum.seconds = of[p].seconds;
	}
	return sum;
}

#endif
