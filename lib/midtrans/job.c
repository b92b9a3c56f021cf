/* job.c: the work of gateway-sync: jobs, and checks that are due; midtrans_loop in midtrans.h. */
#include <string.h>

#include "base/log.h"
#include "db/db.h"
#include "midtrans/attempt.h"
#include "midtrans/check.h"
#include "midtrans/job.h"
#include "sql.h"

enum { HOLD_MOST = 60 }; /* seconds */

/* ---- jobs ------------------------------------------------------------------------------------ */

struct job {
	int64_t id, generation;
	const char *attempt_id, *kind, *since;
};

static const struct db_col job_cols[] = {
	DB_COLS(job, id, generation, attempt_id, kind, since),
};

static enum rc
do_confirm(struct ctx *cx, const struct job *job)
{
	TRY(midtrans_check_attempt(cx, job->attempt_id));
	return db_exec(cx, &SQL_midtrans_alert_unconfirmed, V_TEXT(job->attempt_id),
	    V_TEXT(job->since));
}

/*
 * Skip an attempt that is owed again or closed, and a paid one without another
 * open transaction.
 */
static enum rc
do_cancel(struct ctx *cx, const struct job *job)
{
	struct attempt at;

	TRY(attempt_by_id(cx, job->attempt_id, &at));
	if (attempt_is(&at, "paid") ? !at.has_open : at.owed && !attempt_is(&at, "closed"))
		return RC_OK;
	return midtrans_end_attempt(cx, at.id);
}

static enum rc
do_expire(struct ctx *cx, const struct job *job)
{
	struct attempt at;

	TRY(attempt_by_id(cx, job->attempt_id, &at));
	return at.expired ? midtrans_check_attempt(cx, at.id) : RC_OK;
}

static const struct {
	const char *kind;
	enum rc (*fn)(struct ctx *, const struct job *);
} kinds[] = { { "confirm", do_confirm }, { "cancel", do_cancel }, { "expire", do_expire } };

static enum rc
do_job(struct ctx *cx, const struct job *job)
{
	for (size_t i = 0; i < countof(kinds); i++)
		if (strcmp(kinds[i].kind, job->kind) == 0)
			return kinds[i].fn(cx, job);
	return FAIL(cx, RC_INTERNAL, "there is no work called %s", job->kind);
}

enum rc
midtrans_check_and_schedule(struct ctx *cx, const char *attempt_id)
{
	struct err why;

	if (midtrans_check_attempt(cx, attempt_id) == RC_OK)
		return RC_OK;
	why = cx->err;
	db_rollback(cx);
	cx->err = (struct err){ 0 };
	TRY(db_exec(cx, &SQL_midtrans_check_finish, V_TEXT(attempt_id), V_BOOL(false)));
	cx->err = why;
	return why.rc;
}

/* A failure delays only its own job, unless Midtrans is unreachable. */
static enum loop_outcome
outcome_of(struct ctx *cx, enum rc rc)
{
	if (rc == RC_OK)
		return LOOP_DONE;
	log_err(LOG_WARN, "work", cx);
	return midtrans_unreachable(cx) ? LOOP_UNREACHABLE : LOOP_FAILED;
}

static enum rc
work_on_job(struct ctx *cx, const struct db_rows *rows, enum loop_outcome *ret)
{
	enum loop_outcome outcome;
	const char *why;
	struct job job;

	TRY(db_scan(cx, rows, 0, job_cols, &job));
	outcome = outcome_of(cx, do_job(cx, &job));
	if (outcome == LOOP_DONE) {
		TRY(db_exec(cx, &SQL_midtrans_job_finish, V_I64(job.id), V_I64(job.generation)));
	} else {
		why = arena_strdup(cx->mem, cx->err.msg);
		db_rollback(cx);
		cx->err = (struct err){ 0 };
		TRY(db_exec(cx, &SQL_midtrans_job_fail, V_I64(job.id), V_I64(job.generation),
		    V_TEXT(why)));
	}
	*ret = outcome;
	return RC_OK;
}

/* Check one attempt whose check is due. */
static enum rc
work_on_check(struct ctx *cx, enum loop_outcome *ret)
{
	struct db_rows *rows;

	TRY(db_row_if_any(cx, &SQL_midtrans_check_take, &rows));
	*ret = LOOP_IDLE;
	if (db_count(rows) > 0)
		*ret = outcome_of(cx, midtrans_check_and_schedule(cx, db_text(rows, 0, "id")));
	cx->err = (struct err){ 0 };
	return db_socket(cx->db) < 0 ? FAIL(cx, RC_RETRY, "the database went away") : RC_OK;
}

static enum rc
time_until_due(struct ctx *cx, int *ret)
{
	struct db_rows *rows;

	TRY(db_row(cx, &SQL_midtrans_work_wait, &rows));
	*ret = (int)db_i64(rows, 0, "ms");
	return RC_OK;
}

static int
hold_ms(const struct ctx *cx)
{
	int wait = midtrans_retry_after(cx);

	return 1000 * (wait < HOLD_MOST ? wait : HOLD_MOST);
}

static enum rc
job_step(struct ctx *cx, void *work, struct loop_turn *ret)
{
	struct db_rows *rows;

	(void)work;
	ret->outcome = LOOP_IDLE;
	if (!midtrans_is_configured(cx))
		return RC_OK;
	TRY(db_row_if_any(cx, &SQL_midtrans_job_take, &rows));
	TRY(db_count(rows) > 0 ? work_on_job(cx, rows, &ret->outcome)
			       : work_on_check(cx, &ret->outcome));
	if (ret->outcome == LOOP_UNREACHABLE)
		ret->hold_ms = hold_ms(cx);
	return ret->outcome == LOOP_IDLE ? time_until_due(cx, &ret->wait_ms) : RC_OK;
}

static enum rc
sweep_jobs(struct ctx *cx, void *work)
{
	(void)work;
	return midtrans_is_configured(cx) ? db_exec(cx, &SQL_midtrans_sweep) : RC_OK;
}

const struct loop midtrans_loop = {
	.channel = "midtrans_jobs",
	.sweep_ms = 30000,
	.sweep = sweep_jobs,
	.step = job_step,
};
