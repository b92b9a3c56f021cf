/* billing_int.h: a run under way, as billing.c, billing_chunk.c and billing_line.c share it. */
#ifndef BILLING_BILLING_INT_H
#define BILLING_BILLING_INT_H

#include "billing/billing.h"
#include "db/db.h"

struct step {
	const char *name;
	const struct db_stmt *work;
};

extern const struct step billing_steps[BILLING__STEPS];

/* One run under way. */
struct run {
	struct ctx *cx; /* lives as long as the run */
	const struct billing_options *opt;
	billing_fn show;
	void *arg;
	struct billing_report *rep;
	size_t guard; /* so many lines may be taken off in a step */
};

/* A step's candidates, being worked off. */
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
/* The report as JSON; lines: an array. */
const char *billing_json_of(struct ctx *, const struct billing_report *, const char *lines);

/* Work off a step's candidates in chunks; one that fails alone becomes a line of its own. */
enum rc billing_work_off(struct run *, const struct work *) _must_check_;

#endif
