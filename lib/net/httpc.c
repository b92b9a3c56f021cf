#include "net/httpc.h"

#include <cJSON.h>
#include <curl/curl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/sb.h"
#include "base/utf8.h"
#include "net/address.h"
#include "net/easy.h"

enum { DAY_SECONDS = 86400 };

struct httpc {
	CURL *easy;
	struct httpc_peer peer;
	enum httpc_fault fault;
	bool sent;
};

/* One call under way. */
struct transfer {
	const struct httpc_call *call;
	struct easy_text unsent; /* of the body */
	struct sb body;
	size_t max;
	bool too_large, forbidden;
	struct curl_slist *headers;
	char why[CURL_ERROR_SIZE];
};

static const char *const sentences[HTTPC__MAX] = {
	[HTTPC_ADDRESS] = "the call cannot be made",
	[HTTPC_RESOLVE] = "its name is unknown",
	[HTTPC_REFUSED] = "nobody answers at its address",
	[HTTPC_FORBIDDEN] = "its address is private",
	[HTTPC_TIMEOUT] = "no answer in time",
	[HTTPC_TLS] = "no secure connection",
	[HTTPC_CLOSED] = "the connection broke",
	[HTTPC_TOO_LARGE] = "the answer is too large",
	[HTTPC_PROTOCOL] = "the answer makes no sense",
};

struct httpc *
httpc_new(struct arena *life, const struct httpc_peer *peer)
{
	struct httpc *h = arena_alloc(life, sizeof(*h));

	h->peer = (struct httpc_peer){ arena_strdup(life, peer->name),
		arena_strdup(life, peer->user), arena_strdup(life, peer->password),
		arena_strdup(life, peer->ca), peer->public_only };
	h->easy = easy_new(life);
	return h;
}

enum httpc_fault
httpc_fault(const struct httpc *h)
{
	return h->fault;
}

bool
httpc_sent(const struct httpc *h)
{
	return h->sent;
}

static enum rc
call_fails(struct ctx *cx, struct httpc *h, enum httpc_fault fault, const char *why)
{
	h->fault = fault;
	(void)FAIL(cx, RC_UPSTREAM, "%s: %s.", h->peer.name, sentences[fault]);
	return err_detail(&cx->err, "%s (%s)", why, h->sent ? "sent" : "not sent");
}

/* ------------------------------------------------------------- what goes out */

/* libcurl rewinds a body to repeat its request; refusing makes that repetition impossible. */
static int
refuse_seek(void *arg, curl_off_t offset, int origin)
{
	const struct transfer *t = arg;

	(void)origin;
	return offset == 0 && t->unsent.rest == t->call->body ? CURL_SEEKFUNC_OK
							      : CURL_SEEKFUNC_FAIL;
}

static bool
is_plain(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7F)
			return false;
	return true;
}

static void
add_header(struct transfer *t, const char *line)
{
	struct curl_slist *longer = curl_slist_append(t->headers, line);

	if (longer != NULL)
		t->headers = longer;
}

static void
release_headers(void *list)
{
	curl_slist_free_all(list);
}

/* The mistake in this call; NULL: none. */
static const char *
find_mistake(const struct httpc_call *call)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };
	bool known = false;

	for (size_t i = 0; i < countof(methods); i++)
		known |= strcmp(call->method, methods[i]) == 0;
	if (!known)
		return "unknown method";
	if (!is_plain(call->url) || strchr(call->url, ' ') != NULL)
		return "blank or control character in the address";
	for (const char *const *line = call->headers; line != NULL && *line != NULL; line++)
		if (!is_plain(*line) || strchr(*line, ':') == NULL)
			return "not a header";
	return NULL;
}

static void
set_headers(struct arena *a, CURL *easy, struct transfer *t)
{
	add_header(t, "Accept: application/json");
	if (t->call->body != NULL)
		add_header(t,
		    arena_printf(a, "Content-Type: %s",
			t->call->body_type != NULL ? t->call->body_type : "application/json"));
	for (const char *const *line = t->call->headers; line != NULL && *line != NULL; line++)
		add_header(t, *line);
	arena_defer(a, release_headers, t->headers);
	(void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers);
}

