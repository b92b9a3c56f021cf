/* The screens of a router that was read a moment ago: its traffic, and a session with its account.
 */
#include "screen.h"

/* A router whose reading is fresh for the whole test: none is called. */
static const char *
a_fresh_router(void)
{
	const char *id = a_router("Main", 1);

	(void)sql("INSERT INTO router_snapshots (router_id, kind, data, taken_at, tried_at)"
		  " VALUES ('%s', 'live', '{}', now(), now() + interval '1 hour')",
	    id);
	return id;
}

static void
traffic_is_that_of_the_last_ten_minutes(void **state)
{
	const char *id = a_fresh_router();
	const cJSON *points;

	(void)state;
	(void)sql("INSERT INTO router_traffic (router_id, taken_at, rx_rate, tx_rate) VALUES"
		  " ('%s', now() - interval '11 minutes', 1000000, 9000000),"
		  " ('%s', now() - interval '9 minutes', 2000000, 5000000),"
		  " ('%s', now() - interval '1 minute', 3000000, 7000000)",
	    id, id, id);
	points = shown_for(mikrotik_traffic, arena_printf(cx.mem, "router_id=%s", id));
	assert_int_equal(cJSON_GetArraySize(points), 2);
	assert_string_equal(part(cJSON_GetArrayItem(points, 0), "download"), "5");
	assert_string_equal(part(cJSON_GetArrayItem(points, 0), "upload"), "2");
	assert_string_equal(part(cJSON_GetArrayItem(points, 1), "download"), "7");
}

/* A name may have been another's: the account that was removed says nothing of today's session. */
static void
a_session_is_shown_with_the_account_of_its_name(void **state)
{
	const char *id = a_fresh_router(), *old = an_account("ani", a_package("old", "pppoe"), "");
	const cJSON *screen;

	(void)state;
	(void)sql("INSERT INTO router_sessions (router_id, service, session_id, username, address,"
		  " uptime, taken_at) VALUES ('%s', 'pppoe', '*1', 'ani', '10.0.0.5', '1h', now())",
	    id);
	(void)sql("UPDATE subscriptions SET status = 'cancelled'");
	assert_string_equal(sql("SELECT (removed_at IS NOT NULL)::text AS v FROM mikrotik_secrets"
				" WHERE id = '%s'",
				old),
	    "true");
	screen = shown_for(mikrotik_user_detail, "username=ani");
	SHOWS("username", "\"ani\"");
	SHOWS("profile", "null");
	(void)an_account("ani", a_package("new", "pppoe"), "");
	screen = shown_for(mikrotik_user_detail, "username=ani&type=pppoe");
	SHOWS("profile",
	    "{\"profile\":\"new\",\"maxLimit\":\"10M/5M\",\"limitAt\":\"\",\"comment\":\"\"}");
	SHOWS("session",
	    "{\"id\":\"*1\",\"address\":\"10.0.0.5\",\"macAddress\":\"\",\"uptime\":\"1h\","
	    "\"service\":\"pppoe\",\"encoding\":\"\"}");
}

/* Sessions of a router: a name, an id, how long ago it was read. */
static void
a_session(const char *router, const char *service, const char *id, const char *values)
{
	(void)sql("INSERT INTO router_sessions (router_id, service, session_id, taken_at, username,"
		  " address, rx_bytes, tx_bytes, rx_rate, tx_rate, rx_packets, tx_packets)"
		  " VALUES ('%s', '%s', '%s', now() - interval %s)",
	    router, service, id, values);
}

static const char *
ids_of(const cJSON *list)
{
	struct sb out = sb_new(cx.mem);
	const cJSON *row;

	cJSON_ArrayForEach (row, list)
		sb_printf(&out, "%s ", part(row, "id"));
	return out.buf;
}

/* Each list is of one router and one menu, by name. */
static void
sessions_are_listed_by_router_and_menu(void **state)
{
	const char *id = a_fresh_router(), *other = a_router("Other", 2);
	const char *query = arena_printf(cx.mem, "router_id=%s", id);

	(void)state;
	a_session(id, "pppoe", "*3", "'0', 'budi', '10.0.0.3', 1, 2, 3, 4, 5, 6");
	a_session(id, "pppoe", "*2", "'0', 'ani', '10.0.0.2', 1, 2, 3, 4, 5, 6");
	a_session(id, "pppoe", "*1", "'0', 'budi', '10.0.0.1', 1, 2, 3, 4, 5, 6");
	a_session(id, "hotspot", "*9", "'0', 'tamu', '10.5.0.1', 1, 2, 3, 4, 5, 6");
	a_session(id, "hotspot", "*8", "'0', 'adi', '10.5.0.2', 1, 2, 3, 4, 5, 6");
	a_session(other, "pppoe", "*7", "'0', 'far', '10.0.0.7', 1, 2, 3, 4, 5, 6");
	a_session(other, "hotspot", "*6", "'0', 'far', '10.0.0.8', 1, 2, 3, 4, 5, 6");
	assert_string_equal(ids_of(shown_for(mikrotik_active, query)), "\"*2\" \"*1\" \"*3\" ");
	assert_string_equal(ids_of(shown_for(mikrotik_hotspot_active, query)), "\"*8\" \"*9\" ");
}

