/* Routers as the database knows them: which has work, who may do it, and the circuit breaker. */
#include "rows.h"

#include "router/router.h"

static void
a_router_is_known_by_its_id(void **state)
{
	const char *id = a_router("Main", 8728), *password;
	struct router r;

	(void)state;
	assert_int_equal(router_by_id(&cx, id, &r), RC_OK);
	assert_string_equal(r.id, id);
	assert_string_equal(r.name, "Main");
	assert_int_equal(r.port, 8728);
	assert_true(r.is_active && !r.ssl && !r.is_broken);
	assert_int_equal(r.read_timeout_ms, 15000);
	assert_null(r.tls_ca);
	assert_int_equal(router_password(&cx, &r, &password), RC_OK);
	assert_string_equal(password, "s3cret");
	assert_int_equal(router_by_id(&cx, crypt_uuid(&cx), &r), RC_NOT_FOUND);
}

/* A sealed password moved to another router's row opens nothing. */
static void
a_password_opens_in_its_place_alone(void **state)
{
	struct router r = { 0 }, other = { 0 };
	const char *password = "untouched";

	(void)state;
	assert_int_equal(router_by_id(&cx, a_router("A", 1), &r), RC_OK);
	assert_int_equal(router_by_id(&cx, a_router("B", 2), &other), RC_OK);
	other.password = r.password;
	assert_int_equal(router_password(&cx, &other, &password), RC_INTERNAL);
	assert_string_equal(password, "untouched");
	r.password = "";
	assert_int_equal(router_password(&cx, &r, &password), RC_OK);
	assert_string_equal(password, "");
}

static void
the_default_is_the_oldest_active(void **state)
{
	const char *id, *first, **ids;
	size_t n;

	(void)state;
	assert_int_equal(router_default(&cx, &id), RC_CONFLICT);
	assert_int_equal(router_active_ids(&cx, &ids, &n), RC_OK);
	assert_int_equal(n, 0);
	first = a_router("first", 1);
	(void)a_router("second", 2);
	(void)sql("UPDATE router_settings SET created_at = created_at - interval '1 day'"
		  " WHERE id = '%s'",
	    first);
	assert_int_equal(router_default(&cx, &id), RC_OK);
	assert_string_equal(id, first);
	assert_int_equal(router_active_ids(&cx, &ids, &n), RC_OK);
	assert_int_equal(n, 2);
	assert_string_equal(ids[0], first);
	(void)sql("UPDATE router_settings SET is_active = false WHERE id = '%s'", first);
	assert_int_equal(router_default(&cx, &id), RC_OK);
	assert_string_not_equal(id, first);
}

static struct conf
configured(const char *host)
{
	struct conf cf = { 0 };

	for (size_t i = 0; i < countof(cf.val); i++)
		cf.val[i] = "";
	cf.val[CONF_MIKROTIK_HOST] = host;
	cf.val[CONF_MIKROTIK_PORT] = "8729";
	cf.val[CONF_MIKROTIK_USERNAME] = "billing";
	cf.val[CONF_MIKROTIK_PASSWORD] = "from the file";
	cf.val[CONF_MIKROTIK_SSL] = "true";
	return cf;
}

static int64_t
routers(void)
{
	return sql_i64("SELECT count(*)::text AS v FROM router_settings");
}

static void
the_first_router_comes_from_the_configuration(void **state)
{
	struct conf none = configured(""), cf = configured("192.0.2.7");
	const char *id, *password;
	struct router r;

	(void)state;
	assert_int_equal(router_first(&cx, &none), RC_OK);
	assert_int_equal(routers(), 0);
	assert_int_equal(router_first(&cx, &cf), RC_OK);
	assert_int_equal(router_default(&cx, &id), RC_OK);
	assert_int_equal(router_by_id(&cx, id, &r), RC_OK);
	assert_string_equal(r.host, "192.0.2.7");
	assert_int_equal(r.port, 8729);
	assert_string_equal(r.username, "billing");
	assert_true(r.ssl);
	assert_int_equal(router_password(&cx, &r, &password), RC_OK);
	assert_string_equal(password, "from the file");
	/* At the next start it is there; and another does not come beside it. */
	assert_int_equal(router_first(&cx, &cf), RC_OK);
	cf = configured("192.0.2.8");
	assert_int_equal(router_first(&cx, &cf), RC_OK);
	assert_int_equal(routers(), 1);
	/* One that was switched off stays off. */
	(void)sql("UPDATE router_settings SET is_active = false");
	cf = configured("192.0.2.7");
	assert_int_equal(router_first(&cx, &cf), RC_OK);
	assert_int_equal(routers(), 1);
	assert_int_equal(router_default(&cx, &id), RC_CONFLICT);
}

