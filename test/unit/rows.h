/*
 * rows.h: a test with rows of its own in $TEST_DB.
 *
 * Each test is one transaction, in which customers, packages, devices and users
 * are gone; at its end it is rolled back.  So no test sees what another left,
 * and a second connection sees nothing of the test.  A statement that fails ends
 * the transaction, too: let it be the last of its test.
 */
#ifndef ROWS_H
#define ROWS_H

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/crypt.h"
#include "base/log.h"
#include "db/db.h"

#define ROWS_KEY "base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static struct ctx cx;

/* Run a statement; the column v of its first row, NULL when there is none. */
#define sql(...)     rows_sql(arena_printf(cx.mem, __VA_ARGS__))
#define sql_i64(...) strtoll(sql(__VA_ARGS__), NULL, 10)

static inline const char *
rows_sql(const char *text)
{
	const struct db_stmt st = { NULL, text, 0 };
	struct db_rows *rows;

	if (db_rows(&cx, &st, &rows) != RC_OK)
		fail_msg("%s: %s (%s)", text, cx.err.msg, cx.err.detail);
	return db_count(rows) > 0 ? db_text(rows, 0, "v") : NULL;
}

static inline enum rc
rows_connect(struct ctx *to)
{
	const struct db_conf conf = { .conninfo = getenv("TEST_DB"),
		.program = "unit",
		.timezone = "Asia/Jakarta",
		.today = "2026-03-02" };

	return conf.conninfo != NULL ? db_open(to, &conf, &to->db) : RC_INTERNAL;
}

static inline int
rows_open(void **state)
{
	struct arena *life = arena_new(65536);
	struct ctx opener = { .mem = life };

	(void)state;
	log_open("unit");
	if (rows_connect(&opener) != RC_OK || crypt_open(&opener, ROWS_KEY, "") != RC_OK)
		return -1;
	cx = (struct ctx){ .mem = arena_new(65536), .db = opener.db };
	arena_free(life);
	return 0;
}

static inline int
rows_close(void **state)
{
	(void)state;
	arena_free(cx.mem);
	db_close(cx.db);
	return 0;
}

static inline int
rows_begin(void **state)
{
	(void)state;
	cx.actor = (struct actor){ .name = "unit" };
	cx.request_id = "";
	cx.ip = "192.0.2.1";
	cx.err = (struct err){ 0 };
	if (db_begin(&cx) != RC_OK)
		return -1;
	(void)sql("TRUNCATE customers, packages, router_settings, radius_settings, snmp_devices,"
		  " users CASCADE");
	return 0;
}

static inline int
rows_end(void **state)
{
	(void)state;
	arena_reset(cx.mem);
	return 0;
}

#define ROWS_TEST(f) cmocka_unit_test_setup_teardown(f, rows_begin, rows_end)

/* End the transaction by a failed statement: each later one fails, too. */
static inline void
break_database(void)
{
	const struct db_stmt st = { NULL, "SELECT 1 / 0", 0 };

	assert_int_not_equal(db_exec(&cx, &st), RC_OK);
}

/* Replace a function by one that fails: "no NAME today". */
static inline void
break_function(const char *name)
{
	const char *arguments = sql("SELECT pg_get_function_arguments('%s'::regproc) AS v", name);
	const char *result = sql("SELECT pg_get_function_result('%s'::regproc) AS v", name);

	(void)sql("CREATE OR REPLACE FUNCTION %s(%s) RETURNS %s LANGUAGE plpgsql AS"
		  " $$ BEGIN RAISE 'no %% today', '%s'; END $$",
	    name, arguments, result, name);
}

/* A second connection, which sees what is committed. */
static inline struct ctx
rival_open(void)
{
	struct ctx rival = { .mem = arena_new(4096), .request_id = "" };

	assert_int_equal(rows_connect(&rival), RC_OK);
	return rival;
}

/* For a rival that holds this advisory lock: give it up when somebody waits for it. */
#define UNLOCK_WHEN_AWAITED(key)                                                                   \
	"DO $$ BEGIN"                                                                              \
	" WHILE NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"      \
	" AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) LOOP"   \
	" PERFORM pg_sleep(0.01); END LOOP;"                                                       \
	" PERFORM pg_advisory_unlock(hashtextextended('" key "', 0)); END $$"

static inline void
rival_sql(struct ctx *rival, const char *text)
{
	const struct db_stmt st = { NULL, text, 0 };

	assert_int_equal(db_exec(rival, &st), RC_OK);
}

static inline void
rival_close(struct ctx *rival)
{
	arena_reset(rival->mem);
	db_close(rival->db);
	arena_free(rival->mem);
}

/* ---- what many tests need ------------------------------------------------ */

/* A router at that port of this machine, its password sealed; its id. */
static inline const char *
a_router(const char *name, int port)
{
	const char *id = crypt_uuid(&cx), *sealed;

	assert_int_equal(crypt_seal(&cx, arena_printf(cx.mem, "router_settings:%s:password", id),
			     "s3cret", &sealed),
	    RC_OK);
	(void)sql("INSERT INTO router_settings (id, name, host, port, username, password)"
		  " VALUES ('%s', '%s', '127.0.0.1', %d, 'api', '%s')",
	    id, name, port, sealed);
	return id;
}

static inline const char *
a_package(const char *name, const char *type)
{
	return sql("INSERT INTO packages (name, type, bandwidth, price, router_profile)"
		   " VALUES ('%s', '%s', '10M/5M', 150000, '%s') RETURNING id::text AS v",
	    name, type, name);
}

/* One who owes 150,000 on a first invoice, the only one there is; its id. */
static inline const char *
an_invoice(void)
{
	const char *package = a_package("home", "pppoe");
	const char *customer = sql("INSERT INTO customers (name, email)"
				   " VALUES ('Citra', 'c@example.net') RETURNING id AS v");

	(void)sql(
	    "SELECT subscription_create(jsonb_build_object('customer_id', '%s', 'package_id', '%s',"
	    " 'mikrotik_username', 'citra', 'mikrotik_password', 'x', 'issue_invoice', true),"
	    " '2026-03-02') AS v",
	    customer, package);
	return sql("SELECT id AS v FROM invoices");
}

/* A subscriber of the package; the id of the account. */
static inline const char *
an_account(const char *username, const char *package, const char *address)
{
	const char *id = crypt_uuid(&cx), *sealed;

	assert_int_equal(crypt_seal(&cx,
			     arena_printf(cx.mem, "subscriptions:%s:mikrotik_password", id),
			     "kata sandi", &sealed),
	    RC_OK);
	(void)sql("WITH c AS (INSERT INTO customers (name) VALUES ('Citra') RETURNING id)"
		  " INSERT INTO subscriptions (id, customer_id, package_id, mikrotik_username,"
		  " mikrotik_password, remote_address, start_date, end_date)"
		  " SELECT '%s', c.id, '%s', '%s', '%s', nullif('%s', ''), '2026-03-01',"
		  " '2026-03-30' FROM c",
	    id, package, username, sealed, address);
	return sql("SELECT id::text AS v FROM mikrotik_secrets WHERE subscription_id = '%s'", id);
}

#endif
