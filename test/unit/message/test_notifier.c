/* The outbox emptied: each new alert to each channel once, one dead channel delays no other. */
#include "rows.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../net/http_peer.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/daemon.h"
#include "message/notifier.h"

static const struct turn turns[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", PEER_CLOSE },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", PEER_CLOSE },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", PEER_CLOSE },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", PEER_CLOSE },
};
static struct conf conf;
static struct arena *life;
static struct peer peer;
static char sender[64]; /* beyond cx.mem, which a child empties */

static int
start(void)
{
	life = arena_new(16384);
	(void)setenv("APP_KEY", ROWS_KEY, 1);
	(void)setenv("DATABASE_URL", getenv("TEST_DB"), 1);
	(void)setenv("APP_URL", "https://isp.example.net", 1);
	if (conf_load(&(struct ctx){ .mem = life }, "/dev/null", &conf) != RC_OK)
		return -1;
	cx.conf = &conf;
	peer = (struct peer){ .fd = -1, .turns = turns, .nturns = countof(turns) };
	peer_start(&peer);
	(void)sql("DELETE FROM alert_logs");
	/* The night was run: an old run alone is an alert. */
	(void)sql("UPDATE billing_runs SET business_date = current_date + 1");
	(void)sql("DELETE FROM notification_settings");
	(void)sql("UPDATE settings SET private_peers = true, restore_proof_days = 365");
	return 0;
}

static int
begin(void **state)
{
	return rows_begin(state) == 0 ? start() : -1;
}

static int
end(void **state)
{
	peer_stop(&peer);
	arena_free(life);
	cx.conf = NULL;
	return rows_end(state);
}

static void
a_webhook(int port, const char *events)
{
	(void)sql("INSERT INTO notification_settings (channel, name, config, events, gap_ms)"
		  " VALUES ('webhook', 'hook', '{\"url\": \"http://127.0.0.1:%d/hook\"}', '%s', 0)",
	    port, events);
}

static const char *
states(void)
{
	return sql("SELECT string_agg(n || ' ' || state, ', ' ORDER BY state) AS v FROM"
		   " (SELECT state, count(*) AS n FROM message_outbox GROUP BY state) s");
}

static void
a_dead_channel_delays_no_other(void **state)
{
	bool well;

	(void)state;
	a_webhook(1, "[\"all\"]");
	a_webhook(peer.port, "[\"all\"]");
	(void)sql("SELECT alert_raise('system', 'warning', 'one', 'm') AS v");
	(void)sql("SELECT alert_raise('system', 'warning', 'two', 'm') AS v");
	assert_int_equal(notifier_once(&cx, &well), RC_OK);
	assert_false(well);
	assert_string_equal(states(), "2 pending, 2 sent");
	assert_int_equal(peer.requests, 2);
	assert_int_equal(notifier_once(&cx, &well), RC_OK); /* the dead one rests */
	assert_true(well);
	assert_string_equal(states(), "2 pending, 2 sent");
}

static void
channels_get_the_types_that_they_want(void **state)
{
	bool well;

	(void)state;
	a_webhook(peer.port, "[\"payment_received\"]");
	a_webhook(peer.port, "[\"device_down\", \"device_up\"]");
	(void)sql("SELECT alert_raise('payment', 'info', 'money', 'm') AS v");
	(void)sql("SELECT alert_raise('device_down', 'critical', 'down', 'm', NULL, 'k') AS v");
	(void)sql("SELECT alert_raise('bandwidth', 'warning', 'full', 'm') AS v");
	assert_int_equal(notifier_once(&cx, &well), RC_OK);
	assert_true(well);
	assert_string_equal(states(), "2 sent");
	(void)sql("SELECT alert_resolve('k', 'up again') AS v");
	assert_int_equal(notifier_once(&cx, &well), RC_OK);
	assert_string_equal(states(), "3 sent");
}

/* A child empties cx->mem, which would end a transaction of the test: its rows are committed. */
static int
begin_committed(void **state)
{
	(void)state;
	cx.err = (struct err){ 0 };
	return start();
}

static int
end_committed(void **state)
{
	(void)sql("DELETE FROM alert_logs");
	(void)sql("DELETE FROM notification_settings");
	(void)sql("DELETE FROM message_senders");
	(void)sql("UPDATE settings SET private_peers = false, restore_proof_days = 3");
	return end(state);
}

