/* billing_chunk.c: runs the candidates of a step in chunks, each one short transaction. */
#include "base/clock.h"
#include "base/daemon.h"
#include "base/log.h"
#include "billing/billing_int.h"
#include "sql.h"

enum {
	CHUNK_FIRST = 256,
	CHUNK_MAX = 1024,
	CHUNK_SLOW_MS = 150, /* above this the chunk is halved, so that none lasts 300 ms */
	CHUNK_QUICK_MS = 60,
	CHUNK_TRIES = 3, /* after deadlocks and lock time-outs; a dry run has one */
};

/* Run the statement of the step; the caller handles the transaction. */
static enum rc
chunk_execute(struct ctx *cx, const struct run *run, const struct work *w, struct db_rows **ret)
{
	return db_rows(cx, w->step->stmt, ret, V_TEXT(db_ids(cx, w->ids, w->n)),
	    V_TEXT(run->opt->date));
}

/* A single statement is a transaction of its own, and one round trip. */
static enum rc
chunk_commit(struct ctx *cx, struct run *run, const struct work *w)
{
	struct db_rows *rows;

	TRY(chunk_execute(cx, run, w, &rows));
	return billing_put_rows(cx, run, w, rows);
}

static enum rc
chunk_dry_run(struct ctx *cx, struct run *run, const struct work *w)
{
	struct db_rows *rows;
	struct err saved;

	TRY(db_exec(cx, &SQL_billing_savepoint));
	if (chunk_execute(cx, run, w, &rows) == RC_OK) {
		TRY(db_exec(cx, &SQL_billing_savepoint_release));
		return billing_put_rows(cx, run, w, rows);
	}
	saved = cx->err;
	TRY(db_send_exec(cx, &SQL_billing_savepoint_undo));
	TRY(db_exec(cx, &SQL_billing_savepoint_release));
	cx->err = saved;
	return saved.rc;
}

/* One chunk in an arena of its own, timed. */
static enum rc
chunk_run(struct run *run, const struct work *w)
{
	_cleanup_(arena_freep) struct arena *mem = arena_new(65536);
	struct ctx cx = *run->cx;
	int64_t t0 = clock_ms();
	enum rc rc;

	cx.mem = mem;
	rc = run->opt->dry_run ? chunk_dry_run(&cx, run, w) : chunk_commit(&cx, run, w);
	if (rc == RC_OK && clock_ms() - t0 > run->rep->longest_ms)
		run->rep->longest_ms = clock_ms() - t0;
	run->cx->err = cx.err;
	run->cx->err.fields = NULL; /* they are in the chunk's arena, which is freed here */
	return rc;
}

/* Retry after a deadlock or lock time-out, unless the connection is lost or the program must stop.
 */
static enum rc
chunk_retry(struct run *run, const struct work *w)
{
	int tries = run->opt->dry_run ? 1 : CHUNK_TRIES;
	enum rc rc = RC_OK;

	for (int i = 0; i < tries; i++) {
		rc = chunk_run(run, w);
		if (rc != RC_RETRY || db_socket(run->cx->db) < 0 ||
		    daemon_check_stop(run->cx) != RC_OK)
			break;
	}
	return rc;
}

static void
log_failure(const struct ctx *cx, const struct work *w)
{
	log_event(LOG_WARN, "billing_row_failed", "step", w->step->name, "id", w->ids[0], "rc",
	    rc_name(cx->err.rc), "msg", cx->err.msg, "detail", cx->err.detail, "rid",
	    cx->request_id, NULL);
}

/*
 * Report names, not only the id, so that an operator can find the row.  The
 * database's own detail goes to the log only: a browser shows the report.
 */
static enum rc
report_failure(struct run *run, const struct work *w)
{
	struct ctx *cx = run->cx;
	const char *why = arena_strdup(cx->mem, cx->err.msg);
	struct db_rows *rows;

	log_failure(cx, w);
	TRY(db_rows(cx, &SQL_billing_failure, &rows, V_TEXT(w->step->name), V_TEXT(w->ids[0]),
	    V_TEXT(why)));
	return billing_put_rows(cx, run, w, rows);
}

/* Halve a failing chunk until the bad row stands alone. */
static enum rc
chunk_run_or_split(struct run *run, const struct work *w)
{
	struct work half = *w;
	enum rc rc = chunk_retry(run, w);

	if (rc == RC_OK)
		return RC_OK;
	if (db_socket(run->cx->db) < 0)
		return rc;
	TRY(daemon_check_stop(run->cx)); /* the stop may be the cause: blame no row */
	if (w->n == 1)
		return report_failure(run, w);
	half.n = w->n / 2;
	TRY(chunk_run_or_split(run, &half));
	half.ids = w->ids + half.n;
	half.n = w->n - half.n;
	return chunk_run_or_split(run, &half);
}

size_t
billing_next_size(size_t size, int64_t took)
{
	if (took > CHUNK_SLOW_MS)
		return size > 16 ? size / 2 : size;
	if (took < CHUNK_QUICK_MS)
		return size < CHUNK_MAX ? size * 2 : size;
	return size;
}

enum rc
billing_run_chunks(struct run *run, const struct work *all)
{
	struct work chunk = *all;
	size_t size = CHUNK_FIRST;

	for (size_t at = 0; at < all->n; at += chunk.n) {
		int64_t t0 = clock_ms();

		TRY(daemon_check_stop(run->cx));
		chunk.ids = all->ids + at;
		chunk.n = all->n - at < size ? all->n - at : size;
		TRY(chunk_run_or_split(run, &chunk));
		size = billing_next_size(size, clock_ms() - t0);
	}
	return RC_OK;
}
