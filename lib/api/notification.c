/* notification.c: channels, templates of messages, and the outcome of each message. */
#include <cJSON.h>
#include <string.h>

#include "api/api.h"
#include "base/jw.h"
#include "message/message.h"
#include "sql.h"

static const char *const channels[] = { "telegram", "email", "webhook", "whatsapp", NULL };
static const char *const audiences[] = { "staff", "customers", NULL };
static const char *const languages[] = { "id", "en", NULL };
static const char *const states[] = { "pending", "sending", "sent", "unknown", "failed",
	"cancelled", NULL };
static const char *const events[] = { "all", "device_down", "device_up", "high_latency",
	"packet_loss", "bandwidth", "payment", "payment_received", "subscription", "system", NULL };

/* clang-format off */
static const struct field channel_fields[] = {
	{ "channel",   FT_TEXT,   FF_CREATE | FF_SHOWN | FF_NEEDED | FF_FILTER, 1, 16,
	  .among = channels },
	{ "name",      FT_TEXT,   RW | FF_SORT, 1, 255, .dflt = "\"\"" },
	{ "audience",  FT_TEXT,   RW | FF_FILTER, 1, 16, .among = audiences, .dflt = "\"staff\"",
	  .hint = "staff: alerts; customers: messages about their bills" },
	{ "config",    FT_JSON,   RW, .dflt = "{}",
	  .hint = "telegram: bot_token, chat_id, message_thread_id; email: email; webhook: url, "
		  "secret; whatsapp: preset, url, token, number_id, phone, auth, body" },
	{ "secret",    FT_SECRET, WO, .max = 512,
	  .hint = "bot_token, secret or token of config may stand here instead" },
	{ "events",    FT_LIST,   RW, 1, 40, .among = events, .dflt = "[\"all\"]" },
	{ "gap_ms",    FT_INT,    RW | FF_NULL, 0, 3600000,
	  .hint = "between two messages; null: as the channel wants it" },
	{ "is_active", FT_BOOL,   RW | FF_FILTER, .dflt = "true" },
	{ "has_secret",    FT_BOOL, RO },
	{ "failing_since", FT_TIME, RO | FF_NULL },
	{ "last_error",    FT_TEXT, RO | FF_NULL },
	{ "sent_today",    FT_INT,  RO | FF_NULL },
	{ "created_at",    FT_TIME, RO | FF_SORT },
	{ "updated_at",    FT_TIME, RO | FF_SORT },
};
/* clang-format on */

static const char *const secrets[] = { "bot_token", "secret", "token" };
static const char *const shown[] = { "has_bot_token", "has_secret", "has_token" };

/* A secret inside config is the channel's secret; members that only answers have are no config. */
static enum rc
check_channel(struct ctx *cx, const char *id, struct cJSON *in)
{
	cJSON *config = cJSON_GetObjectItemCaseSensitive(in, "config");

	if (config != NULL && !cJSON_IsObject(config) && !shape_refused(cx, "config"))
		return err_field(cx, "config", "The config must be an object.");
	for (size_t i = 0; config != NULL && i < countof(secrets); i++) {
		const cJSON *given = cJSON_GetObjectItemCaseSensitive(config, secrets[i]);
		const char *text = cJSON_GetStringValue(given);

		if (given != NULL && !cJSON_IsNull(given) && text == NULL)
			return err_field(cx, arena_printf(cx->mem, "config.%s", secrets[i]),
			    "The config %s must be a text.", secrets[i]);
		if (text != NULL && text[0] != '\0' && strcmp(text, "********") != 0)
			op_put(in, "secret", text);
		cJSON_DeleteItemFromObjectCaseSensitive(config, secrets[i]);
		cJSON_DeleteItemFromObjectCaseSensitive(config, shown[i]);
	}
	if (id == NULL && !shape_has(in, "secret"))
		op_put(in, "secret", "");
	return RC_OK;
}

static const char *const channel_search[] = { "name", NULL };

