/*
 * billing: chunks, halving, dry run, the lock.  The rules themselves are
 * tested in test/sql.  All happens in 1999, where no other test has rows.
 */
#include "rows.h"

#include "base/conf.h"
#include "billing/billing.h"
#include "logged.h"
#include "midtrans/midtrans.h"

static int
open_all(void **state)
{
	if (rows_open(state) != 0)
		return -1;
	cx.actor = (struct actor){ .name = "test" };
	cx.request_id = "";
	(void)sql("UPDATE settings SET suspend_guard = 1000");
	(void)sql("INSERT INTO packages (name, bandwidth, price, router_profile)"
		  " VALUES ('unit 1999', '1M/1M', 50000, 'unit-1999')");
	(void)sql("INSERT INTO customers (name) SELECT 'unit 1999' FROM generate_series(1, 40)");
	(void)sql("INSERT INTO subscriptions (customer_id, package_id, mikrotik_username,"
		  " mikrotik_password, start_date, end_date)"
		  " SELECT c.id, p.id, 'unit1999-' || row_number() OVER (ORDER BY c.id), '',"
		  " '1999-01-01', '1999-01-30' FROM customers c, packages p"
		  " WHERE c.name = 'unit 1999' AND p.name = 'unit 1999'");
	return 0;
}

/* Other programs find the database as it was. */
static int
close_all(void **state)
{
	(void)sql("UPDATE settings SET suspend_guard = DEFAULT");
	(void)sql("TRUNCATE customers, packages, router_settings, billing_runs CASCADE");
	return rows_close(state);
}

/* Let the database do this at INSERT or UPDATE of a bill; `who` is the line's username. */
static void
at_a_bill(const char *verb, const char *act)
{
	(void)sql("CREATE OR REPLACE FUNCTION unit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
		  " DECLARE who text := (SELECT mikrotik_username FROM subscriptions"
		  " WHERE id = NEW.subscription_id); BEGIN %s; RETURN NEW; END $$",
	    act);
	(void)sql("CREATE TRIGGER unit_refuse BEFORE %s ON invoices FOR EACH ROW"
		  " EXECUTE FUNCTION unit_refuse()",
	    verb);
}

/* Let it refuse those of the seventh. */
static void
refuse(const char *verb)
{
	at_a_bill(verb, "IF who = 'unit1999-7' THEN RAISE EXCEPTION 'not this one'; END IF");
}

static void
allow(void)
{
	(void)sql("DROP TRIGGER unit_refuse ON invoices");
}

static void
previews_are_of(int seconds_ago)
{
	(void)sql("UPDATE billing_previews SET made_at = now() - interval '%d seconds'",
	    seconds_ago);
}

static int64_t
invoices(void)
{
	return sql_i64("SELECT count(*)::text AS v FROM invoices"
		       " WHERE issued_on BETWEEN '1999-01-01' AND '1999-12-31'");
}

static void
guard_is(int most)
{
	(void)sql("UPDATE settings SET suspend_guard = %d", most);
}

static struct billing_report
run(const char *date, bool dry)
{
	struct billing_options opt = { .date = date, .dry_run = dry };
	struct billing_report rep;

	assert_int_equal(billing_run(&cx, &opt, NULL, NULL, &rep), RC_OK);
	return rep;
}

static void
steps_are_named(void **state)
{
	unsigned bits = 0;

	(void)state;
	assert_int_equal(billing_steps_read(&cx, "suspend,renew", &bits), RC_OK);
	assert_int_equal(bits, 1U << BILLING_SUSPEND | 1U << BILLING_RENEW);
	assert_int_equal(billing_steps_read(&cx, "renew,remember", &bits), RC_INVALID);
	assert_string_equal(cx.err.msg, "there is no step remember");
}

static void
dates_are_days(void **state)
{
	struct billing_options opt = { 0 };
	const char *date;

	(void)state;
	assert_int_equal(billing_date(&cx, "1999-02-28", &date), RC_OK);
	assert_string_equal(date, "1999-02-28");
	assert_int_equal(billing_date(&cx, "1999-02-30", &date), RC_INVALID);
	assert_string_equal(cx.err.fields->field, "date");
	assert_int_equal(billing_date(&cx, "tomorrow", &date), RC_INVALID);
	assert_int_equal(billing_options_read(&cx, "1999-02-28", "renew", &opt), RC_OK);
	assert_string_equal(opt.date, "1999-02-28");
	assert_int_equal(opt.steps, 1U << BILLING_RENEW);
	assert_int_equal(billing_options_read(&cx, "1999-02-30", NULL, &opt), RC_INVALID);
	assert_int_equal(billing_options_read(&cx, "1999-02-28", "remember", &opt), RC_INVALID);
	assert_int_equal(billing_options_read(&cx, "2999-02-28", NULL, &opt), RC_INVALID);
	assert_string_equal(cx.err.fields->msg,
	    "The date 2999-02-28 is later than tomorrow: that needs --ahead.");
}

