/* check.c: health and the check of every rule. */
#include <stdio.h>
#include <string.h>

#include "base/value.h"
#include "billing/billing.h"
#include "ctl/ctl.h"
#include "people/user.h"
#include "sql.h"

/* Print payments for unknown orders: they break no rule, but a person must find their owner. */
static enum rc
print_unknown_orders(struct ctx *cx)
{
	struct db_rows *rows;

	TRY(db_rows(cx, &SQL_midtrans_unknown_orders, &rows));
	for (size_t i = 0; i < db_count(rows); i++)
		(void)printf("midtrans: payment for an unknown order: %s: %s at %s\n",
		    db_text(rows, i, "order_id"), db_text(rows, i, "gross_amount"),
		    db_text(rows, i, "received_at"));
	return RC_OK;
}

static enum rc
check_dev_admin(struct ispctl *ctl)
{
	const char *email;

	TRY(user_with_known_password(ctl->cx, ctl->cf, &email));
	if (email == NULL)
		return RC_OK;
	return FAIL(ctl->cx, RC_CONFLICT,
	    "%s has the password of development, which everybody knows: ispctl user passwd %s",
	    email, email);
}

/*
 * Print lines that owe days, which breaks no rule: a promise, a hold or a missed night is
 * the reason.
 */
static enum rc
print_days_owed(struct ispctl *ctl)
{
	struct db_rows *rows;
	const char *day;

	if (ctl->args->val[OPT_DAYS] == NULL)
		return RC_OK;
	TRY(billing_date(ctl->cx, ctl->args->val[OPT_DATE], &day));
	TRY(db_rows(ctl->cx, &SQL_check_days_owed, &rows, V_TEXT(day)));
	for (size_t i = 0; i < db_count(rows); i++)
		(void)printf("days: %s: %s\n", db_text(rows, i, "subject"),
		    db_text(rows, i, "detail"));
	return RC_OK;
}

enum rc
cmd_check(struct ispctl *ctl)
{
	struct db_rows *rows;

	TRY(print_unknown_orders(ctl->cx));
	TRY(print_days_owed(ctl));
	TRY(db_rows(ctl->cx, &SQL_check_all, &rows));
	for (size_t i = 0; i < db_count(rows); i++)
		(void)printf("%s: %s: %s\n", db_text(rows, i, "rule"), db_text(rows, i, "subject"),
		    db_text(rows, i, "detail"));
	if (db_count(rows) > 0)
		return FAIL(ctl->cx, RC_CONFLICT, "%zu rows break a rule", db_count(rows));
	TRY(check_dev_admin(ctl));
	(void)puts("every rule holds");
	return RC_OK;
}

/* Print a line for each broken router and count them. */
static enum rc
health_routers(struct ctx *cx, size_t *ret)
{
	struct db_rows *rows;
	size_t broken = 0;

	TRY(db_rows(cx, &SQL_health_routers, &rows));
	for (size_t i = 0; i < db_count(rows); i++) {
		const char *since = db_text(rows, i, "broken_since"),
			   *why = db_text(rows, i, "last_error");

		if (since == NULL || !db_bool(rows, i, "is_active"))
			continue;
		broken++;
		(void)printf("router %s: broken since %s: %s\n", db_text(rows, i, "name"), since,
		    why != NULL ? why : "unknown");
	}
	*ret = broken;
	return RC_OK;
}

enum rc
cmd_health(struct ispctl *ctl)
{
	struct db_rows *rows;
	const char *last;
	size_t broken;
	bool late;

	TRY(db_row(ctl->cx, &SQL_health_database, &rows));
	last = db_text(rows, 0, "last_run");
	late = db_bool(rows, 0, "is_late");
	(void)printf("database: %s\n", db_text(rows, 0, "server"));
	(void)printf("billing: last run for %s, today is %s\n", last != NULL ? last : "no day yet",
	    db_text(rows, 0, "today"));
	(void)printf("accounts: %lld to do, %lld failed\n", (long long)db_i64(rows, 0, "jobs"),
	    (long long)db_i64(rows, 0, "failed"));
	(void)printf("messages: %lld waiting\n", (long long)db_i64(rows, 0, "messages"));
	TRY(health_routers(ctl->cx, &broken));
	if (broken > 0 || late || db_i64(rows, 0, "failed") > 0)
		return FAIL(ctl->cx, RC_CONFLICT, "%zu routers broken, %lld accounts failed%s",
		    broken, (long long)db_i64(rows, 0, "failed"),
		    late ? ", billing runs missed" : "");
	return RC_OK;
}

/* Record that restore-test restored FILE and checked every rule in so many seconds. */
enum rc
cmd_restore_proof(struct ispctl *ctl)
{
	int64_t seconds;

	if (!value_whole(ctl->rest[1], strlen(ctl->rest[1]), &seconds) || seconds < 0 ||
	    seconds > INT32_MAX)
		return FAIL(ctl->cx, RC_INVALID, "%s is no number of seconds", ctl->rest[1]);
	return db_exec(ctl->cx, &SQL_restore_proof_add, V_TEXT(ctl->rest[0]), V_I64(seconds));
}