static void
set_method(CURL *easy, struct transfer *t)
{
	const struct httpc_call *call = t->call;

	if (call->body != NULL) {
		(void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)t->unsent.len);
		(void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, easy_give);
		(void)curl_easy_setopt(easy, CURLOPT_READDATA, &t->unsent);
		(void)curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, refuse_seek);
		(void)curl_easy_setopt(easy, CURLOPT_SEEKDATA, t);
	} else if (strcmp(call->method, "POST") == 0) {
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
	}
	(void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
	/*
	 * libcurl may repeat a request without a body, but only on a kept connection: use a new
	 * one.
	 */
	if (call->body == NULL && strcmp(call->method, "GET") != 0)
		(void)curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
}

/* ---------------------------------------------------------- the same for all */

static void
set_trust(CURL *easy, const struct httpc_peer *peer)
{
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	(void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (peer->ca != NULL)
		(void)curl_easy_setopt(easy, CURLOPT_CAINFO, peer->ca);
	if (peer->user == NULL)
		return;
	(void)curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	(void)curl_easy_setopt(easy, CURLOPT_USERNAME, peer->user);
	(void)curl_easy_setopt(easy, CURLOPT_PASSWORD,
	    peer->password != NULL ? peer->password : "");
}

/* libcurl calls this with each resolved address before it dials. */
static curl_socket_t
open_public(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct transfer *t = arg;

	(void)purpose;
	if (address_is_public(&to->addr))
		return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
	t->forbidden = true;
	return CURL_SOCKET_BAD;
}

/* Connections that this handle keeps have passed the check, too. */
static void
set_reach(CURL *easy, const struct httpc_peer *peer, struct transfer *t)
{
	if (!peer->public_only)
		return;
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_public);
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
}

/* Collect the answer; returning 0 stops a peer that sends more than max_bytes. */
static size_t
take_body(char *from, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	if (size * n > t->max - t->body.len) {
		t->too_large = true;
		return 0;
	}
	sb_add(&t->body, from, size * n);
	return size * n;
}

static void
set_limits(CURL *easy, struct transfer *t)
{
	const struct httpc_call *call = t->call;

	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT,
	    1L); /* never wait for a slow resolver's thread */
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)(call->connect_ms > 0 ? call->connect_ms : 5000));
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
	    (long)(call->total_ms > 0 ? call->total_ms : 15000));
	(void)curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->max);
	(void)curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 60L);
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "isp-billing/" ISP_VERSION);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->why);
}

/* --------------------------------------------------------------- what is back */

static enum httpc_fault
meaning(CURLcode code, bool sent)
{
	static const struct {
		CURLcode code;
		enum httpc_fault fault;
	} known[] = {
		{ CURLE_COULDNT_RESOLVE_HOST, HTTPC_RESOLVE },
		{ CURLE_COULDNT_CONNECT, HTTPC_REFUSED },
		{ CURLE_OPERATION_TIMEDOUT, HTTPC_TIMEOUT },
		{ CURLE_SSL_CONNECT_ERROR, HTTPC_TLS },
		{ CURLE_PEER_FAILED_VERIFICATION, HTTPC_TLS },
		{ CURLE_SSL_CERTPROBLEM, HTTPC_TLS },
		{ CURLE_SSL_CIPHER, HTTPC_TLS },
		{ CURLE_SSL_CACERT_BADFILE, HTTPC_TLS },
		{ CURLE_SSL_ISSUER_ERROR, HTTPC_TLS },
		{ CURLE_SSL_ENGINE_INITFAILED, HTTPC_TLS },
		{ CURLE_GOT_NOTHING, HTTPC_CLOSED },
		{ CURLE_RECV_ERROR, HTTPC_CLOSED },
		{ CURLE_SEND_ERROR, HTTPC_CLOSED },
		{ CURLE_SEND_FAIL_REWIND, HTTPC_CLOSED },
		{ CURLE_PARTIAL_FILE, HTTPC_CLOSED },
		{ CURLE_FILESIZE_EXCEEDED, HTTPC_TOO_LARGE },
	};

	for (size_t i = 0; i < countof(known); i++)
		if (known[i].code == code)
			return known[i].fault;
	return sent ? HTTPC_PROTOCOL : HTTPC_ADDRESS;
}

/*
 * True when a part of the request may have left: from PRETRANSFER on libcurl may send its
 * first byte. The body is asked, too: after a repetition that reached no host the time is
 * that of the repetition.
 */
static bool
was_sent(CURL *easy, const struct transfer *t)
{
	curl_off_t us = 0;

	return curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &us) != CURLE_OK || us > 0 ||
	       t->unsent.rest != t->call->body;
}

