/* Accounts found on a router, taken into our lists: import.c. */
#include "router_peer.h"

#include "router/import.h"

static void
an_account_missing_here_is_taken(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY("!re|=.id=*1|=name=pak budi|=password=p w|=service=any|=profile=x y|"
		    "=disabled=true|=comment=the boss\n"
		    "!re|=.id=*2|=name=hidden|=password=*****|=service=pppoe\n"
		    "!re|=.id=*3|=name=vpn|=password=x|=service=l2tp\n!done\n"),
		LAST(NO_MENU),
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
		SAY("!re|=.id=*1|=name=ani|=password=x|=service=pppoe|=profile=Old plan|"
		    "=disabled=false|=comment=Bu Ani\n!done\n"),
		LAST("!done\n"),
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

/* Hotspot users; one that Mikhmon switched off by its uptime is off, and our mark is no comment. */
static void
hotspot_users_are_taken(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY("!re|=.id=*9|=name=cable|=local-address=10.0.0.1|"
		    "=remote-address=10.0.0.9\n!done\n"),
		LAST("!re|=.id=*0|=name=default-trial\n"
		     "!re|=.id=*1|=name=ani|=password=x|=profile=3h|=address=10.5.0.2|"
		     "=disabled=false|=limit-uptime=1d|=comment=\n"
		     "!re|=.id=*2|=name=budi|=password=|=disabled=false|=limit-uptime=1s|"
		     "=comment=isp:00000000-0000-4000-8000-000000000009 the boss\n"
		     "!re|=.id=*3|=name=\n!re|=.id=*4|=password=x\n!done\n"),
	};
	struct import_report rep;

	(void)state;
	(void)answering(turns);
	assert_int_equal(import_secrets(&cx, NULL, &rep), RC_OK); /* of the only router */
	assert_int_equal(rep.total, 4);
	assert_int_equal(rep.imported, 3);
	assert_int_equal(rep.skipped, 1);
	assert_string_equal(rep.errors[0],
	    ": the name is empty, too long or holds control characters");
	assert_string_equal(sql("SELECT string_agg(concat_ws(' ', username, service, profile,"
				" local_address, remote_address, disabled, comment, mikrotik_id),"
				" ';' ORDER BY username) AS v FROM mikrotik_secrets"),
	    "ani hotspot 3h 10.5.0.2 f *1;budi hotspot t *2;"
	    "cable any 10.0.0.1 10.0.0.9 f *9");
	assert_string_equal(sql("SELECT string_agg(username, ' ') AS v FROM mikrotik_secrets"
				" WHERE password IS NOT NULL"),
	    "ani");
	assert_string_equal(hang_up(), LOGIN_RECEIVED
	    "/ppp/secret/print|=.proplist=.id,name,password,service,profile,local-address,"
	    "remote-address,disabled,comment\n"
	    "/ip/hotspot/user/print|=.proplist=.id,name,password,profile,address,disabled,"
	    "comment,limit-uptime\n");
}

static void
an_import_that_breaks_off_takes_nothing(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY("!re|=.id=*9|=name=cable\n!done\n"),
		{ .listen = 1, .say = "!re|=.id=*1|=name=ani\n", .end = PEER_HANG_UP },
	};
	struct import_report rep;

	(void)state;
	assert_int_equal(import_secrets(&cx, answering(turns), &rep), RC_UPSTREAM);
	(void)sql("UPDATE router_settings SET port = 1"); /* where nobody listens */
	assert_int_equal(import_secrets(&cx, NULL, &rep), RC_UPSTREAM);
	assert_int_equal(sql_i64("SELECT count(*) AS v FROM mikrotik_secrets"), 0);
}

static void
an_import_asks_the_named_router(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY("!re|=.id=*9|=name=cable\n!done\n"),
		LAST("!done\n"),
	};
	const char *router;
	struct import_report rep;

	(void)state;
	(void)a_router("Dead", 1);
	assert_int_equal(import_secrets(&cx, NULL, &rep), RC_UPSTREAM);
	router = answering(turns);
	assert_int_equal(import_secrets(&cx, router, &rep), RC_OK);
	assert_string_equal(sql("SELECT router_id::text AS v FROM mikrotik_secrets"), router);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROUTER_TEST(an_account_missing_here_is_taken),
		ROUTER_TEST(an_account_that_never_was_there_adopts),
		ROUTER_TEST(hotspot_users_are_taken),
		ROUTER_TEST(an_import_that_breaks_off_takes_nothing),
		ROUTER_TEST(an_import_asks_the_named_router),
	};

	return cmocka_run_group_tests_name("import", tests, rows_open, rows_close);
}
