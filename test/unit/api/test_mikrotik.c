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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(traffic_is_that_of_the_last_ten_minutes),
		ROWS_TEST(a_session_is_shown_with_the_account_of_its_name),
	};

	return cmocka_run_group_tests_name("mikrotik", tests, rows_open, rows_close);
}