/* As sql/seed/first.sql makes it; test/cli/test_seed.py holds that against router_is_seed(). */
static void
a_seed(void)
{
	(void)sql("INSERT INTO router_settings (name, host, username, is_active)"
		  " VALUES ('Main Router', '192.168.88.1', 'admin', false)");
}

static struct conf
configured_as_the_seed(void)
{
	struct conf cf = configured("192.168.88.1");

	cf.val[CONF_MIKROTIK_PORT] = "8728";
	cf.val[CONF_MIKROTIK_USERNAME] = "admin";
	return cf;
}

/*
 * The address every RouterOS has out of the box, and the plan's own: the seed stood in the way,
 * inactive, and no router became active.  References to the seed stay.
 */
static void
the_seed_at_that_address_becomes_the_first(void **state)
{
	struct conf cf = configured_as_the_seed();
	const char *seed, *id, *password;
	struct router r;

	(void)state;
	a_seed();
	seed = sql("SELECT id::text AS v FROM router_settings");
	assert_int_equal(router_first(&cx, &cf), RC_OK);
	assert_int_equal(routers(), 1);
	assert_int_equal(router_default(&cx, &id), RC_OK);
	assert_string_equal(id, seed);
	assert_int_equal(router_by_id(&cx, id, &r), RC_OK);
	assert_true(r.ssl);
	assert_int_equal(router_password(&cx, &r, &password), RC_OK);
	assert_string_equal(password, "from the file");
	(void)sql("UPDATE router_settings SET is_active = false");
	assert_int_equal(router_first(&cx, &cf), RC_OK);
	assert_int_equal(router_default(&cx, &id), RC_CONFLICT);
}

static void
the_seed_elsewhere_stands_beside_the_first(void **state)
{
	struct conf cf = configured("192.0.2.7");
	const char *id;
	struct router r;

	(void)state;
	a_seed();
	assert_int_equal(router_first(&cx, &cf), RC_OK);
	assert_int_equal(routers(), 2);
	assert_int_equal(router_default(&cx, &id), RC_OK);
	assert_int_equal(router_by_id(&cx, id, &r), RC_OK);
	assert_string_equal(r.host, "192.0.2.7");
}

/*
 * Bug: a router that was moved to another address and then switched off was made again,
 * active, at the next start.
 */
static void
a_router_of_somebody_is_no_empty_system(void **state)
{
	static const char *const ways[] = {
		"UPDATE router_settings SET host = '192.0.2.9', is_active = false",
		"UPDATE router_settings SET password = 's1.x', is_active = false",
		"UPDATE router_settings SET is_active = false, updated_at = created_at + '1s'",
		"UPDATE router_settings SET is_active = false, last_connected_at = now()",
	};
	struct conf cf = configured_as_the_seed();
	const char *id;

	(void)state;
	for (size_t i = 0; i < countof(ways); i++) {
		(void)sql("DELETE FROM router_settings");
		a_seed();
		(void)sql("%s", ways[i]);
		assert_int_equal(router_first(&cx, &cf), RC_OK);
		assert_int_equal(routers(), 1);
		assert_int_equal(router_default(&cx, &id), RC_CONFLICT);
	}
}

static void
one_worker_a_router(void **state)
{
	const char *id = crypt_uuid(&cx), *other = crypt_uuid(&cx);
	struct ctx rival = rival_open();
	bool mine = false;

	(void)state;
	assert_int_equal(router_lock(&rival, id, &mine), RC_OK);
	assert_true(mine);
	assert_int_equal(router_lock(&cx, id, &mine), RC_OK);
	assert_false(mine);
	assert_int_equal(router_lock(&cx, other, &mine), RC_OK);
	assert_true(mine);
	assert_int_equal(router_unlock(&rival, id), RC_OK);
	assert_int_equal(router_lock(&cx, id, &mine), RC_OK);
	assert_true(mine);
	assert_int_equal(router_unlock(&cx, id), RC_OK);
	assert_int_equal(router_unlock(&cx, other), RC_OK);
	rival_close(&rival);
}

