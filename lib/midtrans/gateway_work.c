/* gateway_work.c: what is done without anybody waiting: jobs, reconciliation, holds. */
#include <stdlib.h>
#include <string.h>

#include "base/daemon.h"
#include "base/log.h"
#include "base/sb.h"
#include "db/db.h"
#include "midtrans/gateway_int.h"
#include "sql.h"

enum { HOLD_MOST = 60 }; /* seconds that Midtrans may ask us to wait */

/* ---- jobs ------------------------------------------------------------------------------------ */

struct job {
	int64_t id, generation;
	const char *attempt_id, *kind, *since;
};

static const struct db_col job_cols[] = {
	DB_COL(job, id, DB_I64),
	DB_COL(job, generation, DB_I64),
	DB_COL(job, attempt_id, DB_TEXT),
	DB_COL(job, kind, DB_TEXT),
	DB_COL(job, since, DB_TEXT),
};

static enum rc
do_confirm(struct ctx *cx, const struct job *job)
{
	TRY(gateway_ask(cx, job->attempt_id));
	return db_query(cx, &SQL_gateway_doubt, NULL, V_TEXT(job->attempt_id), V_TEXT(job->since));
}

/* Only what is not owed any more; of what is paid or closed, what is still open beside it. */
static enum rc
do_cancel(struct ctx *cx, const struct job *job)
{
	struct attempt at;

	TRY(attempt_by_id(cx, job->attempt_id, &at));
	if (strcmp(at.state, "paid") == 0 ? !at.live : at.owed && strcmp(at.state, "closed") != 0)
		return RC_OK;
	return gateway_drop(cx, at.id);
}

