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
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "crowd.h"
#include "midtrans/event.h"
#include "midtrans/message.h"

static const struct db_stmt fetch = {
	"bench_fetch",
	"SELECT body::text AS body FROM bench_pages WHERE n >= $1::int AND n < $2::int ORDER BY n",
	2,
};

struct job {
	const char *key;
	int64_t count;
};

static enum rc
take(struct ctx *cx, const struct midtrans_message *m, const char *raw, struct crowd_tally *t)
{
	struct midtrans_outcome outcome;

	TRY(db_begin(cx));
	TRY(midtrans_process_within(cx, SOURCE_NOTIFICATION, m, raw, &outcome));
	TRY(db_commit(cx));
	t->done += outcome.verdict != NULL && strcmp(outcome.verdict, "applied") == 0;
	return RC_OK;
}

static enum rc
settle_one(struct ctx *cx, const struct job *job, const char *raw, struct crowd_tally *t)
{
	cJSON *body = cJSON_Parse(raw);
	struct midtrans_message m;
	enum rc rc = midtrans_read(cx, body, raw, job->key, &m);

	if (rc == RC_OK)
		rc = take(cx, &m, raw, t);
	cJSON_Delete(body);
	return rc;
}

/* The bodies live in an arena of their own: cx->mem is emptied after each. */
static enum rc
settle_all(struct ctx *cx, int64_t first, const void *arg, struct crowd_tally *t)
{
	_cleanup_(arena_freep) struct arena *kept = arena_new(1 << 20);
	const struct job *job = arg;
	struct conf conf = { .val = { [CONF_MIDTRANS_MERCHANT_ID] = "" } }; /* any merchant */
	struct ctx mine = *cx;
	struct db_rows *rows;
	double begun;

	cx->conf = &conf;
	mine.mem = kept;
	TRY(db_rows(&mine, &fetch, &rows, V_I64(first), V_I64(first + job->count)));
	begun = crowd_now();
	for (size_t i = 0; i < db_count(rows); i++) {
		TRY(settle_one(cx, job, db_text(rows, i, "body"), t));
		arena_reset(cx->mem);
	}
	t->seconds = crowd_now() - begun;
	return RC_OK;
}

int
main(int argc, char **argv)
{
	struct db_conf conf = { .program = "settle", .timezone = "UTC" };
	struct crowd_tally sum;
	struct crowd c = { .conf = &conf, .work = settle_all };
	struct job job;

	if (argc != 7) {
		fputs("usage: settle CONNINFO DAY KEY PROCESSES FIRST COUNT\n", stderr);
		return 2;
	}
	conf.conninfo = argv[1];
	conf.today = argv[2];
	job = (struct job){ argv[3], strtoll(argv[6], NULL, 10) };
	c.arg = &job;
	c.first = strtoll(argv[5], NULL, 10);
	c.step = job.count;
	c.processes = (int)strtol(argv[4], NULL, 10);
	sum = crowd_run(&c);
	printf("applied=%ld tps=%.1f\n", (long)sum.done, (double)sum.done / sum.seconds);
	return sum.failed;
}