/* Tomorrow needs no permission; a later day has it, or changes nothing. */
static void
a_later_day_is_permitted_or_tried(void **state)
{
	struct billing_options opt = { .steps = 7 };

	(void)state;
	assert_int_equal(billing_options_read(&cx, "2026-03-03", NULL, &opt), RC_OK);
	assert_int_equal(opt.steps, 7);
	assert_int_equal(billing_options_read(&cx, "2026-03-04", NULL, &opt), RC_INVALID);
	opt.dry_run = true;
	assert_int_equal(billing_options_read(&cx, "2026-03-04", NULL, &opt), RC_OK);
	opt = (struct billing_options){ .ahead = true };
	assert_int_equal(billing_options_read(&cx, "2026-03-04", NULL, &opt), RC_OK);
}

/* A database that fails says nothing about the date. */
static void
a_date_that_cannot_be_read_is_no_wrong_date(void **state)
{
	const struct db_stmt fails = { NULL, "SELECT 1 / 0", 0 };
	struct ctx other = rival_open();
	const char *date;

	(void)state;
	assert_int_equal(db_begin(&other), RC_OK);
	assert_int_not_equal(db_exec(&other, &fails), RC_OK);
	other.err = (struct err){ 0 };
	assert_int_equal(billing_date(&other, "1999-02-28", &date), RC_INTERNAL);
	assert_null(other.err.fields);
	rival_close(&other);
}

static void
a_dry_run_reports_all_and_changes_nothing(void **state)
{
	struct billing_report rep = run("1999-01-25", true);

	(void)state;
	assert_int_equal(rep.count[BILLING_RENEW].done, 40);
	assert_int_equal(invoices(), 0);
}

/* A bill for each is no danger: the guard is of what switches off. */
static void
the_guard_lets_bills_be_issued(void **state)
{
	struct billing_report rep;

	(void)state;
	guard_is(1);
	rep = run("1999-01-25", true);
	assert_int_equal(rep.count[BILLING_RENEW].done, 40);
	assert_int_equal(rep.count[BILLING_RENEW].guarded, 0);
	guard_is(1000);
}

/*
 * A customer pays at this moment: the preview lacks that row alone. Bug: the preview ended
 * with the first chunk that failed, and the line of a failure held SQL.
 */
static void
a_preview_gives_way_to_real_work(void **state)
{
	struct ctx other = rival_open();
	const char *json, *failed;

	(void)state;
	assert_int_equal(db_begin(&other), RC_OK);
	rival_sql(&other, "SELECT 1 FROM customers c JOIN subscriptions s ON s.customer_id = c.id"
			  " WHERE s.mikrotik_username = 'unit1999-7' FOR UPDATE OF c");
	db_set_actor(&cx);
	assert_int_equal(billing_preview(&cx, "1999-01-25", &json), RC_OK);
	rival_close(&other);
	assert_non_null(strstr(json, "\"renew\":{\"done\":39,\"refused\":0,\"skipped\":0,"
				     "\"held\":0,\"failed\":1,"));
	failed = strstr(json, "\"failed\",");
	assert_non_null(failed);
	assert_non_null(strstr(failed, "\"username\":\"unit1999-7\""));
	assert_non_null(strstr(failed, "please try again\""));
	assert_null(strstr(failed, "55P03"));
	(void)sql("DELETE FROM billing_previews");
	assert_int_equal(invoices(), 0);
}

static void
another_run_holds_the_lock(void **state)
{
	struct billing_options opt = { .date = "1999-01-25" };
	struct ctx other = rival_open();
	struct billing_report rep;

	(void)state;
	rival_sql(&other, "SELECT pg_advisory_lock(hashtext('isp-billing: run'))");
	assert_int_equal(billing_run(&cx, &opt, NULL, NULL, &rep), RC_RETRY);
	assert_string_equal(cx.err.msg, "another billing run is under way");
	rival_sql(&other, "SELECT pg_advisory_unlock(hashtext('isp-billing: run'))");
	rival_close(&other);
	assert_int_equal(invoices(), 0);
}

