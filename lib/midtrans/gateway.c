/* gateway.c: how Midtrans is called, and what it tells unasked. */
#include <cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/jw.h"
#include "base/log.h"
#include "db/db.h"
#include "midtrans/gateway_int.h"
#include "net/httpc.h"
#include "sql.h"

/* Notifications that changed nothing, since the log had a line about them. */
struct tally {
	unsigned n;
	int64_t told_at; /* clock_ms(); 0: never */
};

struct gateway {
	struct httpc *http;
	const char *base[2];
	int code; /* of the last answer; 0: there was none */
	int wait; /* seconds it asked for before the next call */
	struct tally unknown, refused;
};

enum { HTTP_ERROR = 500 };

enum { BUSY_SECONDS = 10 }; /* where Midtrans does not say how long */

enum { TALLY_MS = 60000 }; /* so often a line */

static const char *
base_url(struct arena *life, const char *own, const char *usual)
{
	size_t n = strlen(own);

	while (n > 0 && own[n - 1] == '/')
		n--;
	if (n > 0)
		return arena_printf(life, "%.*s", (int)n, own);
	return usual;
}

struct gateway *
gateway_new(struct arena *life, const struct conf *cf)
{
	struct gateway *gw = arena_alloc(life, sizeof(*gw));
	bool live = conf_bool(cf, CONF_MIDTRANS_IS_PRODUCTION);

	gw->http = httpc_new(life, &(struct httpc_peer){ .name = "Midtrans",
				       .user = conf_text(cf, CONF_MIDTRANS_SERVER_KEY) });
	gw->base[GATEWAY_SNAP] = base_url(life, conf_text(cf, CONF_MIDTRANS_SNAP_URL),
	    live ? "https://app.midtrans.com/snap/v1" : "https://app.sandbox.midtrans.com/snap/v1");
	gw->base[GATEWAY_CORE] = base_url(life, conf_text(cf, CONF_MIDTRANS_API_URL),
	    live ? "https://api.midtrans.com/v2" : "https://api.sandbox.midtrans.com/v2");
	return gw;
}

bool
gateway_is_on(const struct ctx *cx)
{
	return cx->conf != NULL && conf_text(cx->conf, CONF_MIDTRANS_SERVER_KEY)[0] != '\0';
}

enum rc
gateway_ready(struct ctx *cx)
{
	if (!gateway_is_on(cx))
		return FAIL(cx, RC_RETRY, "online payment is not configured");
	return RC_OK;
}

const char *
gateway_merchant(const struct ctx *cx)
{
	return conf_text(cx->conf, CONF_MIDTRANS_MERCHANT_ID);
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* Whatever Midtrans wrote about what is wrong, one line. */
static const char *
messages_of(struct ctx *cx, const cJSON *body)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(body, "error_messages"), *one;
	const char *status =
	    cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "status_message"));
	struct sb s = sb_new(cx->mem);

	if (status != NULL)
		sb_puts(&s, status);
	cJSON_ArrayForEach (one, list) {
		if (s.len > 0)
			sb_puts(&s, "; ");
		if (cJSON_IsString(one))
			sb_puts(&s, one->valuestring);
	}
	return arena_printf(cx->mem, "%.300s", s.len > 0 ? s.buf : "");
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

/* Both layers: an error of HTTP is one, and so is one inside a 200. */
static enum rc
judge(struct ctx *cx, const struct gateway_call *call, const struct httpc_answer *got,
    struct gateway_answer *a)
{
	int said = code_of(a->body), http = got->status, wait = got->retry_after;

	a->code = http >= 400 || said == 0 ? http : said;
	a->said = said != 0;
	if (a->code == GATEWAY_NO_ACCESS)
		return FAIL(cx, RC_UPSTREAM, "Midtrans does not accept our key.");
	if (a->code == GATEWAY_TOO_MANY) {
		(void)FAIL(cx, RC_RETRY, "Midtrans asks us to slow down. Please try again.");
		cx->err.retry_after = cx->gateway->wait = wait > 0 ? wait : BUSY_SECONDS;
		return cx->err.rc;
	}
	if (a->code >= HTTP_ERROR || a->code < 200 || (a->code >= 300 && a->code < 400) ||
	    a->code == GATEWAY_TOO_LATE)
		return FAIL(cx, RC_UPSTREAM, "Midtrans answered %d.", a->code);
	if (http == GATEWAY_NONE && said == 0 && call->base == GATEWAY_CORE)
		return FAIL(cx, RC_UPSTREAM, "Midtrans has no such address: see MIDTRANS_API_URL.");
	return RC_OK;
}

