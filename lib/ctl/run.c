/* run.c: nightly runs, from the shell. */
#include <stdio.h>
#include <string.h>

#include "base/value.h"
#include "billing/billing.h"
#include "ctl/ctl.h"
#include "sql.h"

enum rc
cmd_billing_preview(struct ispctl *ctl)
{
	const char *json;

	TRY(billing_preview(ctl->cx, ctl->args->val[OPT_DATE], &json));
	(void)puts(json);
	return RC_OK;
}

enum rc
cmd_billing_runs(struct ispctl *ctl)
{
	struct db_rows *rows;

	TRY(db_rows(ctl->cx, &SQL_billing_runs_newest, &rows));
	for (size_t i = 0; i < db_count(rows); i++)
		(void)printf("%lld  %s  started %s  %s\n", (long long)db_i64(rows, i, "number"),
		    db_text(rows, i, "date"), db_text(rows, i, "started"),
		    db_text(rows, i, "outcome"));
	return RC_OK;
}

enum rc
cmd_billing_undo(struct ispctl *ctl)
{
	const char *typed = ctl->rest[0];
	struct db_rows *rows;
	int64_t number;

	if (!value_whole(typed, strlen(typed), &number))
		return FAIL(ctl->cx, RC_INVALID,
		    "%s is no number of a run: ispctl billing runs lists them", typed);
	TRY(db_row(ctl->cx, &SQL_billing_run_undo_number, &rows, V_I64(number)));
	(void)printf("run %lld: %lld lines switched on again\n", (long long)number,
	    (long long)db_i64(rows, 0, "restored"));
	return RC_OK;
}
