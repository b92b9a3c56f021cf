/*
 * pay.c: invoices paid through lib/db as isp-api does it, for test/bench/run.
 *
 *	pay CONNINFO DAY PROCESSES FIRST COUNT [REFERENCE]
 *
 * So many processes pay COUNT invoices each of table bench_open, process p
 * from FIRST + p * COUNT on, one statement and one round trip a payment.
 * With a REFERENCE all of them pay the same COUNT invoices, each under the
 * reference and its own number: what is booked once must be answered to all.
 * Prints how many were booked and repeated, and payments a second.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/macro.h"
#include "db/db.h"

enum { PROCESSES_MAX = 16 };

/* pgbench runs the same: test/bench/pay.pgbench. */
static const struct db_stmt book = {
	"bench_book",
	"SELECT repeated FROM payment_book((SELECT jsonb_build_object("
	"'invoice_id', invoice_id, 'method', 'transfer', 'reference', $3::text)"
	" FROM bench_open WHERE n = $1::int), $2::date)",
	3,
};

struct job {
	const char *conninfo, *day, *reference;
	int64_t first, count;
};

struct tally {
	int64_t booked, repeated;
	double seconds; /* without connecting, as pgbench counts */
	int failed;
};

static enum rc
pay_one(struct ctx *cx, const struct job *job, int64_t n, struct tally *t)
{
	const char *reference = NULL;
	struct db_rows *rows;

	if (job->reference != NULL)
		reference = arena_printf(cx->mem, "%s-%ld", job->reference, (long)n);
	TRY(db_query(cx, &book, &rows, V_I64(n), V_TEXT(job->day), V_TEXT(reference)));
	if (db_bool(rows, 0, "repeated"))
		t->repeated++;
	else
		t->booked++;
	return RC_OK;
}

static double
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
pay_all(const struct job *job, struct tally *t)
{
	struct db_conf conf = { .conninfo = job->conninfo, .program = "pay", .timezone = "UTC" };
	struct ctx cx = { .mem = arena_new(65536) };
	enum rc rc = db_open(&cx, &conf, &cx.db);
	double begun = now_s();

	for (int64_t i = 0; rc == RC_OK && i < job->count; i++) {
		rc = pay_one(&cx, job, job->first + i, t);
		if (rc == RC_OK)
			arena_reset(cx.mem);
	}
	if (rc != RC_OK)
		fprintf(stderr, "pay: %s (%s)\n", cx.err.msg, cx.err.detail);
	t->seconds = now_s() - begun;
	t->failed = rc != RC_OK;
}

static void
pay_in_parallel(const struct job *job, int processes, struct tally *tallies)
{
	for (int p = 0; p < processes; p++) {
		struct job mine = *job;

		if (fork() != 0)
			continue;
		if (job->reference == NULL)
			mine.first += p * job->count;
		tallies[p].failed = 1;
		pay_all(&mine, &tallies[p]);
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
		sum.booked += tallies[p].booked;
		sum.repeated += tallies[p].repeated;
		sum.failed |= tallies[p].failed;
		if (tallies[p].seconds > sum.seconds)
			sum.seconds = tallies[p].seconds;
	}
	printf("booked=%ld repeated=%ld tps=%.1f\n", (long)sum.booked, (long)sum.repeated,
	    (double)(sum.booked + sum.repeated) / sum.seconds);
	return sum.failed;
}

int
main(int argc, char **argv)
{
	struct tally *tallies = mmap(NULL, PROCESSES_MAX * sizeof(*tallies), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct job job;
	int processes;

	if (argc < 6 || argc > 7 || tallies == MAP_FAILED) {
		fputs("usage: pay CONNINFO DAY PROCESSES FIRST COUNT [REFERENCE]\n", stderr);
		return 2;
	}
	job = (struct job){ argv[1], argv[2], argv[6], strtoll(argv[4], NULL, 10),
		strtoll(argv[5], NULL, 10) };
	processes = (int)strtol(argv[3], NULL, 10);
	if (processes < 1 || processes > PROCESSES_MAX)
		return 2;
	pay_in_parallel(&job, processes, tallies);
	return report(tallies, processes);
}
