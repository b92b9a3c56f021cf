/*
 * A guarded step is done by a click (POST /api/billing/runs): which days and steps it takes, what
 * it refuses, and what is recorded of it. Covers run.c; the steps themselves are billing's.
 */
#include "ask.h"
#include "rows.h"

static const char path[] = "/api/billing/runs";

static int
open_both(void **state)
{
	return rows_open(state) != 0 ? -1 : ask_open(state);
}

static int
close_both(void **state)
{
	return rows_close(state) != 0 ? -1 : ask_close(state);
}

/* Tonight's run: the guard has stopped this step. */
static void
guard_stopped(const char *step)
{
	(void)sql("TRUNCATE billing_runs CASCADE");
	(void)sql("INSERT INTO billing_runs (business_date, finished_at, counts, report) VALUES"
		  " ('2026-03-02', now(), '{\"%s\":{\"guarded\":3}}', '{\"only\":null}')",
	    step);
}

static int64_t
runs(void)
{
	return sql_i64("SELECT count(*)::text AS v FROM billing_runs");
}

/* Ask with a function of the database replaced by this one. */
static struct answer
click_while(const char *function, const char *body, const char *replaced)
{
	const char *was = sql("SELECT pg_get_functiondef('%s'::regproc) AS v", function);
	struct answer a;

	(void)sql("%s", replaced);
	a = ask_it("POST", path, body);
	(void)sql("%s", was);
	return a;
}

static void
without_a_guarded_step_there_is_nothing_to_do(void **state)
{
	struct answer a;

	(void)state;
	guard_stopped("renew");
	a = want(409, "POST", path, "{\"force\":true}");
	assert_string_equal(text(&a, "code"), "run_not_guarded");
	assert_int_equal(runs(), 1);
}

static void
only_guarded_steps_may_be_asked_for(void **state)
{
	struct answer a;

	(void)state;
	guard_stopped("suspend");
	a = want(422, "POST", path, "{\"steps\":[\"expire\"]}");
	assert_true(names(&a, "steps"));
	assert_int_equal(runs(), 1);
}

static void
a_rehearsal_changes_nothing(void **state)
{
	struct answer a;

	(void)state;
	guard_stopped("suspend");
	a = want(200, "POST", path, "{\"dry_run\":true}");
	assert_string_equal(text(&a, "only"), "suspend");
	assert_string_equal(text(&a, "date"), "2026-03-02");
	assert_non_null(strstr(a.body, "\"dry_run\":true"));
	a = want(200, "POST", FMT("%s?dry_run=1", path), "{}");
	assert_non_null(strstr(a.body, "\"dry_run\":true"));
	assert_int_equal(runs(), 1);
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM audit_logs"
				 " WHERE action = 'run_started'"),
	    0);
}

static void
a_click_is_a_run_of_its_own(void **state)
{
	struct answer a;

	(void)state;
	guard_stopped("expire");
	a = want(200, "POST", path, "{\"steps\":[\"expire\"],\"force\":true}");
	assert_string_equal(text(&a, "only"), "expire");
	assert_non_null(strstr(a.body, "\"dry_run\":false"));
	assert_string_equal(sql("SELECT concat_ws(' ', business_date, is_forced, report ->> 'only')"
				" AS v FROM billing_runs ORDER BY id DESC LIMIT 1"),
	    "2026-03-02 t expire");
	assert_string_equal(sql("SELECT concat_ws(' ', meta ->> 'steps', meta ->> 'force') AS v"
				" FROM audit_logs WHERE action = 'run_started'"),
	    "expire true");
	a = want(200, "GET", FMT("%s?per_page=1", path), NULL);
	a.json = cJSON_GetArrayItem(cJSON_GetObjectItem(a.json, "data"), 0);
	a = want(200, "POST", FMT("%s/%s/undo", path, text(&a, "id")), NULL);
	assert_int_equal(number(&a, "restored"), 0);
}

/* A database that is ahead of this program: a run of no known step would be one of all steps. */
static void
a_step_that_is_unknown_here_is_not_all_steps(void **state)
{
	struct answer a;

	(void)state;
	guard_stopped("suspend");
	a = click_while("guarded_steps_check", "{}",
	    "CREATE OR REPLACE FUNCTION guarded_steps_check(steps text[], today date)"
	    " RETURNS text LANGUAGE sql AS $$ SELECT 'remember' $$");
	assert_int_equal(a.status, 422);
	assert_string_equal(text(&a, "message"), "there is no step remember");
	assert_int_equal(runs(), 1);
}

static void
a_day_that_cannot_be_asked_for_is_a_failure(void **state)
{
	struct answer a;

	(void)state;
	guard_stopped("suspend");
	a = click_while("business_today", "{}",
	    "CREATE OR REPLACE FUNCTION business_today() RETURNS date LANGUAGE plpgsql STABLE AS"
	    " $$ BEGIN RAISE 'no day today'; END $$");
	assert_int_equal(a.status, 500);
	assert_int_equal(runs(), 1);
}

static void
two_at_once_are_one_too_many(void **state)
{
	struct ctx other = rival_open();
	struct answer a;

	(void)state;
	guard_stopped("suspend");
	rival_sql(&other, "SELECT pg_advisory_lock(hashtext('isp-billing: run'))");
	a = want(409, "POST", path, "{\"force\":true}");
	rival_sql(&other, "SELECT pg_advisory_unlock(hashtext('isp-billing: run'))");
	rival_close(&other);
	assert_string_equal(text(&a, "code"), "run_under_way");
	assert_int_equal(runs(), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ASK_TEST(without_a_guarded_step_there_is_nothing_to_do),
		ASK_TEST(only_guarded_steps_may_be_asked_for),
		ASK_TEST(a_rehearsal_changes_nothing),
		ASK_TEST(a_click_is_a_run_of_its_own),
		ASK_TEST(a_step_that_is_unknown_here_is_not_all_steps),
		ASK_TEST(a_day_that_cannot_be_asked_for_is_a_failure),
		ASK_TEST(two_at_once_are_one_too_many),
	};

	return cmocka_run_group_tests_name("run", tests, open_both, close_both);
}
