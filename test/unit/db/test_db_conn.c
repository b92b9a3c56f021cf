/* How we connect, what a session of ours is, and what becomes of a connection that ends. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/conf.h"
#include "db/db.h"
#include "still_clock.h"

static struct ctx cx;

/* clang-format off */
static const struct db_stmt session = { "c_session",
	"SELECT current_user AS who, current_setting('application_name') AS program,"
	" current_setting('client_encoding') AS encoding, current_setting('jit') AS jit,"
	" current_setting('datestyle') AS dates, current_setting('isp.timezone') AS zone,"
	" current_setting('isp.today') AS today, current_setting('work_mem') AS work_mem,"
	" current_setting('default_transaction_isolation') AS isolation,"
	" current_setting('standard_conforming_strings') AS strings,"
	" current_setting('search_path') AS path, current_setting('timezone') AS utc,"
	" current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock", 0 };
static const struct db_stmt make = { "c_make", "CREATE TEMP TABLE seen (n int)", 0 };
static const struct db_stmt add = { "c_add", "INSERT INTO seen VALUES (1)", 0 };
static const struct db_stmt one = { "c_one", "SELECT 1 AS one", 0 };
/* clang-format on */

static int
setup(void **state)
{
	(void)state;
	cx = (struct ctx){ .mem = arena_new(4096) };
	return getenv("TEST_DB") != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	arena_reset(cx.mem);
	db_close(cx.db);
	arena_free(cx.mem);
	return 0;
}

static struct db_rows *
open_as(const struct db_conf *conf)
{
	struct db_rows *rows;

	if (db_open(&cx, conf, &cx.db) != RC_OK)
		fail_msg("%s: %s", cx.err.msg, cx.err.detail);
	assert_int_equal(db_rows(&cx, &session, &rows), RC_OK);
	return rows;
}

#define ASSERT_SETTING(col, val) assert_string_equal(db_text(rows, 0, col), val)

static void
a_session_is_what_the_program_says(void **state)
{
	const struct db_conf conf = {
		.conninfo = getenv("TEST_DB"),
		.role = "isp_api",
		.program = "unit test",
		.timezone = "Weird \\Zone' \"x\"",
		.today = "2026-03-04",
		.statement_ms = 61234, /* longer than a slow machine takes to answer here */
		.lock_ms = 567,
	};
	struct db_rows *rows = open_as(&conf);

	(void)state;
	ASSERT_SETTING("who", "isp_api");
	ASSERT_SETTING("program", "unit test");
	ASSERT_SETTING("encoding", "UTF8");
	ASSERT_SETTING("jit", "off");
	ASSERT_SETTING("dates", "ISO, YMD");
	ASSERT_SETTING("zone", "Weird \\Zone' \"x\"");
	ASSERT_SETTING("today", "2026-03-04");
	ASSERT_SETTING("statement", "61234ms");
	ASSERT_SETTING("lock", "567ms");
}

static void
the_configuration_says_where_and_when(void **state)
{
	const struct conf cf = { .val = {
				     [CONF_DATABASE_URL] = "host=/x dbname=y",
				     [CONF_APP_TIMEZONE] = "Asia/Makassar",
				     [CONF_APP_TODAY] = "2026-03-04",
				 } };
	struct db_conf conf;

	(void)state;
	conf = db_conf_of(&cx, &cf, "unit test", "isp_api");
	assert_string_equal(conf.conninfo, "host=/x dbname=y");
	assert_string_equal(conf.role, "isp_api");
	assert_string_equal(conf.program, "unit test");
	assert_string_equal(conf.timezone, "Asia/Makassar");
	assert_string_equal(conf.today, "2026-03-04");
	assert_int_equal(conf.statement_ms + conf.lock_ms + conf.answer_ms, 0);
}

static void
an_absent_setting_is_empty(void **state)
{
	const struct db_conf conf = { .conninfo = getenv("TEST_DB") };
	struct db_rows *rows = open_as(&conf);

	(void)state;
	ASSERT_SETTING("who", "postgres");
	ASSERT_SETTING("zone", "");
	ASSERT_SETTING("today", "");
	ASSERT_SETTING("statement", "0");
	ASSERT_SETTING("lock", "0");
}

/* DATABASE_URL may say more; what we rely on it cannot change. */
static void
the_url_adds_and_does_not_override(void **state)
{
	const struct db_conf conf = {
		.conninfo = arena_printf(cx.mem,
		    "%s&application_name=theirs&client_encoding=LATIN1"
		    "&options=-c%%20work_mem%%3D12MB%%20-c%%20jit%%3Don"
		    "%%20-c%%20datestyle%%3DGerman",
		    getenv("TEST_DB")),
		.role = "isp_billing",
		.program = "ours",
	};
	struct db_rows *rows = open_as(&conf);

	(void)state;
	ASSERT_SETTING("who", "isp_billing");
	ASSERT_SETTING("program", "theirs");
	ASSERT_SETTING("work_mem", "12MB");
	ASSERT_SETTING("encoding", "UTF8");
	ASSERT_SETTING("jit", "off");
	ASSERT_SETTING("dates", "ISO, YMD");
}

/*
 * Bug: a database whose owner had set its defaults returned days in another form,
 * snapshots that a lock does not renew, and backslashes that ended strings.
 */
