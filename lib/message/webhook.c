/* webhook.c: posts an alert as signed JSON to an address that an admin typed. */
#include <string.h>
#include <time.h>

#include "base/crypt.h"
#include "base/jw.h"
#include "message/channel_int.h"

enum { GONE = 410, TOO_MANY = 429 };

/* The alert's own members in the form of the plan; for a message without an alert, its own. */
static const char *
body_of(struct ctx *cx, const struct message *m)
{
	struct sb out = sb_new(cx->mem);
	struct jw w = jw_new(&out);

	jw_obj(&w, NULL);
	jw_str(&w, "message_id", m->id);
	jw_str(&w, "event", m->event);
	jw_str(&w, "subject", m->subject);
	jw_str(&w, "text", m->body);
	jw_raw(&w, "alert", m->alert != NULL ? m->alert : "null");
	jw_end(&w);
	return out.buf;
}

static struct delivery
judge_status(struct ctx *cx, const struct httpc_answer *answer)
{
	struct delivery d =
	    undelivered(cx, OUTCOME_REFUSED, "The webhook answered %d", answer->status);

	if (answer->status / 100 == 2)
		return delivered("");
	if (answer->status == TOO_MANY || answer->status >= 500) {
		d.outcome = OUTCOME_RETRY;
		d.wait_seconds = answer->retry_after < 3600 ? answer->retry_after : 3600;
	}
	return d;
}

enum rc
webhook_send(struct ctx *cx, struct channels *c, const struct message *m, const cJSON *config,
    struct delivery *ret)
{
	const char *secret, *body = body_of(cx, m), *headers[4] = { NULL };
	struct httpc_call call = { .method = "POST", .body = body, .headers = headers };
	struct httpc_answer answer;

	TRY(channels_secret(cx, m, &secret));
	call.url = config_text(config, "url");
	if (call.url == NULL) {
		*ret = undelivered(cx, OUTCOME_REFUSED, "The channel has no url");
		return RC_OK;
	}
	headers[0] = arena_printf(cx->mem, "X-Webhook-Id: %s", m->id);
	headers[1] = arena_printf(cx->mem, "X-Webhook-Timestamp: %lld", (long long)time(NULL));
	if (secret[0] != '\0')
		headers[2] = arena_printf(cx->mem, "X-Signature: sha256=%s",
		    crypt_hmac_sha256_hex(cx, secret, body));
	if (channels_call(cx, channels_http(c, m->private_peers), &call, &answer, ret))
		*ret = judge_status(cx, &answer);
	return RC_OK;
}