/* A child of one sender sends its messages and ends by itself when nothing more comes. */
static void
a_child_ends_when_its_outbox_is_empty(void **state)
{
	int64_t began = clock_ms();
	bool well;

	(void)state;
	a_webhook(peer.port, "[\"all\"]");
	assert_int_equal(notifier_once(&cx, &well), RC_OK);
	(void)snprintf(sender, sizeof(sender), "%s",
	    sql("SELECT id::text AS v FROM notification_settings"));
	a_webhook(1,
	    "[\"all\"]"); /* what waits for another sender is no reason to end, or to stay */
	(void)sql("SELECT alert_raise('system', 'warning', 'one', 'm') AS v");
	(void)sql("SELECT message_fan_out() AS v");
	assert_int_equal(notifier_send_outbox(&cx, sender), RC_OK);
	assert_string_equal(states(), "1 pending, 1 sent");
	assert_in_range(clock_ms() - began, 5000, 30000);
}

/* Start a child with one message that is due in so many milliseconds; how long the child lived. */
static int64_t
child_with_message_due_in(int ms)
{
	int64_t began;

	a_webhook(peer.port, "[\"all\"]");
	(void)snprintf(sender, sizeof(sender), "%s",
	    sql("SELECT id::text AS v FROM notification_settings"));
	(void)sql("SELECT alert_raise('system', 'warning', 'one', 'm') AS v");
	(void)sql("SELECT message_fan_out() AS v");
	began = clock_ms();
	(void)sql("UPDATE message_outbox SET due_at = now() + interval '%d ms'", ms);
	assert_int_equal(notifier_send_outbox(&cx, sender), RC_OK);
	return clock_ms() - began;
}

/* The master starts a child again when the time has come. */
static void
a_child_does_not_wait_for_a_message_of_later(void **state)
{
	int64_t lived = child_with_message_due_in(60000);

	(void)state;
	for (int i = 0; i < 2 && lived > 4000; i++) { /* a busy machine, or 5 s of waiting? */
		const int64_t began = clock_ms();

		assert_int_equal(notifier_send_outbox(&cx, sender), RC_OK);
		lived = clock_ms() - began;
	}
	assert_in_range(lived, 0, 4000);
	assert_string_equal(states(), "1 pending");
}

static void
a_child_waits_for_a_message_of_soon(void **state)
{
	(void)state;
	assert_in_range(child_with_message_due_in(1500), 1499, 30000);
	assert_string_equal(states(), "1 sent");
}

/* A single run, too, raises what is wrong with the system itself, and sends it. */
static void
one_run_sweeps_first(void **state)
{
	bool well;

	(void)state;
	a_webhook(peer.port, "[\"all\"]");
	(void)sql("INSERT INTO message_senders (sender, failing_since, last_error) VALUES"
		  " ('a sender', now() - interval '11 minutes', 'e')");
	assert_int_equal(notifier_once(&cx, &well), RC_OK);
	assert_string_equal(sql("SELECT key AS v FROM alert_logs"), "sender:a sender");
	assert_string_equal(states(), "1 sent");
}

/* Each step's error is the run's. */
static void
a_step_that_fails_is_an_error_of_the_run(void **state)
{
	static const char *const steps[] = { "alert_sweep", "message_fan_out",
		"message_due_senders", "message_recover", "message_take" };
	const struct db_stmt mark = { NULL, "SAVEPOINT whole", 0 },
			     back = { NULL, "ROLLBACK TO whole", 0 };
	bool well;

	(void)state;
	a_webhook(peer.port, "[\"all\"]");
	(void)sql("SELECT alert_raise('system', 'warning', 'one', 'm') AS v");
	for (size_t i = 0; i < countof(steps); i++) {
		assert_int_equal(db_exec(&cx, &mark), RC_OK);
		break_function(steps[i]);
		assert_int_not_equal(notifier_once(&cx, &well), RC_OK);
		if (strstr(cx.err.detail, arena_printf(cx.mem, "no %s today", steps[i])) == NULL)
			fail_msg("%s: %s", steps[i], cx.err.detail);
		cx.err = (struct err){ 0 };
		assert_int_equal(db_exec(&cx, &back), RC_OK);
	}
	assert_int_equal(peer.requests, 0);
}

static void
a_failing_database_is_an_error(void **state)
{
	bool well;

	(void)state;
	break_database();
	assert_int_not_equal(notifier_once(&cx, &well), RC_OK);
	assert_int_not_equal(notifier_send_outbox(&cx, "a sender"), RC_OK);
}

/* ---- the service: its children are this program again ---- */

static char seen[] = "/tmp/test_notifier.XXXXXX";

