/* Accounts found on a router, taken into our lists: import.c. */
#include "router_peer.h"

#include "router/import.h"

static void
an_account_missing_here_is_taken(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		{ .listen = 1,
		    .say = "!re|=.id=*1|=name=pak budi|=password=p w|=service=any|=profile=x y|"
			   "=disabled=true|=comment=the boss\n"
			   "!re|=.id=*2|=name=hidden|=password=*****|=service=pppoe\n"
			   "!re|=.id=*3|=name=vpn|=password=x|=service=l2tp\n!done\n" },
		{ .listen = 1,
		    .say = "!trap|=message=no such command prefix\n!done\n",
		    .end = PEER_HOLD },
	};
	const char *router = answering(turns);
	struct import_report rep;

	(void)state;
	assert_int_equal(import_secrets(&cx, router, &rep), RC_OK);
	assert_int_equal(rep.total, 3);
	assert_int_equal(rep.imported, 2);
	assert_int_equal(rep.skipped, 1);
	assert_int_equal(rep.nerrors, 1);
	assert_string_equal(rep.errors[0], "vpn: service l2tp is not driven by this system");
	assert_string_equal(sql("SELECT string_agg(format('%%s %%s %%s %%s %%s', username, service,"
				" profile, disabled, comment), ';' ORDER BY username) AS v"
				" FROM mikrotik_secrets"),
	    "hidden pppoe  f ;pak budi any x y t the boss");
	assert_string_equal(
	    sql("SELECT password IS NULL AS v FROM mikrotik_secrets WHERE username = 'hidden'"),
	    "t");
	assert_string_equal(sql("SELECT password LIKE 's1.%%' AS v FROM mikrotik_secrets"
				" WHERE username LIKE 'pak%%'"),
	    "t");
}

/* A line made from a file takes the object of its name over; no job writes on the router. */
static void
an_account_that_never_was_there_adopts(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		{ .listen = 1,
		    .say = "!re|=.id=*1|=name=ani|=password=x|=service=pppoe|=profile=Old plan|"
			   "=disabled=false|=comment=Bu Ani\n!done\n" },
		{ .listen = 1, .say = "!done\n", .end = PEER_HOLD },
	};
	const char *router = answering(turns);
	struct import_report rep;

	(void)state;
	(void)an_account("ani", a_package("home", "pppoe"), "");
	assert_int_equal(import_secrets(&cx, router, &rep), RC_OK);
	assert_int_equal(rep.adopted, 1);
	assert_int_equal(rep.imported, 0);
	assert_string_equal(sql("SELECT format('%%s %%s %%s', s.generation = s.synced_generation,"
				" s.sync_state, m.imported) AS v FROM account_states s"
				" JOIN mikrotik_secrets m ON m.id = s.account_id"),
	    "t synced t");
	assert_string_equal(sql("SELECT profile || '/' || comment AS v FROM subscriptions"),
	    "Old plan/Bu Ani");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, rows_begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_account_missing_here_is_taken),
		CASE(an_account_that_never_was_there_adopts),
	};

	return cmocka_run_group_tests_name("import", tests, rows_open, rows_close);
}