enum rc
gateway_call(struct ctx *cx, const struct gateway_call *call, struct gateway_answer *ret)
{
	const char *headers[] = { NULL, NULL };
	struct gateway *gw = cx->gateway;
	struct httpc_answer got;

	*ret = (struct gateway_answer){ .messages = "" };
	gw->code = gw->wait = 0;
	if (call->key != NULL)
		headers[0] = arena_printf(cx->mem, "Idempotency-Key: %s", call->key);
	TRY(httpc_call(cx, gw->http,
	    &(struct httpc_call){ .method = call->method,
		.url = arena_printf(cx->mem, "%s%s", gw->base[call->base], call->path),
		.body = call->body,
		.headers = headers },
	    &got));
	ret->code = got.status;
	if (httpc_json(cx, gw->http, &got, &ret->body) != RC_OK && got.status < 400)
		return cx->err.rc;
	cx->err = (struct err){ 0 };
	ret->raw = got.body;
	ret->messages = messages_of(cx, ret->body);
	(void)!judge(cx, call, &got, ret);
	gw->code = ret->code;
	if (cx->err.rc != RC_OK)
		return err_detail(&cx->err, "%s %s: %d %s", call->method,
		    call->base == GATEWAY_SNAP ? "snap" : "core", got.status, ret->messages);
	return RC_OK;
}

enum rc
gateway_core(struct ctx *cx, const char *method, const char *id, const char *verb, const char *body,
    struct gateway_answer *ret)
{
	struct gateway_call call = { .base = GATEWAY_CORE, .method = method, .body = body };

	call.path = arena_printf(cx->mem, "/%s/%s", httpc_escape(cx->mem, id), verb);
	return gateway_call(cx, &call, ret);
}

const char *
gateway_said(struct ctx *cx, const struct gateway_answer *a)
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
gateway_is_good(const struct gateway_answer *a)
{
	return a->code < 400 || a->code == GATEWAY_EXPIRED;
}

bool
gateway_is_no(const struct gateway_answer *a)
{
	return a->code >= 400 && a->code < HTTP_ERROR && a->code != GATEWAY_NO_ACCESS &&
	       a->code != GATEWAY_EXPIRED && a->code != GATEWAY_TOO_LATE &&
	       a->code != GATEWAY_TOO_MANY;
}

bool
gateway_may_be_done(const struct ctx *cx, const struct gateway_answer *a)
{
	bool sent_away = a->code >= 400 && a->code < HTTP_ERROR && a->code != GATEWAY_TOO_LATE;

	return gateway_sent(cx) && !sent_away;
}

enum rc
gateway_unwelcome(struct ctx *cx, const char *verb, const struct gateway_answer *a)
{
	(void)FAIL(cx, RC_UPSTREAM, "Midtrans refused to %s: %d.", verb, a->code);
	return err_detail(&cx->err, "%s", a->messages);
}

bool
gateway_sent(const struct ctx *cx)
{
	return httpc_sent(cx->gateway->http);
}

bool
gateway_timed_out(const struct ctx *cx)
{
	return httpc_fault(cx->gateway->http) == HTTPC_TIMEOUT;
}

bool
gateway_is_away(const struct ctx *cx)
{
	switch (httpc_fault(cx->gateway->http)) {
	case HTTPC_RESOLVE:
	case HTTPC_REFUSED:
	case HTTPC_TIMEOUT:
	case HTTPC_TLS:
		return true;
	default:
		return cx->gateway->code == GATEWAY_TOO_MANY;
	}
}

int
gateway_slow_down(const struct ctx *cx)
{
	return cx->gateway->wait;
}

/* ---- one at a time --------------------------------------------------------------------------- */

static enum rc
wait_for(struct ctx *cx, const char *name)
{
	struct err why;
	enum rc rc;

	TRY(db_query0(cx, &SQL_gateway_patience, NULL));
	rc = db_query(cx, &SQL_gateway_lock_wait, NULL, V_TEXT(name));
	why = cx->err;
	if (db_query0(cx, &SQL_gateway_impatience, NULL) != RC_OK)
		return cx->err.rc;
	cx->err = why;
	return rc;
}

