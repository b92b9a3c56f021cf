#include "billing/billing.h"

#include <string.h>

#include "billing/billing_int.h"
#include "midtrans/midtrans.h"
#include "sql.h"

const struct step billing_steps[BILLING__STEPS] = {
	[BILLING_BEGIN] = { "begin", &SQL_billing_begin },
	[BILLING_RENEW] = { "renew", &SQL_billing_renew },
	[BILLING_OVERDUE] = { "overdue", &SQL_billing_overdue },
	[BILLING_LATE] = { "late", &SQL_billing_late },
	[BILLING_EXPIRE] = { "expire", &SQL_billing_expire },
	[BILLING_SUSPEND] = { "suspend", &SQL_billing_suspend },
	[BILLING_REMIND] = { "remind", NULL }, /* no chunks, one statement: remind() */
};

const char *
billing_step_name(enum billing_step s)
{
	return billing_steps[s].name;
}

static bool
step_by_name(const char *name, size_t len, unsigned *bits)
{
	for (size_t i = 0; i < BILLING__STEPS; i++) {
		if (strlen(billing_steps[i].name) != len ||
		    strncmp(billing_steps[i].name, name, len) != 0)
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

	billing_put_line(run, w, &l);
}

static bool
is_held(const struct midtrans_held *held, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(held[i].subscription_id, id) == 0)
			return true;
	return false;
}

/*
 * Hold the subscriptions whose router cannot be reached.  This comes before the candidates are
 * found: a held subscription is none, so the guard does not count it.
 */
static enum rc
hold_unreachable(struct run *run, const struct work *w)
{
	struct db_rows *rows;

	TRY(db_rows(run->cx, &SQL_billing_router_hold, &rows, V_TEXT(run->opt->date)));
	return billing_put_rows(run->cx, run, w, rows);
}

/*
 * Ask Midtrans about the candidates with an open payment page, and drop those for which it gives
 * no answer: they are not suspended tonight.  Candidates that have paid, as Midtrans answered,
 * stay in the list; billing_suspend() skips them.
 */