/* A database that fails is no other run under way. */
static void
a_lock_that_cannot_be_asked_for_ends_the_run(void **state)
{
	const struct db_stmt fails = { NULL, "SELECT 1 / 0", 0 };
	struct billing_options opt = { .date = "1999-01-25" };
	struct ctx other = rival_open();
	struct billing_report rep;

	(void)state;
	assert_int_equal(db_begin(&other), RC_OK);
	assert_int_not_equal(db_exec(&other, &fails), RC_OK);
	other.err = (struct err){ 0 };
	assert_int_equal(billing_run(&other, &opt, NULL, NULL, &rep), RC_INTERNAL);
	rival_close(&other);
	assert_int_equal(invoices(), 0);
}

/* One bad row among forty: it alone is reported, the others are billed. */
static void
a_bad_row_stops_nothing_else(void **state)
{
	struct billing_report rep;

	(void)state;
	refuse("INSERT");
	log_catch();
	rep = run("1999-01-25", false);
	assert_non_null(strstr(log_caught(), "event=billing_row_failed step=renew id="));
	allow();
	assert_int_equal(rep.count[BILLING_RENEW].done, 39);
	assert_int_equal(billing_failed(&rep), 1);
	/* The message of the database is for the log: the line is shown to people. */
	assert_null(strstr(rep.lines.buf, "not this one"));
	assert_non_null(strstr(rep.lines.buf, "\"detail\":\"internal error\""));
	assert_int_equal(invoices(), 39);
}

/* ---- stops ----------------------------------------------------------------------------------- */

static int questions_left;

/* True from some question on. */
static bool
is_stopping(void)
{
	return questions_left-- <= 0;
}

/* A run that is to stop after so many questions; it ends so, not with a row to blame. */
static struct billing_report
run_stopped_after(int questions, bool dry)
{
	struct billing_options opt = { .date = "1999-01-25",
		.dry_run = dry,
		.steps = 1U << BILLING_RENEW };
	struct billing_report rep;

	questions_left = questions;
	cx.stopping = is_stopping;
	assert_int_equal(billing_run(&cx, &opt, NULL, NULL, &rep), RC_RETRY);
	cx.stopping = NULL;
	assert_string_equal(cx.err.msg, "stopped by a signal; run it again for the rest");
	cx.err = (struct err){ 0 };
	if (dry)
		db_rollback(&cx);
	assert_int_equal(rep.count[BILLING_RENEW].failed, 0);
	return rep;
}

/* A stop is asked for before each chunk, and where one has failed. */
static void
a_run_that_is_stopped_does_no_more(void **state)
{
	(void)state;
	assert_int_equal(run_stopped_after(0, true).count[BILLING_RENEW].done, 0);
	refuse("INSERT");
	for (int i = 1; i <= 3; i++)
		assert_int_equal(run_stopped_after(i, true).count[BILLING_RENEW].done, 0);
	allow();
	assert_int_equal(invoices(), 0);
}

/* The longest transaction, not the last one: the half with the slow row is followed by others. */
static void
the_longest_transaction_is_reported(void **state)
{
	struct billing_report rep;

	(void)state;
	at_a_bill("INSERT",
	    "IF who = 'unit1999-7' THEN PERFORM pg_sleep(0.3);"
	    " ELSIF who = 'unit1999-27' THEN RAISE EXCEPTION 'not this one'; END IF");
	rep = run("1999-01-25", true);
	allow();
	assert_int_equal(rep.count[BILLING_RENEW].done, 39);
	assert_in_range(rep.longest_ms, 300, 60000);
}

#define DEADLOCK                                                                                   \
	"IF who = 'unit1999-7' THEN PERFORM nextval('unit_tries');"                                \
	" RAISE EXCEPTION 'a deadlock' USING ERRCODE = '40P01'; END IF"

static int64_t
tries_of(bool dry)
{
	struct billing_options opt = { .date = "1999-01-25",
		.dry_run = dry,
		.steps = 1U << BILLING_RENEW };
	struct billing_report rep;

	(void)sql("CREATE SEQUENCE unit_tries");
	at_a_bill("INSERT", DEADLOCK);
	assert_int_equal(billing_run(&cx, &opt, NULL, NULL, &rep), RC_OK);
	assert_int_equal(rep.count[BILLING_RENEW].failed, 1);
	assert_non_null(strstr(rep.lines.buf, "please try again\""));
	allow();
	return sql_i64("SELECT last_value::text AS v FROM unit_tries");
}

/* A deadlock is tried three times, in a dry run once, and once where the run is to stop. One line
 * is left to be billed here. */
