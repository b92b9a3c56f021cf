/* client.c: see client.h. */
#include "midtrans/client.h"

#include <cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/jw.h"
#include "base/log.h"
#include "base/utf8.h"
#include "db/db.h"
#include "net/httpc.h"
#include "sql.h"

struct midtrans_client {
	struct httpc *http;
	const char *base[2];
	int code; /* of the last answer; 0: there was none */
	int wait; /* seconds it asked for before the next call */
	struct midtrans_tally tallies[2];
};

enum { HTTP_ERROR = 500 };

enum { BUSY_SECONDS = 10 }; /* of a 429 without Retry-After */

static const char *
base_url(struct arena *life, const char *own, const char *standard)
{
	size_t n = strlen(own);

	while (n > 0 && own[n - 1] == '/')
		n--;
	if (n > 0)
		return arena_printf(life, "%.*s", (int)n, own);
	return standard;
}

struct midtrans_client *
midtrans_client_new(struct arena *life, const struct conf *cf)
{
	struct midtrans_client *client = arena_alloc(life, sizeof(*client));
	bool live = conf_bool(cf, CONF_MIDTRANS_IS_PRODUCTION);

	client->http = httpc_new(life, &(struct httpc_peer){ .name = "Midtrans",
					   .user = conf_text(cf, CONF_MIDTRANS_SERVER_KEY) });
	client->base[BASE_SNAP] = base_url(life, conf_text(cf, CONF_MIDTRANS_SNAP_URL),
	    live ? "https://app.midtrans.com/snap/v1" : "https://app.sandbox.midtrans.com/snap/v1");
	client->base[BASE_CORE] = base_url(life, conf_text(cf, CONF_MIDTRANS_API_URL),
	    live ? "https://api.midtrans.com/v2" : "https://api.sandbox.midtrans.com/v2");
	return client;
}

bool
midtrans_is_configured(const struct ctx *cx)
{
	return cx->conf != NULL && conf_text(cx->conf, CONF_MIDTRANS_SERVER_KEY)[0] != '\0';
}

enum rc
midtrans_require_configured(struct ctx *cx)
{
	if (midtrans_is_configured(cx))
		return RC_OK;
	(void)FAIL(cx, RC_RETRY, "online payment is not configured");
	return err_code(&cx->err, "online_payment_off");
}

const char *
midtrans_merchant_id(const struct ctx *cx)
{
	return conf_text(cx->conf, CONF_MIDTRANS_MERCHANT_ID);
}

struct midtrans_tally *
midtrans_tally(const struct ctx *cx, bool unknown_order)
{
	return &cx->midtrans->tallies[unknown_order];
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* The error messages of an answer, in one line. */
static const char *
messages_of(struct ctx *cx, const cJSON *body)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(body, "error_messages"), *item;
	const char *status =
	    cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "status_message"));
	struct sb s = sb_new(cx->mem);

	if (status != NULL)
		sb_puts(&s, status);
	cJSON_ArrayForEach (item, list) {
		if (s.len > 0)
			sb_puts(&s, "; ");
		if (cJSON_IsString(item))
			sb_puts(&s, item->valuestring);
	}
	return arena_printf(cx->mem, "%.*s", (int)utf8_cut(s.buf, 300), s.buf);
}

/* status_code of the body, a text of three digits; 0 when there is none. */
static int
code_of(const cJSON *body)
{
	const char *text =
	    cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "status_code"));

	if (text == NULL || strlen(text) != 3 || strspn(text, "0123456789") != 3)
		return 0;
	return (int)strtol(text, NULL, 10);
}

/* Set the code of the answer from both layers, and fail where it says nothing about the order. */
static enum rc
judge_call(struct ctx *cx, const struct midtrans_call *call, const struct httpc_answer *got,
    struct midtrans_answer *a)
{
	int code = code_of(a->body), http = got->status, wait = got->retry_after;

	a->code = http >= 400 || code == 0 ? http : code;
	a->from_midtrans = code != 0;
	if (a->code == ANSWER_NO_ACCESS)
		return FAIL(cx, RC_UPSTREAM, "Midtrans does not accept our key.");
	if (a->code == ANSWER_TOO_MANY) {
		(void)FAIL(cx, RC_RETRY, "Midtrans asks us to slow down. Please try again.");
		cx->err.retry_after = cx->midtrans->wait = wait > 0 ? wait : BUSY_SECONDS;
		return cx->err.rc;
	}
	if (a->code >= HTTP_ERROR || a->code < 200 || (a->code >= 300 && a->code < 400) ||
	    a->code == ANSWER_TIMEOUT)
		return FAIL(cx, RC_UPSTREAM, "Midtrans answered %d.", a->code);
	if (http == ANSWER_UNKNOWN_ID && code == 0 && call->base == BASE_CORE)
		return FAIL(cx, RC_UPSTREAM, "Midtrans has no such address: see MIDTRANS_API_URL.");
	return RC_OK;
}

