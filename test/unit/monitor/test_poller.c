/* The poller's run from its lock to its log, and one device polled while a person waits. */
#include "refuse.h"
#include "rows.h"

#include <errno.h>
#include <sys/wait.h>

#include "../logged.h"
#include "base/conf.h"
#include "monitor/history.h"
#include "monitor/poller.h"
#include "net/snmp_peer.h"

static const struct snmp_row table[] = {
	{ { 9, { 1, 3, 6, 1, 2, 1, 1, 3, 0 } }, SNMP_TICKS, 100000, NULL },
	{ { 11, { 1, 3, 6, 1, 2, 1, 2, 2, 1, 2, 3 } }, SNMP_OCTETS, 0, "ether1" },
};

static struct conf conf;
static struct arena *life;
static struct snmp_peer peer;

/* The roll-up has a session of its own: rows are committed, and deleted at the end. */
static int
begin(void **state)
{
	(void)state;
	cx.err = (struct err){ 0 };
	life = arena_new(16384);
	(void)setenv("APP_KEY", ROWS_KEY, 1);
	(void)setenv("DATABASE_URL", getenv("TEST_DB"), 1);
	(void)setenv("APP_URL", "https://isp.example.net", 1);
	(void)setenv("SNMP_TIMEOUT_MS", "1500", 1); /* the living answer within two of them */
	if (conf_load(&(struct ctx){ .mem = life }, "/dev/null", &conf) != RC_OK)
		return -1;
	cx.conf = &conf;
	(void)sql("DELETE FROM snmp_devices");
	(void)sql("DELETE FROM history_rolls");
	peer = (struct snmp_peer){ .rows = table, .nrows = countof(table) };
	snmp_peer_start(&peer);
	return 0;
}

static int
end(void **state)
{
	snmp_peer_stop(&peer);
	(void)sql("DELETE FROM monitor_states");
	(void)sql("DELETE FROM bandwidth_history");
	(void)sql("DELETE FROM bandwidth_5m");
	(void)sql("DELETE FROM history_rolls");
	(void)sql("DELETE FROM alert_logs");
	(void)sql("DELETE FROM snmp_devices");
	(void)sql("SELECT pg_advisory_unlock_all()::text AS v");
	cx.conf = NULL;
	arena_free(life);
	return rows_end(state);
}

static const char *
a_device(int port)
{
	return sql("INSERT INTO snmp_devices (name, host, port) VALUES ('box', '127.0.0.1', %d)"
		   " RETURNING id::text AS v",
	    port);
}

/* The statuses of all devices after a run, with what it logged. */
static const char *
run(bool everything)
{
	const char *logged;
	enum rc rc;

	log_catch();
	rc = poller_run(&cx, everything);
	logged = log_caught();
	if (rc != RC_OK)
		fail_msg("%s (%s)", cx.err.msg, cx.err.detail);
	return strstr(logged, "polled up=");
}

static void
a_run_polls_judges_and_logs(void **state)
{
	const char *dead, *logged;

	(void)state;
	(void)a_device(peer.port);
	dead = a_device(1);
	logged = run(false);
	assert_memory_equal(logged, "polled up=1 down=1\n", 19);
	assert_string_equal(sql("SELECT status AS v FROM monitor_states WHERE id <> '%s'", dead),
	    "up");
	assert_null(sql("SELECT key AS v FROM alert_logs"));
	assert_memory_equal(run(false), "polled up=0 down=0\n", 19); /* a moment ago */
	(void)sql("UPDATE monitor_states SET checked_at = checked_at - interval '5 minutes'");
	assert_memory_equal(run(true), "polled up=1 down=1\n", 19);
	assert_string_equal(sql("SELECT key AS v FROM alert_logs WHERE key LIKE 'device_down:%%'"),
	    arena_printf(cx.mem, "device_down:%s", dead));
}