static const char *
state_of(const char *account)
{
	return sql("SELECT sync_state || ': ' || coalesce(sync_error, '') AS v FROM account_states"
		   " WHERE account_id = '%s'",
	    account);
}

static void
work_is_due_now_or_at_the_next_probe(void **state)
{
	const char *router = a_router("Main", 8728);
	struct router_work *work;
	size_t n;

	(void)state;
	assert_int_equal(router_work(&cx, &work, &n), RC_OK);
	assert_int_equal(n, 0);
	(void)an_account("citra", a_package("home", "pppoe"), "");
	assert_int_equal(router_work(&cx, &work, &n), RC_OK);
	assert_int_equal(n, 1);
	assert_string_equal(work[0].router_id, router);
	assert_int_equal(work[0].wait_ms, 0);
	assert_int_equal(router_broken(&cx, router, "it is away", 60, false), RC_OK);
	assert_int_equal(router_work(&cx, &work, &n), RC_OK);
	assert_in_range(work[0].wait_ms, 50000, 60000);
	(void)sql("UPDATE router_settings SET is_active = false");
	assert_int_equal(router_work(&cx, &work, &n), RC_OK);
	assert_int_equal(n, 0);
}

static void
a_breaker_opens_and_closes(void **state)
{
	const char *router = a_router("Main", 8728), *package = a_package("home", "pppoe");
	const char *waits = an_account("citra", package, ""), *late;
	struct router r;

	(void)state;
	assert_int_equal(router_broken(&cx, router, "router Main: refused", 60, true), RC_OK);
	assert_string_equal(state_of(waits), "failed: router Main: refused");
	assert_int_equal(router_by_id(&cx, router, &r), RC_OK);
	assert_true(r.is_broken && !r.is_probe_due);
	/* A job that comes while it is away fails with the reason, too. */
	late = an_account("dewi", package, "");
	assert_string_equal(state_of(late), "pending: ");
	assert_int_equal(router_fail_waiting(&cx), RC_OK);
	assert_string_equal(state_of(late), "failed: router Main: refused");
	(void)sql("UPDATE router_states SET next_probe_at = now()");
	assert_int_equal(router_by_id(&cx, router, &r), RC_OK);
	assert_true(r.is_broken && r.is_probe_due);

	assert_int_equal(router_healthy(&cx, router, "7.20.4"), RC_OK);
	assert_int_equal(router_by_id(&cx, router, &r), RC_OK);
	assert_false(r.is_broken);
	assert_string_equal(sql("SELECT version AS v FROM router_states"), "7.20.4");
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM account_states"
				 " WHERE due_at <= now() AND attempts = 0"),
	    2);
	assert_int_equal(router_healthy(&cx, router, NULL), RC_OK); /* it did not say */
	assert_string_equal(sql("SELECT version AS v FROM router_states"), "7.20.4");
}

static const char *
profile_state(void)
{
	return sql("SELECT format('%%s %%s/%%s %%s', sync_state, synced_generation, generation,"
		   " sync_error) AS v FROM profile_states");
}

