/* webhook.c: notifications of Midtrans; see midtrans.h. */
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "db/db.h"
#include "midtrans/event.h"

enum { TALLY_MS = 60000 }; /* between two lines of the log */

/*
 * Store a notification that could not be processed, so that gateway-sync asks
 * Midtrans.  Midtrans is to send it again, unless it can never be stored.
 */
static enum rc
store_unapplied(struct ctx *cx, const struct midtrans_message *m, const char *raw)
{
	struct err why = cx->err;

	db_rollback(cx);
	if (midtrans_store_unapplied(cx, SOURCE_NOTIFICATION, m, raw) == RC_INVALID)
		return FAIL(cx, RC_MALFORMED, "The body is malformed.");
	cx->err = why;
	log_err(LOG_WARN, "notification not applied", cx);
	cx->err = (struct err){ 0 };
	return FAIL(cx, RC_RETRY,
	    "The notification could not be applied now. Please send it again.");
}

/* The test of the dashboard proves that address and key are right; it books nothing. */
static enum rc
log_test(const struct ctx *cx, const struct midtrans_message *m)
{
	log_event(LOG_INFO, "midtrans test notification", "rid", cx->request_id, "order",
	    m->order_id, NULL);
	return RC_OK;
}

enum rc
midtrans_take_notification(struct ctx *cx, const struct cJSON *body, const char *raw)
{
	struct midtrans_message m;
	enum rc rc;

	TRY(midtrans_require_configured(cx));
	TRY(midtrans_read(cx, body, raw, conf_text(cx->conf, CONF_MIDTRANS_SERVER_KEY), &m));
	if (midtrans_is_test(&m))
		return log_test(cx, &m);
	rc = midtrans_process(cx, SOURCE_NOTIFICATION, &m, raw);
	if (rc == RC_OK || rc == RC_NOT_FOUND)
		return rc;
	return store_unapplied(cx, &m, raw);
}

void
midtrans_count_refused(struct ctx *cx, enum rc rc)
{
	bool unknown = rc == RC_NOT_FOUND;
	struct midtrans_tally *t = midtrans_tally(cx, unknown);
	int64_t now = clock_ms();

	if (rc != RC_NOT_FOUND && rc != RC_DENIED && rc != RC_MALFORMED)
		return;
	t->n++;
	if (t->logged_at != 0 && now - t->logged_at < TALLY_MS)
		return;
	log_event(LOG_WARN, unknown ? "notification of an unknown order" : "notification refused",
	    "rid", cx->request_id, "count", arena_printf(cx->mem, "%u", t->n), NULL);
	*t = (struct midtrans_tally){ .logged_at = now };
}
