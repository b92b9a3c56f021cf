/* ping.c: see ping.h; sql/functions/ping.sql has the statements' rules. */
#include "monitor/ping.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/jw.h"
#include "base/log.h"
#include "db/db.h"
#include "monitor/history.h"
#include "net/resolve.h"
#include "sql.h"

enum { GAP_MS = 200, STEP_MS = 50, STORE_MS = 1000, BATCH = 1024, RUN_SECONDS = 55 };

enum phase { IDLE, RESOLVING, PINGING, FINISHED };

struct target {
	const char *id, *host, *address;
	bool is_lookup_due;
	int64_t interval_seconds, timeout_ms, packet_count, due_ms;
	enum phase phase;
	int64_t due_at; /* clock_ms() */
	bool is_looked_up;
	struct icmp_probe probe;
	struct resolve lookup;
};

static const struct db_col target_cols[] = {
	DB_COLS(target, id, host, address, is_lookup_due, interval_seconds, timeout_ms,
	    packet_count, due_ms),
};

/* State of one run; the results in `batch` are written in one statement, then freed. */
struct run_state {
	struct icmp *engine;
	struct ping_run *run;
	struct target *targets;
	size_t n, open; /* open: not FINISHED */
	int64_t end_at, stored_at;
	struct ctx batch;
	struct sb results, addresses;
	struct jw results_out, addresses_out;
	size_t nresults, naddresses;
};

static void
batch_begin(struct run_state *r)
{
	arena_reset(r->batch.mem);
	r->results = sb_new(r->batch.mem);
	r->addresses = sb_new(r->batch.mem);
	r->results_out = jw_new(&r->results);
	r->addresses_out = jw_new(&r->addresses);
	jw_arr(&r->results_out, NULL);
	jw_arr(&r->addresses_out, NULL);
	r->nresults = r->naddresses = 0;
	r->stored_at = clock_ms();
}

static enum rc
batch_store(struct ctx *cx, struct run_state *r)
{
	enum rc rc = RC_OK;

	jw_end(&r->results_out);
	jw_end(&r->addresses_out);
	if (r->naddresses > 0)
		rc = db_exec(&r->batch, &SQL_ping_resolved, V_TEXT(r->addresses.buf));
	if (rc == RC_OK && r->nresults > 0)
		rc = db_exec(&r->batch, &SQL_ping_store, V_TEXT(r->results.buf));
	cx->err = r->batch.err;
	batch_begin(r);
	return rc;
}

static void
write_ms(struct run_state *r, const char *key, bool is_known, double ms)
{
	jw_raw(&r->results_out, key, is_known ? arena_printf(r->batch.mem, "%.3f", ms) : "null");
}

static void
write_now(struct run_state *r)
{
	struct timespec ts;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	jw_str(&r->results_out, "at",
	    arena_printf(r->batch.mem, "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ", tm.tm_year + 1900,
		tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ts.tv_nsec / 1000));
}

static void
add_result(struct run_state *r, const struct target *t, int sent, const char *error)
{
	const struct icmp_probe *p = &t->probe;
	const bool is_up = sent > 0 && p->received > 0;

	jw_obj(&r->results_out, NULL);
	jw_str(&r->results_out, "id", t->id);
	write_now(r);
	jw_i64(&r->results_out, "sent", sent);
	jw_i64(&r->results_out, "received", sent > 0 ? p->received : 0);
	write_ms(r, "latency_ms", is_up, p->mean_ms);
	write_ms(r, "min_ms", is_up, p->min_ms);
	write_ms(r, "max_ms", is_up, p->max_ms);
	write_ms(r, "jitter_ms", is_up, p->jitter_ms);
	jw_str(&r->results_out, "error", error);
	jw_end(&r->results_out);
	r->nresults++;
}

/* ---- a target through its phases ---- */

/* Plan the next measurement of the target, if one is due in this run. */
static void
plan_next(struct run_state *r, struct target *t)
{
	t->phase = IDLE;
	t->due_at += t->interval_seconds * 1000;
	if (r->run->once || t->due_at > r->end_at) {
		t->phase = FINISHED;
		r->open--;
	}
}

static void
start_ping(struct run_state *r, struct target *t)
{
	t->probe.count = (int)t->packet_count;
	t->probe.gap_ms = GAP_MS;
	t->probe.timeout_ms = (int)t->timeout_ms;
	t->probe.owner = t;
	t->phase = PINGING;
	icmp_start(r->engine, &t->probe);
}

static void
start(struct run_state *r, struct target *t)
{
	const bool is_numeric = resolve_numeric(t->host, &t->probe.to);

	if (!is_numeric && t->is_lookup_due && !t->is_looked_up) {
		resolve_start(&t->lookup, t->host);
		t->is_looked_up = true;
		t->phase = RESOLVING;
		return;
	}
	if (is_numeric || (t->address != NULL && resolve_numeric(t->address, &t->probe.to))) {
		start_ping(r, t);
		return;
	}
	add_result(r, t, 0, "the name has no address");
	r->run->unmeasured++;
	plan_next(r, t);
}

