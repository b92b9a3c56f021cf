/* billing_chunk.c: candidates of a step, a chunk at a time, each a transaction that is over soon.
 */
#include "base/clock.h"
#include "base/daemon.h"
#include "base/log.h"
#include "billing/billing_int.h"
#include "sql.h"

enum {
	CHUNK_FIRST = 256,
	CHUNK_MAX = 1024,
	CHUNK_SLOW_MS = 150, /* smaller chunks beyond this: none may last 300 ms */
	CHUNK_QUICK_MS = 60,
	CHUNK_TRIES = 3, /* deadlocks and lock time-outs; a rehearsal gives way at once */
};

/* The chunk itself, inside whatever transaction stands around it. */
static enum rc
chunk_work(struct ctx *cx, const struct run *run, const struct work *w, struct db_rows **ret)
{
	return db_rows(cx, w->step->work, ret, V_TEXT(db_ids(cx, w->ids, w->n)),
	    V_TEXT(run->opt->date));
}

/* One statement is a transaction of its own, and one round trip. */
static enum rc
chunk_commit(struct ctx *cx, struct run *run, const struct work *w)
{
	struct db_rows *rows;

	TRY(chunk_work(cx, run, w, &rows));
	return billing_put_rows(cx, run, w, rows);
}

static enum rc
chunk_rehearse(struct ctx *cx, struct run *run, const struct work *w)
{
	struct db_rows *rows;
	struct err why;

	TRY(db_exec(cx, &SQL_billing_savepoint));
	if (chunk_work(cx, run, w, &rows) == RC_OK) {
		TRY(db_exec(cx, &SQL_billing_savepoint_keep));
		return billing_put_rows(cx, run, w, rows);
	}
	why = cx->err;
	TRY(db_send_exec(cx, &SQL_billing_savepoint_undo));
	TRY(db_exec(cx, &SQL_billing_savepoint_keep));
	cx->err = why;
	return why.rc;
}

/* One chunk in an arena of its own, timed. */
static enum rc
chunk_once(struct run *run, const struct work *w)
{
	_cleanup_(arena_freep) struct arena *mem = arena_new(65536);
	struct ctx cx = *run->cx;
	int64_t t0 = clock_ms();
	enum rc rc;

	cx.mem = mem;
	rc = run->opt->dry_run ? chunk_rehearse(&cx, run, w) : chunk_commit(&cx, run, w);
	if (rc == RC_OK && clock_ms() - t0 > run->rep->longest_ms)
		run->rep->longest_ms = clock_ms() - t0;
	run->cx->err = cx.err;
	run->cx->err.fields = NULL; /* they lived in the chunk's arena */
	return rc;
}

/* Deadlocks and lock time-outs pass, unless the program is to end; a lost connection does not. */
static enum rc
chunk_try(struct run *run, const struct work *w)
{
	int tries = run->opt->dry_run ? 1 : CHUNK_TRIES;
	enum rc rc = RC_OK;

	for (int i = 0; i < tries; i++) {
		rc = chunk_once(run, w);
		if (rc != RC_RETRY || db_socket(run->cx->db) < 0 ||
		    daemon_check_stop(run->cx) != RC_OK)
			break;
	}
	return rc;
}

static void
log_failure(const struct ctx *cx, const struct work *w)
{
	log_event(LOG_WARN, "billing_row", "step", w->step->name, "id", w->ids[0], "rc",
	    rc_name(cx->err.rc), "msg", cx->err.msg, "detail", cx->err.detail, "rid",
	    cx->request_id, NULL);
}

/*
 * By name: a person must find the row, and an id alone says nothing to them.
 * The message of the database is for the log: a browser shows the line, too.
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
chunk_do(struct run *run, const struct work *w)
{
	struct work half = *w;
	enum rc rc = chunk_try(run, w);

	if (rc == RC_OK)
		return RC_OK;
	if (db_socket(run->cx->db) < 0)
		return rc;
	TRY(daemon_check_stop(run->cx)); /* nothing is said yet against any row */
	if (w->n == 1)
		return report_failure(run, w);
	half.n = w->n / 2;
	TRY(chunk_do(run, &half));
	half.ids = w->ids + half.n;
	half.n = w->n - half.n;
	return chunk_do(run, &half);
}

static size_t
next_size(size_t size, int64_t took)
{
	if (took > CHUNK_SLOW_MS)
		return size > 16 ? size / 2 : size;
	if (took < CHUNK_QUICK_MS)
		return size < CHUNK_MAX ? size * 2 : size;
	return size;
}

enum rc
billing_work_off(struct run *run, const struct work *all)
{
	struct work chunk = *all;
	size_t size = CHUNK_FIRST;

	for (size_t at = 0; at < all->n; at += chunk.n) {
		int64_t t0 = clock_ms();

		TRY(daemon_check_stop(run->cx));
		chunk.ids = all->ids + at;
		chunk.n = all->n - at < size ? all->n - at : size;
		TRY(chunk_do(run, &chunk));
		size = next_size(size, clock_ms() - t0);
	}
	return RC_OK;
}