static void
a_deadlock_is_tried_again(void **state)
{
	(void)state;
	assert_int_equal(tries_of(false), 3);
	(void)sql("DROP SEQUENCE unit_tries");
	assert_int_equal(tries_of(true), 1);
	(void)sql("ALTER SEQUENCE unit_tries RESTART");
	at_a_bill("INSERT", DEADLOCK);
	(void)run_stopped_after(1, false);
	allow();
	assert_int_equal(sql_i64("SELECT last_value::text AS v FROM unit_tries"), 1);
	(void)sql("DROP SEQUENCE unit_tries");
}

static void
a_second_run_does_what_was_left(void **state)
{
	struct billing_report rep = run("1999-01-25", true), real;

	(void)state;
	real = run("1999-01-25", false);
	assert_int_equal(real.count[BILLING_RENEW].done, 1);
	assert_string_equal(real.lines.buf, rep.lines.buf);
	assert_int_equal(run("1999-01-25", false).count[BILLING_RENEW].done, 0);
	assert_int_equal(invoices(), 40);
}

/*
 * Bug: a failure was reported as an id alone, in the text report not even that, and for
 * the overdue step the id of the invoice was called that of a subscription.
 */
static void
a_failure_is_named(void **state)
{
	struct billing_options opt = { .date = "1999-02-20",
		.dry_run = true,
		.steps = 1U << BILLING_OVERDUE };
	struct billing_report rep;
	const char *failed;

	(void)state;
	refuse("UPDATE");
	assert_int_equal(billing_run(&cx, &opt, NULL, NULL, &rep), RC_OK);
	allow();
	assert_int_equal(billing_failed(&rep), 1);
	assert_int_equal(rep.count[BILLING_OVERDUE].done, 39);
	failed = strstr(rep.lines.buf, "\"failed\"");
	assert_non_null(failed);
	assert_non_null(
	    strstr(failed, "\"username\":\"unit1999-7\",\"customer_name\":\"unit 1999\","
			   "\"invoice_number\":\"INV-19990125-"));
}

static void
only_the_steps_asked_for(void **state)
{
	struct billing_options opt = { .date = "1999-02-20", .steps = 1U << BILLING_OVERDUE };
	struct billing_report rep;

	(void)state;
	assert_int_equal(billing_run(&cx, &opt, NULL, NULL, &rep), RC_OK);
	assert_int_equal(rep.count[BILLING_OVERDUE].done, 40);
	assert_int_equal(rep.count[BILLING_SUSPEND].done, 0);
}

static void
rename_function(const char *from, const char *to)
{
	(void)sql("ALTER FUNCTION %s RENAME TO %s", from, to);
}

/* Bug: a dry run counted no reminder, whatever the run would queue. */
static void
a_dry_run_counts_the_reminders(void **state)
{
	struct billing_options opt = { .date = "1999-02-21",
		.dry_run = true,
		.steps = 1U << BILLING_REMIND };
	struct ctx fresh = rival_open(); /* nothing prepared */
	struct billing_report rep;

	(void)state;
	rename_function("message_remind", "gone");
	(void)sql("CREATE FUNCTION message_remind(day date) RETURNS int LANGUAGE sql"
		  " AS 'SELECT 7'");
	assert_int_equal(billing_run(&fresh, &opt, NULL, NULL, &rep), RC_OK);
	assert_int_equal(rep.count[BILLING_REMIND].done, 7);
	(void)sql("DROP FUNCTION message_remind");
	rename_function("gone", "message_remind");
	rival_close(&fresh);
}

/* Each statement of a step may fail, and what was not looked for was not done: the run says so, and
 * is not over. */
static void
a_statement_that_fails_ends_the_run(void **state)
{
	static const struct {
		const char *function;
		enum billing_step step;
	} cases[] = { { "billing_guard", BILLING_OVERDUE }, { "router_hold", BILLING_SUSPEND },
		{ "billing_candidates", BILLING_SUSPEND }, { "message_remind", BILLING_REMIND },
		{ "alert_resolve", BILLING_SUSPEND } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const char *name = cases[i].function;
		struct billing_options opt = { .date = "1999-02-21", .steps = 1U << cases[i].step };
		struct ctx fresh = rival_open(); /* nothing prepared */
		struct billing_report rep;

		fresh.actor = cx.actor;
		rename_function(name, "gone");
		if (billing_run(&fresh, &opt, NULL, NULL, &rep) == RC_OK)
			fail_msg("%s", name);
		rename_function("gone", name);
		rival_close(&fresh);
	}
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM billing_runs"
				 " WHERE business_date = '1999-02-21' AND report IS NULL"),
	    countof(cases));
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM subscriptions"
				 " WHERE status = 'suspended'"),
	    0);
}

