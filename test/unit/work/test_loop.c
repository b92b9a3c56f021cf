#include "unit.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "base/log.h"
#include "db/db.h"
#include "work/loop.h"

static struct ctx cx, other;
static struct db_conf conf;

static const struct db_stmt notify = { "t_notify", "SELECT pg_notify('unit_loop', $1)", 1 };
static const struct db_stmt pid = { "t_pid", "SELECT pg_backend_pid() AS pid", 0 };
static const struct db_stmt kill_pid = { "t_kill", "SELECT pg_terminate_backend($1::int)", 1 };

static int
setup(void **state)
{
	(void)state;
	log_open("test_loop");
	conf = (struct db_conf){ .conninfo = getenv("TEST_DB"),
		.program = "test_loop",
		.timezone = "Asia/Jakarta",
		.today = "2026-03-04",
		.answer_ms = 20000 };
	daemon_signals();
	cx = (struct ctx){ .mem = arena_new(4096), .request_id = "" };
	other = (struct ctx){ .mem = arena_new(4096), .request_id = "" };
	if (conf.conninfo == NULL || db_open(&other, &conf, &other.db) != RC_OK)
		return -1;
	return loop_connect(&cx, &conf) == RC_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	db_close(cx.db);
	db_close(other.db);
	arena_free(cx.mem);
	arena_free(other.mem);
	return 0;
}

/* A script of turns; the last one stops the process. */
struct script {
	const struct loop_turn *turns;
	size_t n, sweeps;
	int64_t at[16]; /* clock_ms() of each turn */
	size_t done;
	bool notify; /* each turn sends a notification, which waits for the next */
	enum rc sweep_rc;
};

static enum rc
script_sweep(struct ctx *c, void *work)
{
	struct script *s = work;

	s->sweeps++;
	if (s->sweep_rc != RC_OK)
		return FAIL(c, s->sweep_rc, "the sweep failed");
	return RC_OK;
}

static enum rc
script_step(struct ctx *c, void *work, struct loop_turn *ret)
{
	struct script *s = work;

	assert_ptr_equal(c, &cx);
	assert_true(s->done < s->n);
	s->at[s->done] = clock_ms();
	*ret = s->turns[s->done++];
	if (s->notify)
		assert_int_equal(db_exec(&other, &notify, V_TEXT("x")), RC_OK);
	if (s->done == s->n)
		(void)raise(SIGTERM);
	return RC_OK;
}

static struct loop
loop_of(struct script *s)
{
	return (struct loop){ .channel = "unit_loop",
		.sweep_ms = 30000,
		.work = s,
		.sweep = script_sweep,
		.step = script_step };
}

static int64_t
pause_before(const struct script *s, size_t turn)
{
	return s->at[turn] - s->at[turn - 1];
}

static void
loop_once_ends_when_nothing_is_due(void **state)
{
	static const struct loop_turn turns[] = { { LOOP_DONE }, { LOOP_DONE }, { LOOP_IDLE },
		{ LOOP_IDLE } };
	struct script s = { .turns = turns, .n = countof(turns) };
	struct loop l = loop_of(&s);
	bool well;

	(void)state;
	assert_int_equal(loop_once(&cx, &l, &well), RC_OK);
	assert_true(well);
	assert_int_equal(s.done, 3);
	assert_int_equal(s.sweeps, 1);
}

static void
loop_once_reports_failures_and_goes_on(void **state)
{
	static const struct loop_turn turns[] = { { LOOP_FAILED }, { LOOP_DONE }, { LOOP_IDLE },
		{ LOOP_IDLE } };
	struct script s = { .turns = turns, .n = countof(turns) };
	struct loop l = loop_of(&s);
	bool well;

	(void)state;
	assert_int_equal(loop_once(&cx, &l, &well), RC_OK);
	assert_false(well);
	assert_int_equal(s.done, 3);
}

/* Waiting 15 s for each of a thousand jobs would take hours. */
static void
loop_once_gives_up_after_two_unreachable_in_a_row(void **state)
{
	static const struct loop_turn turns[] = { { LOOP_UNREACHABLE }, { LOOP_DONE },
		{ LOOP_UNREACHABLE }, { LOOP_UNREACHABLE }, { LOOP_IDLE } };
	struct script s = { .turns = turns, .n = countof(turns) };
	struct loop l = loop_of(&s);
	bool well;

	(void)state;
	assert_int_equal(loop_once(&cx, &l, &well), RC_OK);
	assert_false(well);
	assert_int_equal(s.done, 4);
}

