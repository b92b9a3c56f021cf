/* Sessions that a person ends: every one of the name, cookies before hotspot sessions. */
#include "router_peer.h"

#include "router/session.h"

static void
every_session_of_the_name_ends(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY("!re|=.id=*1|=name=ani\n!re|=.id=*2|=name=ani\n!done\n"),
		DONE,
		LAST("!done\n"),
	};

	(void)state;
	assert_int_equal(session_end(&cx, answering(turns), "pppoe", "ani"), RC_OK);
	assert_string_equal(hang_up(),
	    LOGIN_RECEIVED "/ppp/active/print|=.proplist=.id,name|?name=ani\n"
			   "/ppp/active/remove|=.id=*1\n/ppp/active/remove|=.id=*2\n");
}

/* A row that the router answers though it bears another name is not touched. */
static void
an_offline_user_is_not_found(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		LAST("!re|=.id=*1|=name=budi\n!done\n"),
	};

	(void)state;
	assert_int_equal(session_end(&cx, answering(turns), "pppoe", "ani"), RC_NOT_FOUND);
	assert_string_equal(cx.err.msg, "ani is not online.");
	assert_null(strstr(hang_up(), "remove"));
}

/* Hotspot devices would come back by their cookie. */
static void
cookies_go_before_sessions(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY("!re|=.id=*A|=user=ani\n!done\n"),
		DONE,
		SAY("!re|=.id=*B|=user=ani\n!done\n"),
		LAST("!trap|=message=no such item\n!done\n"),
	};

	(void)state;
	assert_int_equal(session_end(&cx, answering(turns), "hotspot", "ani"), RC_OK);
	assert_string_equal(hang_up(),
	    LOGIN_RECEIVED "/ip/hotspot/cookie/print|=.proplist=.id,user|?user=ani\n"
			   "/ip/hotspot/cookie/remove|=.id=*A\n"
			   "/ip/hotspot/active/print|=.proplist=.id,user|?user=ani\n"
			   "/ip/hotspot/active/remove|=.id=*B\n");
}

static void
a_router_without_hotspot_has_no_such_sessions(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY(NO_MENU),
		LAST(NO_MENU),
	};

	(void)state;
	assert_int_equal(session_end(&cx, answering(turns), "hotspot", "ani"), RC_NOT_FOUND);
}

static void
a_refused_end_is_an_error(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY("!re|=.id=*1|=name=ani\n!done\n"),
		LAST("!trap|=message=not enough permissions (9)\n!done\n"),
	};

	(void)state;
	assert_int_equal(session_end(&cx, answering(turns), "pppoe", "ani"), RC_UPSTREAM);
	assert_non_null(strstr(cx.err.msg, "permission"));
	(void)hang_up();
	(void)sql("UPDATE router_settings SET port = 1"); /* where nobody listens */
	assert_int_equal(session_end(&cx, NULL, "pppoe", "ani"), RC_UPSTREAM);
}

/* The router that a person names comes before that of the account. */
static void
a_session_ends_on_the_named_router(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY("!re|=.id=*1|=name=ani\n!done\n"),
		LAST("!done\n"),
	};

	(void)state;
	(void)a_router("Dead", 1);
	(void)an_account("ani", a_package("home", "pppoe"), "");
	assert_int_equal(session_end(&cx, NULL, "pppoe", "ani"), RC_UPSTREAM);
	assert_int_equal(session_end(&cx, answering(turns), "pppoe", "ani"), RC_OK);
}

static void
the_account_says_which_router(void **state)
{
	const char *id, *second = a_router("First", 1), *package = a_package("home", "pppoe");

	(void)state;
	(void)an_account("ani", package, "");
	(void)a_router("Second", 2);
	assert_int_equal(session_router(&cx, "ani", &id), RC_OK);
	assert_string_equal(id, second);
	(void)sql("UPDATE router_settings SET is_active = false");
	assert_int_equal(session_router(&cx, "nobody", &id), RC_CONFLICT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROUTER_TEST(every_session_of_the_name_ends),
		ROUTER_TEST(an_offline_user_is_not_found),
		ROUTER_TEST(cookies_go_before_sessions),
		ROUTER_TEST(a_router_without_hotspot_has_no_such_sessions),
		ROUTER_TEST(a_refused_end_is_an_error),
		ROUTER_TEST(a_session_ends_on_the_named_router),
		ROUTER_TEST(the_account_says_which_router),
	};

	return cmocka_run_group_tests_name("session", tests, rows_open, rows_close);
}