static enum rc
drop_unanswered(struct run *run, struct work *w)
{
	struct ctx *gateway_cx = run->opt->gateway;
	struct midtrans_held *held;
	size_t nheld, n = 0;

	if (gateway_cx == NULL || run->opt->dry_run || w->n == 0 ||
	    !midtrans_is_configured(gateway_cx))
		return RC_OK;
	gateway_cx->mem = run->cx->mem;
	db_set_actor(gateway_cx);
	if (midtrans_hold_unanswered(gateway_cx, w->ids, w->n, run->opt->date, &held, &nheld) !=
	    RC_OK) {
		run->cx->err = gateway_cx->err;
		return gateway_cx->err.rc;
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

/* Queue messages to customers: due soon, due today, overdue. */
static enum rc
remind(struct run *run)
{
	struct db_rows *rows;

	TRY(db_row(run->cx, &SQL_billing_remind, &rows, V_TEXT(run->opt->date)));
	run->rep->count[BILLING_REMIND].done = (size_t)db_i64(rows, 0, "queued");
	return RC_OK;
}

/*
 * If more subscriptions would be switched off than the guard allows, switch off none and
 * raise an alert.  The next run in which the step passes the guard closes the alert.
 */
static enum rc
guard(struct run *run, const struct work *w, bool *stops)
{
	bool switches_off =
	    w->step == &billing_steps[BILLING_EXPIRE] || w->step == &billing_steps[BILLING_SUSPEND];

	*stops = switches_off && !run->opt->force && w->n > run->guard;
	if (!switches_off)
		return RC_OK;
	if (!*stops)
		return db_exec(run->cx, &SQL_billing_guard_alert_close, V_TEXT(w->step->name));
	w->count->guarded = w->n;
	return db_exec(run->cx, &SQL_billing_guard_alert, V_TEXT(w->step->name),
	    V_I64((int64_t)w->n), V_I64((int64_t)run->guard), V_TEXT(run->opt->date));
}

static enum rc
find_candidates(struct run *run, struct work *w)
{
	struct ctx *cx = run->cx;
	struct db_rows *rows;

	TRY(db_rows(cx, &SQL_billing_candidates, &rows, V_TEXT(w->step->name),
	    V_TEXT(run->opt->date)));
	w->n = db_count(rows);
	w->ids = arena_alloc(cx->mem, (w->n + 1) * sizeof(*w->ids));
	for (size_t i = 0; i < w->n; i++)
		w->ids[i] = db_text(rows, i, "id");
	return RC_OK;
}

static enum rc
run_step(struct run *run, enum billing_step s)
{
	struct work w = { .step = &billing_steps[s], .count = &run->rep->count[s] };
	bool stops;

	if (s == BILLING_REMIND)
		return remind(run);
	if (s == BILLING_SUSPEND)
		TRY(hold_unreachable(run, &w));
	TRY(find_candidates(run, &w));
	TRY(guard(run, &w, &stops));
	if (stops)
		return RC_OK;
	if (s == BILLING_SUSPEND)
		TRY(drop_unanswered(run, &w));
	return billing_run_chunks(run, &w);
}

static bool
is_requested(const struct run *run, enum billing_step s)
{
	return run->opt->steps == 0 || (run->opt->steps & (1U << s)) != 0;
}

static enum rc
run_steps(struct run *run)
{
	struct db_rows *rows;

	TRY(db_row(run->cx, &SQL_billing_guard, &rows));
	run->guard = (size_t)db_i64(rows, 0, "max");
	for (enum billing_step s = 0; s < BILLING__STEPS; s++)
		if (is_requested(run, s))
			TRY(run_step(run, s));
	return RC_OK;
}

static bool
has_all_steps(const struct run *run)
{
	enum billing_step s = 0;

	while (s < BILLING__STEPS && is_requested(run, s))
		s++;
	return s == BILLING__STEPS;
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
	return db_exec(cx, &SQL_billing_run_end, V_I64(id),
	    V_TEXT(billing_not_done_json(cx, run->rep)), V_BOOL(has_all_steps(run)));
}

static enum rc
run_dry(struct run *run)
{
	TRY(db_begin(run->cx));
	TRY(db_exec(run->cx, &SQL_billing_limit_lock_waits));
	TRY(find_missed(run));
	TRY(run_steps(run));
	db_rollback(run->cx);
	return RC_OK;
}

/*
 * Release the lock and clear the session's run number: a worker of isp-api uses the session for
 * other requests afterwards.  Keep the error that the run ended with.
 */
static void
unlock(struct ctx *cx)
{
	struct err saved = cx->err;

	(void)!db_exec(cx, &SQL_billing_unlock);
	cx->err = saved;
}

static enum rc
refuse_second(struct ctx *cx)
{
	(void)FAIL(cx, RC_RETRY, "another billing run is under way");
	return err_code(&cx->err, "run_under_way");
}

static enum rc
run_locked(struct run *run)
{
	struct db_rows *rows;
	enum rc rc;

	TRY(db_row(run->cx, &SQL_billing_lock, &rows));
	if (!db_bool(rows, 0, "locked"))
		return refuse_second(run->cx);
	rc = run_real(run);
	unlock(run->cx);
	return rc;
}

/* "expire,suspend"; NULL for all steps. */
static const char *
steps_text(const struct run *run)
{
	struct sb out = sb_new(run->cx->mem);

	if (has_all_steps(run))
		return NULL;
	for (enum billing_step s = 0; s < BILLING__STEPS; s++)
		if (is_requested(run, s))
			sb_printf(&out, "%s%s", out.len > 0 ? "," : "", billing_steps[s].name);
	return out.buf;
}

enum rc
billing_run(struct ctx *cx, const struct billing_options *opt, billing_fn show, void *arg,
    struct billing_report *ret)
{
	struct run run = { .cx = cx, .opt = opt, .show = show, .arg = arg, .rep = ret };

	*ret = (struct billing_report){ .date = opt->date,
		.dry_run = opt->dry_run,
		.only = steps_text(&run),
		.lines = sb_new(cx->mem),
		.not_done = sb_new(cx->mem) };
	return opt->dry_run ? run_dry(&run) : run_locked(&run);
}
