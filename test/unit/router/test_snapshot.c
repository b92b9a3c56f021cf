/* Readings that all workers share: who reads, how long one lasts, and failures that are kept. */
#include "router_peer.h"

#include "base/clock.h"
#include "router/snapshot.h"
#include "sql.h"

static int64_t
logins(void)
{
	int64_t n = 0;

	for (const char *at = hang_up(); (at = strstr(at, "/login")) != NULL; at++)
		n++;
	return n;
}

static void
one_reading_answers_all(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		LAST("!re|=.id=*1|=name=home\n!done\n"),
	};
	const char *id = answering(turns), *first = NULL, *second = NULL;

	(void)state;
	assert_int_equal(snapshot_get(&cx, id, SNAPSHOT_PROFILES, &first), RC_OK);
	assert_int_equal(snapshot_get(&cx, NULL, SNAPSHOT_PROFILES, &second), RC_OK);
	assert_string_equal(first, "[{\"id\":\"*1\",\"name\":\"home\"}]");
	assert_string_equal(second, first);
	assert_int_equal(logins(), 1);
}

/* An action on the router, or five seconds: the next reader reads again. */
static void
an_expired_reading_is_read_again(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		{ .listen = 1, .say = "!re|=.id=*1|=name=home\n!done\n", .end = PEER_AGAIN },
		LOGIN,
		{ .listen = 1, .say = "!re|=.id=*1|=name=new\n!done\n", .end = PEER_AGAIN },
		LOGIN,
		LAST("!re|=.id=*1|=name=old\n!done\n"),
	};
	const char *id = answering(turns), *data = NULL;

	(void)state;
	assert_int_equal(snapshot_get(&cx, id, SNAPSHOT_PROFILES, &data), RC_OK);
	assert_int_equal(snapshot_expire(&cx, id), RC_OK);
	assert_int_equal(snapshot_get(&cx, id, SNAPSHOT_PROFILES, &data), RC_OK);
	assert_non_null(strstr(data, "new"));
	(void)sql("UPDATE router_snapshots SET tried_at = tried_at - interval '6 seconds'");
	assert_int_equal(snapshot_get(&cx, id, SNAPSHOT_PROFILES, &data), RC_OK);
	assert_non_null(strstr(data, "old"));
	assert_int_equal(logins(), 3);
}

/* A router that refused a moment ago is not waited for again, whatever is asked for. */
static void
a_dead_router_is_tried_once(void **state)
{
	const char *id = a_router("Main", 1), *data = NULL;

	(void)state;
	assert_int_equal(snapshot_get(&cx, id, SNAPSHOT_PROFILES, &data), RC_UPSTREAM);
	assert_non_null(strstr(cx.err.msg, "refused"));
	assert_string_equal(sql("SELECT string_agg(kind, ' ') AS v FROM router_snapshots"), "link");
	(void)sql("UPDATE router_settings SET name = 'Other'"); /* a new try would name it so */
	assert_int_equal(snapshot_get(&cx, id, SNAPSHOT_SECRETS, &data), RC_UPSTREAM);
	assert_non_null(strstr(cx.err.msg, "Main"));
}

/* A reading of the default router is none of the named one. */
static void
a_reading_is_of_the_named_router(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		LAST("!re|=.id=*1|=name=home\n!done\n"),
	};
	const char *data = NULL;

	(void)state;
	(void)a_router("Dead", 1);
	assert_int_equal(snapshot_get(&cx, NULL, SNAPSHOT_PROFILES, &data), RC_UPSTREAM);
	assert_int_equal(snapshot_get(&cx, answering(turns), SNAPSHOT_PROFILES, &data), RC_OK);
}