enum rc
midtrans_call(struct ctx *cx, const struct midtrans_call *call, struct midtrans_answer *ret)
{
	const char *headers[] = { NULL, NULL };
	struct midtrans_client *client = cx->midtrans;
	struct httpc_answer got;

	*ret = (struct midtrans_answer){ .messages = "" };
	client->code = client->wait = 0;
	if (call->key != NULL)
		headers[0] = arena_printf(cx->mem, "Idempotency-Key: %s", call->key);
	TRY(httpc_call(cx, client->http,
	    &(struct httpc_call){ .method = call->method,
		.url = arena_printf(cx->mem, "%s%s", client->base[call->base], call->path),
		.body = call->body,
		.headers = headers },
	    &got));
	ret->code = got.status;
	if (httpc_json(cx, client->http, &got, &ret->body) != RC_OK && got.status < 400)
		return cx->err.rc;
	cx->err = (struct err){ 0 };
	ret->raw = got.body;
	ret->messages = messages_of(cx, ret->body);
	(void)!judge_call(cx, call, &got, ret);
	client->code = ret->code;
	if (ret->code >= 400 && ret->messages[0] == '\0')
		ret->messages = "no reason given";
	if (cx->err.rc != RC_OK)
		return err_detail(&cx->err, "%s %s: %d %s", call->method,
		    call->base == BASE_SNAP ? "snap" : "core", got.status, ret->messages);
	return RC_OK;
}

enum rc
midtrans_call_core(struct ctx *cx, const char *method, const char *id, const char *verb,
    const char *body, struct midtrans_answer *ret)
{
	struct midtrans_call call = { .base = BASE_CORE, .method = method, .body = body };

	call.path = arena_printf(cx->mem, "/%s/%s", httpc_escape(cx->mem, id), verb);
	return midtrans_call(cx, &call, ret);
}

const char *
answer_json(struct ctx *cx, const struct midtrans_answer *a)
{
	struct sb s = sb_new(cx->mem);
	struct jw w = jw_new(&s);

	jw_obj(&w, NULL);
	jw_i64(&w, "code", a->code);
	jw_str(&w, "messages", a->messages);
	jw_end(&w);
	return s.buf;
}

bool
answer_is_success(const struct midtrans_answer *a)
{
	return a->code < 400 || a->code == ANSWER_EXPIRED;
}

bool
answer_is_final_refusal(const struct midtrans_answer *a)
{
	return a->code >= 400 && a->code < HTTP_ERROR && a->code != ANSWER_NO_ACCESS &&
	       a->code != ANSWER_EXPIRED && a->code != ANSWER_TIMEOUT && a->code != ANSWER_TOO_MANY;
}

bool
call_may_have_executed(const struct ctx *cx, const struct midtrans_answer *a)
{
	bool refused = a->code >= 400 && a->code < HTTP_ERROR && a->code != ANSWER_TIMEOUT;

	return call_was_sent(cx) && !refused;
}

enum rc
answer_fail(struct ctx *cx, const char *verb, const struct midtrans_answer *a)
{
	return FAIL(cx, RC_UPSTREAM, "Midtrans refused to %s (%d): %s", verb, a->code, a->messages);
}

bool
call_was_sent(const struct ctx *cx)
{
	return httpc_sent(cx->midtrans->http);
}

bool
call_timed_out(const struct ctx *cx)
{
	return httpc_fault(cx->midtrans->http) == HTTPC_TIMEOUT;
}

bool
midtrans_unreachable(const struct ctx *cx)
{
	switch (httpc_fault(cx->midtrans->http)) {
	case HTTPC_RESOLVE:
	case HTTPC_REFUSED:
	case HTTPC_TIMEOUT:
	case HTTPC_TLS:
		return true;
	default:
		return cx->midtrans->code == ANSWER_TOO_MANY;
	}
}

int
midtrans_retry_after(const struct ctx *cx)
{
	return cx->midtrans->wait;
}

/* ---- locks ----------------------------------------------------------------------------------- */

static enum rc
wait_for_lock(struct ctx *cx, const char *name)
{
	struct err why;
	enum rc rc;

	TRY(db_exec(cx, &SQL_midtrans_lock_timeout_long));
	rc = db_exec(cx, &SQL_midtrans_lock_wait, V_TEXT(name));
	why = cx->err;
	if (db_exec(cx, &SQL_midtrans_lock_timeout_reset) != RC_OK)
		return cx->err.rc;
	cx->err = why;
	return rc;
}

enum rc
midtrans_lock(struct ctx *cx, const char *name, const char *busy, bool *alone)
{
	struct db_rows *rows;

	TRY(db_row(cx, &SQL_midtrans_lock, &rows, V_TEXT(name)));
	*alone = db_bool(rows, 0, "locked");
	if (*alone)
		return RC_OK;
	if (busy != NULL)
		return FAIL(cx, RC_CONFLICT, "%s", busy);
	return wait_for_lock(cx, name);
}

void
midtrans_unlock(struct ctx *cx, const char *name)
{
	struct err why = cx->err;

	db_rollback(cx);
	if (db_exec(cx, &SQL_midtrans_unlock, V_TEXT(name)) != RC_OK)
		log_err(LOG_WARN, "unlock", cx);
	cx->err = why;
}
