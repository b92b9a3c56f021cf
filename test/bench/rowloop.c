/*
 * rowloop.c: the nightly run as most systems of this kind do it, for
 * test/bench/run: a loop in the program, one transaction a row.
 *
 *	rowloop CONNINFO DAY RENEWALS SUSPENSIONS
 *
 * Renews and suspends so many of those who are due, through plain libpq with
 * prepared statements, and prints what a thousand of each take in ms.  It
 * writes what the night writes, row for row:
 *	a renewal	the number, the bill, its line, the log
 *	a suspension	the subscription, the days off, the account, the job for the router, the log
 * It is spared what such a loop could do without: it locks nothing, tests
 * nothing twice, reports nothing, and marks all overdue bills in one statement
 * with their logs.  The triggers of accounts are expected to be off: like
 * pure.sql it does their work by hand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <libpq-fe.h>

enum stmt {
	S_RUN,
	S_OVERDUE,
	S_RENEWALS,
	S_NUMBER,
	S_INVOICE,
	S_LINE,
	S_RENEWED,
	S_DEBTORS,
	S_SUSPEND,
	S_OFF,
	S_ACCOUNT,
	S_JOB,
	S_SUSPENDED,
	S__MAX
};

static const char *const statements[S__MAX] = {
	[S_RUN] = "INSERT INTO billing_runs (business_date, is_forced, actor)"
		  " VALUES ($1::date, true, 'rowloop') RETURNING id",
	[S_OVERDUE] =
	    "WITH late AS ("
	    " UPDATE invoices SET status = 'overdue', updated_at = now()"
	    " WHERE is_open AND status = 'unpaid' AND due_date < $1::date"
	    " RETURNING id, customer_id, subscription_id, invoice_number, due_date)"
	    " INSERT INTO billing_logs"
	    " (customer_id, subscription_id, invoice_id, action, message, meta, actor)"
	    " SELECT customer_id, subscription_id, id, 'overdue',"
	    " format('%s was due %s', invoice_number, due_date),"
	    " jsonb_build_object('due_date', due_date,"
	    " 'date', $1::date, 'before', 'unpaid', 'after', 'overdue'), 'rowloop' FROM late",
	[S_RENEWALS] = "SELECT s.id, s.customer_id, p.id, p.price, s.end_date + 1,"
		       " s.end_date + p.validity_days, greatest(s.end_date, $1::date), p.name"
		       " FROM subscriptions s JOIN packages p ON p.id = s.package_id"
		       " WHERE s.status = 'active' AND s.auto_renew"
		       " AND s.end_date - least(7, p.validity_days - 1) <= $1::date"
		       " AND NOT EXISTS (SELECT FROM invoices i WHERE i.subscription_id = s.id"
		       " AND i.period_end > s.end_date AND i.period_held IS NOT NULL)"
		       " ORDER BY s.seq LIMIT $2::int",
	[S_NUMBER] = "INSERT INTO invoice_counters AS c (day, last_number) VALUES ($1::date, 1)"
		     " ON CONFLICT (day) DO UPDATE SET last_number = c.last_number + 1"
		     " RETURNING format('INV-%s-%s', to_char(day, 'YYYYMMDD'),"
		     " lpad(last_number::text, greatest(4, length(last_number::text)), '0'))",
	[S_INVOICE] =
	    "INSERT INTO invoices"
	    " (invoice_number, subscription_id, customer_id, package_id, amount, subtotal,"
	    " period_start, period_end, grants_days, due_date, first_due_date, issued_on)"
	    " VALUES ($1, $2::uuid, $3::uuid, $4::uuid, $5::bigint, $5::bigint,"
	    " $6::date, $7::date, true, $8::date, $8::date, $9::date) RETURNING id",
	[S_LINE] =
	    "INSERT INTO invoice_lines (invoice_id, position, kind, text, unit_price, amount)"
	    " VALUES ($1::uuid, 1, 'package', $2, $3::bigint, $3::bigint)",
	[S_RENEWED] =
	    "INSERT INTO billing_logs"
	    " (customer_id, subscription_id, invoice_id, action, message, meta, actor)"
	    " VALUES ($1::uuid, $2::uuid, $3::uuid, 'issued',"
	    " format('%s issued over %s, due %s', $4::text, rupiah($5::bigint), $8::date),"
	    " jsonb_build_object('kind', 'renewal', 'amount', $5::bigint, 'period_start', $6::date,"
	    " 'period_end', $7::date, 'due_date', $8::date), 'rowloop')",
	[S_DEBTORS] = "SELECT s.id, s.customer_id, i.id, s.mikrotik_username FROM subscriptions s"
		      " CROSS JOIN LATERAL (SELECT i.id FROM invoices i"
		      " WHERE i.customer_id = s.customer_id AND i.subscription_id = s.id"
		      " AND i.is_open AND i.due_date + 1 < $1::date"
		      " ORDER BY i.due_date, i.seq LIMIT 1) i"
		      " WHERE s.status = 'active' ORDER BY s.seq LIMIT $2::int",
	[S_SUSPEND] = "UPDATE subscriptions"
		      " SET status = 'suspended', suspend_reason = 'debt', updated_at = now()"
		      " WHERE id = $1::uuid AND status = 'active'",
	[S_OFF] = "INSERT INTO service_offs (subscription_id, from_day, cause, run_id)"
		  " VALUES ($1::uuid, $2::date, 'debt', $3::bigint)",
	[S_ACCOUNT] =
	    "UPDATE mikrotik_secrets SET wanted = 'suspended', disabled = true, updated_at = now()"
	    " WHERE subscription_id = $1::uuid RETURNING id",
	[S_JOB] = "UPDATE account_states SET generation = generation + 1, sync_state = 'pending',"
		  " due_at = now(), updated_at = now() WHERE account_id = $1::uuid",
	[S_SUSPENDED] =
	    "INSERT INTO billing_logs"
	    " (customer_id, subscription_id, invoice_id, action, message, meta, actor)"
	    " VALUES ($2::uuid, $1::uuid, $3::uuid, 'suspended',"
	    " $4::text || ' is suspended (debt)',"
	    " '{\"reason\": \"an invoice is overdue beyond grace\","
	    " \"before\": {\"status\": \"active\"},"
	    " \"after\": {\"status\": \"suspended\", \"suspend_reason\": \"debt\"}}', 'rowloop')",
};

static PGconn *pg;
static PGresult *this_run; /* one row, its id */