/* A router that answers and lacks one menu keeps its other readings. */
static void
a_failure_of_one_kind_spoils_no_other(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY("!trap|=message=not enough permissions (9)\n!done\n"),
		{ .pause_ms = 300, .raw = "\0", .raw_len = 1, .end = PEER_AGAIN },
		LOGIN,
		LAST("!re|=.id=*1|=name=home\n!done\n"),
	};
	const char *id = answering(turns), *data = NULL;

	(void)state;
	assert_int_equal(snapshot_get(&cx, id, SNAPSHOT_SECRETS, &data), RC_UPSTREAM);
	assert_non_null(strstr(cx.err.msg, "not enough permissions"));
	assert_int_equal(snapshot_get(&cx, id, SNAPSHOT_PROFILES, &data), RC_OK);
	assert_int_equal(snapshot_get(&cx, id, SNAPSHOT_SECRETS, &data), RC_UPSTREAM);
	assert_int_equal(logins(), 2);
}

/* The lock of a router, held by another worker. */
static struct ctx
another_reader(const char *id)
{
	struct ctx other = rival_open();
	struct db_rows *rows;

	assert_int_equal(db_row(&other, &SQL_snapshot_lock, &rows, V_TEXT(id)), RC_OK);
	assert_true(db_bool(rows, 0, "locked"));
	return other;
}

/* Returns how long a reader waits for this failure: the least of three times on a busy machine. */
static int64_t
waited_for(const char *id, const char *why, int64_t most)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < 3 && least > most; i++) {
		const int64_t began = clock_ms();
		const char *data = NULL;
		int64_t took;

		assert_int_equal(snapshot_get(&cx, id, SNAPSHOT_PROFILES, &data), RC_UPSTREAM);
		assert_non_null(strstr(cx.err.msg, why));
		took = clock_ms() - began;
		least = took < least ? took : least;
	}
	return least;
}

/* No request waits longer than 3 s for another reader, and none at all where the last reading
 * failed. */
static void
another_reader_is_not_waited_for_long(void **state)
{
	const char *id = a_router("Main", 1);
	struct ctx other = another_reader(id);

	(void)state;
	assert_in_range(waited_for(id, "in time", 3000), 2000, 3000);
	assert_null(sql("SELECT kind AS v FROM router_snapshots"));
	(void)sql("INSERT INTO router_snapshots (router_id, kind, error, tried_at)"
		  " VALUES ('%s', 'link', 'the last failure', '-infinity')",
	    id);
	assert_in_range(waited_for(id, "the last failure", 500), 0, 500);
	assert_string_equal(cx.err.msg, "the last failure");
	rival_close(&other);
}

static void
a_router_that_is_none_is_not_called(void **state)
{
	const char *id = a_router("Main", 1), *data = NULL;

	(void)state;
	(void)sql("UPDATE router_settings SET is_active = false");
	assert_int_equal(snapshot_get(&cx, id, SNAPSHOT_SECRETS, &data), RC_CONFLICT);
	assert_int_equal(snapshot_get(&cx, NULL, SNAPSHOT_SECRETS, &data), RC_CONFLICT);
	assert_int_equal(snapshot_get(&cx, "00000000-0000-4000-8000-000000000000", SNAPSHOT_SECRETS,
			     &data),
	    RC_NOT_FOUND);
	assert_int_equal(snapshot_live_all(&cx), RC_OK); /* none is active: nobody is online */
	assert_null(sql("SELECT kind AS v FROM router_snapshots"));
}

#define LIVE                                                                                       \
	LOGIN, SAY("!re|=uptime=1d|=version=7.20|=cpu-load=1\n!done\n"), DONE,                     \
	    { .listen = 1,                                                                         \
		    .say = "!re|=.id=*1|=name=ani|=service=pppoe|=address=10.0.0.5\n"              \
			   "!done\n" },                                                            \
	    DONE,                                                                                  \
	{                                                                                          \
		.listen = 1,                                                                       \
		.say = "!re|=name=<pppoe-ani>|=rx-byte=9000000000|=tx-byte=7\n!done\n",            \
		.end = PEER_HOLD                                                                   \
	}

