#include "message/channel.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/crypt.h"
#include "base/sb.h"
#include "message/channel_int.h"
#include "message/markup.h"

struct channels *
channel_new(struct arena *life, const struct conf *conf)
{
	struct channels *c = arena_alloc(life, sizeof(*c));

	*c = (struct channels){ .life = life, .conf = conf };
	return c;
}

struct httpc *
channels_http(struct channels *c, bool private_peers)
{
	if (c->http[private_peers] == NULL)
		c->http[private_peers] = httpc_new(c->life,
		    &(struct httpc_peer){ .name = "The channel", .public_only = !private_peers });
	return c->http[private_peers];
}

struct delivery
delivered(const char *id)
{
	return (struct delivery){ OUTCOME_SENT, id, 0 };
}

struct delivery
undelivered(struct ctx *cx, enum outcome outcome, const char *fmt, ...)
{
	struct sb text = sb_new(cx->mem);
	char line[1200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	sb_puts(&text, markup_cut(cx->mem, line, sizeof(line) / 4));
	return (struct delivery){ outcome, text.buf, 0 };
}

bool
channels_call(struct ctx *cx, struct httpc *http, const struct httpc_call *call,
    struct httpc_answer *answer, struct delivery *ret)
{
	enum outcome outcome;

	if (httpc_call(cx, http, call, answer) == RC_OK)
		return true;
	outcome = httpc_sent(http) ? OUTCOME_UNKNOWN : OUTCOME_DOWN;
	if (!httpc_sent(http) &&
	    (httpc_fault(http) == HTTPC_ADDRESS || httpc_fault(http) == HTTPC_FORBIDDEN))
		outcome = OUTCOME_REFUSED;
	*ret = undelivered(cx, outcome, "%s", cx->err.msg);
	cx->err = (struct err){ 0 };
	return false;
}

const char *
config_text(const cJSON *config, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(config, name));

	return text != NULL && text[0] != '\0' ? text : NULL;
}

enum rc
channels_secret(struct ctx *cx, const struct message *m, const char **ret)
{
	const char *place = arena_printf(cx->mem, "notification_settings:%s:secret",
	    m->channel_id != NULL ? m->channel_id : "");

	return crypt_unseal(cx, place, m->channel_secret != NULL ? m->channel_secret : "", ret);
}

static void
release_json(void *json)
{
	cJSON_Delete(json);
}

cJSON *
channels_json(struct ctx *cx, const char *text)
{
	cJSON *json = cJSON_Parse(text);

	if (json != NULL)
		arena_defer(cx->mem, release_json, json);
	return json;
}

const char *
channels_print(struct ctx *cx, const cJSON *json)
{
	char *printed = cJSON_PrintUnformatted(json);
	const char *text = arena_strdup(cx->mem, printed != NULL ? printed : "");

	cJSON_free(printed);
	return text;
}

/* ---- which channel -----------------------------------------------------------------------------
 */

static const struct {
	const char *name;
	enum rc (*send)(struct ctx *, struct channels *, const struct message *, const cJSON *,
	    struct delivery *);
} kinds[] = {
	{ "telegram", telegram_send },
	{ "email", email_send },
	{ "webhook", webhook_send },
	{ "whatsapp", whatsapp_send },
};

/* {token} is filled in last, because no table may hold it as plain text. */
static enum rc
open_token(struct ctx *cx, const struct message *m, struct message *ret)
{
	const char *token, *place = arena_printf(cx->mem, "message_outbox:%s:secret", m->id);
	struct markup_value value = { .name = "token" };

	TRY(crypt_unseal(cx, place, m->secret, &token));
	value.value = token;
	ret->body = markup_fill(cx->mem, m->body, &value, 1);
	return RC_OK;
}

enum rc
channel_send(struct ctx *cx, struct channels *c, const struct message *m, struct delivery *ret)
{
	struct message whole = *m;
	const cJSON *config = channels_json(cx, m->config);

	if (m->secret[0] != '\0')
		TRY(open_token(cx, m, &whole));
	for (size_t i = 0; i < countof(kinds); i++)
		if (strcmp(kinds[i].name, m->channel) == 0)
			return kinds[i].send(cx, c, &whole, config, ret);
	return FAIL(cx, RC_INTERNAL, "there is no channel called %s", m->channel);
}