/* Note how a child was started, and serve its sender. */
static int
be_sender(int argc, char **argv)
{
	FILE *notes = fopen(getenv("NOTIFIER_SEEN"), "ae");
	struct ctx own = rival_open();

	assert_non_null(notes);
	(void)fprintf(notes, "%d", (int)getpid());
	for (int i = 1; i < argc; i++)
		(void)fprintf(notes, " %s", argv[i]);
	(void)fprintf(notes, "\n");
	(void)fclose(notes);
	daemon_signals();
	life = arena_new(16384);
	if (crypt_open(&own, ROWS_KEY, "") != RC_OK ||
	    conf_load(&(struct ctx){ .mem = life }, argv[4], &conf) != RC_OK)
		return 1;
	own.conf = &conf;
	return notifier_send_outbox(&own, argv[2]) == RC_OK ? 0 : 1;
}

static pid_t
service(void)
{
	const pid_t child = fork();
	struct ctx own;

	if (child != 0)
		return child;
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* where its test fails */
	own = rival_open();
	own.conf = &conf;
	daemon_signals();
	_exit(notifier_serve(&own, "/dev/null"));
}

static const char *
notes(void)
{
	char *text = arena_alloc(cx.mem, 1024);
	FILE *file = fopen(seen, "re");

	assert_non_null(file);
	text[fread(text, 1, 1023, file)] = '\0';
	(void)fclose(file);
	return text;
}

static void
await_states(const char *wanted)
{
	const int64_t until = clock_ms() + 60000;
	const char *found = states();

	while ((found == NULL || strcmp(found, wanted) != 0) && clock_ms() < until) {
		(void)usleep(20000);
		found = states();
	}
	assert_string_equal(found, wanted);
}

/*
 * A child for each sender whose message is due, started once and when its time has come; a signal
 * ends the service, and with it the children that wait for more.
 */
static void
a_service_starts_a_child_for_each_sender(void **state)
{
	const char *senders[2], *text;
	pid_t child;
	int64_t began;
	int status = -1;

	(void)state;
	(void)close(mkstemp(seen));
	(void)setenv("NOTIFIER_SEEN", seen, 1);
	a_webhook(peer.port, "[\"all\"]");
	senders[0] = sql("SELECT id::text AS v FROM notification_settings");
	(void)sql("SELECT alert_raise('system', 'warning', 'one', 'm') AS v");
	child = service();
	await_states("1 sent");
	text = notes();
	assert_string_equal(strchr(text, ' '),
	    arena_printf(cx.mem, " --sender %s --env /dev/null\n", senders[0]));
	a_webhook(peer.port, "[\"all\"]");
	senders[1] =
	    sql("SELECT id::text AS v FROM notification_settings WHERE id <> '%s'", senders[0]);
	(void)sql("BEGIN");
	began = clock_ms();
	(void)sql("SELECT alert_raise('system', 'warning', 'two', 'm') AS v");
	(void)sql("SELECT message_fan_out() AS v");
	(void)sql("UPDATE message_outbox SET due_at = now() + interval '1500 ms'"
		  " WHERE state = 'pending' AND channel_id = '%s'",
	    senders[1]);
	(void)sql("COMMIT");
	await_states("3 sent");
	assert_in_range(clock_ms() - began, 1499, 15000);
	text = strchr(notes(), '\n') + 1; /* the first child served its sender again */
	assert_string_equal(strchr(text, ' '),
	    arena_printf(cx.mem, " --sender %s --env /dev/null\n", senders[1]));
	began = clock_ms();
	assert_int_equal(kill(child, SIGTERM), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(kill((pid_t)strtol(text, NULL, 10), 0), -1);
	assert_in_range(clock_ms() - began, 0, 4000); /* it would have lingered for longer */
	(void)unlink(seen);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(int argc, char **argv)
{
	if (argc == 5)
		_exit(be_sender(argc, argv));
	const struct CMUnitTest tests[] = {
		CASE(a_dead_channel_delays_no_other),
		CASE(channels_get_the_types_that_they_want),
		CASE(one_run_sweeps_first),
		CASE(a_step_that_fails_is_an_error_of_the_run),
		CASE(a_failing_database_is_an_error),
		cmocka_unit_test_setup_teardown(a_child_does_not_wait_for_a_message_of_later,
		    begin_committed, end_committed),
		cmocka_unit_test_setup_teardown(a_child_waits_for_a_message_of_soon,
		    begin_committed, end_committed),
		cmocka_unit_test_setup_teardown(a_service_starts_a_child_for_each_sender,
		    begin_committed, end_committed),
		cmocka_unit_test_setup_teardown(a_child_ends_when_its_outbox_is_empty,
		    begin_committed, end_committed),
	};

	return cmocka_run_group_tests_name("notifier", tests, rows_open, rows_close);
}
