/* Targets measured and stored: what is due, names without an address, a signal in the middle. */
#include "refuse.h"
#include "rows.h"

#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sys/wait.h>

#include "../logged.h"
#include "base/clock.h"
#include "monitor/history.h"
#include "monitor/ping.h"

#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void); /* gcc 12 ships no header for it */
#endif

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

/* A target whose time-out is more than a busy machine needs; those of 240.0.0.0/4 do not answer. */
static const char *
a_target(const char *host, int packets)
{
	return sql(
	    "INSERT INTO ping_targets (name, host, interval_seconds, timeout_ms, packet_count)"
	    " VALUES ('%s', '%s', 60, %d, %d) RETURNING id::text AS v",
	    host, host, strncmp(host, "2", 1) == 0 ? 100 : 5000, packets);
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
	assert_int_equal(sql_i64("SELECT count(*) AS v FROM ping_history WHERE latency_ms >= 0"
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
	(void)sql("SELECT history_make(now() - interval '1 day') AS v"); /* just after midnight */
	(void)run_once();
	assert_string_equal(sql("SELECT status AS v FROM monitor_states WHERE id = '%s'", id),
	    "unknown");
	assert_string_equal(sql("SELECT coalesce(latency_ms, min_ms, max_ms, jitter_ms)::text"
				" IS NULL AND recorded_at BETWEEN clock_timestamp() - interval"
				" '1 minute' AND clock_timestamp() AS v FROM ping_history"),
	    "t");
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
	assert_in_range(clock_ms() - began, 0, 20000); /* not to the end of its 55 seconds */
	assert_int_equal(run.measured, 0);
}

/* A name that is found is measured, and its address kept; that of a numeric host is not looked up.
 */
static void
a_name_that_is_found_keeps_its_address(void **state)
{
	(void)state;
	(void)sql("DELETE FROM ping_targets");
	(void)a_target("localhost", 1);
	(void)a_target("127.4.0.1", 1);
	assert_int_equal(run_once().measured, 2);
	assert_string_equal(history(), "127.4.0.1 1/1 up, localhost 1/1 up");
	assert_string_equal(sql("SELECT string_agg(host || ' ' || (address IN ('127.0.0.1', '::1'))"
				" || ' ' || (resolved_at IS NOT NULL), ', ') AS v FROM ping_targets"
				" WHERE address IS NOT NULL"),
	    "localhost true true");
}

/* One that was found lately, and answers, is not looked up for each round. */
static void
a_name_that_answers_is_not_looked_up_again(void **state)
{
	(void)state;
	(void)sql("DELETE FROM ping_targets");
	(void)a_target("localhost", 1);
	(void)run_once();
	(void)sql("UPDATE ping_targets SET address = '127.4.0.9'");
	(void)sql("UPDATE monitor_states SET checked_at = checked_at - interval '60 seconds'");
	assert_int_equal(run_once().measured, 1);
	assert_string_equal(sql("SELECT address AS v FROM ping_targets"), "127.4.0.9");
	(void)sql("UPDATE ping_targets SET resolved_at = resolved_at - interval '61 minutes'");
	(void)sql("UPDATE monitor_states SET checked_at = checked_at - interval '60 seconds'");
	assert_int_equal(run_once().measured, 1);
	assert_string_not_equal(sql("SELECT address AS v FROM ping_targets"), "127.4.0.9");
}

/* A request that the machine does not send is a miss, with the machine's word. */
static void
a_request_that_cannot_be_sent_has_its_reason(void **state)
{
	(void)state;
	(void)sql("DELETE FROM ping_targets");
	(void)a_target("255.255.255.255", 2);
	(void)a_target("240.0.0.1", 1);
	(void)run_once();
	assert_string_equal(history(), "240.0.0.1 0/1 down, 255.255.255.255 0/2 down");
	assert_string_equal(sql("SELECT string_agg(t.host, ' ') AS v FROM monitor_states s"
				" JOIN ping_targets t ON t.id = s.id"
				" WHERE s.error IN ('Permission denied', 'Network is unreachable',"
				" 'Invalid argument')"),
	    "255.255.255.255");
}

/* A target is measured whenever its own interval ends, until the run does. */
static void
a_short_interval_is_measured_again(void **state)
{
	struct ping_run run = { .seconds = 5 };
	const char *began;

	(void)state;
	(void)sql("DELETE FROM ping_targets");
	(void)sql("ALTER TABLE ping_targets DROP CONSTRAINT ping_targets_interval_seconds_check");
	(void)a_target("127.4.0.1", 1);
	(void)sql("UPDATE ping_targets SET interval_seconds = 2");
	began = sql("SELECT clock_timestamp()::text AS v");
	if (ping_run(&cx, engine, &run) != RC_OK)
		fail_msg("%s (%s)", cx.err.msg, cx.err.detail);
	assert_in_range(run.measured, 2, 3);
	assert_int_equal(sql_i64("SELECT count(*) AS v FROM ping_history"), run.measured);
	assert_in_range(sql_i64("SELECT 1000 * extract(epoch FROM max(recorded_at) - '%s') AS v"
				" FROM ping_history",
			    began),
	    1999 * (run.measured - 1), 60000);
}

static int64_t seen_at;
static const char *seen;

/* Is called between steps: the session is free for a look at what is stored by then. */
static bool
look(void)
{
	const char *now = sql("SELECT (SELECT count(*) FROM ping_history) || ' stored, ' ||"
			      " (SELECT count(*) FROM monitor_states WHERE status = 'up')"
			      " || ' up' AS v");

	if (seen == NULL && now[0] != '0') {
		seen = now;
		seen_at = clock_ms();
	}
	return false;
}

/* A killed run loses the results of its last second, not those before; they go in one statement. */
static void
results_are_stored_each_second(void **state)
{
	struct ping_run run = { .once = true };
	const int64_t began = clock_ms();

	(void)state;
	(void)sql("DELETE FROM ping_targets");
	(void)a_target("127.4.0.1", 1);
	(void)a_target("240.0.0.1", 1);
	(void)sql("UPDATE ping_targets SET timeout_ms = 6000 WHERE host = '240.0.0.1'");
	seen = NULL;
	cx.stopping = look;
	assert_int_equal(ping_run(&cx, engine, &run), RC_OK);
	assert_string_equal(seen, "1 stored, 1 up");
	assert_in_range(seen_at - began, 1000, 60000);
	assert_int_equal(sql_i64("SELECT count(*) AS v FROM ping_history"), 2);
}

static size_t least_used, most_used;

/* Is called between steps: how much memory is used? */
static bool
weigh(void)
{
#ifdef __SANITIZE_ADDRESS__
	const size_t used = __sanitizer_get_current_allocated_bytes();
#else
	const size_t used = mallinfo2().hblkhd + mallinfo2().uordblks;
#endif

	least_used = used < least_used ? used : least_used;
	most_used = used > most_used ? used : most_used;
	return false;
}

/* The memory that comes and goes in a run. */
static size_t
memory_of(struct ping_run run)
{
	least_used = SIZE_MAX;
	most_used = 0;
	cx.stopping = weigh;
	if (ping_run(&cx, engine, &run) != RC_OK)
		fail_msg("%s (%s)", cx.err.msg, cx.err.detail);
	return most_used - least_used;
}

/* Results that are stored are freed: a run of minutes needs no more memory than its rounds. */
static void
a_long_run_needs_no_more_memory(void **state)
{
	size_t of_a_round;

	(void)state;
	(void)sql("DELETE FROM ping_targets");
	(void)sql("ALTER TABLE ping_targets DROP CONSTRAINT ping_targets_interval_seconds_check");
	(void)sql(
	    "INSERT INTO ping_targets (name, host, interval_seconds, timeout_ms, packet_count)"
	    " SELECT 't' || n, '127.4.' || n / 250 || '.' || n %% 250 + 1, 1, 5000,"
	    " 1 + n %% 2"
	    " FROM generate_series(1, 1000) n");
	/* The run ends with the last result: half of them come earlier, and are seen. */
	of_a_round = memory_of((struct ping_run){ .once = true });
	assert_in_range(memory_of((struct ping_run){ .seconds = 8 }), 1, 4 * of_a_round);
}

/* Targets that are due later than the run lasts are left to the next run. */
static void
only_what_is_due_is_measured(void **state)
{
	struct ping_run run = { .once = true };
	int64_t began;

	(void)state;
	(void)sql("DELETE FROM ping_targets");
	(void)a_target("127.4.0.1", 1);
	(void)run_once();
	(void)sql("UPDATE monitor_states SET checked_at = now() - interval '49 seconds'");
	assert_int_equal(run_once().measured, 0); /* due in a second */
	run.seconds = 1;
	began = clock_ms();
	assert_int_equal(ping_run(&cx, engine, &run), RC_OK);
	assert_int_equal(run.measured, 1);
	assert_in_range(clock_ms() - began, 900, 60000); /* not before its time */
}

static void
one_pinger_at_a_time(void **state)
{
	struct ctx other = rival_open();
	struct ping_run run = { .once = true };

	(void)state;
	(void)sql("SELECT pg_advisory_unlock_all()::text AS v"); /* of the runs before */
	assert_int_equal(history_begin(&other, "pinger"), RC_OK);
	assert_int_equal(ping_run(&cx, engine, &run), RC_RETRY);
	assert_string_equal(cx.err.msg, "another pinger is running");
	rival_close(&other);
}

static void
a_result_that_cannot_be_stored_is_an_error(void **state)
{
	struct ping_run run = { .once = true };

	(void)state;
	(void)sql("DELETE FROM ping_targets");
	(void)a_target("127.4.0.1", 1);
	(void)sql("ALTER TABLE ping_history ADD CONSTRAINT none CHECK (sent < 0) NOT VALID");
	assert_int_not_equal(ping_run(&cx, engine, &run), RC_OK);
	assert_int_not_equal(cx.err.msg[0], 0);
}

static void
an_address_that_cannot_be_stored_is_an_error(void **state)
{
	struct ping_run run = { .once = true };

	(void)state;
	(void)sql("DELETE FROM ping_targets");
	(void)a_target("localhost", 1);
	(void)sql("ALTER TABLE ping_targets ADD CONSTRAINT none CHECK (address IS NULL)");
	assert_int_not_equal(ping_run(&cx, engine, &run), RC_OK);
}

/* The error of a run during which that function of the database fails. */
static void
assert_failure_of(const char *function)
{
	struct ping_run run = { .once = true };

	break_function(function);
	assert_int_not_equal(ping_run(&cx, engine, &run), RC_OK);
	assert_non_null(strstr(cx.err.detail, arena_printf(cx.mem, "no %s today", function)));
}

static void
a_judgement_that_fails_is_an_error(void **state)
{
	(void)state;
	(void)sql("DELETE FROM ping_targets");
	(void)a_target("127.4.0.1", 1);
	assert_failure_of("monitor_judge");
}

/* It ends the run where it happens, while a target is still asked. */
static void
a_judgement_that_fails_in_the_middle_ends_the_run(void **state)
{
	(void)state;
	(void)sql("DELETE FROM ping_targets");
	(void)a_target("127.4.0.1", 1);
	(void)a_target("240.0.0.1", 1);
	(void)sql("UPDATE ping_targets SET timeout_ms = 3000 WHERE host = '240.0.0.1'");
	assert_failure_of("monitor_judge");
}

static void
a_roll_up_that_fails_is_an_error(void **state)
{
	(void)state;
	(void)sql("DELETE FROM ping_targets");
	assert_failure_of("ping_roll");
}

/* Points of five minutes are made by the run itself. */
static void
a_run_rolls_up(void **state)
{
	const char *id;

	(void)state;
	(void)sql("DELETE FROM ping_targets");
	id = a_target("127.4.0.1", 1);
	(void)sql("SELECT history_make(now() - interval '1 day') AS v");
	(void)sql(
	    "INSERT INTO ping_history (target_id, recorded_at, sent, received, latency_ms,"
	    " packet_loss_percent, status) VALUES ('%s', now() - interval '12 minutes', 4, 4, 2,"
	    " 0, 'up')",
	    id);
	(void)run_once();
	assert_int_equal(sql_i64("SELECT sum(sent) AS v FROM ping_5m WHERE target_id = '%s'", id),
	    4);
}

/* In a process of its own, which can never be root again. */
static int
run_as_program(void)
{
	struct ctx own = rival_open();
	const char *logged;
	enum rc rc;

	log_catch();
	rc = ping_program(&own, true);
	logged = log_caught();
	if (rc != RC_OK || strstr(logged, "pinged measured=") == NULL ||
	    strstr(logged, " unmeasured=") == NULL)
		return 1;
	if (geteuid() == 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 2;
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) < 0 ? 0 : 3;
}

/* The exit code of a program in a child. */
static int
in_a_child(int (*program)(void))
{
	int status = -1;
	pid_t child;

	(void)sql("SELECT pg_advisory_unlock_all()::text AS v");
	(void)sql("ROLLBACK"); /* the child's session waits for no lock of ours */
	child = fork();
	if (child == 0)
		_exit(program());
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void
the_program_gives_up_its_rights_and_logs_its_run(void **state)
{
	(void)state;
	assert_int_equal(in_a_child(run_as_program), 0);
}

static int
run_with_all_rights(void)
{
	struct ctx own = rival_open();

	if (!refuse_call(SYS_capset, EPERM))
		return 1;
	return ping_program(&own, true) == RC_INTERNAL &&
		       strstr(own.err.msg, "capabilities") != NULL
		   ? 0
		   : 2;
}

/* A pinger that keeps its rights reads no packet. */
static void
the_program_ends_where_it_keeps_its_rights(void **state)
{
	(void)state;
	assert_int_equal(in_a_child(run_with_all_rights), 0);
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
		CASE(a_name_that_is_found_keeps_its_address),
		CASE(a_name_that_answers_is_not_looked_up_again),
		CASE(a_request_that_cannot_be_sent_has_its_reason),
		CASE(a_short_interval_is_measured_again),
		CASE(results_are_stored_each_second),
		CASE(a_long_run_needs_no_more_memory),
		CASE(only_what_is_due_is_measured),
		CASE(one_pinger_at_a_time),
		CASE(a_result_that_cannot_be_stored_is_an_error),
		CASE(an_address_that_cannot_be_stored_is_an_error),
		CASE(a_judgement_that_fails_is_an_error),
		CASE(a_judgement_that_fails_in_the_middle_ends_the_run),
		CASE(a_roll_up_that_fails_is_an_error),
		CASE(a_run_rolls_up),
		CASE(the_program_gives_up_its_rights_and_logs_its_run),
		CASE(the_program_ends_where_it_keeps_its_rights),
	};

	return cmocka_run_group_tests_name("ping", tests, rows_open, rows_close);
}
