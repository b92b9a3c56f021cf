/* The screen of devices and targets: their numbers, the worst of them, open alerts. */
#include "screen.h"

#include "sql.h"

static void
a_target(const char *name, const char *status, const char *measured)
{
	(void)sql("INSERT INTO ping_targets (name, host, is_active) VALUES ('%s', '127.0.0.1', %s)",
	    name, strcmp(name, "off") == 0 ? "false" : "true");
	(void)sql("INSERT INTO monitor_states (id, kind, status, checked_at, loss_percent,"
		  " latency_ms) SELECT id, 'ping', '%s', now(), %s FROM ping_targets"
		  " WHERE name = '%s'",
	    status, measured, name);
}

/* Those that are down first, then those that lose most, then the slowest; one whose state nobody
 * knows, or that nobody asks, is not among them. */
static void
the_worst_targets_are_known_to_be(void **state)
{
	const cJSON *screen;

	(void)state;
	(void)sql("TRUNCATE ping_targets CASCADE");
	a_target("slow", "up", "0, 200");
	a_target("fast", "up", "0, 2");
	a_target("lossy", "up", "10, 2");
	a_target("new", "unknown", "NULL, NULL");
	a_target("off", "down", "100, NULL");
	a_target("dead", "down", "100, NULL");
	a_target("half", "up", "0, NULL");
	screen = shown(monitoring_dashboard);
	SHOWS("targets", "{\"up\":4,\"down\":1,\"total\":6,\"unknown\":1}");
	assert_string_equal(column(screen, "worst_targets", "name"),
	    " \"dead\" \"lossy\" \"slow\" \"fast\" \"half\"");
	a_target("dead2", "down", "50, NULL");
	assert_string_equal(column(shown(monitoring_dashboard), "worst_targets", "name"),
	    " \"dead\" \"dead2\" \"lossy\" \"slow\" \"fast\"");
}

static void
open_alerts_are_those_of_a_thing(void **state)
{
	const cJSON *screen;

	(void)state;
	(void)sql("DELETE FROM alert_logs");
	(void)sql("INSERT INTO alert_logs (type, severity, title, message, key, resolved_at,"
		  " is_read, created_at) VALUES"
		  " ('system', 'info', 'over', '', 'a', now(), false, now()),"
		  " ('system', 'info', 'first', '', 'b', NULL, true, now() - interval '2 h'),"
		  " ('system', 'info', 'second', '', 'c', NULL, false, now() - interval '1 h'),"
		  " ('system', 'info', 'note', '', NULL, NULL, true, now())");
	screen = shown(monitoring_dashboard);
	assert_string_equal(column(screen, "open_alerts", "title"), " \"second\" \"first\"");
	SHOWS("unread_alerts", "2");
	(void)sql("SELECT alert_raise_text('system', 'info', 'drift', '{\"name\": \"R1\"}',"
		  " NULL, 'd') AS v");
	screen = shown(monitoring_dashboard);
	assert_string_equal(column(screen, "open_alerts", "code"), " \"drift\" null null");
	assert_string_equal(column(screen, "open_alerts", "fields"),
	    " {\"name\":\"R1\"} null null");
	assert_non_null(strstr(column(screen, "open_alerts", "texts"),
	    "\"title\":\"Router {name} differs from the database\""));
}

/* Alerts of one moment: the last made comes first; one is marked as read, or all are. */
static void
alerts_are_read_one_by_one_or_all(void **state)
{
	const cJSON *list;
	struct db_rows *rows;

	(void)state;
	(void)sql("DELETE FROM alert_logs");
	(void)sql("INSERT INTO alert_logs (type, severity, title, message, key, is_read,"
		  " created_at, updated_at) SELECT 'system', 'info', n::text, '', 'k' || n, n = 12,"
		  " now() - CASE n WHEN 12 THEN interval '1 h' ELSE '0' END, now() - interval"
		  " '1 day' FROM generate_series(1, 12) n");
	list = shown_for(monitoring_alerts, "limit=2");
	assert_int_equal(cJSON_GetArraySize(list), 2);
	assert_string_equal(part(cJSON_GetArrayItem(list, 0), "title"), "\"11\"");
	assert_string_equal(part(cJSON_GetArrayItem(list, 1), "title"), "\"10\"");
	assert_string_equal(column(shown(monitoring_dashboard), "open_alerts", "title"),
	    " \"11\" \"10\" \"9\" \"8\" \"7\" \"6\" \"5\" \"4\" \"3\" \"2\"");
	for (int again = 0; again < 2; again++)
		assert_int_equal(db_exec(&cx, &SQL_alert_read,
				     V_TEXT(sql("SELECT id::text AS v FROM alert_logs"
						" WHERE title = '%d'",
					 11 + again))),
		    RC_OK);
	assert_string_equal(sql("SELECT string_agg(title, ' ' ORDER BY title) AS v FROM alert_logs"
				" WHERE is_read"),
	    "11 12");
	assert_string_equal(sql("SELECT string_agg(title, ' ') AS v FROM alert_logs"
				" WHERE updated_at = now()"),
	    "11");
	assert_int_equal(db_row(&cx, &SQL_alert_read_all, &rows), RC_OK);
	assert_int_equal(db_i64(rows, 0, "read"), 10);
	assert_string_equal(sql("SELECT bool_and(is_read)::text AS v FROM alert_logs"), "true");
	assert_string_equal(sql("SELECT (updated_at < now())::text AS v FROM alert_logs"
				" WHERE title = '12'"),
	    "true");
}

