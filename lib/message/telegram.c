/* telegram.c: sendMessage of the Bot API. Its address holds the token, so no URL is logged. */
#include <string.h>

#include "base/jw.h"
#include "base/utf8.h"
#include "message/channel_int.h"
#include "message/markup.h"

enum { TEXT_UNITS = 4000, BAD_REQUEST = 400, FORBIDDEN = 403, TOO_MANY = 429 };

/* The text escaped, with its first line in bold: Telegram refuses tags that it does not know. */
static const char *
html_of(struct ctx *cx, const char *text)
{
	const char *end = strchrnul(text, '\n');
	struct sb out = sb_new(cx->mem);

	sb_puts(&out, "<b>");
	markup_html(&out, arena_printf(cx->mem, "%.*s", (int)(end - text), text), false);
	sb_puts(&out, "</b>");
	markup_html(&out, end, false);
	return out.buf;
}

static const char *
body_of(struct ctx *cx, const char *chat, const char *topic, const char *text, bool html)
{
	const char *cut = markup_cut(cx->mem, text, TEXT_UNITS);
	struct sb out = sb_new(cx->mem);
	struct jw w = jw_new(&out);

	jw_obj(&w, NULL);
	jw_str(&w, "chat_id", chat);
	if (topic != NULL)
		jw_raw(&w, "message_thread_id", topic);
	jw_str(&w, "text", html ? html_of(cx, cut) : cut);
	if (html)
		jw_str(&w, "parse_mode", "HTML");
	jw_bool(&w, "disable_web_page_preview", true);
	jw_end(&w);
	return out.buf;
}

static const char *
number_text(struct ctx *cx, const cJSON *item)
{
	return cJSON_IsNumber(item) ? arena_printf(cx->mem, "%.0f", item->valuedouble) : "";
}

static struct delivery
refusal(struct ctx *cx, int status, const cJSON *json)
{
	const char *why =
	    cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "description"));
	const cJSON *more = cJSON_GetObjectItemCaseSensitive(json, "parameters");
	const cJSON *chat = cJSON_GetObjectItemCaseSensitive(more, "migrate_to_chat_id");
	const cJSON *wait = cJSON_GetObjectItemCaseSensitive(more, "retry_after");
	struct delivery d;

	why = why != NULL ? why : "refused";
	d = undelivered(cx, OUTCOME_REFUSED, "Telegram: %.*s", (int)utf8_cut(why, 200), why);

	if (status == TOO_MANY) {
		d.outcome = OUTCOME_RETRY;
		d.wait_seconds =
		    cJSON_IsNumber(wait) && wait->valuedouble >= 0 && wait->valuedouble < 3600
			? wait->valueint
			: 30;
	} else if (status == BAD_REQUEST && cJSON_IsNumber(chat)) {
		d = (struct delivery){ OUTCOME_MOVED, number_text(cx, chat), 0 };
	} else if (status != BAD_REQUEST && status != FORBIDDEN) {
		d.outcome =
		    status >= 500 ? OUTCOME_UNKNOWN : OUTCOME_DOWN; /* 401, 404: a wrong token */
	}
	return d;
}

static struct delivery
judge_answer(struct ctx *cx, struct httpc *http, const struct httpc_answer *answer)
{
	const cJSON *result;
	struct cJSON *json;

	if (httpc_json(cx, http, answer, &json) != RC_OK) {
		cx->err = (struct err){ 0 };
		return undelivered(cx,
		    answer->status / 100 == 2 || answer->status >= 500 ? OUTCOME_UNKNOWN
								       : OUTCOME_DOWN,
		    "Telegram: %d without JSON", answer->status);
	}
	result = cJSON_GetObjectItemCaseSensitive(json, "result");
	if (answer->status == 200 && cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "ok")))
		return delivered(
		    number_text(cx, cJSON_GetObjectItemCaseSensitive(result, "message_id")));
	return refusal(cx, answer->status, json);
}

static struct delivery
call(struct ctx *cx, struct channels *c, const char *token, const char *body)
{
	struct httpc *http = channels_http(c, true); /* the env file names a private host, too */
	struct httpc_call call = { .method = "POST", .body = body };
	struct httpc_answer answer;
	struct delivery d;

	call.url = arena_printf(cx->mem, "%s/bot%s/sendMessage",
	    conf_text(c->conf, CONF_TELEGRAM_API_URL), token);
	return channels_call(cx, http, &call, &answer, &d) ? judge_answer(cx, http, &answer) : d;
}

static bool
is_number(const char *text)
{
	return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

enum rc
telegram_send(struct ctx *cx, struct channels *c, const struct message *m, const cJSON *config,
    struct delivery *ret)
{
	const char *chat = config_text(config, "chat_id"), *token;
	const char *topic = config_text(config, "message_thread_id");

	TRY(channels_secret(cx, m, &token));
	if (token[0] == '\0')
		token = conf_text(c->conf, CONF_TELEGRAM_BOT_TOKEN);
	if (chat == NULL)
		chat = conf_text(c->conf, CONF_TELEGRAM_CHAT_ID);
	if (topic != NULL && !is_number(topic))
		topic = NULL;
	if (token[0] == '\0' || chat[0] == '\0') {
		*ret = undelivered(cx, OUTCOME_DOWN, "The channel has no bot token or no chat id");
		return RC_OK;
	}
	*ret = call(cx, c, token, body_of(cx, chat, topic, m->body, true));
	if (ret->outcome == OUTCOME_REFUSED && strstr(ret->detail, "parse entities") != NULL)
		*ret = call(cx, c, token, body_of(cx, chat, topic, m->body, false));
	return RC_OK;
}