static void
a_rendered_reading(const char *router, const char *age, const char *rows)
{
	(void)sql("INSERT INTO router_snapshots (router_id, kind, data, taken_at, tried_at) VALUES"
		  " ('%s', 'online', '%s', now() - interval '%s', now()),"
		  " ('%s', 'other', '{\"id\": \"none\"}', now(), now()),"
		  " ('%s', 'live', '{}', now(), now() + interval '1 hour')"
		  " ON CONFLICT (router_id, kind) DO UPDATE SET data = excluded.data",
	    router, rows, age, router, router);
}

/* Those who are online on all routers in use, by readings of the last minute. One of half a minute
 * stands for all of it: the age goes on by the clock while the rows are made. */
static void
online_users_are_those_of_fresh_readings(void **state)
{
	const char *second, *first = a_fresh_router(), *empty = a_router("Empty", 4);
	const char *stale = a_router("Stale", 3), *off = a_router("Off", 5);

	(void)state;
	second = a_router("Second", 2);
	a_rendered_reading(second, "0", "{\"id\": \"b\"}");
	a_rendered_reading(first, "30 s", "{\"id\": \"a1\"},{\"id\": \"a2\"}");
	a_rendered_reading(empty, "0", "");
	a_rendered_reading(stale, "61 s", "{\"id\": \"old\"}");
	a_rendered_reading(off, "0", "{\"id\": \"off\"}");
	(void)sql("UPDATE router_settings SET is_active = false WHERE id = '%s'", off);
	assert_string_equal(ids_of(shown(mikrotik_online_users)), "\"a1\" \"a2\" \"b\" ");
}

/* A user is shown by the newest session of the menu that is asked for, on a router in use. */
static void
a_user_is_shown_by_the_newest_session(void **state)
{
	const char *id = a_fresh_router(), *off = a_router("Off", 2);
	const cJSON *screen;

	(void)state;
	(void)an_account("ani", a_package("home", "pppoe"), "");
	(void)sql("UPDATE router_settings SET is_active = false WHERE id = '%s'", off);
	a_session(id, "pppoe", "*1",
	    "'20 s', 'ani', '10.0.0.1', 1500, 2000000, 2500, 1500000, 5, 6");
	a_session(id, "pppoe", "*2",
	    "'10 s', 'ani', '10.0.0.2', 1500, 2000000, 2500, 1500000, 5, 6");
	a_session(id, "hotspot", "*3", "'5 s', 'ani', '10.0.0.3', 1, 2, 3, 4, 5, 6");
	a_session(id, "pppoe", "*4", "'61 s', 'old', '10.0.0.4', 1, 2, 3, 4, 5, 6");
	a_session(off, "pppoe", "*5", "'0', 'ani', '10.0.0.5', 1, 2, 3, 4, 5, 6");
	a_session(id, "pppoe", "*6", "'0', 'budi', '10.0.0.6', 1, 2, 3, 4, 5, 6");
	screen = shown_for(mikrotik_user_detail, "username=ani&type=pppoe");
	assert_non_null(strstr(part(screen, "session"), "\"*2\""));
	SHOWS("bandwidth",
	    "{\"rxRate\":\"1.5 Mbit\",\"txRate\":\"2.5 kbit\",\"rxBytes\":\"2.0 MB\","
	    "\"txBytes\":\"1.5 kB\",\"rxPackets\":\"6\",\"txPackets\":\"5\"}");
	screen = shown_for(mikrotik_user_detail, "username=ani");
	assert_non_null(strstr(part(screen, "session"), "\"*3\""));
	SHOWS("profile",
	    "{\"profile\":\"home\",\"maxLimit\":\"10M/5M\",\"limitAt\":\"\",\"comment\":\"\"}");
	screen = shown_for(mikrotik_user_detail, "username=budi");
	SHOWS("profile", "null");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(sessions_are_listed_by_router_and_menu),
		ROWS_TEST(online_users_are_those_of_fresh_readings),
		ROWS_TEST(a_user_is_shown_by_the_newest_session),
		ROWS_TEST(traffic_is_that_of_the_last_ten_minutes),
		ROWS_TEST(a_session_is_shown_with_the_account_of_its_name),
	};

	return cmocka_run_group_tests_name("mikrotik", tests, rows_open, rows_close);
}