/* Points of five minutes are made beside the polls; partitions of the past go. */
static void
a_run_keeps_the_history(void **state)
{
	const char *id = a_device(peer.port);

	(void)state;
	(void)sql("SELECT history_make('2020-01-01', '2020-01-03') AS v");
	(void)sql("SELECT history_make(now() - interval '1 day') AS v");
	(void)sql(
	    "INSERT INTO bandwidth_history (device_id, recorded_at, interfaces, seconds, in_rate,"
	    " out_rate) VALUES ('%s', now() - interval '12 minutes', '{1}', '{300}', '{8}', '{8}')",
	    id);
	(void)run(false);
	assert_string_equal(sql("SELECT seconds::text AS v FROM bandwidth_5m"), "{300}");
	assert_null(sql("SELECT name AS v FROM history_partitions() WHERE ends < '2021-01-01'"));
}

static void
one_poller_at_a_time(void **state)
{
	struct ctx other = rival_open();

	(void)state;
	(void)a_device(peer.port);
	assert_int_equal(history_begin(&other, "snmp-poller"), RC_OK);
	assert_int_equal(poller_run(&cx, true), RC_RETRY);
	assert_string_equal(cx.err.msg, "another snmp-poller is running");
	rival_close(&other);
	assert_int_equal(peer.asked, 0);
}

/* A run while that function fails; it is put back. */
static void
assert_failure_of(const char *name)
{
	const char *was = sql("SELECT pg_get_functiondef('%s'::regproc) AS v", name);
	enum rc rc;

	break_function(name);
	rc = poller_run(&cx, true);
	(void)rows_sql(was);
	assert_int_not_equal(rc, RC_OK);
	assert_non_null(strstr(cx.err.detail, arena_printf(cx.mem, "no %s today", name)));
	cx.err = (struct err){ 0 };
}

static void
a_step_that_fails_is_an_error_of_the_run(void **state)
{
	(void)state;
	(void)a_device(peer.port);
	assert_failure_of("snmp_roll");
	assert_failure_of("monitor_judge");
	assert_failure_of("snmp_store");
	assert_memory_equal(run(true), "polled up=1 down=0\n", 19);
}

/* A run in a process that may have no epoll. */
static int
run_without_epoll(void)
{
	struct ctx own = rival_open();

	own.conf = &conf;
	if (!refuse_call(SYS_epoll_create1, EMFILE) || poller_run(&own, true) != RC_INTERNAL)
		return 1;
	return strcmp(own.err.msg, "epoll: Too many open files") == 0 ? 0 : 2;
}

static void
a_machine_without_descriptors_is_an_error(void **state)
{
	int status = -1;
	pid_t child;

	(void)state;
	(void)a_device(peer.port);
	child = fork();
	if (child == 0)
		_exit(run_without_epoll());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(peer.asked, 0);
}

/* Its interfaces are in the database when the person's request ends. */
static void
a_device_is_discovered_alone(void **state)
{
	const char *id = a_device(peer.port), *logged;

	(void)state;
	(void)a_device(1);
	log_catch();
	assert_int_equal(poller_discover(&cx, id), RC_OK);
	logged = log_caught();
	assert_non_null(strstr(logged, "polled up=1 down=0\n"));
	assert_string_equal(sql("SELECT if_name AS v FROM snmp_interfaces"), "ether1");
	assert_int_equal(sql_i64("SELECT count(*) AS v FROM monitor_states"), 1);
}

static void
a_device_that_does_not_answer_is_said_so(void **state)
{
	(void)state;
	assert_int_equal(poller_discover(&cx, a_device(1)), RC_UPSTREAM);
	assert_string_equal(cx.err.msg, "box: no answer");
	assert_int_equal(poller_discover(&cx, "00000000-0000-4000-8000-000000000000"),
	    RC_NOT_FOUND);
	assert_string_equal(cx.err.msg, "there is no such device");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_run_polls_judges_and_logs),
		CASE(a_run_keeps_the_history),
		CASE(one_poller_at_a_time),
		CASE(a_step_that_fails_is_an_error_of_the_run),
		CASE(a_machine_without_descriptors_is_an_error),
		CASE(a_device_is_discovered_alone),
		CASE(a_device_that_does_not_answer_is_said_so),
	};

	return cmocka_run_group_tests_name("poller", tests, rows_open, rows_close);
}
