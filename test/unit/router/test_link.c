/* A connection to one router: whose, with what, and what its failures say. */
#include "router_peer.h"

#include "router/link.h"

static struct router
the_router(const char *id)
{
	struct router r;

	assert_int_equal(router_by_id(&cx, id, &r), RC_OK);
	return r;
}

static void
a_target_is_what_the_row_says(void **state)
{
	const char *id = a_router("Main", 8728);
	struct routeros_target t;
	struct router r;

	(void)state;
	(void)sql(
	    "UPDATE router_settings SET ssl = true, tls_verify = 'pin', connect_timeout_ms = 700,"
	    " read_timeout_ms = 900, tls_fingerprint = repeat('ab', 32)");
	r = the_router(id);
	assert_int_equal(link_target(&cx, &r, &t), RC_OK);
	assert_int_equal(t.tls, ROS_TLS_PIN);
	assert_string_equal(t.password, "s3cret");
	assert_int_equal(t.connect_ms, 700);
	assert_int_equal(t.read_ms, 900);
	r.tls_verify = "trust me";
	assert_int_equal(link_target(&cx, &r, &t), RC_INTERNAL);
}

static void
a_password_of_another_row_does_not_open(void **state)
{
	const char *first = a_router("First", 1), *second = a_router("Second", 2);
	struct routeros_target t;
	struct router r;

	(void)state;
	(void)sql("UPDATE router_settings SET password = (SELECT password FROM router_settings"
		  " WHERE id = '%s') WHERE id = '%s'",
	    first, second);
	r = the_router(second);
	assert_int_not_equal(link_target(&cx, &r, &t), RC_OK);
	assert_null(strstr(cx.err.msg, "s3cret"));
}

static void
a_refused_login_is_reported(void **state)
{
	static const struct turn turns[] = {
		LAST("!trap|=message=invalid user name or password (6)\n!done\n"),
	};
	struct routeros *ros = NULL;

	(void)state;
	assert_int_equal(link_connect(&cx, answering(turns), 20000, &ros), RC_UPSTREAM);
	assert_null(ros);
	assert_non_null(strstr(cx.err.msg, "router Main"));
}

/* A connection of old would count against the router's limit of users, and nobody would end it. */
static void
a_kept_connection_ends_when_the_address_changes(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		{ .listen = 1, .say = "!re|=version=7.20\n!done\n", .end = PEER_NEXT },
		LOGIN,
		LAST("!re|=version=7.20\n!done\n"),
	};
	const char *id = answering(turns);
	struct router_link *l = link_new(cx.mem, id);
	struct router r = the_router(id);
	const struct routeros *first;
	bool ok = false;

	(void)state;
	assert_int_equal(link_open(&cx, l, &r, &ok), RC_OK);
	assert_true(ok);
	first = l->ros;
	assert_int_equal(link_open(&cx, l, &r, &ok), RC_OK);
	assert_true(ok && l->ros == first); /* it is kept, and there is no second login */
	r.username = "other";
	assert_int_equal(link_open(&cx, l, &r, &ok), RC_OK);
	assert_true(ok);
	link_close(l);
	assert_non_null(strstr(hang_up(), "/system/resource/print|=.proplist=version\n"
					  "/login|=name=other|=password=s3cret\n"));
}

/* A job that waits for a broken router says why, and is not tried again before the next probe. */
static void
a_broken_router_opens_the_breaker(void **state)
{
	const char *id = a_router("Main", 1);
	struct router_link *l = link_new(cx.mem, id);
	struct router r = the_router(id);
	bool ok = true;

	(void)state;
	(void)an_account("ani", a_package("home", "pppoe"), "");
	assert_int_equal(link_open(&cx, l, &r, &ok), RC_OK);
	assert_false(ok);
	r = the_router(id);
	assert_true(r.is_broken);
	assert_false(r.is_probe_due);
	assert_string_equal(sql("SELECT sync_state AS v FROM account_states"), "failed");
	assert_non_null(strstr(sql("SELECT sync_error AS v FROM account_states"), "refused"));
	assert_string_equal(sql("SELECT (away_since IS NOT NULL)::text AS v FROM router_states"),
	    "true");
}

/* A fault of ours, here a password that does not open, is no outage: nobody's night waits for it.
 */
static void
a_router_that_was_not_called_is_not_away(void **state)
{
	const char *id = a_router("Main", 1);
	struct router_link *l = link_new(cx.mem, id);
	struct router r = the_router(id);
	bool ok = true;

	(void)state;
	r.tls_verify = "trust me";
	r.ssl = true;
	assert_int_equal(link_open(&cx, l, &r, &ok), RC_OK);
	assert_false(ok);
	assert_string_equal(sql("SELECT (broken_since IS NOT NULL) || ' ' || (away_since IS NULL)"
				" AS v FROM router_states"),
	    "true true");
}

