/* reconcile.c: checks of many attempts at once: reconciliation, and holds before suspensions. */
#include <string.h>

#include "base/daemon.h"
#include "base/log.h"
#include "db/db.h"
#include "midtrans/job.h"
#include "sql.h"

/* So many silences in a row end a batch: each one takes 15 s. */
enum { SILENCES_MOST = 2 };

/* Check one of many, in an arena of its own, since each answer lives as long as its arena. */
static enum rc
check_apart(struct ctx *cx, const char *attempt_id, unsigned *silences)
{
	_cleanup_(arena_freep) struct arena *mem = arena_new(65536);
	struct ctx own = *cx;
	enum rc rc;

	if (*silences >= SILENCES_MOST)
		return FAIL(cx, RC_UPSTREAM, "Midtrans does not answer: not asked.");
	own.mem = mem;
	own.err = (struct err){ 0 };
	rc = midtrans_check_and_schedule(&own, attempt_id);
	*silences = rc != RC_OK && midtrans_unreachable(cx) ? *silences + 1 : 0;
	if (rc != RC_OK)
		log_err(LOG_WARN, "no answer", &own);
	cx->err = own.err;
	cx->err.fields = NULL;
	return rc;
}

enum rc
midtrans_reconcile(struct ctx *cx, bool due, struct midtrans_count *ret)
{
	struct midtrans_count n = { 0 };
	struct db_rows *rows;
	unsigned silences = 0;

	TRY(midtrans_require_configured(cx));
	TRY(db_rows(cx, &SQL_midtrans_attempts_unfinished, &rows, V_BOOL(due)));
	for (; n.asked < db_count(rows); n.asked++) {
		TRY(daemon_check_stop(cx));
		if (check_apart(cx, db_text(rows, n.asked, "id"), &silences) != RC_OK)
			n.failed++;
		if (db_socket(cx->db) < 0)
			return cx->err.rc;
	}
	cx->err = (struct err){ 0 };
	*ret = n;
	return RC_OK;
}

/* ---- the nightly run ------------------------------------------------------------------------- */

/* Check all attempts of one subscription, the rows from *i on; RC_OK: all were answered. */
static enum rc
check_debts(struct ctx *cx, const struct db_rows *rows, size_t *i, unsigned *silences)
{
	const char *sub = db_text(rows, *i, "subscription_id");
	enum rc rc = RC_OK;

	for (; *i < db_count(rows) && strcmp(db_text(rows, *i, "subscription_id"), sub) == 0;
	     (*i)++)
		if (check_apart(cx, db_text(rows, *i, "attempt_id"), silences) != RC_OK)
			rc = cx->err.rc;
	return rc;
}

/* Midtrans did not answer: spare the subscription, unless it was spared too many nights. */
static enum rc
hold_subscription(struct ctx *cx, const char *sub, const char *date, struct midtrans_held *all,
    size_t *nret)
{
	struct db_rows *rows;

	cx->err = (struct err){ 0 };
	TRY(db_row(cx, &SQL_midtrans_hold, &rows, V_TEXT(sub), V_TEXT(date)));
	if (db_bool(rows, 0, "held"))
		all[(*nret)++] = (struct midtrans_held){ .subscription_id = sub,
			.username = db_text(rows, 0, "username"),
			.customer_name = db_text(rows, 0, "customer_name") };
	return RC_OK;
}

enum rc
midtrans_hold_unanswered(struct ctx *cx, const char *const *ids, size_t n, const char *date,
    struct midtrans_held **ret, size_t *nret)
{
	struct midtrans_held *all = arena_alloc(cx->mem, (n + 1) * sizeof(*all));
	struct db_rows *rows;
	unsigned silences = 0;
	size_t nheld = 0;

	TRY(midtrans_require_configured(cx));
	TRY(db_rows(cx, &SQL_midtrans_attempts_of_debts, &rows, V_TEXT(db_ids(cx, ids, n))));
	for (size_t i = 0; i < db_count(rows);) {
		const char *sub = db_text(rows, i, "subscription_id");

		TRY(daemon_check_stop(cx));
		TRY(check_debts(cx, rows, &i, &silences) == RC_OK
			? db_exec(cx, &SQL_midtrans_hold_end, V_TEXT(sub))
			: hold_subscription(cx, sub, date, all, &nheld));
	}
	*ret = all;
	*nret = nheld;
	return RC_OK;
}
