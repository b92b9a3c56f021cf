/* Totals of row_counts are exact whatever happens at the same time, and nobody waits for them. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/db.h"

enum { WRITERS = 6, ROUNDS = 40 };

/* A statement that waits for another's lock fails, and one of a slow machine does not. */
static struct db_conf conf = { .program = "test_totals", .statement_ms = 30000 };

/* clang-format off */
static const struct db_stmt add = { "u_add",
	"INSERT INTO ping_targets (name, host) SELECT 'totals', 'totals' FROM generate_series(1, $1::int)", 1 };
static const struct db_stmt drop = { "u_drop",
	"DELETE FROM ping_targets WHERE id IN (SELECT id FROM ping_targets WHERE host = 'totals'"
	" ORDER BY random() LIMIT $1::int FOR UPDATE SKIP LOCKED)", 1 };
static const struct db_stmt clean = { "u_clean", "DELETE FROM ping_targets WHERE host = 'totals'", 0 };
static const struct db_stmt compare = { "u_compare",
	"SELECT (SELECT sum(n)::bigint FROM row_counts WHERE table_name = 'ping_targets') AS summed,"
	" (SELECT count(*) FROM ping_targets) AS counted", 0 };
static const struct db_stmt hold = { "u_hold",
	"SELECT stripe FROM row_counts WHERE table_name = 'ping_targets' AND stripe <> $1::int FOR UPDATE", 1 };
static const struct db_stmt ours = { "u_ours",
	"SELECT count(*) AS n FROM row_counts WHERE table_name = 'ping_targets'", 0 };
/* clang-format on */

static struct ctx
connect_now(void)
{
	struct ctx cx = { .mem = arena_new(4096) };

	conf.conninfo = getenv("TEST_DB");
	if (conf.conninfo == NULL || db_open(&cx, &conf, &cx.db) != RC_OK)
		abort();
	return cx;
}

static void
leave(struct ctx *cx)
{
	arena_reset(cx->mem);
	db_close(cx->db);
	arena_free(cx->mem);
}

static void
assert_exact(struct ctx *cx)
{
	struct db_rows *rows;

	assert_int_equal(db_rows(cx, &compare, &rows), RC_OK);
	assert_int_equal(db_i64(rows, 0, "summed"), db_i64(rows, 0, "counted"));
}

/* Adds and takes rows, half of the time to no effect. */
static int
write_much(unsigned seed)
{
	struct ctx cx = connect_now();
	int failures = 0;

	srandom(seed);
	for (int i = 0; i < ROUNDS; i++) {
		enum rc rc = db_begin(&cx);

		if (rc == RC_OK)
			rc = db_exec(&cx, &add, V_I64(random() % 4));
		if (rc == RC_OK)
			rc = db_exec(&cx, &drop, V_I64(random() % 3));
		if (rc == RC_OK && random() % 2 == 0)
			rc = db_commit(&cx);
		failures += rc != RC_OK;
		arena_reset(cx.mem);
	}
	leave(&cx);
	return failures;
}

static void
exact_under_concurrent_writers(void **state)
{
	struct ctx cx = connect_now();

	(void)state;
	for (unsigned i = 0; i < WRITERS; i++)
		if (fork() == 0)
			_exit(write_much(i) > 0);
	for (int i = 0; i < 20; i++) {
		assert_exact(&cx); /* one snapshot sees rows and total alike, at any moment */
		(void)usleep(5000);
	}
	for (int i = 0; i < WRITERS; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_exact(&cx);
	assert_int_equal(db_exec(&cx, &clean), RC_OK);
	assert_exact(&cx);
	leave(&cx);
}

/* As many open transactions as stripes, and every one of them gets on. */
static void
inserts_do_not_queue(void **state)
{
	struct ctx open[16];
	struct db_rows *rows;

	(void)state;
	for (size_t i = 0; i < countof(open); i++) {
		open[i] = connect_now();
		assert_int_equal(db_begin(&open[i]), RC_OK);
		assert_int_equal(db_exec(&open[i], &add, V_I64(1)), RC_OK);
	}
	assert_int_equal(db_rows(&open[0], &ours, &rows), RC_OK);
	assert_int_equal(db_i64(rows, 0, "n"), 16);
	for (size_t i = 0; i < countof(open); i++)
		leave(&open[i]);
}

/* A stripe that nobody holds is found, each of them. The sixteen above have numbers that follow
 * each other, and a stripe each: none of them had to look for another one, and that the search
 * passes over what is locked was proven by luck. */
static void
the_free_stripe_is_found(void **state)
{
	struct ctx holder = connect_now(), writer = connect_now();

	(void)state;
	for (int free = 0; free < 16; free++) {
		struct db_rows *held;

		assert_int_equal(db_begin(&holder), RC_OK);
		assert_int_equal(db_rows(&holder, &hold, &held, V_I64(free)), RC_OK);
		assert_int_equal(db_count(held), 15);
		assert_int_equal(db_begin(&writer), RC_OK);
		assert_int_equal(db_exec(&writer, &add, V_I64(1)), RC_OK);
		db_rollback(&writer);
		db_rollback(&holder);
	}
	leave(&writer);
	leave(&holder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_under_concurrent_writers),
		cmocka_unit_test(inserts_do_not_queue),
		cmocka_unit_test(the_free_stripe_is_found),
	};

	return cmocka_run_group_tests_name("totals", tests, NULL, NULL);
}