static enum rc
do_expire(struct ctx *cx, const struct job *job)
{
	struct attempt at;

	TRY(attempt_by_id(cx, job->attempt_id, &at));
	return at.over ? gateway_ask(cx, at.id) : RC_OK;
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

/* Ask about an attempt; without an answer it is asked about again, less and less often, all the
 * same. */
static enum rc
check(struct ctx *cx, const char *attempt_id)
{
	struct err why;

	if (gateway_ask(cx, attempt_id) == RC_OK)
		return RC_OK;
	why = cx->err;
	(void)!db_rollback(cx);
	cx->err = (struct err){ 0 };
	TRY(db_query(cx, &SQL_gateway_checked, NULL, V_TEXT(attempt_id), V_BOOL(false)));
	cx->err = why;
	return why.rc;
}

/* What failed delays nothing but itself, unless nobody was there to answer. */
static enum loop_outcome
outcome_of(struct ctx *cx, enum rc rc)
{
	if (rc == RC_OK)
		return LOOP_DONE;
	log_err(LOG_WARN, "work", cx);
	return gateway_is_away(cx) ? LOOP_AWAY : LOOP_FAILED;
}

static enum rc
work_on_job(struct ctx *cx, const struct db_rows *rows, enum loop_outcome *ret)
{
	enum loop_outcome came;
	const char *why;
	struct job job;

	TRY(db_scan(cx, rows, 0, job_cols, &job));
	came = outcome_of(cx, do_job(cx, &job));
	if (came == LOOP_DONE) {
		TRY(db_query(cx, &SQL_gateway_done, NULL, V_I64(job.id), V_I64(job.generation)));
	} else {
		why = arena_strdup(cx->mem, cx->err.msg);
		(void)!db_rollback(cx);
		cx->err = (struct err){ 0 };
		TRY(db_query(cx, &SQL_gateway_failed, NULL, V_I64(job.id), V_I64(job.generation),
		    V_TEXT(why)));
	}
	*ret = came;
	return RC_OK;
}

/* One attempt whose turn it is to be asked about. */
static enum rc
work_on_check(struct ctx *cx, enum loop_outcome *ret)
{
	struct db_rows *rows;

	TRY(db_query0(cx, &SQL_gateway_check_take, &rows));
	*ret = LOOP_IDLE;
	if (db_count(rows) > 0)
		*ret = outcome_of(cx, check(cx, db_text(rows, 0, "id")));
	cx->err = (struct err){ 0 };
	return db_socket(cx->db) < 0 ? FAIL(cx, RC_RETRY, "the database went away") : RC_OK;
}

static enum rc
time_until_due(struct ctx *cx, int *ret)
{
	struct db_rows *rows;

	TRY(db_query0(cx, &SQL_gateway_wait, &rows));
	*ret = (int)db_i64(rows, 0, "ms");
	return RC_OK;
}

static int
hold_ms(const struct ctx *cx)
{
	int wait = gateway_slow_down(cx);

	return 1000 * (wait < HOLD_MOST ? wait : HOLD_MOST);
}

static enum rc
step(struct ctx *cx, void *work, struct loop_turn *ret)
{
	struct db_rows *rows;

	(void)work;
	ret->outcome = LOOP_IDLE;
	if (!gateway_is_on(cx))
		return RC_OK;
	TRY(db_query0(cx, &SQL_gateway_take, &rows));
	TRY(db_count(rows) > 0 ? work_on_job(cx, rows, &ret->outcome)
			       : work_on_check(cx, &ret->outcome));
	if (ret->outcome == LOOP_AWAY)
		ret->hold_ms = hold_ms(cx);
	return ret->outcome == LOOP_IDLE ? time_until_due(cx, &ret->wait_ms) : RC_OK;
}

/* Find what was left lying. */
static enum rc
sweep(struct ctx *cx, void *work)
{
	(void)work;
	return gateway_is_on(cx) ? db_query0(cx, &SQL_gateway_sweep, NULL) : RC_OK;
}

const struct loop gateway_loop = {
	.channel = "gateway_jobs",
	.sweep_ms = 30000,
	.sweep = sweep,
	.step = step,
};

/* ---- all at once ----------------------------------------------------------------------------- */

/* Nobody waits 15 s for each of a thousand: so many silences in a row, and no more is asked. */
enum { SILENCES_MOST = 2 };

/* In an arena of its own: there may be many, and each answer is kept as long as its arena. */
static enum rc
ask_apart(struct ctx *cx, const char *attempt_id, unsigned *silences)
{
	_cleanup_(arena_freep) struct arena *mem = arena_new(65536);
	struct ctx own = *cx;
	enum rc rc;

	if (*silences >= SILENCES_MOST)
		return FAIL(cx, RC_UPSTREAM, "Midtrans gives no answer: not asked.");
	own.mem = mem;
	own.err = (struct err){ 0 };
	rc = check(&own, attempt_id);
	*silences = rc != RC_OK && gateway_is_away(cx) ? *silences + 1 : 0;
	if (rc != RC_OK)
		log_err(LOG_WARN, "no answer", &own);
	cx->err = own.err;
	cx->err.fields = NULL;
	return rc;
}

enum rc
gateway_reconcile(struct ctx *cx, bool due, struct gateway_count *ret)
{
	struct gateway_count n = { 0 };
	struct db_rows *rows;
	unsigned silences = 0;

	TRY(gateway_ready(cx));
	TRY(db_query(cx, &SQL_gateway_unfinished, &rows, V_BOOL(due)));
	for (; n.asked < db_count(rows); n.asked++) {
		TRY(daemon_check_stop(cx));
		if (ask_apart(cx, db_text(rows, n.asked, "id"), &silences) != RC_OK)
			n.failed++;
		if (db_socket(cx->db) < 0)
			return cx->err.rc;
	}
	cx->err = (struct err){ 0 };
	*ret = n;
	return RC_OK;
}

/* ---- the nightly run ------------------------------------------------------------------------- */

/* Ask about all attempts of one subscription, the rows from *i on; RC_OK: all were answered. */
static enum rc
ask_debts(struct ctx *cx, const struct db_rows *rows, size_t *i, unsigned *silences)
{
	const char *sub = db_text(rows, *i, "subscription_id");
	enum rc rc = RC_OK;

	for (; *i < db_count(rows) && strcmp(db_text(rows, *i, "subscription_id"), sub) == 0;
	     (*i)++)
		if (ask_apart(cx, db_text(rows, *i, "attempt_id"), silences) != RC_OK)
			rc = cx->err.rc;
	return rc;
}

/* Nobody answered: one more night, or one too many; *nret grows when it is held. */
static enum rc
hold_one(struct ctx *cx, const char *sub, const char *date, struct gateway_held *all, size_t *nret)
{
	struct db_rows *rows;

	cx->err = (struct err){ 0 };
	TRY(db_query(cx, &SQL_gateway_hold, &rows, V_TEXT(sub), V_TEXT(date)));
	if (db_bool(rows, 0, "held"))
		all[(*nret)++] = (struct gateway_held){ .subscription_id = sub,
			.username = db_text(rows, 0, "username"),
			.customer_name = db_text(rows, 0, "customer_name") };
	return RC_OK;
}

enum rc
gateway_hold(struct ctx *cx, const char *const *ids, size_t n, const char *date,
    struct gateway_held **ret, size_t *nret)
{
	struct gateway_held *all = arena_alloc(cx->mem, (n + 1) * sizeof(*all));
	struct db_rows *rows;
	unsigned silences = 0;
	size_t nheld = 0;

	TRY(gateway_ready(cx));
	TRY(db_query(cx, &SQL_gateway_debts, &rows, V_TEXT(db_ids(cx, ids, n))));
	for (size_t i = 0; i < db_count(rows);) {
		const char *sub = db_text(rows, i, "subscription_id");

		TRY(daemon_check_stop(cx));
		TRY(ask_debts(cx, rows, &i, &silences) == RC_OK
			? db_query(cx, &SQL_gateway_answered, NULL, V_TEXT(sub))
			: hold_one(cx, sub, date, all, &nheld));
	}
	*ret = all;
	*nret = nheld;
	return RC_OK;
}
