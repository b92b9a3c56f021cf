/* billing_line.c: the lines of a run, their counts, and the report as JSON. */
#include <string.h>

#include "base/jw.h"
#include "billing/billing_int.h"

enum { NOT_DONE_MAX = 1000 }; /* lines that the list of runs keeps of one */

static const struct db_col line_cols[] = {
	DB_COLS(billing_line, step, outcome, subscription_id, invoice_number, customer_name,
	    username, amount, due_date, detail),
};

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

/* The bills and subscriptions themselves tell what was done: the list of runs keeps the rest. */
static void
keep_if_not_done(struct billing_report *rep, const struct billing_line *l)
{
	if (strcmp(l->outcome, "done") == 0 || rep->nnot_done == NOT_DONE_MAX)
		return;
	line_json(&rep->not_done, l);
	rep->nnot_done++;
}

void
billing_put_line(struct run *run, const struct work *w, const struct billing_line *l)
{
	count_line(w->count, l->outcome);
	keep_if_not_done(run->rep, l);
	if (run->show != NULL)
		run->show(run->arg, l);
	else
		line_json(&run->rep->lines, l);
}

enum rc
billing_put_rows(struct ctx *cx, struct run *run, const struct work *w, const struct db_rows *rows)
{
	for (size_t i = 0; i < db_count(rows); i++) {
		struct billing_line l;

		TRY(db_scan(cx, rows, i, line_cols, &l));
		billing_put_line(run, w, &l);
	}
	return RC_OK;
}

static const char *
report_json(struct ctx *cx, const struct billing_report *rep, const struct sb *lines)
{
	struct sb out = sb_new(cx->mem);
	struct jw w = jw_new(&out);

	jw_obj(&w, NULL);
	jw_str(&w, "date", rep->date);
	jw_bool(&w, "dry_run", rep->dry_run);
	jw_str(&w, "missed_days", rep->missed);
	jw_str(&w, "only", rep->only);
	jw_obj(&w, "steps");
	for (size_t i = 0; i < BILLING__STEPS; i++) {
		jw_obj(&w, billing_steps[i].name);
		jw_i64(&w, "done", (int64_t)rep->count[i].done);
		jw_i64(&w, "refused", (int64_t)rep->count[i].refused);
		jw_i64(&w, "skipped", (int64_t)rep->count[i].skipped);
		jw_i64(&w, "held", (int64_t)rep->count[i].held);
		jw_i64(&w, "failed", (int64_t)rep->count[i].failed);
		jw_i64(&w, "guarded", (int64_t)rep->count[i].guarded);
		jw_end(&w);
	}
	jw_end(&w);
	jw_raw(&w, "lines", arena_printf(cx->mem, "[%s]", lines->buf));
	jw_end(&w);
	return out.buf;
}

const char *
billing_not_done_json(struct ctx *cx, const struct billing_report *rep)
{
	return report_json(cx, rep, &rep->not_done);
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
	return report_json(cx, rep, &rep->lines);
}