static void
die(void)
{
	fprintf(stderr, "rowloop: %s\n", PQerrorMessage(pg));
	exit(1);
}

static void
simple(const char *sql)
{
	PGresult *r = PQexec(pg, sql);

	if (PQresultStatus(r) != PGRES_COMMAND_OK)
		die();
	PQclear(r);
}

static PGresult *
run(enum stmt s, int n, const char *const *params)
{
	char name[8];
	PGresult *r;

	(void)snprintf(name, sizeof(name), "s%d", (int)s);
	r = PQexecPrepared(pg, name, n, params, NULL, NULL, 0);
	if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK)
		die();
	return r;
}

static void
prepare_all(void)
{
	for (int s = 0; s < S__MAX; s++) {
		char name[8];
		PGresult *r;

		(void)snprintf(name, sizeof(name), "s%d", s);
		r = PQprepare(pg, name, statements[s], 0, NULL);
		if (PQresultStatus(r) != PGRES_COMMAND_OK)
			die();
		PQclear(r);
	}
}

static const char *
at(const PGresult *r, int row, int col)
{
	return PQgetvalue(r, row, col);
}

static void
renew(const PGresult *due, int i, const char *day)
{
	PGresult *number, *invoice;

	simple("BEGIN");
	number = run(S_NUMBER, 1, (const char *[]){ day });
	invoice = run(S_INVOICE, 9,
	    (const char *[]){ at(number, 0, 0), at(due, i, 0), at(due, i, 1), at(due, i, 2),
		at(due, i, 3), at(due, i, 4), at(due, i, 5), at(due, i, 6), day });
	PQclear(
	    run(S_LINE, 3, (const char *[]){ at(invoice, 0, 0), at(due, i, 7), at(due, i, 3) }));
	PQclear(run(S_RENEWED, 8,
	    (const char *[]){ at(due, i, 1), at(due, i, 0), at(invoice, 0, 0), at(number, 0, 0),
		at(due, i, 3), at(due, i, 4), at(due, i, 5), at(due, i, 6) }));
	simple("COMMIT");
	PQclear(number);
	PQclear(invoice);
}

static void
suspend(const PGresult *due, int i, const char *day)
{
	const char *who[] = { at(due, i, 0), at(due, i, 1), at(due, i, 2), at(due, i, 3) };
	PGresult *account;

	simple("BEGIN");
	PQclear(run(S_SUSPEND, 1, who));
	PQclear(run(S_OFF, 3, (const char *[]){ who[0], day, at(this_run, 0, 0) }));
	account = run(S_ACCOUNT, 1, who);
	PQclear(run(S_JOB, 1, (const char *[]){ at(account, 0, 0) }));
	PQclear(run(S_SUSPENDED, 4, who));
	simple("COMMIT");
	PQclear(account);
}

static double
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The search is timed too, but it is not what grows with the rows: it counts once. */
static void
loop(const char *what, enum stmt find, void (*act)(const PGresult *, int, const char *),
    const char *day, const char *limit)
{
	double begun = now_ms(), found;
	PGresult *due = run(find, 2, (const char *[]){ day, limit });
	int n = PQntuples(due);

	found = now_ms();
	for (int i = 0; i < n; i++)
		act(due, i, day);
	printf("%s=%d %s_find_ms=%.1f %s_thousand_ms=%.1f\n", what, n, what, found - begun, what,
	    (now_ms() - found) / (n > 0 ? n : 1) * 1000);
	PQclear(due);
}

static void
mark_overdue(const char *day)
{
	double begun = now_ms();
	PGresult *r = run(S_OVERDUE, 1, &day);

	printf("overdue=%s overdue_ms=%.1f\n", PQcmdTuples(r), now_ms() - begun);
	PQclear(r);
}

int
main(int argc, char **argv)
{
	if (argc != 5) {
		fputs("usage: rowloop CONNINFO DAY RENEWALS SUSPENSIONS\n", stderr);
		return 2;
	}
	pg = PQconnectdb(argv[1]);
	if (PQstatus(pg) != CONNECTION_OK)
		die();
	simple("SET plan_cache_mode = force_generic_plan");
	prepare_all();
	this_run = run(S_RUN, 1, (const char *[]){ argv[2] });
	mark_overdue(argv[2]);
	loop("renewals", S_RENEWALS, renew, argv[2], argv[3]);
	loop("suspensions", S_DEBTORS, suspend, argv[2], argv[4]);
	PQclear(this_run);
	PQfinish(pg);
	return 0;
}