const struct resource notification_setting_resource = {
	.name = "notification_setting",
	.label = "The channel",
	.table = "notification_settings",
	.view = "notification_setting_rows",
	.search = channel_search,
	.fields = channel_fields,
	.nfields = countof(channel_fields),
	.secret_of = "notification_settings",
	.check = check_channel,
	.audited = true,
	.counted = true,
};

/* clang-format off */
static const struct field test_fields[] = {
	{ "id",   FT_UUID, FF_CREATE },
	{ "type", FT_TEXT, FF_CREATE, 1, 16, .among = channels, .hint = "its newest channel" },
};

static const struct field notification_test_parts[] = {
	{ "success", FT_BOOL },
	{ "message", FT_TEXT },
};

const struct op notification_test_op = {
	.summary = "Send a test message over a channel: 2xx only when it was delivered",
	.fields = test_fields, .nfields = countof(test_fields), .flag = FF_CREATE,
	.answer = notification_test_parts, .nanswer = countof(notification_test_parts),
};
/* clang-format on */

enum rc
notification_test(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct jw w = jw_new(&rs->body);
	struct db_rows *rows;
	const char *id;
	struct cJSON *in;

	TRY(op_read(cx, &notification_test_op, rq, &in));
	id = shape_text(in, "id");
	if (id == NULL && shape_text(in, "type") == NULL)
		return err_field(cx, "id", "The id or the type is required.");
	if (id == NULL) {
		TRY(db_row(cx, &SQL_channel_of_kind, &rows, V_TEXT(shape_text(in, "type"))));
		id = db_text(rows, 0, "id");
	}
	TRY(message_test(cx, id));
	rs->status = 200;
	jw_obj(&w, NULL);
	jw_bool(&w, "success", true);
	jw_str(&w, "message", "The test message was delivered.");
	jw_end(&w);
	return RC_OK;
}

/* ---- templates ---------------------------------------------------------------------------------
 */

/* clang-format off */
static const struct field template_fields[] = {
	{ "event",        FT_TEXT, RO | FF_SORT | FF_FILTER, .max = 32 },
	{ "audience",     FT_TEXT, RO | FF_FILTER, .max = 16 },
	{ "is_active",    FT_BOOL, FF_UPDATE | RO | FF_FILTER,
	  .hint = "of events to customers; begins with that day's events" },
	{ "active_since", FT_DATE, RO | FF_NULL },
	{ "days",         FT_INT,  FF_UPDATE | RO | FF_NULL, 1, 30,
	  .hint = "of due_soon: so many days before" },
	{ "subject_id",   FT_TEXT, FF_UPDATE | RO, 1, 200 },
	{ "body_id",      FT_TEXT, FF_UPDATE | RO | FF_LINES, 1, 4000 },
	{ "subject_en",   FT_TEXT, FF_UPDATE | RO, 1, 200 },
	{ "body_en",      FT_TEXT, FF_UPDATE | RO | FF_LINES, 1, 4000 },
	{ "fields",       FT_JSON, RO, .hint = "the names that may stand in braces" },
	{ "wa_template",  FT_TEXT, FF_UPDATE | RO | FF_NULL, 1, 128, .chars = "_",
	  .hint = "its name at Meta" },
	{ "wa_fields",    FT_LIST, FF_UPDATE | RO, .hint = "its parameters, in order" },
	{ "created_at",   FT_TIME, RO | FF_SORT },
	{ "updated_at",   FT_TIME, RO | FF_SORT },
};

const struct resource message_template_resource = {
	.name = "message_template",
	.label = "The template",
	.table = "message_templates",
	.view = "message_template_rows",
	.fields = template_fields, .nfields = countof(template_fields),
	.audited = true,
	.counted = true,
};

static const struct field preview_fields[] = {
	{ "template_id", FT_UUID, FF_CREATE | FF_NEEDED },
	{ "language",    FT_TEXT, FF_CREATE, 1, 2, .among = languages, .dflt = "\"id\"" },
	{ "subject",     FT_TEXT, FF_CREATE | FF_NULL, 1, 200, .hint = "null: the template's" },
	{ "body",        FT_TEXT, FF_CREATE | FF_NULL | FF_LINES, 1, 4000 },
	{ "invoice_id",  FT_UUID, FF_CREATE | FF_NULL, .hint = "null: made-up fields" },
};