static void
loop_once_fails_when_the_sweep_fails(void **state)
{
	struct script s = { .sweep_rc = RC_RETRY };
	struct loop l = loop_of(&s);
	bool well;

	(void)state;
	assert_int_equal(loop_once(&cx, &l, &well), RC_RETRY);
	assert_int_equal(s.done, 0);
	cx.err = (struct err){ 0 };
}

static void
wait_returns_on_a_notification(void **state)
{
	const char *payload;
	int64_t began;

	(void)state;
	assert_int_equal(db_listen(&cx, "unit_loop"), RC_OK);
	assert_int_equal(db_exec(&other, &notify, V_TEXT("router 7")), RC_OK);
	began = clock_ms();
	loop_wait(&cx, 20000, &payload);
	assert_string_equal(payload, "router 7");
	assert_true(clock_ms() - began < 10000);
	loop_wait(&cx, 0, &payload);
	assert_null(payload);
}

/* The connection is closed while the service waits; the next wait has a new one. */
static void
wait_reconnects(void **state)
{
	struct db_rows *rows;
	const char *payload;

	(void)state;
	assert_int_equal(db_listen(&cx, "unit_loop"), RC_OK);
	assert_int_equal(db_rows(&cx, &pid, &rows), RC_OK);
	assert_int_equal(db_exec(&other, &kill_pid, V_I64(db_i64(rows, 0, "pid"))), RC_OK);
	for (int i = 0; i < 20 && db_rows(&cx, &pid, &rows) != RC_OK; i++) {
		cx.err = (struct err){ 0 };
		loop_wait(&cx, 1000, &payload);
		assert_null(payload);
	}
	assert_int_equal(cx.err.rc, RC_OK);
	assert_int_equal(db_exec(&other, &notify, V_TEXT("still there")), RC_OK);
	loop_wait(&cx, 20000, &payload);
	assert_string_equal(payload, "still there");
}

/* A malformed address fails at once, without retry. */
static void
connect_fails_at_once_for_a_malformed_address(void **state)
{
	struct db_conf wrong = conf;
	struct ctx own = { .mem = arena_new(4096), .request_id = "" };

	(void)state;
	wrong.conninfo = "not a valid conninfo";
	assert_int_equal(loop_connect(&own, &wrong), RC_INTERNAL);
	arena_free(own.mem);
}

/*
 * The whole life of a service, last, since the process stops with it.  Work is
 * done without a pause.  An idle wait ends with a NOTIFY.  An unreachable peer
 * causes pauses of 1, 2, 4 and 8 seconds, which a NOTIFY ends too, but not if hold_ms is set.
 */
static void
run_waits_and_retries(void **state)
{
	static const struct loop_turn turns[] = { { LOOP_DONE }, { LOOP_FAILED },
		{ LOOP_IDLE, 20000 }, { LOOP_UNREACHABLE }, { LOOP_UNREACHABLE },
		{ LOOP_UNREACHABLE }, { LOOP_UNREACHABLE }, { LOOP_UNREACHABLE, .hold_ms = 300 },
		{ LOOP_IDLE, 20000 } };
	struct script s = { .turns = turns, .n = countof(turns), .notify = true };
	struct loop l = loop_of(&s);

	(void)state;
	assert_int_equal(loop_run(&cx, &l), EXIT_DONE);
	assert_int_equal(s.done, countof(turns));
	assert_int_equal(s.sweeps, 1);
	assert_true(pause_before(&s, 3) < 10000); /* a wait of 20 s, ended by NOTIFY */
	assert_true(s.at[7] - s.at[3] < 10000);   /* unreachable for 15 s, ended by NOTIFY */
	assert_true(pause_before(&s, 8) >= 300);  /* a NOTIFY does not end a hold */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(loop_once_ends_when_nothing_is_due, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(loop_once_reports_failures_and_goes_on, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(loop_once_gives_up_after_two_unreachable_in_a_row,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(loop_once_fails_when_the_sweep_fails, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(wait_returns_on_a_notification, setup, teardown),
		cmocka_unit_test_setup_teardown(wait_reconnects, setup, teardown),
		cmocka_unit_test_setup_teardown(connect_fails_at_once_for_a_malformed_address,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(run_waits_and_retries, setup, teardown),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
