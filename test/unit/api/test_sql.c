/*
 * Every statement of sql/queries against the deployed schema: a column
 * misspelt here fails, not a customer's evening.  As the superuser, and the
 * parameters must be as many as the statement says.
 */
#include <libpq-fe.h>
#include <stdlib.h>

#include "unit.h"

#include "sql.h"

static PGconn *conn;

static int
connect_it(void **state)
{
	(void)state;
	conn = PQconnectdb(getenv("TEST_DB"));
	return PQstatus(conn) == CONNECTION_OK ? 0 : -1;
}

static int
disconnect_it(void **state)
{
	(void)state;
	PQfinish(conn);
	return 0;
}

/* How many parameters the server sees; -1 when it does not take the statement. */
static int
prepare(const struct db_stmt *stmt)
{
	PGresult *res = PQprepare(conn, stmt->name, stmt->text, 0, NULL);
	int n = -1;

	if (PQresultStatus(res) != PGRES_COMMAND_OK) {
		print_error("%s: %s", stmt->name, PQerrorMessage(conn));
	} else {
		PQclear(res);
		res = PQdescribePrepared(conn, stmt->name);
		n = PQnparams(res);
	}
	PQclear(res);
	return n;
}

static void
every_statement_prepares(void **state)
{
	size_t bad = 0, n = 0;

	(void)state;
	for (; sql_all[n] != NULL; n++) {
		int params = prepare(sql_all[n]);

		if (params == sql_all[n]->nparams)
			continue;
		bad++;
		print_error("%s: %d parameters, not %d\n", sql_all[n]->name, params,
		    sql_all[n]->nparams);
	}
	assert_true(n > 50);
	assert_int_equal(bad, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_statement_prepares),
	};

	return cmocka_run_group_tests_name("sql", tests, connect_it, disconnect_it);
}
