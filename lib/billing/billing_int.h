/* billing_int.h: a run under way, as billing.c, billing_chunk.c and billing_line.c share it. */
#ifndef BILLING_BILLING_INT_H
#define BILLING_BILLING_INT_H

#include "billing/billing.h"
#include "db/db.h"

struct step {
	const char *name;
	const struct db_stmt *stmt;
};

extern const struct step billing_steps[BILLING__STEPS];

/* One run under way. */
struct run {
	struct ctx *cx; /* lives as long as the run */
	const struct billing_options *opt;
	billing_fn show;
	void *arg;
	struct billing_report *rep;
	size_t guard; /* at most this many subscriptions may be switched off in one step */
};

/* A step's candidates, being processed. */
struct work {
	const struct step *step;
	struct billing_count *count;
	const char **ids;
	size_t n;
};

/* Count a line and show it, or keep it for the report. */
void billing_put_line(struct run *, const struct work *, const struct billing_line *);
/* The same for the lines that a statement gave. */
enum rc billing_put_rows(struct ctx *, struct run *, const struct work *,
    const struct db_rows *) _must_check_;
/* The report as JSON, with the lines that were not done: refused, held, failed, skipped. */
const char *billing_not_done_json(struct ctx *, const struct billing_report *);

/* Run a step's candidates in chunks; a row that fails when it is run alone is reported as failed.
 */
enum rc billing_run_chunks(struct run *, const struct work *) _must_check_;
/* The size of the chunk after one of this size, which took so many milliseconds. */
size_t billing_next_size(size_t size, int64_t took);

#endif
