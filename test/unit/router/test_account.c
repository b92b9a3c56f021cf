/* Jobs out of the database, results into it; the meaning of a wanted state: test_account_plan.c. */
#include "rows.h"

#include "router/account.h"

static const char *router;

/* The one account that is due, or the one asked for. */
static struct account *
claim(const char *only)
{
	struct account *all;
	size_t n;

	assert_int_equal(account_claim(&cx, router, 100, only, &all, &n), RC_OK);
	assert_int_equal(n, 1);
	return all;
}

static size_t
due(int most)
{
	struct account *all;
	size_t n;

	assert_int_equal(account_claim(&cx, router, most, NULL, &all, &n), RC_OK);
	return n;
}

static void
report_result(const struct account *a, bool ok, const char *error)
{
	const struct account_result r = { .id = a->id,
		.generation = a->generation,
		.ok = ok,
		.error = error,
		.account = a };

	assert_int_equal(account_results(&cx, router, &r, 1), RC_OK);
}

static const char *
state_of(const char *id)
{
	return sql("SELECT format('%%s %%s/%%s %%s %%s', sync_state, synced_generation, generation,"
		   " array_to_string(traces, ','), sync_error) AS v"
		   " FROM account_states WHERE account_id = '%s' AND router_id = '%s'",
	    id, router);
}

static void
a_job_is_the_wanted_state_of_this_moment(void **state)
{
	const char *package = a_package("home", "pppoe"), *id, *plain;
	struct account *a;

	(void)state;
	router = a_router("Main", 8728);
	id = an_account("citra", package, "10.0.0.5");
	a = claim(NULL);
	assert_string_equal(a->id, id);
	assert_int_equal(a->generation, 1);
	assert_int_equal(a->wanted, WANTED_ON);
	assert_int_equal(a->menu, MENU_PPP);
	assert_string_equal(a->service, "pppoe");
	assert_string_equal(a->username, "citra");
	assert_string_equal(a->remote_address, "10.0.0.5");
	assert_string_equal(a->package_id, package);
	assert_string_equal(a->router_profile, "home");
	assert_string_equal(a->bandwidth, "10M/5M");
	assert_true(a->own_profile);
	assert_false(a->kick || a->imported);
	assert_null(a->profile);
	assert_null(a->isolation);
	assert_null(a->password); /* the worker opens it */
	assert_int_equal(crypt_unseal(&cx, a->sealed_place, a->sealed, &plain), RC_OK);
	assert_string_equal(plain, "kata sandi");
	/* Written down before the router is asked: a lost reply leaves nothing unknown. */
	assert_int_equal(a->ntraces, 1);
	assert_int_equal(a->traces[0].menu, MENU_PPP);
	assert_string_equal(a->traces[0].name, "citra");
	assert_null(a->traces[0].address);

	/* A profile that the subscription names is not ours to write. */
	(void)sql("UPDATE mikrotik_secrets SET profile = 'vip'");
	a = claim(NULL);
	assert_string_equal(a->profile, "vip");
	assert_false(a->own_profile);

	(void)sql("UPDATE mikrotik_secrets SET disabled = true");
	assert_int_equal(claim(NULL)->wanted, WANTED_CUT);
	(void)sql("UPDATE mikrotik_secrets SET wanted = 'absent'");
	assert_int_equal(claim(NULL)->wanted, WANTED_GONE);
}

static void
a_service_has_its_menu(void **state)
{
	struct account *a;

	(void)state;
	router = a_router("Main", 8728);
	a = claim(an_account("h1", a_package("spot", "hotspot"), ""));
	assert_int_equal(a->menu, MENU_HOTSPOT);
	assert_int_equal(a->traces[0].menu, MENU_HOTSPOT);
	a = claim(an_account("a b", a_package("fix", "static"), "10.0.0.7"));
	assert_int_equal(a->menu, MENU_QUEUE);
	assert_int_equal(a->traces[0].menu, MENU_QUEUE);
	assert_string_equal(a->traces[0].name, "a b"); /* a blank is part of the name */
	assert_string_equal(a->traces[0].address, "10.0.0.7");
}

