#include "billing/billing.h"

#include <string.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "base/jw.h"
#include "base/log.h"
#include "db/db.h"
#include "midtrans/midtrans.h"
#include "sql.h"

enum {
	CHUNK_FIRST = 256,
	CHUNK_MAX = 1024,
	CHUNK_SLOW_MS = 150, /* smaller chunks beyond this: none may last 300 ms */
	CHUNK_QUICK_MS = 60,
	CHUNK_TRIES = 3, /* deadlocks and lock time-outs; a rehearsal gives way at once */
};

static const struct step {
	const char *name;
	const struct db_stmt *work;
} steps[BILLING__STEPS] = {
	[BILLING_BEGIN] = { "begin", &SQL_billing_begin },
	[BILLING_RENEW] = { "renew", &SQL_billing_renew },
	[BILLING_OVERDUE] = { "overdue", &SQL_billing_overdue },
	[BILLING_LATE] = { "late", &SQL_billing_late },
	[BILLING_EXPIRE] = { "expire", &SQL_billing_expire },
	[BILLING_SUSPEND] = { "suspend", &SQL_billing_suspend },
	[BILLING_REMIND] = { "remind", NULL }, /* the messages' own work: remind() */
};

static const struct db_col line_cols[] = {
	DB_COL(billing_line, step, DB_TEXT),
	DB_COL(billing_line, outcome, DB_TEXT),
	DB_COL(billing_line, subscription_id, DB_TEXT),
	DB_COL(billing_line, invoice_number, DB_TEXT),
	DB_COL(billing_line, customer_name, DB_TEXT),
	DB_COL(billing_line, username, DB_TEXT),
	DB_COL(billing_line, amount, DB_I64),
	DB_COL(billing_line, due_date, DB_TEXT),
	DB_COL(billing_line, detail, DB_TEXT),
};

/* One run under way. */
struct run {
	struct ctx *cx; /* lives as long as the run */
	const struct billing_options *opt;
	billing_fn tell;
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

const char *
billing_step_name(enum billing_step s)
{
	return steps[s].name;
}

static bool
step_by_name(const char *name, size_t len, unsigned *bits)
{
	for (size_t i = 0; i < BILLING__STEPS; i++) {
		if (strlen(steps[i].name) != len || strncmp(steps[i].name, name, len) != 0)
			continue;
		*bits |= 1U << i;
		return true;
	}
	return false;
}

enum rc
billing_steps_read(struct ctx *cx, const char *list, unsigned *ret)
{
	unsigned bits = 0;

	for (const char *p = list; *p != '\0'; p += strspn(p, ",")) {
		size_t len = strcspn(p, ",");

		if (!step_by_name(p, len, &bits))
			return FAIL(cx, RC_INVALID, "there is no step %.*s", (int)len, p);
		p += len;
	}
	*ret = bits;
	return RC_OK;
}

static void
line_json(struct sb *out, const struct billing_line *l)
{
	struct jw w = jw_new(out);

	if (out->len > 0)
		sb_putc(out, ',');
	jw_obj(&w, NULL);
	jw_str(&w, "step", l->step);
	jw_str(&w, "outcome", l->outcome);
	jw_str(&w, "subscription_id", l->subscription_id);
	jw_str(&w, "username", l->username);
	jw_str(&w, "customer_name", l->customer_name);
	jw_str(&w, "invoice_number", l->invoice_number);
	jw_i64(&w, "amount", l->amount);
	jw_str(&w, "due_date", l->due_date);
	jw_str(&w, "detail", l->detail);
	jw_end(&w);
}

static void
count_line(struct billing_count *c, const char *outcome)
{
	if (strcmp(outcome, "done") == 0)
		c->done++;
	else if (strcmp(outcome, "refused") == 0)
		c->refused++;
	else if (strcmp(outcome, "held") == 0)
		c->held++;
	else if (strcmp(outcome, "failed") == 0)
		c->failed++;
	else
		c->skipped++;
}

static void
put_line(struct run *run, const struct work *w, const struct billing_line *l)
{
	count_line(w->count, l->outcome);
	if (run->tell != NULL)
		run->tell(run->arg, l);
	else
		line_json(&run->rep->lines, l);
}

static enum rc
report_rows(struct ctx *cx, struct run *run, const struct work *w, const struct db_rows *rows)
{
	for (size_t i = 0; i < db_count(rows); i++) {
		struct billing_line l;

		TRY(db_scan(cx, rows, i, line_cols, &l));
		put_line(run, w, &l);
	}
	return RC_OK;
}

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
	return report_rows(cx, run, w, rows);
}

