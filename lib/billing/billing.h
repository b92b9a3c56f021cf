/*
 * billing.h: the nightly run and its dry run (contract 5.4).
 *
 * A run does its steps in order: begin, renew, overdue, late, expire, suspend,
 * remind.  It finds the candidates of a step once, then does them in chunks,
 * each a short transaction; their number grows and shrinks with the time that a
 * chunk takes (none should last 300 ms).  A chunk that fails is halved down to
 * its bad row, which is reported and stops nothing else.
 *
 * A dry run executes the very same code as savepoints of one transaction that
 * is rolled back.  The rules are in sql/functions (run.sql and the functions
 * that it calls); here is only the order of work.
 */
#ifndef BILLING_BILLING_H
#define BILLING_BILLING_H

#include <stdbool.h>

#include "base/ctx.h"
#include "base/sb.h"

enum billing_step {
	BILLING_BEGIN,
	BILLING_RENEW,
	BILLING_OVERDUE,
	BILLING_LATE,
	BILLING_EXPIRE,
	BILLING_SUSPEND,
	BILLING_REMIND,
	BILLING__STEPS,
};

struct billing_options {
	const char *date; /* the business date D, "YYYY-MM-DD" */
	bool dry_run;
	bool ahead;     /* the date may be later than tomorrow */
	bool force;     /* switch off more lines than the guard allows */
	unsigned steps; /* bit per step; 0: all */
	/*
	 * A context whose db may book payments: Midtrans is asked before a suspension
	 * (midtrans.h).  NULL, or a dry run: Midtrans is not asked.
	 */
	struct ctx *gateway;
};

/* The outcome for one subscription or invoice. */
struct billing_line {
	const char *step;    /* billing_step_name() */
	const char *outcome; /* done, refused, skipped, held, failed */
	const char *subscription_id, *username, *customer_name;
	const char *invoice_number; /* NULL where no invoice is meant */
	int64_t amount;             /* of that invoice */
	const char *due_date;       /* of that invoice */
	const char *detail;         /* why, when refused, skipped or failed */
};

struct billing_count {
	size_t done, refused, skipped;
	size_t held; /* not suspended tonight, since Midtrans gave no answer */
	size_t failed;
	size_t guarded; /* so many were due, more than the guard allows: none was switched off */
};

struct billing_report {
	const char *date;
	bool dry_run;
	const char *missed; /* "2026-12-01, 2026-12-02": days no run was made for; NULL: none */
	const char *only;   /* "expire,suspend": the steps of the run; NULL: all */
	struct billing_count count[BILLING__STEPS];
	int64_t longest_ms; /* the longest transaction */
	struct sb lines; /* JSON array items, comma separated; empty where a billing_fn took them */
	struct sb not_done; /* the same, of lines that were not done, for the list of runs */
	size_t nnot_done;
};

/* Takes each line as it is committed (or done by a dry run); without one they are collected. */
typedef void (*billing_fn)(void *arg, const struct billing_line *);

const char *billing_step_name(enum billing_step);
/* "renew,suspend" to bits; RC_INVALID names the word that is none. */
enum rc billing_steps_read(struct ctx *, const char *list, unsigned *ret) _must_check_;

/* D from text, else APP_TODAY or today in APP_TIMEZONE; RC_INVALID when it is no date. */
enum rc billing_date(struct ctx *, const char *text, const char **ret) _must_check_;

/*
 * Read the words of a command line, NULL where none was given, into date and steps of *ret, the
 * rest of which is set.  RC_INVALID: a wrong word, or a date that needs `ahead` or a dry run.
 */
enum rc billing_options_read(struct ctx *, const char *date, const char *words,
    struct billing_options *ret) _must_check_;

/*
 * Run.  RC_RETRY when another run holds the lock (code "run_under_way"), the
 * database goes away or cx->stopping says that it is to end; what was committed
 * until then stays and the next run goes on from there.
 * Rows that failed are counted in the report, not an error.  show may be NULL.
 */
enum rc billing_run(struct ctx *, const struct billing_options *, billing_fn show, void *arg,
    struct billing_report *ret) _must_check_;
size_t billing_failed(const struct billing_report *); /* and held, and guarded */
const char *billing_report_json(struct ctx *, const struct billing_report *);

/*
 * A dry run for GET /api/billing/preview and ispctl: one at a time, its answer
 * kept for 60 seconds.  date NULL: today.  RC_RETRY where two are at it already.
 */
enum rc billing_preview(struct ctx *, const char *date, const char **ret_json) _must_check_;

#endif