/* An address that another has by now must not be cleared with the one who left it. */
static void
addresses_of_others_are_named(void **state)
{
	const char *package = a_package("fix", "static"), *one;
	struct account *a;

	(void)state;
	router = a_router("Main", 8728);
	one = an_account("one", package, "10.0.0.7");
	assert_int_equal(claim(one)->ntaken, 0);
	(void)sql("UPDATE mikrotik_secrets SET remote_address = '10.0.0.8' WHERE id = '%s'", one);
	(void)an_account("two", package, "10.0.0.7");
	a = claim(one);
	assert_int_equal(a->ntraces, 2);
	assert_string_equal(a->traces[0].address, "10.0.0.7");
	assert_string_equal(a->traces[1].address, "10.0.0.8");
	assert_int_equal(a->ntaken, 1);
	assert_string_equal(a->taken[0], "10.0.0.7");
	assert_int_equal(a->nshared, 0);
	(void)sql("UPDATE mikrotik_secrets SET disabled = true WHERE username = 'two'");
	a = claim(one);
	assert_int_equal(a->ntaken, 0);
	assert_string_equal(a->shared[0], "10.0.0.7"); /* which it must have blocked */
}

static void
a_job_is_claimed_when_it_is_due(void **state)
{
	const char *package = a_package("home", "pppoe"), *ids[3];

	(void)state;
	router = a_router("Main", 8728);
	for (size_t i = 0; i < countof(ids); i++)
		ids[i] = an_account(arena_printf(cx.mem, "u%zu", i), package, "");
	assert_int_equal(due(100), 3);
	assert_int_equal(due(2), 2);
	(void)sql("UPDATE account_states SET due_at = now() + interval '1 hour'"
		  " WHERE account_id = '%s'",
	    ids[1]);
	assert_int_equal(due(100), 2);
	assert_string_equal(claim(ids[1])->id, ids[1]); /* somebody waits for this one */
	router = crypt_uuid(&cx);
	assert_int_equal(due(100), 0);
}

static void
a_done_job_is_synced(void **state)
{
	struct account *a;
	struct account_result r;
	const char *id;

	(void)state;
	router = a_router("Main", 8728);
	id = an_account("citra", a_package("fix", "static"), "10.0.0.5");
	(void)sql("UPDATE account_states SET traces = '{static 10.0.0.4 old,ppp - citra}'");
	a = claim(NULL);
	assert_int_equal(a->ntraces, 3);
	r = (struct account_result){ id, a->generation, true, "a warning", "*1F", a };
	assert_int_equal(account_results(&cx, router, &r, 1), RC_OK);
	assert_string_equal(state_of(id), "synced 1/1 static 10.0.0.5 citra a warning");
	assert_string_equal(sql("SELECT mikrotik_id AS v FROM mikrotik_secrets"), "*1F");
	assert_int_equal(due(100), 0);
}

/* The blocked addresses of a suspended account are known until it is back, each as one line. */
static void
blocked_addresses_leave_a_trace(void **state)
{
	struct account *a;
	const char *id;

	(void)state;
	router = a_router("Main", 8728);
	id = an_account("citra", a_package("fix", "static"), "10.0.0.6");
	(void)sql("UPDATE account_states SET traces = '{static 10.0.0.5 citra,static 10.0.0.5 old,"
		  "static 10.0.0.6 old,hotspot - citra}'");
	(void)sql("UPDATE mikrotik_secrets SET disabled = true");
	report_result(claim(NULL), true, NULL);
	assert_string_equal(state_of(id),
	    "synced 2/2 static 10.0.0.6 citra,static 10.0.0.5 citra ");
	(void)an_account("dewi", sql("SELECT id::text AS v FROM packages"), "10.0.0.5");
	(void)sql("UPDATE mikrotik_secrets SET comment = 'x' WHERE id = '%s'", id);
	a = claim(id);
	assert_string_equal(a->taken[0], "10.0.0.5");
	report_result(a, true, NULL); /* whose business it is now */
	assert_string_equal(state_of(id), "synced 3/3 static 10.0.0.6 citra ");
	(void)sql("UPDATE account_states SET traces = traces || 'static 10.0.0.5 citra'::text"
		  " WHERE account_id = '%s'",
	    id);
	(void)sql("UPDATE mikrotik_secrets SET disabled = false WHERE id = '%s'", id);
	report_result(claim(id), true, NULL);
	assert_string_equal(state_of(id), "synced 4/4 static 10.0.0.6 citra ");
}

static const char *
moment(void)
{
	return sql("SELECT clock_timestamp()::text AS v");
}

/* Fail the job; it is due again so long after that, whatever time it took. */
static void
fail_job(struct account *a, int64_t ms)
{
	const char *before = moment(), *after;

	report_result(a, false, "citra exists on Main");
	after = moment();
	assert_string_equal(
	    sql("SELECT concat_ws(' ', due_at >= '%s'::timestamptz + d.pause, due_at"
		" <= '%s'::timestamptz + d.pause) AS v FROM account_states,"
		" (SELECT interval '%lld ms') AS d (pause)",
		before, after, (long long)ms),
	    "t t");
}

