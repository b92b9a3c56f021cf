/* billing_preview.c: the input of a run, and the dry run that the screens show. */
#include <string.h>

#include "billing/billing.h"
#include "db/db.h"
#include "sql.h"

/* Refuse a date later than tomorrow: the run would suspend for days that have not come. */
static enum rc
check_ahead(struct ctx *cx, const char *date)
{
	struct db_rows *rows;

	TRY(db_row(cx, &SQL_billing_is_ahead, &rows, V_TEXT(date)));
	if (!db_bool(rows, 0, "is_ahead"))
		return RC_OK;
	return err_field(cx, "date", "The date %s is later than tomorrow: that needs --ahead.",
	    date);
}

enum rc
billing_options_read(struct ctx *cx, const char *date, const char *words,
    struct billing_options *ret)
{
	if (words != NULL)
		TRY(billing_steps_read(cx, words, &ret->steps));
	TRY(billing_date(cx, date, &ret->date));
	return ret->ahead || ret->dry_run ? RC_OK : check_ahead(cx, ret->date);
}

enum rc
billing_date(struct ctx *cx, const char *text, const char **ret)
{
	struct db_rows *rows;
	enum rc rc;

	rc = db_row_if_any(cx, &SQL_billing_today, &rows, V_TEXT(text));
	if (rc == RC_INVALID || (rc == RC_OK && db_count(rows) == 0))
		return err_field(cx, "date", "The date %s is not a day as YYYY-MM-DD.", text);
	TRY(rc);
	*ret = db_text(rows, 0, "date");
	return RC_OK;
}

static enum rc
preview_make(struct ctx *cx, const char *date, const char **ret)
{
	struct billing_options opt = { .date = date, .dry_run = true };
	struct billing_report rep;
	struct db_rows *rows;

	TRY(db_row_if_any(cx, &SQL_billing_preview_kept, &rows, V_TEXT(date)));
	if (db_count(rows) > 0) {
		*ret = db_text(rows, 0, "answer");
		return RC_OK;
	}
	TRY(billing_run(cx, &opt, NULL, NULL, &rep));
	*ret = billing_report_json(cx, &rep);
	return db_exec(cx, &SQL_billing_preview_keep, V_TEXT(date), V_TEXT(*ret));
}

/* Roll back a failed dry run before the lock is released. */
static void
preview_end(struct ctx *cx)
{
	struct err why = cx->err;

	db_rollback(cx);
	(void)!db_exec(cx, &SQL_billing_preview_unlock);
	cx->err = why;
}

static enum rc
preview_in_turn(struct ctx *cx, const char *date, const char **ret)
{
	struct db_rows *rows;
	const char *turn;

	TRY(db_row(cx, &SQL_billing_preview_turn, &rows));
	turn = db_text(rows, 0, "turn");
	if (turn == NULL)
		return FAIL(cx, RC_RETRY, "The preview is being calculated. Please ask again.");
	if (strcmp(turn, "next") == 0)
		TRY(db_exec(cx, &SQL_billing_preview_wait));
	return preview_make(cx, date, ret);
}

enum rc
billing_preview(struct ctx *cx, const char *date, const char **ret_json)
{
	enum rc rc;

	TRY(billing_date(cx, date != NULL ? date : "", &date));
	rc = preview_in_turn(cx, date, ret_json);
	preview_end(cx);
	return rc;
}
