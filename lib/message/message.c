#include "message/message.h"

#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "db/db.h"
#include "sql.h"

struct outbox {
	const char *sender;
	struct channels *channels;
};

static const struct db_col message_cols[] = {
	DB_COLS(message, id, event, channel, channel_id, recipient, subject, body, secret, config,
	    channel_secret, alert, wa_template, wa_values, language, private_peers),
};

enum rc
message_open_outbox(struct ctx *cx, struct arena *life, const char *sender, struct outbox **ret)
{
	struct db_rows *rows;
	struct outbox *outbox = arena_alloc(life, sizeof(*outbox));

	TRY(db_row(cx, &SQL_message_sender_lock, &rows, V_TEXT(sender)));
	if (!db_bool(rows, 0, "locked")) {
		*ret = NULL;
		return RC_OK;
	}
	TRY(db_exec(cx, &SQL_message_recover, V_TEXT(sender)));
	*outbox = (struct outbox){ .sender = arena_strdup(life, sender),
		.channels = channel_new(life, cx->conf) };
	*ret = outbox;
	return RC_OK;
}

/* ---- one message -------------------------------------------------------------------------------
 */

static const char *const outcomes[] = {
	[OUTCOME_SENT] = "sent",
	[OUTCOME_RETRY] = "retry",
	[OUTCOME_REFUSED] = "refused",
	[OUTCOME_DOWN] = "down",
	[OUTCOME_UNKNOWN] = "unknown",
	[OUTCOME_MOVED] = "retry",
};

static void
log_delivery(const struct message *m, const struct delivery *d)
{
	log_event(d->outcome == OUTCOME_SENT ? LOG_INFO : LOG_WARN, "message", "id", m->id, "event",
	    m->event, "channel", m->channel, "outcome", outcomes[d->outcome], "detail",
	    d->detail[0] != '\0' ? d->detail : NULL, NULL);
}

/* Keep the outcome of the call, however long the database takes: the message has left. */
static enum rc
finish_message(struct ctx *cx, const struct message *m, const struct delivery *d)
{
	log_delivery(m, d);
	if (d->outcome == OUTCOME_MOVED)
		TRY(db_exec(cx, &SQL_message_chat_moved, V_TEXT(m->channel_id), V_TEXT(d->detail)));
	return db_exec(cx, &SQL_message_done, V_TEXT(m->id), V_TEXT(outcomes[d->outcome]),
	    V_TEXT(d->detail), V_I64(d->wait_seconds));
}

/* Fail one message whose secret no key opens, so that the sender's other messages leave. */
static struct delivery
deliver(struct ctx *cx, struct channels *channels, const struct message *m)
{
	struct delivery d = { OUTCOME_REFUSED, "", 0 };

	if (channel_send(cx, channels, m, &d) == RC_OK)
		return d;
	log_err(LOG_ERROR, "message", cx);
	d.detail = arena_strdup(cx->mem, cx->err.msg);
	cx->err = (struct err){ 0 };
	return d;
}

enum rc
message_send_next(struct ctx *cx, struct outbox *outbox, bool *ret, bool *well)
{
	struct db_rows *rows;
	struct message m;
	struct delivery d;

	TRY(db_row_if_any(cx, &SQL_message_take, &rows, V_TEXT(outbox->sender),
	    V_TEXT(conf_text(cx->conf, CONF_APP_URL))));
	*ret = db_count(rows) > 0;
	if (!*ret)
		return RC_OK;
	TRY(db_scan(cx, rows, 0, message_cols, &m));
	d = deliver(cx, outbox->channels, &m);
	*well = d.outcome == OUTCOME_SENT;
	return finish_message(cx, &m, &d);
}

enum rc
message_test(struct ctx *cx, const char *channel_id)
{
	struct db_rows *rows;
	struct message m;
	struct delivery d;

	TRY(db_row_if_any(cx, &SQL_message_test, &rows, V_TEXT(channel_id),
	    V_TEXT(conf_text(cx->conf, CONF_APP_URL))));
	if (db_count(rows) == 0)
		return err_field(cx, "id", "The selected id is invalid.");
	TRY(db_scan(cx, rows, 0, message_cols, &m));
	d = deliver(cx, channel_new(cx->mem, cx->conf), &m);
	if (d.outcome == OUTCOME_RETRY || d.outcome == OUTCOME_DOWN)
		d.outcome = OUTCOME_REFUSED; /* the person sees it; the notifier does not retry */
	TRY(finish_message(cx, &m, &d));
	if (d.outcome != OUTCOME_SENT)
		return FAIL(cx, RC_UPSTREAM, "The test message did not arrive: %.*s",
		    (int)utf8_cut(d.detail, 150), d.detail);
	return RC_OK;
}