static const struct field template_preview_parts[] = {
	{ "event", FT_TEXT },
	{ "subject", FT_TEXT, FF_NULL },
	{ "text", FT_TEXT },
	{ "fields", FT_JSON },
	{ "would_send", FT_INT, FF_NULL },
};

const struct op template_preview_op = {
	.summary = "How an event would read {event subject text fields would_send}; would_send: how "
		   "many it would send today, were it switched on",
	.fields = preview_fields, .nfields = countof(preview_fields), .flag = FF_CREATE,
	.answer = template_preview_parts, .nanswer = countof(template_preview_parts),
};
/* clang-format on */

enum rc
template_preview(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	struct cJSON *in;
	enum rc rc;

	TRY(op_read(cx, &template_preview_op, rq, &in));
	rc = db_row_if_any(cx, &SQL_message_preview, &rows, V_TEXT(shape_text(in, "template_id")),
	    V_TEXT(shape_text(in, "language")), V_TEXT(shape_text(in, "subject")),
	    V_TEXT(shape_text(in, "body")), V_TEXT(shape_text(in, "invoice_id")),
	    V_TEXT(conf_text(cx->conf, CONF_APP_URL)));
	if (rc == RC_NOT_FOUND)
		return err_field(cx, "template_id", "The selected template id is invalid.");
	TRY(rc);
	return op_answer(rs, 200, rows);
}

/* ---- messages ----------------------------------------------------------------------------------
 */

/* clang-format off */
static const struct field message_fields[] = {
	{ "event",        FT_TEXT, RO | FF_FILTER, .max = 32 },
	{ "channel",      FT_TEXT, RO | FF_FILTER, .max = 16, .among = channels },
	{ "channel_id",   FT_UUID, RO | FF_NULL | FF_FILTER },
	{ "state",        FT_TEXT, RO | FF_FILTER, .max = 16, .among = states },
	{ "can_resend",   FT_BOOL, RO },
	{ "recipient",    FT_TEXT, RO },
	{ "subject",      FT_TEXT, RO | FF_NULL },
	{ "body",         FT_TEXT, RO | FF_NULL },
	{ "attempts",     FT_INT,  RO },
	{ "last_error",   FT_TEXT, RO | FF_NULL },
	{ "provider_id",  FT_TEXT, RO | FF_NULL },
	{ "alert_id",     FT_UUID, RO | FF_NULL | FF_FILTER },
	{ "customer_id",  FT_UUID, RO | FF_NULL | FF_FILTER },
	{ "invoice_id",   FT_UUID, RO | FF_NULL | FF_FILTER },
	{ "subscription_id", FT_UUID, RO | FF_NULL | FF_FILTER },
	{ "due_at",       FT_TIME, RO },
	{ "sent_at",      FT_TIME, RO | FF_NULL | FF_SORT },
	{ "created_at",   FT_TIME, RO | FF_SORT },
	{ "updated_at",   FT_TIME, RO | FF_SORT },
	{ "channel_setting.name", FT_TEXT, RO | FF_NULL },
	{ "customer.name", FT_TEXT, RO | FF_NULL },
	{ "invoice.invoice_number", FT_TEXT, RO | FF_NULL },
};
/* clang-format on */

static const char *const message_search[] = { "recipient", "subject", NULL };

const struct resource message_resource = {
	.name = "message",
	.label = "The message",
	.table = "message_outbox",
	.view = "message_rows",
	.search = message_search,
	.fields = message_fields,
	.nfields = countof(message_fields),
	.counted = true,
};

const struct op message_resend_op = {
	.summary = "Send a failed, unknown or cancelled message again",
	.row = &message_resource,
};

enum rc
message_resend(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	db_set_actor(cx);
	TRY(db_exec(cx, &SQL_message_resend, V_TEXT(id)));
	return crud_answer(cx, &message_resource, id, 200, rs);
}
