/* One reading of a router as JSON: names with _, numbers and flags typed, big ones whole. */
#include "router_peer.h"

#include "router/link.h"
#include "router/snapshot_read.h"

static struct routeros *
connected(const struct turn *turns)
{
	struct routeros *ros = NULL;

	assert_int_equal(link_connect(&cx, answering(turns), 20000, &ros), RC_OK);
	return ros;
}

/* Counters beyond 32 bits, an empty comment, what the router made itself. */
static void
rows_are_typed(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		{ .listen = 1,
		    .say = "!re|=.id=*1|=name=ether1|=running=true|=mtu=1500|"
			   "=rx-byte=9007199254740993|=mac-address=AA:BB:CC:00:00:01|"
			   "=comment=a \"b\"\n"
			   "!re|=.id=*F|=name=<pppoe-ani>|=dynamic=true|=rx-byte=1\n!done\n",
		    .end = PEER_HANG_UP },
	};
	const char *json = NULL;

	(void)state;
	assert_int_equal(snapshot_read_list(&cx, connected(turns), SNAPSHOT_INTERFACES, &json),
	    RC_OK);
	assert_string_equal(json,
	    "[{\"id\":\"*1\",\"name\":\"ether1\",\"running\":true,\"mtu\":1500,"
	    "\"rx_byte\":9007199254740993,\"mac_address\":\"AA:BB:CC:00:00:01\","
	    "\"comment\":\"a \\\"b\\\"\"}]");
}

static void
a_missing_menu_is_empty_where_it_may_be(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY(NO_MENU),
		{ .listen = 1, .say = NO_MENU, .end = PEER_HANG_UP },
	};
	struct routeros *ros = connected(turns);
	const char *json = NULL;

	(void)state;
	assert_int_equal(snapshot_read_list(&cx, ros, SNAPSHOT_HOTSPOT_USERS, &json), RC_OK);
	assert_string_equal(json, "[]");
	assert_int_equal(snapshot_read_list(&cx, ros, SNAPSHOT_SECRETS, &json), RC_UPSTREAM);
	assert_int_equal(snapshot_read_list(&cx, ros, "passwords", &json), RC_NOT_FOUND);
}

/* Objects that the router made itself are listed, but for interfaces; no hotspot means no users. */
static void
each_list_has_its_rule(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY("!re|=name=a|=dynamic=true\n!done\n"),
		{ .listen = 1, .say = NO_MENU, .end = PEER_HANG_UP },
	};
	static const struct {
		const char *kind, *row;
		enum rc without;
	} lists[] = {
		{ SNAPSHOT_INTERFACES, "[]", RC_UPSTREAM },
		{ SNAPSHOT_PROFILES, "[{\"name\":\"a\",\"dynamic\":true}]", RC_UPSTREAM },
		{ SNAPSHOT_SECRETS, "[{\"name\":\"a\",\"dynamic\":true}]", RC_UPSTREAM },
		{ SNAPSHOT_HOTSPOT_USERS, "[{\"name\":\"a\",\"dynamic\":true}]", RC_OK },
		{ SNAPSHOT_DHCP_LEASES, "[{\"name\":\"a\",\"dynamic\":true}]", RC_OK },
		{ SNAPSHOT_QUEUES, "[{\"name\":\"a\",\"dynamic\":true}]", RC_UPSTREAM },
	};

	(void)state;
	for (size_t i = 0; i < countof(lists); i++) {
		struct routeros *ros = connected(turns);
		const char *json = NULL;

		assert_int_equal(snapshot_read_list(&cx, ros, lists[i].kind, &json), RC_OK);
		assert_string_equal(json, lists[i].row);
		assert_int_equal(snapshot_read_list(&cx, ros, lists[i].kind, &json),
		    lists[i].without);
		routeros_close(ros);
		(void)hang_up();
		(void)sql("DELETE FROM router_settings");
	}
}

/* v6 prints the temperature as a property, v7 as a row; a board without sensors has neither. */
static void
a_live_reading_has_the_words_of_both_clients(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY("!re|=uptime=1d|=version=7.20|=cpu-load=12|=free-memory=25|"
		    "=total-memory=100|=free-hdd-space=5|=total-hdd-space=10|"
		    "=architecture-name=arm|=board-name=hEX\n!done\n"),
		SAY("!re|=name=temperature|=value=41|=type=C\n!done\n"),
		SAY("!re|=.id=*1|=name=ani|=address=10.0.0.5\n!done\n"),
		SAY(NO_MENU),
		{ .listen = 1,
		    .say = "!re|=name=<pppoe-ani>|=rx-byte=4294967296\n!done\n",
		    .end = PEER_HANG_UP },
	};
	struct snapshot_live live = { 0 };

	(void)state;
	assert_int_equal(snapshot_read_live(&cx, connected(turns), &live), RC_OK);
	assert_string_equal(live.system,
	    "{\"uptime\":\"1d\",\"version\":\"7.20\",\"cpu_load\":12,\"free_memory\":25,"
	    "\"total_memory\":100,\"free_hdd\":5,\"total_hdd\":10,\"architecture\":\"arm\","
	    "\"board_name\":\"hEX\",\"cpu\":12,\"memory\":75,\"board\":\"hEX\","
	    "\"temperature\":41}");
	assert_string_equal(live.hotspot, "[]");
	assert_string_equal(live.ppp,
	    "[{\"id\":\"*1\",\"name\":\"ani\",\"address\":\"10.0.0.5\"}]");
	assert_non_null(strstr(live.counters, "4294967296"));
}

static void
an_interface_is_read_once(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY("!re|=name=ether1|=rx-bits-per-second=4294967296\n!done\n"),
		DONE,
		SAY("!trap|=message=not enough permissions (9)\n!done\n"),
		{ .listen = 1, .end = PEER_HANG_UP },
	};
	struct routeros *ros = connected(turns);
	const char *json = NULL;

	(void)state;
	assert_int_equal(snapshot_read_interface(&cx, ros, "ether1", &json), RC_OK);
	assert_string_equal(json, "{\"name\":\"ether1\",\"rx_bits_per_second\":4294967296}");
	assert_int_equal(snapshot_read_interface(&cx, ros, "ether1", &json), RC_NOT_FOUND);
	assert_int_equal(snapshot_read_interface(&cx, ros, "ether1", &json), RC_UPSTREAM);
	assert_non_null(strstr(cx.err.msg, "permission"));
	assert_int_equal(snapshot_read_interface(&cx, ros, "ether1", &json), RC_UPSTREAM);
	assert_non_null(strstr(cx.err.msg, "closed the connection"));
	routeros_close(ros);
	assert_non_null(strstr(hang_up(), "/interface/monitor-traffic|=interface=ether1|=once=\n"));
}

static void
an_unknown_interface_is_not_found(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		{ .listen = 1,
		    .say = "!trap|=message=input does not match any value of interface\n!done\n",
		    .end = PEER_HANG_UP },
	};
	const char *json = NULL;

	(void)state;
	assert_int_equal(snapshot_read_interface(&cx, connected(turns), "ether9", &json),
	    RC_NOT_FOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROUTER_TEST(rows_are_typed),
		ROUTER_TEST(a_missing_menu_is_empty_where_it_may_be),
		ROUTER_TEST(a_live_reading_has_the_words_of_both_clients),
		ROUTER_TEST(each_list_has_its_rule),
		ROUTER_TEST(an_interface_is_read_once),
		ROUTER_TEST(an_unknown_interface_is_not_found),
	};

	return cmocka_run_group_tests_name("snapshot_read", tests, rows_open, rows_close);
}