/* Devices by their state; those that are not watched are not counted. */
static void
devices_are_counted_by_their_state(void **state)
{
	const cJSON *screen;

	(void)state;
	(void)sql("INSERT INTO snmp_devices (name, host, community, is_active) SELECT n, 'h', 'x',"
		  " n <> 'off' FROM unnest('{u1,u2,u3,d1,d2,none,off}'::text[]) n");
	(void)sql("INSERT INTO monitor_states (id, kind, status, checked_at) SELECT id, 'snmp',"
		  " CASE left(name, 1) WHEN 'u' THEN 'up' ELSE 'down' END, now()"
		  " FROM snmp_devices WHERE name <> 'none'");
	screen = shown(monitoring_dashboard);
	SHOWS("devices", "{\"up\":3,\"down\":2,\"total\":6,\"unknown\":1}");
}

static const char *
an_interface(const char *name, const char *device, const char *speeds, const char *rates)
{
	const char *id =
	    sql("INSERT INTO snmp_interfaces (device_id, if_name, if_index, monitor_bandwidth,"
		" if_speed, manual_speed) SELECT id, '%s', 1 + (SELECT count(*) FROM"
		" snmp_interfaces), %s FROM snmp_devices WHERE name = '%s' RETURNING id::text AS v",
		name, speeds, device);

	(void)sql("INSERT INTO snmp_readings AS r (device_id, boot, clock_ms, uptime_ms, read_at,"
		  " interfaces, in_octets, out_octets, bits, discontinuity, dropped, seconds,"
		  " in_rate, out_rate, age_ms)"
		  " SELECT device_id, '', 0, 0, now(), ARRAY[number], '{0}', '{0}', '{64}', '{0}',"
		  " '{0}', %s FROM snmp_interfaces WHERE id = '%s'"
		  " ON CONFLICT (device_id) DO UPDATE SET"
		  " interfaces = r.interfaces || excluded.interfaces,"
		  " seconds = r.seconds || excluded.seconds,"
		  " in_rate = r.in_rate || excluded.in_rate,"
		  " out_rate = r.out_rate || excluded.out_rate,"
		  " age_ms = r.age_ms || excluded.age_ms",
	    rates, id);
	return id;
}

/* By what is used of its speed, the set one before that it tells; of what is read now and watched.
 */
static void
the_worst_interfaces_are_the_fullest(void **state)
{
	const cJSON *screen;

	(void)state;
	(void)sql("INSERT INTO snmp_devices (name, host, community, is_active) VALUES"
		  " ('core', '127.0.0.1', 'x', true), ('old', '127.0.0.1', 'x', false)");
	(void)an_interface("half", "core", "true, 1000, NULL", "'{300}', '{500}', '{1}', '{0}'");
	(void)an_interface("full", "core", "true, 1000, 100", "'{300}', '{1}', '{90}', '{0}'");
	(void)an_interface("stale", "core", "true, 1000, NULL",
	    "'{300}', '{1000}', '{1}', '{960000}'");
	(void)an_interface("unwatched", "core", "false, 1000, NULL",
	    "'{300}', '{1000}', '{1}', '{0}'");
	(void)an_interface("unread", "core", "true, 1000, NULL", "'{0}', '{0}', '{0}', '{0}'");
	(void)an_interface("nameless", "core", "true, 0, NULL", "'{300}', '{1000}', '{1}', '{0}'");
	(void)an_interface("off", "old", "true, 1000, NULL", "'{300}', '{1000}', '{1}', '{0}'");
	screen = shown(monitoring_dashboard);
	assert_string_equal(column(screen, "worst_interfaces", "if_name"), " \"full\" \"half\"");
	assert_string_equal(column(screen, "worst_interfaces", "used_percent"), " 90 50");
	assert_string_equal(column(screen, "worst_interfaces", "device_name"),
	    " \"core\" \"core\"");
	SHOWS("interfaces", "{\"total\":7,\"monitored\":6}");
	SHOWS("devices", "{\"up\":0,\"down\":0,\"total\":1,\"unknown\":1}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(the_worst_targets_are_known_to_be),
		ROWS_TEST(open_alerts_are_those_of_a_thing),
		ROWS_TEST(alerts_are_read_one_by_one_or_all),
		ROWS_TEST(devices_are_counted_by_their_state),
		ROWS_TEST(the_worst_interfaces_are_the_fullest),
	};

	return cmocka_run_group_tests_name("monitoring", tests, rows_open, rows_close);
}
