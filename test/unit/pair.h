/*
 * pair.h: two connections by hand: what the first has not committed, the second waits for.
 */
#ifndef PAIR_H
#define PAIR_H

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static PGconn *one, *two;

static inline void
run(const char *sql)
{
	PGresult *res = PQexec(one, sql);

	if (PQresultStatus(res) != PGRES_COMMAND_OK && PQresultStatus(res) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(one));
	PQclear(res);
}

/* Let the second begin a statement that has to wait for the first: go on when it does. */
static inline void
second_waits(const char *sql)
{
	char until[256];

	(void)snprintf(until, sizeof(until),
	    "DO $$ BEGIN FOR n IN 1 .. 3000 LOOP"
	    " EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE pid = %d AND NOT granted);"
	    " PERFORM pg_sleep(0.01); END LOOP; END $$",
	    PQbackendPID(two));
	assert_true(PQsendQuery(two, sql));
	run(until);
	assert_true(PQconsumeInput(two) && PQisBusy(two));
}

/* The outcome of the second, once the first has committed: a SQLSTATE, "" for success. */
static inline const char *
second_ends(void)
{
	static char state[6];
	PGresult *res;

	run("COMMIT");
	state[0] = '\0';
	while ((res = PQgetResult(two)) != NULL) {
		const char *code = PQresultErrorField(res, PG_DIAG_SQLSTATE);

		if (code != NULL)
			memcpy(state, code, sizeof(state));
		PQclear(res);
	}
	return state;
}

/* Run a statement on the second that waits for nothing: the time-out of locks would end it. */
static inline void
second_runs(const char *sql)
{
	PGresult *res = PQexec(two, sql);

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(two));
	PQclear(res);
}

static inline const char *
second(const char *sql)
{
	second_waits(sql);
	return second_ends();
}

static inline int
connect_both(void **state)
{
	(void)state;
	one = PQconnectdb(getenv("TEST_DB"));
	two = PQconnectdb(getenv("TEST_DB"));
	assert_int_equal(PQstatus(one), CONNECTION_OK);
	assert_int_equal(PQstatus(two), CONNECTION_OK);
	PQclear(PQexec(two, "SET lock_timeout = '60s'"));
	return 0;
}

static inline int
disconnect_both(void **state)
{
	(void)state;
	PQfinish(one);
	PQfinish(two);
	return 0;
}

#endif