static struct httpc_answer
take_answer(struct ctx *cx, CURL *easy, const struct transfer *t)
{
	long status = 0;
	curl_off_t wait = 0;
	const char *type = NULL;

	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
	(void)curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &wait);
	return (struct httpc_answer){ .status = (int)status,
		.body = t->body.buf,
		.body_len = t->body.len,
		.content_type = arena_strdup(cx->mem, type != NULL ? type : ""),
		.retry_after = (int)(wait < DAY_SECONDS ? wait : DAY_SECONDS) };
}

static CURLcode
perform(struct ctx *cx, struct httpc *h, struct transfer *t)
{
	CURLcode code;

	set_trust(h->easy, &h->peer);
	set_reach(h->easy, &h->peer, t);
	set_limits(h->easy, t);
	set_headers(cx->mem, h->easy, t);
	set_method(h->easy, t);
	(void)curl_easy_setopt(h->easy, CURLOPT_URL, t->call->url);
	code = curl_easy_perform(h->easy);
	h->sent = was_sent(h->easy, t);
	return code;
}

enum rc
httpc_call(struct ctx *cx, struct httpc *h, const struct httpc_call *call, struct httpc_answer *ret)
{
	const char *mistake = h->easy == NULL ? "libcurl does not start" : find_mistake(call);
	struct transfer t = { .call = call, .unsent.rest = call->body, .body = sb_new(cx->mem) };
	CURLcode code;

	h->fault = HTTPC_OK;
	h->sent = false;
	if (mistake != NULL)
		return call_fails(cx, h, HTTPC_ADDRESS, mistake);
	t.unsent.len = call->body != NULL ? strlen(call->body) : 0;
	t.max = call->max_bytes > 0 ? call->max_bytes : (size_t)256 << 10;
	code = perform(cx, h, &t);
	if (code == CURLE_OK)
		*ret = take_answer(cx, h->easy, &t);
	/* Its options point into this call's memory; connections, names and TLS sessions stay. */
	curl_easy_reset(h->easy);
	if (t.too_large)
		return call_fails(cx, h, HTTPC_TOO_LARGE, "more than max_bytes");
	if (code != CURLE_OK && t.forbidden && !h->sent)
		return call_fails(cx, h, HTTPC_FORBIDDEN, "setting private_peers allows it");
	if (code != CURLE_OK)
		return call_fails(cx, h, meaning(code, h->sent),
		    t.why[0] != '\0' ? t.why : curl_easy_strerror(code));
	return RC_OK;
}

/* ----------------------------------------------------------------------- JSON */

static void
release_json(void *json)
{
	cJSON_Delete(json);
}

/* Skip to the end of a string; NULL: it holds \u0000 or has no end. */
static const char *
skip_string(const char *p)
{
	for (; *p != '"'; p++) {
		if (*p == '\\' && strncmp(++p, "u0000", 5) == 0)
			return NULL;
		if (*p == '\0')
			return NULL;
	}
	return p;
}

/* True when the text has few enough levels for a recursive reader, and no \u0000. */
static bool
is_harmless(const char *p)
{
	int depth = 0;

	for (; *p != '\0' && depth <= HTTPC_JSON_DEPTH; p++) {
		if (*p == '"' && (p = skip_string(p + 1)) == NULL)
			return false;
		depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
	}
	return depth <= HTTPC_JSON_DEPTH;
}

enum rc
httpc_json(struct ctx *cx, struct httpc *h, const struct httpc_answer *answer, cJSON **ret)
{
	cJSON *json = NULL;

	if (utf8_valid(answer->body, answer->body_len) && is_harmless(answer->body))
		json = cJSON_ParseWithOpts(answer->body, NULL, true);
	if (json != NULL)
		arena_defer(cx->mem, release_json, json);
	if (!cJSON_IsObject(json)) {
		(void)call_fails(cx, h, HTTPC_PROTOCOL, "");
		return err_detail(&cx->err, "status %d, %zu bytes of %.60s that are no JSON object",
		    answer->status, answer->body_len, answer->content_type);
	}
	*ret = json;
	return RC_OK;
}

/* ----------------------------------------------------------------------- text */

const char *
httpc_escape(struct arena *a, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";
	struct sb out = sb_new(a);

	for (; *text != '\0'; text++)
		if (strchr(plain, *text) != NULL)
			sb_putc(&out, *text);
		else
			sb_printf(&out, "%%%02X", (unsigned)(unsigned char)*text);
	return out.buf;
}