static int64_t
locks_held(void)
{
	return sql_i64("SELECT count(*)::text AS v FROM pg_locks"
		       " WHERE locktype = 'advisory' AND pid = pg_backend_pid()");
}

/* A worker of isp-api uses the session for others afterwards: neither lock nor number is left. */
static void
a_run_leaves_nothing_in_its_session(void **state)
{
	struct billing_options opt = { .date = "1999-02-21", .steps = 1U << BILLING_LATE };
	struct billing_report rep;

	(void)state;
	for (int failing = 0; failing < 2; failing++) {
		cx.err = (struct err){ 0 };
		(void)sql("SELECT set_config('isp.run', '', false) AS v");
		if (failing)
			rename_function("billing_candidates", "gone");
		assert_int_equal(billing_run(&cx, &opt, NULL, NULL, &rep) == RC_OK, !failing);
		assert_int_equal(cx.err.rc == RC_OK, !failing);
		if (failing)
			rename_function("gone", "billing_candidates");
		assert_int_equal(locks_held(), 0);
		assert_string_equal(sql("SELECT current_setting('isp.run') AS v"), "");
	}
	cx.err = (struct err){ 0 };
}

/* A run that cannot be written down is not begun. */
static void
a_run_without_a_record_does_nothing(void **state)
{
	static const char *const breaks[][2] = {
		{ "CREATE TRIGGER unit_refuse BEFORE INSERT ON billing_runs FOR EACH ROW"
		  " EXECUTE FUNCTION unit_refuse()",
		    "DROP TRIGGER unit_refuse ON billing_runs" },
		{ "ALTER TABLE billing_runs RENAME finished_at TO gone",
		    "ALTER TABLE billing_runs RENAME gone TO finished_at" },
	};
	int64_t runs = sql_i64("SELECT count(*)::text AS v FROM billing_runs");

	(void)state;
	for (size_t i = 0; i < countof(breaks); i++) {
		struct billing_options opt = { .date = "1999-02-21",
			.steps = 1U << BILLING_SUSPEND };
		struct ctx fresh = rival_open();
		struct billing_report rep;

		(void)sql("%s", breaks[i][0]);
		assert_int_not_equal(billing_run(&fresh, &opt, NULL, NULL, &rep), RC_OK);
		(void)sql("%s", breaks[i][1]);
		assert_int_equal(rep.count[BILLING_SUSPEND].done, 0);
		rival_close(&fresh);
	}
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM billing_runs"), runs);
}

/* With no answer whether a debt is paid, nobody is switched off for it. */
static void
without_answers_nobody_is_suspended(void **state)
{
	struct conf keys = { .val = { [CONF_MIDTRANS_SERVER_KEY] = "key" } };
	struct ctx gateway = rival_open();
	struct billing_options opt = { .date = "1999-02-20",
		.steps = 1U << BILLING_SUSPEND,
		.gateway = &gateway };
	struct billing_report rep;
	struct arena *life = gateway.mem; /* a run gives it the arena of its own */

	(void)state;
	gateway.actor = cx.actor;
	gateway.conf = &keys;
	rename_function("midtrans_attempts_of_debts", "gone");
	assert_int_not_equal(billing_run(&cx, &opt, NULL, NULL, &rep), RC_OK);
	rename_function("gone", "midtrans_attempts_of_debts");
	assert_int_equal(rep.count[BILLING_SUSPEND].done, 0);
	gateway.mem = life;
	rival_close(&gateway);
}

/* ---- Midtrans at night ----------------------------------------------------------------------- */

/* The gateway of a run: Midtrans at a port where nobody listens. */
static struct ctx
gateway_open(struct conf *conf, const char *key)
{
	struct ctx gateway = rival_open();

	for (int i = 0; i < CONF__MAX; i++)
		conf->val[i] = "";
	conf->val[CONF_MIDTRANS_SERVER_KEY] = key;
	conf->val[CONF_MIDTRANS_API_URL] = conf->val[CONF_MIDTRANS_SNAP_URL] = "http://127.0.0.1:1";
	gateway.actor = cx.actor;
	gateway.conf = conf;
	gateway.midtrans = midtrans_client_new(gateway.mem, conf);
	return gateway;
}

/* A suspension of all who owe, which is taken back: what the report says of it. */
static struct billing_report
suspend_with(struct ctx *gateway, bool dry)
{
	struct billing_options opt = { .date = "1999-02-20",
		.dry_run = dry,
		.steps = 1U << BILLING_SUSPEND,
		.gateway = gateway };
	struct arena *life = gateway->mem;
	struct billing_report rep;

	if (!dry)
		assert_int_equal(db_begin(&cx), RC_OK);
	assert_int_equal(billing_run(&cx, &opt, NULL, NULL, &rep), RC_OK);
	if (!dry)
		db_rollback(&cx);
	gateway->mem = life;
	return rep;
}