static void
profiles_are_jobs_with_a_generation(void **state)
{
	const char *router = a_router("Main", 8728), *package = a_package("home-10", "pppoe");
	struct profile_job *jobs, reported[2] = { 0 };
	const char **ids;
	size_t n;

	(void)state;
	assert_int_equal(profile_mark_dirty_on_all_routers(&cx, package, &ids, &n), RC_OK);
	assert_int_equal(n, 1);
	assert_string_equal(ids[0], router);
	assert_int_equal(profile_claim(&cx, router, NULL, &jobs, &n), RC_OK);
	assert_int_equal(n, 1);
	assert_string_equal(jobs[0].id, package);
	assert_string_equal(jobs[0].router_profile, "home-10");
	assert_string_equal(jobs[0].bandwidth, "10M/5M");
	assert_string_equal(jobs[0].service, "pppoe");
	assert_null(jobs[0].burst);
	assert_int_equal(jobs[0].generation, 1);

	reported[0] = jobs[0];
	reported[0].error = "no such pool";
	assert_int_equal(profile_results(&cx, router, reported, 1), RC_OK);
	assert_string_equal(profile_state(), "failed 0/1 no such pool");
	/* Failed is not due at once, but for whom asks for it. */
	assert_int_equal(profile_claim(&cx, router, NULL, &jobs, &n), RC_OK);
	assert_int_equal(n, 0);
	assert_int_equal(profile_claim(&cx, router, package, &jobs, &n), RC_OK);
	assert_int_equal(n, 1);

	/* Made along with an account, it was no job: nothing to tell. */
	reported[0] = (struct profile_job){ .id = package, .ok = true };
	assert_int_equal(profile_results(&cx, router, reported, 1), RC_OK);
	assert_string_equal(profile_state(), "failed 0/1 no such pool");
	reported[1] = jobs[0];
	reported[1].ok = true;
	/* Changed meanwhile: what was done is old, the job stays. */
	(void)sql("UPDATE packages SET bandwidth = '20M/20M'");
	assert_int_equal(profile_results(&cx, router, reported, 2), RC_OK);
	assert_string_equal(profile_state(), "pending 1/2 ");
	assert_int_equal(profile_claim(&cx, router, NULL, &jobs, &n), RC_OK);
	assert_string_equal(jobs[0].bandwidth, "20M/20M");
	jobs[0].ok = true;
	assert_int_equal(profile_results(&cx, router, jobs, 1), RC_OK);
	assert_string_equal(profile_state(), "synced 2/2 ");
	assert_int_equal(profile_mark_dirty_on_all_routers(&cx, crypt_uuid(&cx), &ids, &n),
	    RC_INVALID);
}

static void
a_night_is_a_day(void **state)
{
	const char *night;

	(void)state;
	assert_int_equal(router_night(&cx, &night), RC_OK);
	assert_string_equal(night,
	    sql("SELECT (now() AT TIME ZONE 'Asia/Jakarta' - interval '3 hours')::date AS v"));
}

static void
a_failing_database_is_an_error(void **state)
{
	const char *id = a_router("Main", 1), *text = NULL, **ids = NULL;
	struct profile_job job = { .id = id, .generation = 1 }, *jobs = NULL;
	struct router_work *work = NULL;
	struct router r;
	size_t n = 7;
	bool flag = true;

	(void)state;
	break_database();
	assert_int_not_equal(router_by_id(&cx, id, &r), RC_OK);
	assert_int_not_equal(router_default(&cx, &text), RC_OK);
	assert_int_not_equal(router_active_ids(&cx, &ids, &n), RC_OK);
	assert_int_not_equal(router_work(&cx, &work, &n), RC_OK);
	assert_int_not_equal(router_is_due(&cx, id, &flag), RC_OK);
	assert_int_not_equal(router_night(&cx, &text), RC_OK);
	assert_int_not_equal(router_lock(&cx, id, &flag), RC_OK);
	assert_int_not_equal(router_unlock(&cx, id), RC_OK);
	assert_int_not_equal(router_broken(&cx, id, "why", 1, true), RC_OK);
	assert_int_not_equal(router_fail_waiting(&cx), RC_OK);
	assert_int_not_equal(router_healthy(&cx, id, "7"), RC_OK);
	assert_int_not_equal(profile_claim(&cx, id, NULL, &jobs, &n), RC_OK);
	assert_int_not_equal(profile_results(&cx, id, &job, 1), RC_OK);
	assert_int_not_equal(profile_mark_dirty_on_all_routers(&cx, id, &ids, &n), RC_OK);
	assert_true(text == NULL && ids == NULL && work == NULL && jobs == NULL && n == 7 && flag);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(a_router_is_known_by_its_id),
		ROWS_TEST(a_password_opens_in_its_place_alone),
		ROWS_TEST(the_default_is_the_oldest_active),
		ROWS_TEST(the_first_router_comes_from_the_configuration),
		ROWS_TEST(the_seed_at_that_address_becomes_the_first),
		ROWS_TEST(the_seed_elsewhere_stands_beside_the_first),
		ROWS_TEST(a_router_of_somebody_is_no_empty_system),
		ROWS_TEST(one_worker_a_router),
		ROWS_TEST(work_is_due_now_or_at_the_next_probe),
		ROWS_TEST(a_breaker_opens_and_closes),
		ROWS_TEST(profiles_are_jobs_with_a_generation),
		ROWS_TEST(a_night_is_a_day),
		ROWS_TEST(a_failing_database_is_an_error),
	};

	return cmocka_run_group_tests_name("router", tests, rows_open, rows_close);
}