static void
a_sample_is_a_reading_that_is_kept(void **state)
{
	static const struct turn turns[] = { LIVE };
	const char *id = answering(turns);

	(void)state;
	(void)an_account("ani", a_package("home", "pppoe"), "");
	(void)an_account("budi", a_package("work", "pppoe"), "");
	assert_int_equal(snapshot_sample(&cx, id, 20000), RC_OK);
	assert_string_equal(
	    sql("SELECT string_agg(m.username || ' ' || l.online || ' ' ||"
		" coalesce(l.rx_bytes::text, '-'), ', ' ORDER BY m.username) AS v"
		" FROM line_samples l JOIN mikrotik_secrets m ON m.id = l.account_id"),
	    "ani true 9000000000, budi false -");
}

/* The last statement failed, and so does each one after it. */
static void
a_failing_database_is_an_error(void **state)
{
	const char *id = a_router("Main", 1), *data = NULL;

	(void)state;
	break_database();
	assert_int_not_equal(snapshot_sample(&cx, id, 20000), RC_OK);
	assert_int_not_equal(snapshot_get(&cx, id, SNAPSHOT_SECRETS, &data), RC_OK);
	assert_int_not_equal(snapshot_get(&cx, NULL, SNAPSHOT_SECRETS, &data), RC_OK);
	assert_int_not_equal(snapshot_live_all(&cx), RC_OK);
	assert_null(data);
}

static int
begin_committed(void **state)
{
	(void)state;
	cx.err = (struct err){ 0 };
	(void)sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
		  " $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$");
	(void)sql("CREATE TRIGGER refuse BEFORE INSERT ON router_snapshots FOR EACH ROW"
		  " EXECUTE FUNCTION refuse()");
	return 0;
}

static int
clear(void **state)
{
	(void)sql("DROP FUNCTION refuse() CASCADE");
	(void)sql("TRUNCATE router_settings CASCADE");
	return end(state);
}

/* Without the row each request would call the dead router anew: that is a failure of ours, and not
 * one of the router. */
static void
a_failure_that_cannot_be_kept_is_ours(void **state)
{
	const char *id = a_router("Main", 1), *data = NULL;

	(void)state;
	assert_int_equal(snapshot_get(&cx, id, SNAPSHOT_PROFILES, &data), RC_INTERNAL);
	assert_int_equal(snapshot_sample(&cx, id, 20000), RC_INTERNAL);
}

/* With two routers, one that is known to be down is left out and the other answers. */
static void
a_dead_router_hides_no_other(void **state)
{
	static const struct turn turns[] = { LIVE };

	(void)state;
	(void)answering(turns);
	(void)a_router("Second", 1);
	assert_int_equal(snapshot_live_all(&cx), RC_OK);
	assert_string_equal(sql("SELECT username AS v FROM router_sessions"), "ani");
	assert_int_equal(snapshot_live_all(&cx), RC_OK);
	assert_int_equal(logins(), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROUTER_TEST(one_reading_answers_all),
		ROUTER_TEST(an_expired_reading_is_read_again),
		ROUTER_TEST(a_dead_router_is_tried_once),
		ROUTER_TEST(a_reading_is_of_the_named_router),
		ROUTER_TEST(a_failure_of_one_kind_spoils_no_other),
		ROUTER_TEST(another_reader_is_not_waited_for_long),
		ROUTER_TEST(a_router_that_is_none_is_not_called),
		ROUTER_TEST(a_sample_is_a_reading_that_is_kept),
		ROUTER_TEST(a_dead_router_hides_no_other),
		ROUTER_TEST(a_failing_database_is_an_error),
		cmocka_unit_test_setup_teardown(a_failure_that_cannot_be_kept_is_ours,
		    begin_committed, clear),
	};

	return cmocka_run_group_tests_name("snapshot", tests, rows_open, rows_close);
}
