/* The children of router-sync: one router's worker, the nightly check, the sample of sessions. */
#include "router_peer.h"

#include "../logged.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/daemon.h"
#include "router/sync.h"

#define EMPTY                                                                                      \
	{                                                                                          \
		.listen = 5,                                                                       \
		.say = "!done|.tag=1\n!done|.tag=2\n!done|.tag=3\n!done|.tag=4\n!done|.tag=5\n",   \
		.end = PEER_HOLD                                                                   \
	}

/* The work empties cx->mem, which would end a transaction of the test: rows are committed. */
static int
begin(void **state)
{
	(void)state;
	cx.err = (struct err){ 0 };
	return 0;
}

static int
clear(void **state)
{
	(void)hang_up();
	(void)sql("TRUNCATE customers, packages, router_settings, alert_logs CASCADE");
	return end(state);
}

/* A router that answers by these turns; its id, beyond cx->mem. */
static const char *
lasting(const struct turn *turns)
{
	static char id[40];

	(void)snprintf(id, sizeof(id), "%s", answering(turns));
	return id;
}

static void
citra_is_due(const char *when)
{
	(void)an_account("citra", a_package("home", "pppoe"), "");
	(void)sql("UPDATE mikrotik_secrets SET profile = 'gold'");
	(void)sql("DELETE FROM profile_states");
	(void)sql("UPDATE account_states SET kick = false, due_at = now() + interval '%s'", when);
}

static const char *
state_of_citra(void)
{
	return sql("SELECT sync_state AS v FROM account_states");
}

static void
count_reset(void *resets)
{
	++*(int *)resets;
}

/* A worker lasts for months: each look for work begins with an empty arena. */
static void
a_worker_grows_by_no_batch(void **state)
{
	static const struct turn turns[] = { { .end = PEER_HANG_UP } };
	const char *id = lasting(turns);
	static int resets;

	(void)state;
	arena_defer(cx.mem, count_reset, &resets);
	assert_int_equal(sync_worker(&cx, &(struct sync){ .once = true }, id), EXIT_DONE);
	assert_int_equal(resets, 1);
}

/* Jobs that cannot be claimed are a failure of the run, not a run with nothing to do. */
static void
a_claim_that_fails_is_no_empty_claim(void **state)
{
	static const struct turn turns[] = { HELLO, { .end = PEER_HOLD } };
	const char *id = lasting(turns);
	struct ctx fresh = rival_open(); /* nothing prepared */

	(void)state;
	citra_is_due("0");
	(void)sql("ALTER FUNCTION account_claim RENAME TO gone");
	assert_int_equal(sync_worker(&fresh, &(struct sync){ .once = true }, id), EXIT_FAILED);
	(void)sql("ALTER FUNCTION gone RENAME TO account_claim");
	rival_close(&fresh);
}

/* One run reports by its exit code; a service leaves failures to the database. */
static void
a_run_ends_when_nothing_is_due(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		DONE,
		SAY("!trap|=message=not enough permissions (9)\n!done\n"),
		DONE,
		LAST("!done|=ret=*1\n"),
	};
	const struct sync once = { .once = true };
	const char *id = lasting(turns), *lines;

	(void)state;
	log_catch();
	assert_int_equal(sync_worker(&cx, &once, id), EXIT_DONE); /* no job at all */
	assert_string_equal(log_caught(), "");
	citra_is_due("0");
	/* A failed job rests for minutes then: longer than the run. */
	(void)sql("UPDATE account_states SET attempts = 9");
	log_catch();
	assert_int_equal(sync_worker(&cx, &once, id), EXIT_FAILED);
	lines = log_caught();
	assert_non_null(strstr(lines, "level=warn"));
	assert_non_null(strstr(lines, "done=0 failed=1 error=\""));
	assert_string_equal(state_of_citra(), "failed");
	(void)sql("UPDATE account_states SET due_at = now()");
	(void)sql("UPDATE router_settings SET port = 1"); /* where nobody listens */
	log_catch();
	assert_int_equal(sync_worker(&cx, &once, id), EXIT_FAILED);
	lines = log_caught();
	assert_non_null(strstr(lines, "level=warn"));
	assert_non_null(strstr(lines, "done=0 failed=0 error=\""));
	assert_int_equal(sync_worker(&cx, &(struct sync){ .once = false }, id), EXIT_DONE);
}