static enum rc
never(struct ctx *c, struct router_link *l, const struct router *r, void *arg)
{
	(void)l;
	(void)r;
	(void)arg;
	return FAIL(c, RC_INTERNAL, "called");
}

static void
no_name_is_the_default_router(void **state)
{
	static const struct turn turns[] = { LAST("!done\n") };
	struct routeros *ros = NULL;

	(void)state;
	(void)a_router("Dead", 1);
	assert_int_equal(link_connect(&cx, NULL, 2000, &ros), RC_UPSTREAM);
	assert_non_null(strstr(cx.err.msg, "router Dead"));
	assert_int_equal(link_connect(&cx, answering(turns), 20000, &ros), RC_OK);
	routeros_close(ros);
}

static void
an_inactive_router_is_not_called(void **state)
{
	const char *id = a_router("Main", 1);

	(void)state;
	(void)sql("UPDATE router_settings SET is_active = false");
	assert_int_equal(link_locked(&cx, id, 1000, never, NULL), RC_UPSTREAM);
	assert_string_equal(cx.err.msg, "Main is not active");
	assert_int_equal(link_locked(&cx, "00000000-0000-4000-8000-000000000000", 1000, never,
			     NULL),
	    RC_NOT_FOUND);
}

/* Counts its calls, and ends as its argument says. */
static int calls;

static enum rc
counted(struct ctx *c, struct router_link *l, const struct router *r, void *arg)
{
	calls++;
	assert_non_null(l->ros);
	assert_string_equal(r->name, "Main");
	return arg == NULL ? RC_OK : FAIL(c, RC_CONFLICT, "%s", (const char *)arg);
}

static bool
is_free(struct ctx *rival, const char *id)
{
	bool mine = false;

	assert_int_equal(router_lock(rival, id, &mine), RC_OK);
	if (mine)
		assert_int_equal(router_unlock(rival, id), RC_OK);
	return mine;
}

/* The lock is released whatever came of it, and the outcome is that of the work. */
static void
one_worker_has_a_router_at_a_time(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		{ .listen = 1, .say = "!re|=version=7.20\n!done\n", .end = PEER_NEXT },
		LOGIN,
		LAST("!re|=version=7.20\n!done\n"),
	};
	struct ctx rival = rival_open();
	const char *id = answering(turns);
	bool theirs;

	(void)state;
	calls = 0;
	assert_int_equal(link_locked(&cx, id, 20000, counted, NULL), RC_OK);
	assert_true(is_free(&rival, id));
	assert_int_equal(link_locked(&cx, id, 20000, counted, "it failed"), RC_CONFLICT);
	assert_string_equal(cx.err.msg, "it failed");
	assert_true(is_free(&rival, id));
	assert_int_equal(router_lock(&rival, id, &theirs), RC_OK);
	assert_int_equal(link_locked(&cx, id, 20000, counted, NULL), RC_UPSTREAM);
	assert_string_equal(cx.err.msg, "router Main is busy; the change follows by itself");
	assert_int_equal(calls, 2);
	rival_close(&rival);
}

static void
a_router_that_does_not_answer_is_not_worked_on(void **state)
{
	struct ctx rival = rival_open();
	const char *id = a_router("Main", 1);

	(void)state;
	assert_int_equal(link_locked(&cx, id, 1000, never, NULL), RC_UPSTREAM);
	assert_non_null(strstr(cx.err.msg, "router Main"));
	assert_true(is_free(&rival, id));
	rival_close(&rival);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROUTER_TEST(a_target_is_what_the_row_says),
		ROUTER_TEST(a_password_of_another_row_does_not_open),
		ROUTER_TEST(a_refused_login_is_reported),
		ROUTER_TEST(a_kept_connection_ends_when_the_address_changes),
		ROUTER_TEST(a_broken_router_opens_the_breaker),
		ROUTER_TEST(a_router_that_was_not_called_is_not_away),
		ROUTER_TEST(no_name_is_the_default_router),
		ROUTER_TEST(an_inactive_router_is_not_called),
		ROUTER_TEST(one_worker_has_a_router_at_a_time),
		ROUTER_TEST(a_router_that_does_not_answer_is_not_worked_on),
	};

	return cmocka_run_group_tests_name("link", tests, rows_open, rows_close);
}