enum rc
gateway_lock(struct ctx *cx, const char *name, const char *busy, bool *alone)
{
	struct db_rows *rows;

	TRY(db_query(cx, &SQL_gateway_lock, &rows, V_TEXT(name)));
	*alone = db_bool(rows, 0, "locked");
	if (*alone)
		return RC_OK;
	if (busy != NULL)
		return FAIL(cx, RC_CONFLICT, "%s", busy);
	return wait_for(cx, name);
}

void
gateway_unlock(struct ctx *cx, const char *name)
{
	struct err why = cx->err;

	(void)!db_rollback(cx);
	if (db_query(cx, &SQL_gateway_unlock, NULL, V_TEXT(name)) != RC_OK)
		log_err(LOG_WARN, "unlock", cx);
	cx->err = why;
}

/* ---- messages -------------------------------------------------------------------------------- */

static void
tell(const struct ctx *cx, const char *source, const struct midtrans_message *m,
    const struct midtrans_decision *d)
{
	log_event(LOG_INFO, "midtrans", "rid", cx->request_id, "source", source, "order",
	    m->order_id, "status", m->status, "verdict", d->verdict, "rows", d->rows, NULL);
}

/* RC_NOT_FOUND: the order is not ours, the message is stored all the same. */
static enum rc
take_in(struct ctx *cx, const char *source, const struct midtrans_message *m, const char *raw)
{
	bool told = strcmp(source, ATTEMPT_NOTIFICATION) != 0;
	struct midtrans_decision d = { 0 };
	struct attempt_heard heard;

	TRY(db_begin(cx));
	TRY(attempt_hear(cx, source, m, raw, &heard));
	if (heard.attempt_id != NULL) {
		midtrans_decide(&heard.state, m, told ? MW_TOLD : MW_HEARD, gateway_merchant(cx),
		    &d);
		TRY(attempt_do(cx, source, m, &heard, &d));
	}
	TRY(db_commit(cx));
	if (heard.attempt_id == NULL)
		return FAIL(cx, RC_NOT_FOUND, "There is no such order.");
	tell(cx, source, m, &d);
	return RC_OK;
}

enum rc
gateway_apply(struct ctx *cx, const char *source, const char *order_id,
    const struct gateway_answer *a, const char **transaction_id)
{
	struct midtrans_message m;

	TRY(midtrans_read_answer(cx, a->body, order_id, &m));
	TRY(take_in(cx, source, &m, a->raw));
	*transaction_id = m.transaction_id;
	return RC_OK;
}

/*
 * It could not be applied: keep it, so that gateway-sync can ask.  Whatever it
 * was, Midtrans is to send it again; but for what can never be stored.
 */
static enum rc
keep_it(struct ctx *cx, const struct midtrans_message *m, const char *raw)
{
	struct err why = cx->err;

	(void)!db_rollback(cx);
	if (attempt_remember(cx, ATTEMPT_NOTIFICATION, m, raw) == RC_INVALID)
		return FAIL(cx, RC_MALFORMED, "The body is malformed.");
	cx->err = why;
	log_err(LOG_WARN, "notification not applied", cx);
	cx->err = (struct err){ 0 };
	return FAIL(cx, RC_RETRY,
	    "The notification could not be applied now. Please send it again.");
}

void
gateway_count(struct ctx *cx, enum rc rc)
{
	struct gateway *gw = cx->gateway;
	struct tally *t = rc == RC_NOT_FOUND ? &gw->unknown : &gw->refused;
	int64_t now = clock_ms();

	if (rc != RC_NOT_FOUND && rc != RC_DENIED && rc != RC_MALFORMED)
		return;
	t->n++;
	if (t->told_at != 0 && now - t->told_at < TALLY_MS)
		return;
	log_event(LOG_WARN,
	    rc == RC_NOT_FOUND ? "notification of an unknown order" : "notification refused", "rid",
	    cx->request_id, "of", arena_printf(cx->mem, "%u", t->n), NULL);
	*t = (struct tally){ .told_at = now };
}

enum rc
gateway_notify(struct ctx *cx, const struct cJSON *body, const char *raw)
{
	struct midtrans_message m;
	enum rc rc;

	TRY(gateway_ready(cx));
	TRY(midtrans_read(cx, body, conf_text(cx->conf, CONF_MIDTRANS_SERVER_KEY), &m));
	rc = take_in(cx, ATTEMPT_NOTIFICATION, &m, raw);
	if (rc == RC_OK || rc == RC_NOT_FOUND)
		return rc;
	return keep_it(cx, &m, raw);
}
