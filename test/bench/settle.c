/*
 * settle.c: notifications of settlements taken as isp-api's webhook takes
 * them, for test/bench/run: read, signature checked, stored, decided, done.
 *
 *	settle CONNINFO DAY KEY PROCESSES FIRST COUNT
 *
 * So many processes take COUNT bodies each of table bench_pages, process p
 * from FIRST + p * COUNT on.  Bodies are fetched before the clock starts.
 * Prints how many were applied, and settlements a second.
 */
#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/macro.h"
#include "db/db.h"
#include "domain/attempt.h"

enum { PROCESSES_MAX = 16 };

static const struct db_stmt fetch = {
	"bench_fetch",
	"SELECT body::text AS body FROM bench_pages WHERE n >= $1::int AND n < $2::int ORDER BY n",
	2,
};

struct job {
	const char *conninfo, *day, *key;
	int64_t first, count;
};

struct tally {
	int64_t applied;
	double seconds; /* without connecting, as pgbench counts */
	int failed;
};

static enum rc
settle_one(struct ctx *cx, const struct job *job, const char *raw, struct tally *t)
{
	cJSON *body = cJSON_Parse(raw);
	struct midtrans_decision d;
	struct midtrans_message m;
	enum rc rc = midtrans_read(cx, body, job->key, &m);

	if (rc == RC_OK)
		rc = attempt_apply(cx, ATTEMPT_NOTIFICATION, &m, raw, "", &d);
	cJSON_Delete(body);
	TRY(rc);
	t->applied += strcmp(d.verdict, "applied") == 0;
	return RC_OK;
}

static double
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The bodies live in an arena of their own: cx->mem is emptied after each. */
static enum rc
settle_each(struct ctx *cx, const struct job *job, struct tally *t)
{
	struct arena *kept = arena_new(1 << 20);
	struct ctx mine = *cx;
	struct db_rows *rows;
	double begun;

	mine.mem = kept;
	TRY(db_query(&mine, &fetch, &rows, V_I64(job->first), V_I64(job->first + job->count)));
	begun = now_s();
	for (size_t i = 0; i < db_count(rows); i++) {
		TRY(settle_one(cx, job, db_text(rows, i, "body"), t));
		arena_reset(cx->mem);
	}
	t->seconds = now_s() - begun;
	arena_free(kept);
	return RC_OK;
}

static void
settle_all(const struct job *job, struct tally *t)
{
	struct db_conf conf = { .conninfo = job->conninfo,
		.program = "settle",
		.timezone = "UTC",
		.today = job->day };
	struct ctx cx = { .mem = arena_new(65536) };
	enum rc rc = db_open(&cx, &conf, &cx.db);

	if (rc == RC_OK)
		rc = settle_each(&cx, job, t);
	if (rc != RC_OK)
		fprintf(stderr, "settle: %s (%s)\n", cx.err.msg, cx.err.detail);
	t->failed = rc != RC_OK;
}

static void
settle_in_parallel(const struct job *job, int processes, struct tally *tallies)
{
	for (int p = 0; p < processes; p++) {
		struct job mine = *job;

		if (fork() != 0)
			continue;
		mine.first += p * job->count;
		tallies[p].failed = 1;
		settle_all(&mine, &tallies[p]);
		_exit(0);
	}
	while (wait(NULL) > 0)
		continue;
}

static int
report(const struct tally *tallies, int processes)
{
	struct tally sum = { 0 };

	for (int p = 0; p < processes; p++) {
		sum.applied += tallies[p].applied;
		sum.failed |= tallies[p].failed;
		if (tallies[p].seconds > sum.seconds)
			sum.seconds = tallies[p].seconds;
	}
	printf("applied=%ld tps=%.1f\n", (long)sum.applied, (double)sum.applied / sum.seconds);
	return sum.failed;
}

int
main(int argc, char **argv)
{
	struct tally *tallies = mmap(NULL, PROCESSES_MAX * sizeof(*tallies), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct job job;
	int processes;

	if (argc != 7 || tallies == MAP_FAILED) {
		fputs("usage: settle CONNINFO DAY KEY PROCESSES FIRST COUNT\n", stderr);
		return 2;
	}
	job = (struct job){ argv[1], argv[2], argv[3], strtoll(argv[5], NULL, 10),
		strtoll(argv[6], NULL, 10) };
	processes = (int)strtol(argv[4], NULL, 10);
	if (processes < 1 || processes > PROCESSES_MAX)
		return 2;
	settle_in_parallel(&job, processes, tallies);
	return report(tallies, processes);
}