/* The check of all routers goes on after one that does not answer, and reports that. */
static void
a_check_goes_on_after_a_dead_router(void **state)
{
	static const struct turn turns[] = { HELLO, EMPTY };
	const char *id = lasting(turns);
	char dead[40];

	(void)state;
	(void)snprintf(dead, sizeof(dead), "%s", a_router("A dead one", 1));
	log_catch();
	assert_int_equal(sync_check(&cx, dead), EXIT_FAILED);
	assert_non_null(strstr(log_caught(), "event=check"));
	assert_int_equal(sync_check(&cx, NULL), EXIT_FAILED);
	assert_int_equal(sql_i64("SELECT count(*) AS v FROM router_states WHERE router_id = '%s'"
				 " AND broken_since IS NULL",
			     id),
	    1);
	assert_non_null(strstr(hang_up(), "/ppp/secret/print"));
}

static void
a_check_of_a_right_router_is_done(void **state)
{
	static const struct turn turns[] = { HELLO, EMPTY };
	const char *lines;

	(void)state;
	log_catch();
	assert_int_equal(sync_check(&cx, lasting(turns)), EXIT_DONE);
	lines = log_caught();
	assert_non_null(strstr(lines, "level=info"));
	assert_non_null(strstr(lines, "accounts=0 different=0 profiles=0 misplaced=0"));
}

/* An account that is not there is a difference, which is a warning. */
static void
a_check_of_a_wrong_router_warns(void **state)
{
	static const struct turn turns[] = { HELLO, EMPTY };
	const char *id = lasting(turns), *lines;

	(void)state;
	citra_is_due("1 hour");
	(void)sql("UPDATE account_states SET synced_generation = generation,"
		  " sync_state = 'synced'");
	log_catch();
	assert_int_equal(sync_check(&cx, id), EXIT_DONE);
	lines = log_caught();
	assert_non_null(strstr(lines, "level=warn"));
	assert_non_null(strstr(lines, "accounts=1 different=1 profiles=0 misplaced=0"));
}

static void
a_sample_of_a_dead_router_is_a_failure(void **state)
{
	(void)state;
	assert_int_equal(sync_sample(&cx), EXIT_DONE); /* there is no router */
	(void)a_router("Main", 1);
	citra_is_due("1 hour");
	log_catch();
	assert_int_equal(sync_sample(&cx), EXIT_FAILED);
	assert_non_null(strstr(log_caught(), "event=sample"));
}

/* Stop the worker a while after the job is done. */
static void *
stop_when_synced(void *stopped)
{
	PGconn *own = PQconnectdb(getenv("TEST_DB"));
	bool synced = false;

	for (int i = 0; i < 600 && !synced; i++) {
		PGresult *res =
		    PQexec(own, "SELECT FROM account_states WHERE sync_state = 'synced'");

		synced = PQntuples(res) == 1;
		PQclear(res);
		(void)usleep(100 * 1000);
	}
	PQfinish(own);
	(void)usleep(1000 * 1000);
	__atomic_store_n((bool *)stopped, true, __ATOMIC_RELEASE);
	(void)kill(getpid(), SIGTERM);
	return NULL;
}

/* A worker keeps its connection: a job that becomes due needs no new login. The last test. */
static void
a_worker_waits_for_the_next_job(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		DONE,
		LAST("!done|=ret=*1\n"),
	};
	const char *id = lasting(turns);
	bool stopped = false, was_stopped;
	pthread_t stopper;

	(void)state;
	citra_is_due("400 ms");
	assert_int_equal(pthread_create(&stopper, NULL, stop_when_synced, &stopped), 0);
	assert_int_equal(sync_worker(&cx, &(struct sync){ .once = false }, id), EXIT_DONE);
	was_stopped = __atomic_load_n(&stopped, __ATOMIC_ACQUIRE);
	assert_int_equal(pthread_join(stopper, NULL), 0);
	assert_true(was_stopped);
	assert_string_equal(state_of_citra(), "synced");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_worker_grows_by_no_batch),
		CASE(a_claim_that_fails_is_no_empty_claim),
		CASE(a_run_ends_when_nothing_is_due),
		CASE(a_check_goes_on_after_a_dead_router),
		CASE(a_check_of_a_right_router_is_done),
		CASE(a_check_of_a_wrong_router_warns),
		CASE(a_sample_of_a_dead_router_is_a_failure),
		CASE(a_worker_waits_for_the_next_job),
	};

	daemon_signals();
	return cmocka_run_group_tests_name("sync", tests, rows_open, rows_close);
}