static enum rc
chunk_rehearse(struct ctx *cx, struct run *run, const struct work *w)
{
	struct db_rows *rows;
	struct err why;

	TRY(db_exec(cx, &SQL_billing_savepoint));
	if (chunk_work(cx, run, w, &rows) == RC_OK) {
		TRY(db_exec(cx, &SQL_billing_savepoint_keep));
		return report_rows(cx, run, w, rows);
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
	return report_rows(cx, run, w, rows);
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

static enum rc
work_off(struct run *run, const struct work *all)
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

/* ---- holds ----------------------------------------------------------------------------------- */

static void
report_held(struct run *run, const struct work *w, const struct midtrans_held *h)
{
	struct billing_line l = {
		.step = w->step->name,
		.outcome = "held",
		.subscription_id = arena_strdup(run->cx->mem, h->subscription_id),
		.username = h->username,
		.customer_name = h->customer_name,
		.detail = "Midtrans gave no answer",
	};

	put_line(run, w, &l);
}

static bool
is_held(const struct midtrans_held *held, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(held[i].subscription_id, id) == 0)
			return true;
	return false;
}

/* Lines whose router is away are spared tonight: they are no candidates, and the guard counts none. */
static enum rc
hold_away(struct run *run, const struct work *w)
{
	struct db_rows *rows;

	TRY(db_rows(run->cx, &SQL_billing_router_hold, &rows, V_TEXT(run->opt->date)));
	return report_rows(run->cx, run, w, rows);
}

/*
 * Ask Midtrans first about candidates with an open payment page; without an answer their lines
 * stay on.  A customer who turns out to have paid is no candidate any more when the chunk looks
 * again.
 */
static enum rc
hold_back(struct run *run, struct work *w)
{
	struct ctx *gx = run->opt->gateway;
	struct midtrans_held *held;
	size_t nheld, n = 0;

	if (gx == NULL || run->opt->dry_run || w->n == 0 || !midtrans_is_configured(gx))
		return RC_OK;
	gx->mem = run->cx->mem;
	TRY(db_set_actor(gx));
	if (midtrans_hold_unanswered(gx, w->ids, w->n, run->opt->date, &held, &nheld) != RC_OK) {
		run->cx->err = gx->err;
		return gx->err.rc;
	}
	for (size_t i = 0; i < nheld; i++)
		report_held(run, w, &held[i]);
	for (size_t i = 0; i < w->n; i++)
		if (nheld == 0 || !is_held(held, nheld, w->ids[i]))
			w->ids[n++] = w->ids[i];
	w->n = n;
	return RC_OK;
}

/* ---- the run --------------------------------------------------------------------------------- */

/* Messages to customers: due soon, due today, overdue. A rehearsal queues none. */
static enum rc
remind(struct run *run)
{
	struct db_rows *rows;

	if (run->opt->dry_run)
		return RC_OK;
	TRY(db_row(run->cx, &SQL_billing_remind, &rows, V_TEXT(run->opt->date)));
	run->rep->count[BILLING_REMIND].done = (size_t)db_i64(rows, 0, "queued");
	return RC_OK;
}

/* More lines would go off than the guard allows: none does, and people are alerted. */
static enum rc
guard(struct run *run, const struct work *w, bool *stops)
{
	*stops = !run->opt->force && w->n > run->guard &&
		 (w->step == &steps[BILLING_EXPIRE] || w->step == &steps[BILLING_SUSPEND]);
	if (!*stops)
		return RC_OK;
	w->count->guarded = w->n;
	return db_exec(run->cx, &SQL_billing_guard_alert, V_TEXT(w->step->name),
	    V_I64((int64_t)w->n), V_I64((int64_t)run->guard), V_TEXT(run->opt->date));
}

static enum rc
run_step(struct run *run, enum billing_step s)
{
	struct ctx *cx = run->cx;
	struct work w = { .step = &steps[s], .count = &run->rep->count[s] };
	struct db_rows *rows;
	bool stops;

	if (s == BILLING_REMIND)
		return remind(run);
	if (s == BILLING_SUSPEND)
		TRY(hold_away(run, &w));
	TRY(db_rows(cx, &SQL_billing_candidates, &rows, V_TEXT(steps[s].name),
	    V_TEXT(run->opt->date)));
	w.n = db_count(rows);
	w.ids = arena_alloc(cx->mem, (w.n + 1) * sizeof(*w.ids));
	for (size_t i = 0; i < w.n; i++)
		w.ids[i] = db_text(rows, i, "id");
	TRY(guard(run, &w, &stops));
	if (stops)
		return RC_OK;
	if (s == BILLING_SUSPEND)
		TRY(hold_back(run, &w));
	return work_off(run, &w);
}

static bool
is_asked_for(const struct run *run, enum billing_step s)
{
	return run->opt->steps == 0 || (run->opt->steps & (1U << s)) != 0;
}

static enum rc
run_steps(struct run *run)
{
	struct db_rows *rows;

	TRY(db_row(run->cx, &SQL_billing_guard, &rows));
	run->guard = (size_t)db_i64(rows, 0, "most");
	for (enum billing_step s = 0; s < BILLING__STEPS; s++)
		if (is_asked_for(run, s))
			TRY(run_step(run, s));
	return RC_OK;
}

static bool
is_whole(const struct run *run)
{
	enum billing_step s = 0;

	while (s < BILLING__STEPS && is_asked_for(run, s))
		s++;
	return s == BILLING__STEPS;
}

/* lines: a JSON array */
static const char *
report_json(struct ctx *cx, const struct billing_report *rep, const char *lines)
{
	struct sb out = sb_new(cx->mem);
	struct jw w = jw_new(&out);

	jw_obj(&w, NULL);
	jw_str(&w, "date", rep->date);
	jw_bool(&w, "dry_run", rep->dry_run);
	jw_str(&w, "missed_days", rep->missed);
	jw_obj(&w, "steps");
	for (size_t i = 0; i < BILLING__STEPS; i++) {
		jw_obj(&w, steps[i].name);
		jw_i64(&w, "done", (int64_t)rep->count[i].done);
		jw_i64(&w, "refused", (int64_t)rep->count[i].refused);
		jw_i64(&w, "skipped", (int64_t)rep->count[i].skipped);
		jw_i64(&w, "held", (int64_t)rep->count[i].held);
		jw_i64(&w, "failed", (int64_t)rep->count[i].failed);
		jw_i64(&w, "guarded", (int64_t)rep->count[i].guarded);
		jw_end(&w);
	}
	jw_end(&w);
	jw_raw(&w, "lines", lines);
	jw_end(&w);
	return out.buf;
}

static enum rc
find_missed(struct run *run)
{
	struct db_rows *rows;

	TRY(db_row(run->cx, &SQL_billing_missed, &rows, V_TEXT(run->opt->date)));
	run->rep->missed = db_text(rows, 0, "missed");
	return RC_OK;
}

static enum rc
run_real(struct run *run)
{
	struct ctx *cx = run->cx;
	struct db_rows *rows;
	int64_t id;

	TRY(find_missed(run));
	TRY(db_row(cx, &SQL_billing_run_begin, &rows, V_TEXT(run->opt->date),
	    V_BOOL(run->opt->force)));
	id = db_i64(rows, 0, "id");
	TRY(run_steps(run));
	return db_exec(cx, &SQL_billing_run_end, V_I64(id), V_TEXT(report_json(cx, run->rep, "[]")),
	    V_BOOL(is_whole(run)));
}

static enum rc
run_dry(struct run *run)
{
	TRY(db_begin(run->cx));
	TRY(db_exec(run->cx, &SQL_billing_rehearse));
	TRY(find_missed(run));
	TRY(run_steps(run));
	return db_rollback(run->cx);
}

/* The lock of a run that is over, however it ended. */
static void
unlock(struct ctx *cx)
{
	struct err why = cx->err;

	(void)!db_exec(cx, &SQL_billing_unlock);
	cx->err = why;
}

static enum rc
run_locked(struct run *run)
{
	struct db_rows *rows;
	enum rc rc;

	TRY(db_row(run->cx, &SQL_billing_lock, &rows));
	if (!db_bool(rows, 0, "locked"))
		return FAIL(run->cx, RC_RETRY, "another billing run is under way");
	rc = run_real(run);
	unlock(run->cx);
	return rc;
}

enum rc
billing_run(struct ctx *cx, const struct billing_options *opt, billing_fn tell, void *arg,
    struct billing_report *ret)
{
	struct run run = { .cx = cx, .opt = opt, .tell = tell, .arg = arg, .rep = ret };

	*ret = (struct billing_report){ .date = opt->date,
		.dry_run = opt->dry_run,
		.lines = sb_new(cx->mem) };
	return opt->dry_run ? run_dry(&run) : run_locked(&run);
}

size_t
billing_failed(const struct billing_report *rep)
{
	size_t n = 0;

	for (size_t i = 0; i < BILLING__STEPS; i++)
		n += rep->count[i].failed + rep->count[i].held + rep->count[i].guarded;
	return n;
}

const char *
billing_report_json(struct ctx *cx, const struct billing_report *rep)
{
	return report_json(cx, rep, arena_printf(cx->mem, "[%s]", rep->lines.buf));
}