static void
a_failed_job_is_tried_again_later(void **state)
{
	struct account *a;
	const char *id;

	(void)state;
	router = a_router("Main", 8728);
	id = an_account("citra", a_package("home", "pppoe"), "");
	a = claim(NULL);
	fail_job(a, 1000);
	assert_string_equal(state_of(id), "failed 0/1 ppp - citra citra exists on Main");
	(void)sql("UPDATE account_states SET due_at = due_at + interval '1 minute'");
	assert_int_equal(due(100), 0);
	(void)sql("UPDATE account_states SET due_at = now()");
	fail_job(claim(NULL), 2000);
}

/* The wanted state changed while the router was asked: the answer is about the one before. */
static void
an_old_answer_does_not_win(void **state)
{
	struct account *a;
	const char *id;

	(void)state;
	router = a_router("Main", 8728);
	id = an_account("citra", a_package("home", "pppoe"), "");
	a = claim(NULL);
	(void)sql("UPDATE mikrotik_secrets SET disabled = true");
	report_result(a, false, "too late");
	assert_string_equal(state_of(id), "pending 0/2 ppp - citra ");
	report_result(a, true, NULL);
	assert_string_equal(state_of(id), "pending 1/2 ppp - citra ");
	assert_int_equal(due(100), 1);
}

/* It has left the router: no trace, and in the end no row. */
static void
an_account_that_left_has_no_trace(void **state)
{
	const char *there, *id;

	(void)state;
	there = router = a_router("Old", 1);
	id = an_account("citra", a_package("home", "pppoe"), "");
	report_result(claim(NULL), true, NULL);
	(void)sql("UPDATE mikrotik_secrets SET wanted = 'absent'");
	report_result(claim(NULL), true, NULL);
	assert_string_equal(state_of(id), "synced 2/2  ");

	(void)sql("UPDATE mikrotik_secrets SET wanted = 'enabled'");
	report_result(claim(NULL), true, NULL);
	router = a_router("New", 2);
	(void)sql("UPDATE mikrotik_secrets SET router_id = '%s'", router);
	report_result(claim(NULL), true, NULL); /* first the new one has it */
	router = there;
	assert_int_equal(claim(NULL)->wanted, WANTED_GONE);
	report_result(claim(NULL), true, NULL);
	assert_null(state_of(id));
}

static void
no_results_send_no_statement(void **state)
{
	(void)state;
	router = "no uuid at all";
	assert_int_equal(account_results(&cx, router, NULL, 0), RC_OK);
}

static struct account_object
marked(const char *id, const char *name)
{
	return (
	    struct account_object){ .name = name, .comment = arena_printf(cx.mem, "isp:%s", id) };
}

static void
a_mark_is_stale_when_its_account_should_not_be_there(void **state)
{
	const char *package = a_package("home", "pppoe"), *lives, *gone, *elsewhere;
	struct account_object o[6], *objs[countof(o)];

	(void)state;
	elsewhere = a_router("Other", 2);
	router = a_router("Main", 1);
	lives = an_account("one", package, "");
	gone = an_account("two", package, "");
	(void)sql("UPDATE mikrotik_secrets SET router_id = '%s'", router);
	(void)sql("UPDATE mikrotik_secrets SET wanted = 'absent' WHERE id = '%s'", gone);
	o[0] = marked(lives, "one");
	o[1] = marked(gone, "two");
	o[2] = marked(crypt_uuid(&cx), "x");
	o[3] = marked("------------------------------------", "x");
	o[4] = marked(lives, "once");
	o[5] = marked(lives, "once");
	for (size_t i = 0; i < countof(o); i++)
		objs[i] = &o[i];
	assert_int_equal(account_stale(&cx, router, objs, 5), RC_OK);
	assert_false(o[0].stale || o[2].stale || o[3].stale || o[5].stale);
	assert_true(o[1].stale && !o[1].reserved);
	assert_true(o[4].stale && o[4].reserved); /* it should have another name by now */

	o[4].stale = o[4].reserved = false; /* but not one whose password is on the router alone */
	(void)sql("UPDATE mikrotik_secrets SET subscription_id = NULL WHERE id = '%s'", lives);
	assert_int_equal(account_stale(&cx, router, objs, 5), RC_OK);
	assert_false(o[4].stale || o[4].reserved);
	(void)
	    sql("UPDATE mikrotik_secrets SET password = 'sealed', disabled = true WHERE id = '%s'",
		lives); /* nor of one that is to be cut off: that does it itself */
	assert_int_equal(account_stale(&cx, router, objs, 5), RC_OK);
	assert_false(o[4].stale || o[4].reserved);

	assert_int_equal(account_stale(&cx, elsewhere, objs, 1), RC_OK);
	assert_true(o[0].stale && !o[0].reserved);
	assert_int_equal(account_stale(&cx, elsewhere, objs, 0), RC_OK);
}

