/* Is a router there, and may we log in and read? */
#include "router_peer.h"

#include "router/router_test.h"

static void
says_what_the_router_is(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY("!re|=name=gw-1\n!done\n"),
		LAST("!re|=version=7.20.4 (stable)|=board-name=hEX|=uptime=1w2d\n!done\n"),
	};
	struct router_test t;

	(void)state;
	assert_int_equal(router_test(&cx, answering(turns), &t), RC_OK);
	assert_string_equal(t.identity, "gw-1");
	assert_string_equal(t.version, "7.20.4 (stable)");
	assert_string_equal(t.board_name, "hEX");
	assert_string_equal(t.uptime, "1w2d");
	assert_string_equal(t.cpu_load, ""); /* this one did not say */
	assert_string_equal(t.message, "Connected to gw-1.");
	assert_string_equal(hang_up(),
	    "/login|=name=api|=password=s3cret\n"
	    "/system/identity/print|=.proplist=name\n"
	    "/system/resource/print|=.proplist=version,board-name,uptime,cpu-load\n");
}

static void
the_default_router_is_meant_by_none(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY("!re|=name=gw-1\n!done\n"),
		LAST("!re\n!done\n"),
	};
	struct router_test t;

	(void)state;
	assert_int_equal(router_test(&cx, NULL, &t), RC_CONFLICT);
	(void)answering(turns);
	assert_int_equal(router_test(&cx, NULL, &t), RC_OK);
	assert_string_equal(t.identity, "gw-1");
}

/* Before it is switched on is when one wants to know. */
static void
a_router_switched_off_is_tested_too(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY("!re|=name=gw-1\n!done\n"),
		LAST("!re\n!done\n"),
	};
	const char *id = answering(turns);
	struct router_test t;

	(void)state;
	(void)sql("UPDATE router_settings SET is_active = false");
	assert_int_equal(router_test(&cx, id, &t), RC_OK);
	assert_int_equal(router_test(&cx, crypt_uuid(&cx), &t), RC_NOT_FOUND);
}

static void
a_wrong_password_is_reported(void **state)
{
	static const struct turn turns[] = {
		LAST("!trap|=message=invalid user name or password (6)\n!done\n"),
	};
	struct router_test t = { .identity = "untouched" };

	(void)state;
	assert_int_equal(router_test(&cx, answering(turns), &t), RC_UPSTREAM);
	assert_non_null(strstr(cx.err.msg, "router Main"));
	assert_non_null(strstr(cx.err.msg, "login"));
	assert_null(strstr(cx.err.msg, "s3cret"));
	assert_string_equal(t.identity, "untouched");
}

static void
a_missing_right_is_reported(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		LAST("!trap|=message=not enough permissions (9)\n!done\n"),
	};
	struct router_test t;

	(void)state;
	assert_int_equal(router_test(&cx, answering(turns), &t), RC_UPSTREAM);
	assert_non_null(strstr(cx.err.msg, "permission"));
}

static void
a_closed_port_is_reported(void **state)
{
	struct router_test t;

	(void)state;
	assert_int_equal(router_test(&cx, a_router("Main", 1), &t), RC_UPSTREAM);
	assert_non_null(strstr(cx.err.msg, "router Main"));
	assert_non_null(strstr(cx.err.msg, "refused"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROUTER_TEST(says_what_the_router_is),
		ROUTER_TEST(the_default_router_is_meant_by_none),
		ROUTER_TEST(a_router_switched_off_is_tested_too),
		ROUTER_TEST(a_wrong_password_is_reported),
		ROUTER_TEST(a_missing_right_is_reported),
		ROUTER_TEST(a_closed_port_is_reported),
	};

	return cmocka_run_group_tests_name("router_test", tests, rows_open, rows_close);
}
