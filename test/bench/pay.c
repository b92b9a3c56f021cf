/*
 * pay.c: invoices paid through lib/db as isp-api does it, for test/bench/run.
 *
 *	pay CONNINFO DAY PROCESSES FIRST COUNT [KEY]
 *
 * So many processes pay COUNT invoices each of table bench_open, process p
 * from FIRST + p * COUNT on, one statement and one round trip a payment.
 * With a KEY all of them pay the same COUNT invoices, each under the
 * key and its own number: what is booked once must be answered to all.
 * Prints how many were booked and repeated, and payments a second.
 */
#include <stdlib.h>

#include "crowd.h"

/* pgbench runs the same: test/bench/pay.pgbench. */
static const struct db_stmt book = {
	"bench_book",
	"SELECT repeated FROM payment_book((SELECT jsonb_build_object("
	"'invoice_id', invoice_id, 'method', 'transfer', 'idempotency_key', $3::text)"
	" FROM bench_open WHERE n = $1::int), $2::date)",
	3,
};

struct job {
	const char *day, *key; /* NULL: none */
	int64_t count;
};

static enum rc
pay_one(struct ctx *cx, const struct job *job, int64_t n, struct crowd_tally *t)
{
	const char *key = NULL;
	struct db_rows *rows;

	if (job->key != NULL)
		key = arena_printf(cx->mem, "%s-%ld", job->key, (long)n);
	TRY(db_rows(cx, &book, &rows, V_I64(n), V_TEXT(job->day), V_TEXT(key)));
	if (db_bool(rows, 0, "repeated"))
		t->repeated++;
	else
		t->done++;
	return RC_OK;
}

static enum rc
pay_all(struct ctx *cx, int64_t first, const void *arg, struct crowd_tally *t)
{
	const struct job *job = arg;
	double begun = crowd_now();

	for (int64_t i = 0; i < job->count; i++) {
		TRY(pay_one(cx, job, first + i, t));
		arena_reset(cx->mem);
	}
	t->seconds = crowd_now() - begun;
	return RC_OK;
}

int
main(int argc, char **argv)
{
	struct db_conf conf = { .program = "pay", .timezone = "UTC" };
	struct crowd_tally sum;
	struct crowd c = { .conf = &conf, .work = pay_all };
	struct job job;

	if (argc < 6 || argc > 7) {
		fputs("usage: pay CONNINFO DAY PROCESSES FIRST COUNT [KEY]\n", stderr);
		return 2;
	}
	conf.conninfo = argv[1];
	job = (struct job){ argv[2], argv[6], strtoll(argv[5], NULL, 10) };
	c.arg = &job;
	c.first = strtoll(argv[4], NULL, 10);
	c.step = job.key == NULL ? job.count : 0;
	c.processes = (int)strtol(argv[3], NULL, 10);
	sum = crowd_run(&c);
	printf("booked=%ld repeated=%ld tps=%.1f\n", (long)sum.done, (long)sum.repeated,
	    (double)(sum.done + sum.repeated) / sum.seconds);
	return sum.failed;
}
