/* Targets measured and stored: what is due, names without an address, a signal in the middle. */
#include "rows.h"

#include "base/clock.h"
#include "monitor/ping.h"

static struct icmp *engine;

static int
begin(void **state)
{
	cx.stopping = NULL;
	return rows_begin(state) == 0 && icmp_open(&cx, &engine) == RC_OK ? 0 : -1;
}

static int
end(void **state)
{
	icmp_close(engine);
	return rows_end(state);
}

static const char *
a_target(const char *host, int packets)
{
	return sql(
	    "INSERT INTO ping_targets (name, host, interval_seconds, timeout_ms, packet_count)"
	    " VALUES ('%s', '%s', 60, 100, %d) RETURNING id::text AS v",
	    host, host, packets);
}

static struct ping_run
run_once(void)
{
	struct ping_run run = { .once = true };

	assert_int_equal(ping_run(&cx, engine, &run), RC_OK);
	return run;
}

static const char *
history(void)
{
	return sql(
	    "SELECT string_agg(t.host || ' ' || h.received || '/' || h.sent || ' ' || h.status,"
	    " ', ' ORDER BY t.host) AS v FROM ping_history h JOIN ping_targets t"
	    " ON t.id = h.target_id");
}

static void
a_round_is_stored_once(void **state)
{
	struct ping_run run;

	(void)state;
	(void)sql("DELETE FROM ping_targets");
	(void)a_target("127.4.0.1", 3);
	(void)a_target("127.4.0.2", 1);
	run = run_once();
	assert_int_equal(run.measured, 2);
	assert_string_equal(history(), "127.4.0.1 3/3 up, 127.4.0.2 1/1 up");
	assert_int_equal(sql_i64("SELECT count(*) AS v FROM ping_history WHERE latency_ms > 0"
				 " AND latency_ms BETWEEN min_ms AND max_ms AND jitter_ms >= 0"),
	    2);
	run = run_once(); /* its next round is due in a minute */
	assert_int_equal(run.measured, 0);
	assert_string_equal(history(), "127.4.0.1 3/3 up, 127.4.0.2 1/1 up");
}

/* Down after two rounds without a reply; the first may have been one lost packet. */
static void
a_silent_target_is_down_at_the_second_miss(void **state)
{
	const char *id;

	(void)state;
	(void)sql("DELETE FROM ping_targets");
	id = a_target("240.0.0.1", 1);
	(void)run_once();
	assert_string_equal(sql("SELECT status AS v FROM monitor_states WHERE id = '%s'", id),
	    "unknown");
	(void)sql("UPDATE monitor_states SET checked_at = checked_at - interval '60 seconds'");
	(void)sql("UPDATE ping_history SET recorded_at = recorded_at - interval '60 seconds'");
	(void)run_once();
	assert_string_equal(sql("SELECT status AS v FROM monitor_states WHERE id = '%s'", id),
	    "down");
	assert_string_equal(sql("SELECT type AS v FROM alert_logs WHERE key = 'device_down:%s'",
				id),
	    "device_down");
}

/* No address is no outage: the state is unknown, and history has no row of it. */
static void
a_name_without_an_address_is_not_measured(void **state)
{
	const char *id;
	struct ping_run run;

	(void)state;
	(void)sql("DELETE FROM ping_targets");
	id = a_target("no-such-name.invalid", 1);
	run = run_once();
	assert_int_equal(run.unmeasured, 1);
	assert_null(history());
	assert_string_equal(sql("SELECT status || ': ' || error AS v FROM monitor_states"
				" WHERE id = '%s'",
				id),
	    "unknown: the name has no address");
}

/* A name server that is away: the address that the name had goes on being asked. */
static void
the_last_known_address_is_asked(void **state)
{
	const char *id;

	(void)state;
	(void)sql("DELETE FROM ping_targets");
	id = a_target("no-such-name.invalid", 1);
	(void)sql("UPDATE ping_targets SET address = '127.4.0.9', resolved_at = now()"
		  " - interval '2 hours' WHERE id = '%s'",
	    id);
	assert_int_equal(run_once().measured, 1);
	assert_string_equal(history(), "no-such-name.invalid 1/1 up");
}

static bool
at_once(void)
{
	return true;
}

/* Results of the moment when a signal comes are stored; what is under way is not waited for. */
static void
a_signal_ends_the_run(void **state)
{
	struct ping_run run = { .seconds = 55 };
	int64_t began = clock_ms();

	(void)state;
	(void)sql("DELETE FROM ping_targets");
	(void)a_target("127.4.0.1", 4);
	cx.stopping = at_once;
	assert_int_equal(ping_run(&cx, engine, &run), RC_OK);
	assert_in_range(clock_ms() - began, 0, 2000);
	assert_int_equal(run.measured, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_round_is_stored_once),
		CASE(a_silent_target_is_down_at_the_second_miss),
		CASE(a_name_without_an_address_is_not_measured),
		CASE(the_last_known_address_is_asked),
		CASE(a_signal_ends_the_run),
	};

	return cmocka_run_group_tests_name("ping", tests, rows_open, rows_close);
}