static void
defaults_of_the_database_do_not_matter(void **state)
{
	const struct db_conf conf = {
		.conninfo = arena_printf(cx.mem,
		    "%s&options=-c%%20default_transaction_isolation%%3Drepeatable%%5C%%20read"
		    "%%20-c%%20standard_conforming_strings%%3Doff%%20-c%%20search_path%%3Dpg_temp"
		    "%%20-c%%20timezone%%3DAsia/Tokyo",
		    getenv("TEST_DB")),
		.program = "unit",
	};
	struct db_rows *rows = open_as(&conf);

	(void)state;
	ASSERT_SETTING("isolation", "read committed");
	ASSERT_SETTING("strings", "on");
	ASSERT_SETTING("path", "public");
	ASSERT_SETTING("utc", "UTC");
}

/* The server answers and refuses the login: waiting does not help, and a program must say so. */
static void
a_refused_login_is_no_outage(void **state)
{
	const struct db_conf refused = { .conninfo = getenv("TEST_DB"),
		.role = "no_such_role",
		.program = "unit" };
	const struct db_conf away = { .conninfo = "host=/nowhere", .program = "unit" };

	(void)state;
	assert_int_equal(db_open(&cx, &refused, &cx.db), RC_INTERNAL);
	assert_non_null(strstr(cx.err.detail, "no_such_role"));
	assert_int_equal(db_open(&cx, &away, &cx.db), RC_RETRY);
}

/* A session that has become read-only is left: the next statement has another one. */
static void
a_read_only_session_is_left(void **state)
{
	static const struct db_stmt turn = { "c_turn",
		"SELECT set_config('default_transaction_read_only', 'on', false)", 0 };
	static const struct db_stmt who = { "c_who", "SELECT pg_backend_pid()::text AS who", 0 };
	static const struct db_stmt write = { "c_write", "CREATE TABLE c_written (n int)", 0 };
	const struct db_conf conf = { .conninfo = getenv("TEST_DB"), .program = "unit" };
	struct db_rows *rows = open_as(&conf);
	const char *before;

	(void)state;
	assert_int_equal(db_rows(&cx, &who, &rows), RC_OK);
	before = arena_strdup(cx.mem, db_text(rows, 0, "who"));
	assert_int_equal(db_exec(&cx, &turn), RC_OK);
	assert_int_equal(db_exec(&cx, &write), RC_RETRY);
	assert_int_equal(db_rows(&cx, &who, &rows), RC_OK);
	assert_string_not_equal(db_text(rows, 0, "who"), before);
}

/* The arena outlives the connection, or the other way round: either order ends well. */
static void
closed_inside_a_transaction(void **state)
{
	const struct db_conf conf = { .conninfo = getenv("TEST_DB") };

	(void)state;
	(void)open_as(&conf);
	assert_int_equal(db_exec(&cx, &make), RC_OK);
	assert_int_equal(db_begin(&cx), RC_OK);
	assert_int_equal(db_exec(&cx, &add), RC_OK);
	assert_int_equal(db_send_exec(&cx, &add), RC_OK);
	db_close(cx.db);
	cx.db = NULL;
	arena_reset(cx.mem); /* rolls back what is no longer there */
}

static void
nothing_to_close_is_closed(void **state)
{
	(void)state;
	db_close(NULL);
	assert_int_equal(db_listen(&(struct ctx){ .mem = cx.mem }, "no \"name\""), RC_INTERNAL);
	assert_int_equal(db_listen(&(struct ctx){ .mem = cx.mem }, ""), RC_INTERNAL);
}

/* A server that accepts connections and closes them at once; counts them. */
static int door;

static int
rings(void)
{
	int n = 0, fd;

	while ((fd = accept(door, NULL, NULL)) >= 0) {
		(void)close(fd);
		n++;
	}
	return n;
}

static const char *
open_door(const char *dir)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s/.s.PGSQL.5432", dir);
	door = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(door, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(door, 16), 0);
	return arena_strdup(cx.mem, at.sun_path);
}

/* While the database is away each request fails at once: a try each 300 ms, not one each time. */
static void
a_database_that_is_away_is_not_stormed(void **state)
{
	char dir[] = "/tmp/isp-unit-XXXXXX";
	const char *at;
	struct db_conf conf = { 0 };

	(void)state;
	assert_non_null(mkdtemp(dir));
	at = open_door(dir);
	(void)close(door); /* the file stays: connecting is refused */
	conf.conninfo = arena_printf(cx.mem, "host=%s user=x dbname=x", dir);
	cx.db = db_new(&conf);
	assert_int_equal(db_exec(&cx, &one), RC_RETRY);
	assert_non_null(strstr(cx.err.detail, dir));
	assert_int_equal(unlink(at), 0);

	at = open_door(dir);
	*clock_now += 299;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(db_exec(&cx, &one), RC_RETRY);
		assert_string_equal(cx.err.msg, "the database cannot be reached");
	}
	assert_int_equal(rings(), 0);
	(void)close(door);
	*clock_now += 1;
	assert_int_equal(db_exec(&cx, &one), RC_RETRY);
	assert_non_null(strstr(cx.err.detail, dir)); /* it has been tried again */
	assert_int_equal(unlink(at), 0);
	assert_int_equal(rmdir(dir), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_session_is_what_the_program_says),
		CASE(the_configuration_says_where_and_when),
		CASE(an_absent_setting_is_empty),
		CASE(the_url_adds_and_does_not_override),
		CASE(defaults_of_the_database_do_not_matter),
		CASE(a_refused_login_is_no_outage),
		CASE(a_read_only_session_is_left),
		CASE(closed_inside_a_transaction),
		CASE(nothing_to_close_is_closed),
		CASE(a_database_that_is_away_is_not_stormed),
	};

	return cmocka_run_group_tests_name("db_conn", tests, NULL, NULL);
}
