/* poll.c: see poll.h. */
#include "monitor/poll_int.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "db/db.h"

enum {
	STEP_MS = 50,     /* longest wait for answers before new polls begin */
	STORE_AT = 256,   /* results collected before they are stored */
	ROWS_AT_ONCE = 8, /* of a table, in the first request of a walk */
	FEWEST_VARS = 6,  /* a request with no more values is not halved */
	V3_TIMEOUT_MS = 2000,
	DEFAULT_TIMEOUT_MS = 1000, /* a shorter one was set on purpose: version 3 keeps it */
	JOB_BYTES = 4096,          /* first block of a job's arena */
};
enum { ERR_NO_SUCH_NAME = 2 };
enum { SYS_DESCR = 1, SYS_UPTIME = 3, SYS_NAME = 5 }; /* columns of the MIB's system group */

static void ask_next(struct job *);

/* ---- time ---- */

static int64_t
read_clock_ms(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

int64_t
poll_clock_ms(void)
{
	return read_clock_ms(CLOCK_BOOTTIME);
}

/* The kernel's id of this boot: readings of our clock are comparable within one boot. */
static const char *
boot_id(struct ctx *cx)
{
	char *text = arena_alloc(cx->mem, 64);
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (f == NULL || fgets(text, 37, f) == NULL)
		text = arena_strdup(cx->mem, "unknown");
	if (f != NULL)
		(void)fclose(f);
	return text;
}

/* ---- the end of a job ---- */

static void
compare_counters(struct job *j)
{
	struct device *d = j->device;

	for (size_t i = 0; i < d->ninterfaces; i++) {
		struct device_interface *f = &d->interfaces[i];

		f->now.bits = f->bits;
		f->now.uptime_ms = d->uptime_ms;
		f->now.boot = j->fleet->boot;
		if (!f->has_in || !f->has_out)
			f->now.clock_ms = d->clock_ms;
		else
			f->verdict = counter_compare(f->has_base ? &f->base : NULL, &f->now,
			    f->speed, &f->rates);
	}
}

/* Release what a job holds: its agent calls take_answer() no more. */
static void
release_job(struct job *j)
{
	if (j->phase == RESOLVING)
		resolve_cancel(&j->lookup);
	if (j->agent != NULL)
		snmp_agent_close(j->agent);
	j->agent = NULL;
	arena_free(j->mem);
	j->mem = NULL;
	j->phase = OVER;
}

static void
end_job(struct job *j, const char *error)
{
	struct fleet *f = j->fleet;
	struct device *d = j->device;

	d->is_up = error == NULL;
	d->error = arena_strdup(f->cx->mem, error);
	d->at_ms = read_clock_ms(CLOCK_REALTIME);
	d->clock_ms = poll_clock_ms();
	if (d->is_up)
		compare_counters(j);
	release_job(j);
	f->under_way--;
	f->done[f->ndone++] = d;
	*(d->is_up ? &f->run->up : &f->run->down) += 1;
}

static void
begin_reading(struct job *j)
{
	j->phase = READING;
	poll_reading_begin(j);
	ask_next(j);
}

/* ---- the system and the tables ---- */

static void
begin_system(struct job *j)
{
	static const struct snmp_oid oids[] = {
		{ 9, { 1, 3, 6, 1, 2, 1, 1, SYS_UPTIME, 0 } },
		{ 9, { 1, 3, 6, 1, 2, 1, 1, SYS_NAME, 0 } },
		{ 9, { 1, 3, 6, 1, 2, 1, 1, SYS_DESCR, 0 } },
	};

	j->phase = SYSTEM;
	j->sent_at = clock_ms();
	snmp_agent_get(j->agent, oids, countof(oids));
}

static void
begin_walk(struct job *j)
{
	j->phase = WALKING;
	j->was_walked = true;
	j->rows_at_once = ROWS_AT_ONCE;
	walk_begin(&j->walk, j->fleet->cx->mem);
	ask_next(j);
}

/* Find the current row of each monitored interface. */
static void
place_interfaces(struct device *d)
{
	for (size_t i = 0; i < d->ninterfaces; i++) {
		struct device_interface *f = &d->interfaces[i];
		size_t k = 0;

		while (k < d->nrows && strcmp(d->rows[k].name, f->name) != 0)
			k++;
		f->is_lost = k == d->nrows;
		if (f->is_lost)
			continue;
		f->index = d->rows[k].index;
		f->bits =
		    d->rows[k].has_high_counters && strcmp(d->conf.version, "1") != 0 ? 64 : 32;
	}
}

static void
end_walk(struct job *j)
{
	struct device *d = j->device;

	walk_end(&j->walk);
	d->was_discovered = true;
	d->rows = j->walk.rows;
	d->nrows = j->walk.nrows;
	place_interfaces(d);
	begin_reading(j);
}

/* ---- readings ---- */

static void
end_reading(struct job *j)
{
	if (poll_reading_moved(j->device) && !j->was_walked) {
		begin_walk(j);
		return;
	}
	if (poll_reading_retry_32_bit(j)) {
		ask_next(j);
		return;
	}
	poll_reading_drop_moved(j->device);
	end_job(j, NULL);
}

/* ---- requests and answers ---- */

static void
ask_reading(struct job *j)
{
	struct snmp_oid oids[SNMP_VARS_MAX];
	const size_t left = j->nquestions - j->asked_from, max = (size_t)j->device->max_vars;

	if (left == 0) {
		end_reading(j);
		return;
	}
	j->asked = left < max ? left : max;
	for (size_t i = 0; i < j->asked; i++)
		oids[i] = j->questions[j->asked_from + i].oid;
	snmp_agent_get(j->agent, oids, j->asked);
}

static void
ask_walk(struct job *j)
{
	struct snmp_oid oids[WALK_COLUMNS];
	const size_t n = walk_next(&j->walk, oids);

	if (n == 0)
		end_walk(j);
	else
		snmp_agent_bulk(j->agent, oids, n, j->rows_at_once);
}

static void
ask_next(struct job *j)
{
	if (clock_ms() - j->started_at > j->fleet->run->deadline_ms) {
		end_job(j, "the poll took too long");
		return;
	}
	j->sent_at = clock_ms();
	if (j->phase == WALKING)
		ask_walk(j);
	else
		ask_reading(j);
}

/* Take the time of the first answer as the device's latency. */
static void
note_latency(struct job *j)
{
	if (!j->has_answered)
		j->device->latency_ms = (double)(clock_ms() - j->sent_at);
	j->has_answered = true;
}

static void
take_system(struct job *j, const struct snmp_reply *reply)
{
	struct arena *mem = j->fleet->cx->mem;

	for (size_t i = 0; i < reply->n; i++) {
		const struct snmp_var *v = &reply->vars[i];
		const uint32_t column = v->name.len == 9 ? v->name.sub[7] : 0;

		if (column == SYS_UPTIME && v->type == SNMP_NUMBER)
			j->device->uptime_ms = (int64_t)v->number * 10;
		else if (column == SYS_NAME && v->type == SNMP_TEXT)
			j->device->sys_name = arena_strdup(mem, v->text);
		else if (column == SYS_DESCR && v->type == SNMP_TEXT)
			j->device->sys_descr = arena_strdup(mem, v->text);
	}
	begin_walk(j);
}

/* Version 1 fails a request for one missing value: ask again without it (index odd: the first). */
static void
leave_out(struct job *j, long index)
{
	const size_t asked = j->phase == WALKING ? (size_t)j->walk.count : j->asked;
	const size_t i = index >= 1 && (size_t)index <= asked ? (size_t)index - 1 : 0;

	if (j->phase == WALKING) {
		walk_skip(&j->walk, i);
	} else if (j->phase == READING) {
		struct question *q = &j->questions[j->asked_from];

		memmove(&q[i], &q[i + 1], (j->nquestions - j->asked_from - i - 1) * sizeof(*q));
		j->nquestions--;
	}
	ask_next(j);
}

/*
 * Agents fail large requests in many ways: halve the request, and remember the size for the
 * device. False: it is as small as it may be.
 */
static bool
shrink_request(struct job *j)
{
	if (j->phase == WALKING && j->rows_at_once > 1) {
		j->rows_at_once = 1;
		return true;
	}
	if (j->phase == READING && j->asked > FEWEST_VARS) {
		j->device->max_vars = (int64_t)j->asked / 2;
		return true;
	}
	return false;
}

static void
take_fault(struct job *j, const struct snmp_reply *reply)
{
	if (reply->status == ERR_NO_SUCH_NAME && j->phase != SYSTEM)
		leave_out(j, reply->index);
	else if (j->phase == SYSTEM)
		begin_walk(j);
	else if (shrink_request(j))
		ask_next(j);
	else
		end_job(j, reply->why);
}

/*
 * Repeat a request without an answer as a smaller one, if the device has answered before in this
 * poll: it may be silent because the answer would be too large.
 */
static void
take_silence(struct job *j, const struct snmp_reply *reply)
{
	if (j->has_answered && shrink_request(j))
		ask_next(j);
	else
		end_job(j, reply->why);
}

static void
take_answer(void *owner, const struct snmp_reply *reply)
{
	struct job *j = owner;

	if (reply->outcome == SNMP_REPLIED || reply->outcome == SNMP_FAULT)
		note_latency(j);
	if (reply->outcome == SNMP_FAULT) {
		take_fault(j, reply);
	} else if (reply->outcome != SNMP_REPLIED) {
		take_silence(j, reply);
	} else if (j->phase == SYSTEM) {
		take_system(j, reply);
	} else if (j->phase == WALKING) {
		walk_take(&j->walk, reply->vars, reply->n);
		ask_next(j);
	} else {
		poll_reading_take(j, reply);
		ask_next(j);
	}
}

/* ---- the fleet ---- */

static void
set_port(struct device *d)
{
	struct sockaddr_in *v4 = (void *)&d->conf.to;
	struct sockaddr_in6 *v6 = (void *)&d->conf.to;

	if (d->conf.to.ss_family == AF_INET6)
		v6->sin6_port = htons((uint16_t)d->port);
	else
		v4->sin_port = htons((uint16_t)d->port);
}

static void
begin_asking(struct job *j)
{
	struct device *d = j->device;
	const int timeout = j->fleet->run->timeout_ms;
	const bool is_v3 = strcmp(d->conf.version, "3") == 0;
	const char *why;

	set_port(d);
	/* net-snmp drops a version 3 reply that comes after its resend: wait longer for it. */
	d->conf.timeout_ms = is_v3 && timeout < V3_TIMEOUT_MS && timeout >= DEFAULT_TIMEOUT_MS
				 ? V3_TIMEOUT_MS
				 : timeout;
	j->agent = snmp_agent_open(j->fleet->engine, &d->conf, take_answer, j, &why);
	if (j->agent == NULL)
		end_job(j, why);
	else if (d->is_discovery_due)
		begin_system(j);
	else
		begin_reading(j);
}

static void
start(struct job *j)
{
	j->started_at = clock_ms();
	j->mem = arena_new(JOB_BYTES);
	j->fleet->under_way++;
	if (resolve_numeric(j->device->host, &j->device->conf.to)) {
		begin_asking(j);
		return;
	}
	j->phase = RESOLVING;
	resolve_start(&j->lookup, j->device->host);
}

static void
check_lookup(struct job *j)
{
	const char *why = "";
	const enum resolve_state state = resolve_poll(&j->lookup, &j->device->conf.to, &why);

	if (state == RESOLVE_FOUND)
		begin_asking(j);
	else if (state == RESOLVE_FAILED)
		end_job(j, why);
	else if (clock_ms() - j->started_at > j->fleet->run->deadline_ms)
		end_job(j, "the name server does not answer");
}

/* ---- results to the database, which works while devices are asked ---- */

/* Wait for the outcome of the results that the database was given last. */
static enum rc
settle(struct fleet *f)
{
	enum rc rc = db_sync(&f->batch);

	arena_reset(f->batch.mem);
	f->cx->err = f->batch.err;
	return rc;
}

/* Give the database the results, once it is through with those before. */
static enum rc
store(struct fleet *f)
{
	TRY(settle(f));
	if (f->ndone == 0)
		return RC_OK;
	TRY(device_send(&f->batch, f->done, f->ndone));
	f->ndone = 0;
	db_start(&f->batch);
	return RC_OK;
}

static enum rc
store_rest(struct fleet *f)
{
	TRY(store(f));
	return settle(f);
}

/* Begin the polls for which the window has room, and check the look-ups of names. */
static void
begin_and_resolve(struct fleet *f)
{
	while (f->next < f->n && f->under_way < (size_t)f->run->window)
		start(&f->jobs[f->next++]);
	for (size_t i = 0; i < f->next; i++)
		if (f->jobs[i].phase == RESOLVING)
			check_lookup(&f->jobs[i]);
}

static struct fleet
fleet_of(struct ctx *cx, struct snmp_engine *engine, size_t n, struct poll_run *run)
{
	struct fleet f = { .cx = cx, .engine = engine, .run = run, .n = n, .boot = boot_id(cx) };

	f.done = arena_alloc(cx->mem, (n + 1) * sizeof(struct device *));
	f.jobs = arena_alloc(cx->mem, (n + 1) * sizeof(*f.jobs));
	f.batch = *cx;
	return f;
}

static enum rc
ask_fleet(struct fleet *f)
{
	const struct ctx *cx = f->cx;

	while ((f->next < f->n || f->under_way > 0) && (cx->stopping == NULL || !cx->stopping())) {
		begin_and_resolve(f);
		snmp_engine_step(f->engine, STEP_MS);
		if (db_is_over(&f->batch) && f->ndone >= STORE_AT)
			TRY(store(f));
	}
	return RC_OK;
}

enum rc
poll_run(struct ctx *cx, struct snmp_engine *engine, struct device *devices, size_t n,
    struct poll_run *run)
{
	_cleanup_(arena_freep) struct arena *mem = arena_new(262144);
	struct fleet f = fleet_of(cx, engine, n, run);
	enum rc rc;

	f.batch.mem = mem;
	for (size_t i = 0; i < n; i++)
		f.jobs[i] = (struct job){ .fleet = &f, .device = &devices[i] };
	rc = ask_fleet(&f);
	for (size_t i = 0; i < f.next; i++)
		release_job(&f.jobs[i]); /* a stop, and a failed store, leave some under way */
	return rc == RC_OK ? store_rest(&f) : rc;
}