static void
keep_address(struct ctx *cx, struct run_state *r, struct target *t)
{
	t->address = resolve_text(cx, &t->probe.to);
	jw_obj(&r->addresses_out, NULL);
	jw_str(&r->addresses_out, "id", t->id);
	jw_str(&r->addresses_out, "address", t->address);
	jw_end(&r->addresses_out);
	r->naddresses++;
}

/* While DNS does not answer, use the last known address; a name without one waits. */
static void
poll_lookup(struct ctx *cx, struct run_state *r, struct target *t, int64_t now)
{
	enum resolve_state state;
	const char *why = "";
	const int64_t resolve_by = t->address == NULL ? r->end_at + 5000 : t->due_at + 2000;

	state = resolve_poll(&t->lookup, &t->probe.to, &why);
	if (state == RESOLVE_PENDING && now < resolve_by)
		return;
	if (state == RESOLVE_FOUND)
		keep_address(cx, r, t);
	if (state == RESOLVE_PENDING)
		resolve_cancel(&t->lookup);
	start(r, t);
}

static void
advance_targets(struct ctx *cx, struct run_state *r, int64_t now)
{
	for (size_t i = 0; i < r->n; i++) {
		struct target *t = &r->targets[i];

		if (t->phase == IDLE && t->due_at <= now)
			start(r, t);
		else if (t->phase == RESOLVING)
			poll_lookup(cx, r, t, now);
	}
}

static void
collect_finished(struct run_state *r)
{
	struct icmp_probe *done[BATCH];
	size_t n = icmp_step(r->engine, STEP_MS, done, BATCH);

	for (size_t i = 0; i < n; i++) {
		struct target *t = done[i]->owner;

		add_result(r, t, done[i]->sent,
		    done[i]->error != 0 ? strerrordesc_np(done[i]->error) : NULL);
		r->run->measured++;
		plan_next(r, t);
	}
}

/* ---- the run ---- */

static enum rc
load(struct ctx *cx, struct run_state *r)
{
	struct db_rows *rows;

	TRY(db_rows(cx, &SQL_ping_due, &rows, V_I64(r->run->seconds)));
	r->n = r->open = db_count(rows);
	r->targets = arena_alloc(cx->mem, (r->n + 1) * sizeof(*r->targets));
	for (size_t i = 0; i < r->n; i++) {
		TRY(db_scan(cx, rows, i, target_cols, &r->targets[i]));
		r->targets[i].due_at = clock_ms() + r->targets[i].due_ms;
	}
	return RC_OK;
}

static enum rc
measure(struct ctx *cx, struct run_state *r)
{
	while (r->open > 0 && (cx->stopping == NULL || !cx->stopping())) {
		advance_targets(cx, r, clock_ms());
		collect_finished(r);
		if (r->nresults >= BATCH ||
		    (clock_ms() >= r->stored_at + STORE_MS && r->nresults > 0)) {
			TRY(batch_store(cx, r));
			TRY(db_exec(cx, &SQL_monitor_judge, V_TEXT("ping")));
		}
	}
	return batch_store(cx, r); /* also after a signal */
}

enum rc
ping_run(struct ctx *cx, struct icmp *engine, struct ping_run *run)
{
	_cleanup_(arena_freep) struct arena *mem = arena_new(262144);
	struct run_state r = { .engine = engine, .run = run, .batch = *cx };

	r.batch.mem = mem;
	r.end_at = clock_ms() + (int64_t)run->seconds * 1000;
	TRY(history_begin(cx, "pinger"));
	TRY(load(cx, &r));
	batch_begin(&r);
	TRY(measure(cx, &r));
	TRY(db_exec(cx, &SQL_monitor_judge, V_TEXT("ping")));
	TRY(db_exec(cx, &SQL_ping_roll));
	return history_end(cx);
}

/* Drop privileges before reading any packet. */
static enum rc
run_unprivileged(struct ctx *cx, struct icmp *engine, struct ping_run *run)
{
	TRY(icmp_drop_privileges(cx));
	TRY(ping_run(cx, engine, run));
	log_event(LOG_INFO, "pinged", "measured", arena_printf(cx->mem, "%zu", run->measured),
	    "unmeasured", arena_printf(cx->mem, "%zu", run->unmeasured), NULL);
	return RC_OK;
}

enum rc
ping_program(struct ctx *cx, bool once)
{
	struct ping_run run = { .seconds = once ? 0 : RUN_SECONDS, .once = once };
	struct icmp *engine;
	enum rc rc;

	TRY(icmp_open(cx, &engine));
	rc = run_unprivileged(cx, engine, &run);
	icmp_close(engine);
	return rc;
}