static int64_t
nights_held(void)
{
	return sql_i64("SELECT sum(gateway_holds)::text AS v FROM subscriptions");
}

/* A line with an open page and no answer is held, and all others are suspended. */
static void
a_line_that_may_have_paid_is_held(void **state)
{
	struct conf keys;
	struct ctx gateway = gateway_open(&keys, "key"), off;
	struct billing_report rep;

	(void)state;
	(void)sql(
	    "INSERT INTO midtrans_attempts (invoice_id, attempt, order_id, amount, calls,"
	    " state, expires_at, next_check_at) SELECT i.id, 1, 'unit-1999', 50000, 1, 'open',"
	    " now(), now() FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id"
	    " WHERE s.mikrotik_username = 'unit1999-7'");
	assert_int_equal(suspend_with(&gateway, true).count[BILLING_SUSPEND].done, 40);
	assert_int_equal(nights_held(), 0);
	rep = suspend_with(&gateway, false);
	assert_int_equal(rep.count[BILLING_SUSPEND].held, 1);
	assert_int_equal(rep.count[BILLING_SUSPEND].done, 39);
	assert_non_null(strstr(rep.lines.buf, "\"outcome\":\"held\",\"subscription_id\":\""));
	assert_non_null(strstr(rep.lines.buf, "\"username\":\"unit1999-7\","
					      "\"customer_name\":\"unit 1999\""));
	assert_non_null(strstr(rep.lines.buf, "\"detail\":\"Midtrans gave no answer\""));
	assert_int_equal(nights_held(), 1);
	(void)sql("DELETE FROM midtrans_attempts");
	(void)sql("UPDATE subscriptions SET gateway_holds = 0, gateway_held_on = NULL");
	assert_int_equal(suspend_with(&gateway, false).count[BILLING_SUSPEND].done, 40);
	rival_close(&gateway);
	off = gateway_open(&keys, "");
	assert_int_equal(suspend_with(&off, false).count[BILLING_SUSPEND].done, 40);
	rival_close(&off);
}

/* Forty are due: a guard of 39 stops the step, one of 40 does not. */
static void
the_guard_stops_what_is_beyond_it(void **state)
{
	struct billing_report rep;

	(void)state;
	guard_is(39);
	rep = run("1999-02-20", true);
	assert_int_equal(rep.count[BILLING_SUSPEND].done, 0);
	assert_int_equal(rep.count[BILLING_SUSPEND].guarded, 40);
	assert_int_equal(billing_failed(&rep), 40);
	guard_is(40);
	rep = run("1999-02-20", true);
	assert_int_equal(rep.count[BILLING_SUSPEND].done, 40);
	assert_int_equal(rep.count[BILLING_SUSPEND].guarded, 0);
	guard_is(1000);
}

/* A person may let the run do it all the same. */
static void
the_guard_gives_way_to_a_person(void **state)
{
	struct billing_options opt = { .date = "1999-02-20",
		.dry_run = true,
		.force = true,
		.steps = 1U << BILLING_SUSPEND };
	struct billing_report rep;

	(void)state;
	guard_is(39);
	assert_int_equal(billing_run(&cx, &opt, NULL, NULL, &rep), RC_OK);
	assert_int_equal(rep.count[BILLING_SUSPEND].done, 40);
	assert_int_equal(rep.count[BILLING_SUSPEND].guarded, 0);
	guard_is(1000);
}

/* Days that are over switch off as debts do. */
static void
the_guard_stops_what_expires(void **state)
{
	struct billing_report rep;

	(void)state;
	(void)sql("UPDATE subscriptions SET auto_renew = false");
	guard_is(39);
	rep = run("1999-02-20", true);
	assert_int_equal(rep.count[BILLING_EXPIRE].done, 0);
	assert_int_equal(rep.count[BILLING_EXPIRE].guarded, 40);
	guard_is(1000);
	rep = run("1999-02-20", true);
	assert_int_equal(rep.count[BILLING_EXPIRE].done, 40);
	(void)sql("UPDATE subscriptions SET auto_renew = true");
}

/* The customer on a router that is away has no service to lose: it is held, and the report says so.
 */