/* An account in order is compared; a difference found becomes a job, once. */
static void
a_difference_becomes_a_job(void **state)
{
	const char *package = a_package("home", "pppoe"), *lives, *gone, *elsewhere;
	struct account_findings f = { .accounts = &lives, .packages = &package };
	struct account_object o, *objs = &o;
	struct account_found found;
	struct account *all;
	size_t n;

	(void)state;
	elsewhere = a_router("Other", 2);
	router = a_router("Main", 1);
	lives = an_account("one", package, "");
	(void)sql("UPDATE mikrotik_secrets SET router_id = '%s'", router);
	assert_int_equal(account_compared(&cx, router, &all, &n), RC_OK);
	assert_int_equal(n, 1);
	assert_true(all[0].pending);
	(void)sql("UPDATE account_states SET synced_generation = generation");
	(void)sql("UPDATE profile_states SET synced_generation = generation");
	assert_int_equal(account_compared(&cx, router, &all, &n), RC_OK);
	assert_int_equal(n, 1);
	assert_false(all[0].pending);
	assert_string_equal(all[0].id, lives);
	assert_string_equal(all[0].username, "one");
	assert_true(all[0].wanted == WANTED_ON && all[0].password == NULL);

	assert_int_equal(account_found(&cx, router, &f, &found), RC_OK);
	assert_true(found.different == 0 && found.profiles == 0 && found.misplaced == 0);
	gone = crypt_uuid(&cx);
	o = marked(gone, "two");
	f.naccounts = f.npackages = f.nstrays = 1;
	f.strays = &objs;
	assert_int_equal(account_found(&cx, router, &f, &found), RC_OK);
	assert_true(found.different == 1 && found.profiles == 1 && found.misplaced == 0);
	assert_int_equal(account_found(&cx, router, &f, &found), RC_OK);
	assert_true(found.different == 0 && found.profiles == 0);
	o = marked(lives, "one");
	assert_int_equal(account_found(&cx, elsewhere, &f, &found), RC_OK);
	assert_int_equal(found.misplaced, 1);
	assert_string_equal(sql("SELECT traces[1] AS v FROM account_states WHERE router_id = '%s'",
				elsewhere),
	    "ppp - one");
}

static void
a_failing_database_is_an_error(void **state)
{
	struct account_object object = { .comment = "isp:00000000-0000-4000-8000-000000000001" };
	struct account_object *objects[] = { &object };
	const struct account_findings nothing = { 0 };
	struct account_found found;
	struct account_result r;
	struct account *all = NULL;
	size_t n = 7;

	(void)state;
	router = a_router("Main", 8728);
	r = (struct account_result){ .id = router, .generation = 1 };
	break_database();
	assert_int_not_equal(account_claim(&cx, router, 1, NULL, &all, &n), RC_OK);
	assert_int_not_equal(account_compared(&cx, router, &all, &n), RC_OK);
	assert_int_not_equal(account_results(&cx, router, &r, 1), RC_OK);
	assert_int_not_equal(account_found(&cx, router, &nothing, &found), RC_OK);
	assert_int_not_equal(account_stale(&cx, router, objects, 1), RC_OK);
	assert_true(all == NULL && n == 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(a_job_is_the_wanted_state_of_this_moment),
		ROWS_TEST(a_service_has_its_menu),
		ROWS_TEST(addresses_of_others_are_named),
		ROWS_TEST(a_job_is_claimed_when_it_is_due),
		ROWS_TEST(a_done_job_is_synced),
		ROWS_TEST(blocked_addresses_leave_a_trace),
		ROWS_TEST(a_failed_job_is_tried_again_later),
		ROWS_TEST(an_old_answer_does_not_win),
		ROWS_TEST(an_account_that_left_has_no_trace),
		ROWS_TEST(no_results_send_no_statement),
		ROWS_TEST(a_mark_is_stale_when_its_account_should_not_be_there),
		ROWS_TEST(a_difference_becomes_a_job),
		ROWS_TEST(a_failing_database_is_an_error),
	};

	return cmocka_run_group_tests_name("account", tests, rows_open, rows_close);
}