static void
a_router_that_is_away_holds_its_customers(void **state)
{
	struct billing_report rep;
	const char *away;

	(void)state;
	(void)a_router("near 1999", 1); /* the first router takes all accounts */
	away = a_router("away 1999", 2);
	(void)sql("UPDATE subscriptions SET router_id = '%s'"
		  " WHERE mikrotik_username = 'unit1999-7'",
	    away);
	(void)sql("INSERT INTO router_states AS s (router_id, away_since)"
		  " VALUES ('%s', now() - interval '1 hour')"
		  " ON CONFLICT (router_id) DO UPDATE SET away_since = excluded.away_since",
	    away);
	rep = run("1999-02-20", true);
	(void)sql("UPDATE router_states SET away_since = NULL");
	assert_int_equal(rep.count[BILLING_SUSPEND].done, 39);
	assert_int_equal(rep.count[BILLING_SUSPEND].held, 1);
	assert_non_null(strstr(rep.not_done.buf, "\"username\":\"unit1999-7\""));
	assert_non_null(strstr(rep.not_done.buf, "the router away 1999 is away, night 1 of 3"));
	assert_int_equal(billing_failed(&rep), 1);
}

#define NOTHING(step)                                                                              \
	"\"" step                                                                                  \
	"\":{\"done\":0,\"refused\":0,\"skipped\":0,\"held\":0,\"failed\":0,\"guarded\":0},"

static void
a_report_says_what_each_step_did(void **state)
{
	struct billing_options opt = { .date = "1999-02-20",
		.dry_run = true,
		.steps = 1U << BILLING_OVERDUE | 1U << BILLING_SUSPEND };
	struct billing_report rep;
	const char *json;

	(void)state;
	assert_int_equal(billing_run(&cx, &opt, NULL, NULL, &rep), RC_OK);
	json = billing_report_json(&cx, &rep);
	assert_memory_equal(json,
	    "{\"date\":\"1999-02-20\",\"dry_run\":true,\"missed_days\":\"1999-01-26, ", 60);
	assert_non_null(strstr(json,
	    "\"only\":\"overdue,suspend\",\"steps\":{" NOTHING("begin") NOTHING("renew")
		NOTHING("overdue") NOTHING("late") NOTHING("expire") "\"suspend\":{\"done\":40,"));
	assert_non_null(strstr(json,
	    "\"lines\":[{\"step\":\"suspend\",\"outcome\":\"done\",\"subscription_id\":\""));
	assert_non_null(
	    strstr(json, "\"customer_name\":\"unit 1999\",\"invoice_number\":\"INV-19990125-0040\","
			 "\"amount\":50000,\"due_date\":\"1999-01-30\",\"detail\":null}"));
	assert_in_range(rep.longest_ms, 1, 60000);
}

/* The answer is given again for a minute, whatever happened meanwhile. */
static void
a_preview_is_kept(void **state)
{
	const char *first, *second, *third;

	(void)state;
	(void)sql("DELETE FROM billing_previews");
	assert_int_equal(billing_preview(&cx, "1999-02-20", &first), RC_OK);
	assert_non_null(strstr(first, "\"suspend\":{\"done\":40"));
	(void)run("1999-02-20", false);
	assert_int_equal(db_begin(&cx), RC_OK); /* now() stands still; the preview ends it */
	previews_are_of(59);
	assert_int_equal(billing_preview(&cx, "1999-02-20", &second), RC_OK);
	assert_string_equal(first, second);
	previews_are_of(60);
	assert_int_equal(billing_preview(&cx, "1999-02-20", &third), RC_OK);
	assert_non_null(strstr(third, "\"suspend\":{\"done\":0"));
}

/* Four callers of a long preview held up all payment tokens: one may wait, no more. */
static void
a_third_preview_is_sent_away(void **state)
{
	struct ctx other = rival_open();
	const char *json;

	(void)state;
	rival_sql(&other, "SELECT pg_advisory_lock(hashtext('isp-billing: preview')),"
			  " pg_advisory_lock(hashtext('isp-billing: preview, next'))");
	assert_int_equal(billing_preview(&cx, "1999-02-20", &json), RC_RETRY);
	assert_non_null(strstr(cx.err.msg, "ask again"));
	rival_sql(&other, "SELECT pg_advisory_unlock_all()");
	rival_close(&other);
	cx.err = (struct err){ 0 };
	assert_int_equal(billing_preview(&cx, "1999-02-20", &json), RC_OK);
}

/* A second request for a preview gets none while the first is at it. */
static void
a_second_preview_waits(void **state)
{
	struct ctx other = rival_open();
	const char *json = NULL;

	(void)state;
	rival_sql(&other, "SELECT pg_advisory_lock(hashtext('isp-billing: preview'))");
	(void)sql("SET lock_timeout = '200ms'");
	assert_int_equal(billing_preview(&cx, "1999-02-20", &json), RC_RETRY);
	(void)sql("RESET lock_timeout");
	assert_null(json);
	assert_int_equal(locks_held(), 0);
	cx.err = (struct err){ 0 };
	rival_close(&other);
}

/* A preview that fails says so, is not kept, and leaves neither a lock nor a transaction. */
static void
a_preview_that_fails_is_none(void **state)
{
	static const char *const breaks[][2] = {
		{ "ALTER FUNCTION billing_candidates RENAME TO gone",
		    "ALTER FUNCTION gone RENAME TO billing_candidates" },
		{ "ALTER TABLE billing_previews RENAME TO gone",
		    "ALTER TABLE gone RENAME TO billing_previews" },
	};

	(void)state;
	(void)sql("DELETE FROM billing_previews");
	for (size_t i = 0; i < countof(breaks); i++) {
		struct ctx fresh = rival_open();
		const char *json;

		(void)sql("%s", breaks[i][0]);
		assert_int_equal(billing_preview(&fresh, "1999-02-20", &json), RC_INTERNAL);
		(void)sql("%s", breaks[i][1]);
		assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM billing_previews"), 0);
		assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM pg_locks l"
					 " JOIN pg_database d ON d.oid = l.database"
					 " WHERE l.locktype = 'advisory'"
					 " AND d.datname = current_database()"), /* the cluster has
										    others */
		    0);
		rival_sql(&fresh, "SELECT 1");
		rival_close(&fresh);
	}
	assert_int_equal(billing_preview(&cx, "1999-02-30", &(const char *){ NULL }), RC_INVALID);
	assert_string_equal(cx.err.fields->field, "date");
	cx.err = (struct err){ 0 };
}

static void
a_preview_is_of_today_unless_a_day_is_given(void **state)
{
	const char *json;

	(void)state;
	assert_int_equal(billing_preview(&cx, NULL, &json), RC_OK);
	assert_non_null(strstr(json, "{\"date\":\"2026-03-02\",\"dry_run\":true,"));
	(void)sql("DELETE FROM billing_previews");
}

static void
missed_days_are_reported(void **state)
{
	struct billing_report rep = run("1999-02-23", false);

	(void)state;
	assert_string_equal(rep.missed, "1999-02-21, 1999-02-22");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_are_named),
		cmocka_unit_test(dates_are_days),
		cmocka_unit_test(a_later_day_is_permitted_or_tried),
		cmocka_unit_test(a_date_that_cannot_be_read_is_no_wrong_date),
		cmocka_unit_test(a_dry_run_reports_all_and_changes_nothing),
		cmocka_unit_test(the_guard_lets_bills_be_issued),
		cmocka_unit_test(a_preview_gives_way_to_real_work),
		cmocka_unit_test(another_run_holds_the_lock),
		cmocka_unit_test(a_lock_that_cannot_be_asked_for_ends_the_run),
		cmocka_unit_test(a_run_that_is_stopped_does_no_more),
		cmocka_unit_test(the_longest_transaction_is_reported),
		cmocka_unit_test(a_bad_row_stops_nothing_else),
		cmocka_unit_test(a_deadlock_is_tried_again),
		cmocka_unit_test(a_second_run_does_what_was_left),
		cmocka_unit_test(a_failure_is_named),
		cmocka_unit_test(only_the_steps_asked_for),
		cmocka_unit_test(a_dry_run_counts_the_reminders),
		cmocka_unit_test(a_statement_that_fails_ends_the_run),
		cmocka_unit_test(a_run_leaves_nothing_in_its_session),
		cmocka_unit_test(a_run_without_a_record_does_nothing),
		cmocka_unit_test(without_answers_nobody_is_suspended),
		cmocka_unit_test(a_line_that_may_have_paid_is_held),
		cmocka_unit_test(the_guard_stops_what_is_beyond_it),
		cmocka_unit_test(the_guard_gives_way_to_a_person),
		cmocka_unit_test(the_guard_stops_what_expires),
		cmocka_unit_test(a_router_that_is_away_holds_its_customers),
		cmocka_unit_test(a_report_says_what_each_step_did),
		cmocka_unit_test(a_preview_is_kept),
		cmocka_unit_test(a_third_preview_is_sent_away),
		cmocka_unit_test(a_second_preview_waits),
		cmocka_unit_test(a_preview_that_fails_is_none),
		cmocka_unit_test(a_preview_is_of_today_unless_a_day_is_given),
		cmocka_unit_test(missed_days_are_reported),
	};

	return cmocka_run_group_tests_name("billing", tests, open_all, close_all);
}
