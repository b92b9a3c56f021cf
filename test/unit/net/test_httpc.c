#include "net/httpc.h"
#include "unit.h"

#include <cJSON.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>

#include "base/clock.h"
#include "http_peer.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#define OK_BODY OK_HEAD "Content-Length: 8\r\n\r\n{\"a\":13}"

/* A client of its own for each test. */
struct world {
	struct ctx cx;
	struct httpc *http;
	struct peer peer;
	struct httpc_answer answer;
	char url[64];
	int limit_ms; /* 0: more than a busy machine needs */
};

static struct world *
begin(struct world *w, const struct turn *turns, size_t n)
{
	struct httpc_peer peer = { .name = "Midtrans", .user = "SB-key-123" };

	w->cx = (struct ctx){ .mem = arena_new(4096) };
	w->peer.turns = turns;
	w->peer.nturns = n;
	peer_start(&w->peer);
	if (w->http == NULL)
		w->http = httpc_new(w->cx.mem, &peer);
	(void)snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%d/v2/SECRET-PATH", w->peer.port);
	return w;
}

#define BEGIN(w, turns) begin(w, turns, countof(turns))

/* The client goes first, so that the peer has received all there is to receive. */
static void
end(struct world *w)
{
	arena_free(w->cx.mem);
	peer_stop(&w->peer);
}

static enum rc
call(struct world *w, const char *method, const char *body)
{
	struct httpc_call c = { .method = method,
		.url = w->url,
		.body = body,
		.connect_ms = 20000,
		.total_ms = w->limit_ms > 0 ? w->limit_ms : 20000 };

	return httpc_call(&w->cx, w->http, &c, &w->answer);
}

/* A failure of this kind, that gives nothing away. */
static void
assert_fault(struct world *w, enum rc rc, enum httpc_fault fault, bool sent)
{
	if (fault != httpc_fault(w->http))
		print_error("fault %d: %s\n", httpc_fault(w->http), w->cx.err.detail);
	assert_int_equal(rc, RC_UPSTREAM);
	assert_int_equal(httpc_fault(w->http), fault);
	assert_int_equal(httpc_sent(w->http), sent);
	assert_non_null(strstr(w->cx.err.msg, "Midtrans: "));
	assert_null(strstr(w->cx.err.msg, "SECRET"));
	assert_null(strstr(w->cx.err.detail, "SECRET"));
	assert_null(strstr(w->cx.err.detail, "SB-key"));
	assert_null(strstr(w->cx.err.detail, "U0Ita2V5"));
}

/* ------------------------------------------------------------------ what goes out */

static void
test_get(void **state)
{
	static const struct turn turns[] = { { OK_BODY } };
	struct world w = { 0 };

	(void)state;
	BEGIN(&w, turns);
	assert_int_equal(call(&w, "GET", NULL), RC_OK);
	assert_int_equal(w.answer.status, 200);
	assert_string_equal(w.answer.body, "{\"a\":13}");
	assert_int_equal(w.answer.body_len, 8);
	assert_string_equal(w.answer.content_type, "application/json");
	assert_int_equal(httpc_fault(w.http), HTTPC_OK);
	end(&w);
	assert_memory_equal(w.peer.received[0], "GET /v2/SECRET-PATH HTTP/1.1\r\n", 30);
	assert_non_null(
	    strstr(w.peer.received[0], "\r\nAuthorization: Basic U0Ita2V5LTEyMzo=\r\n"));
	assert_non_null(strstr(w.peer.received[0], "\r\nAccept: application/json\r\n"));
	assert_non_null(strstr(w.peer.received[0], "\r\nUser-Agent: isp-billing/"));
	assert_null(strstr(w.peer.received[0], "Content-Type"));
}

static void
test_post(void **state)
{
	static const struct turn turns[] = { { OK_BODY } };
	static const char *const headers[] = { "Idempotency-Key: abc-1", NULL };
	struct world w = { 0 };
	struct httpc_call c = { .method = "POST", .body = "{\"amount\":1}", .headers = headers };

	(void)state;
	BEGIN(&w, turns);
	c.url = w.url;
	assert_int_equal(httpc_call(&w.cx, w.http, &c, &w.answer), RC_OK);
	end(&w);
	assert_memory_equal(w.peer.received[0], "POST /v2/", 9);
	assert_non_null(strstr(w.peer.received[0], "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(w.peer.received[0], "\r\nContent-Length: 12\r\n"));
	assert_non_null(strstr(w.peer.received[0], "\r\nIdempotency-Key: abc-1\r\n"));
	assert_non_null(strstr(w.peer.received[0], "\r\n\r\n{\"amount\":1}"));
	assert_null(strstr(w.peer.received[0], "Expect"));
	assert_null(strstr(w.peer.received[0], "Transfer-Encoding"));
}

/* A header of one call is not in the next; both go over one connection. */
static void
test_keepalive(void **state)
{
	static const struct turn turns[] = { { OK_BODY }, { OK_BODY }, { OK_BODY } };
	static const char *const headers[] = { "Idempotency-Key: abc-1", NULL };
	struct world w = { 0 };
	struct httpc_call c = { .method = "POST", .body = "{}", .headers = headers };

	(void)state;
	BEGIN(&w, turns);
	c.url = w.url;
	assert_int_equal(httpc_call(&w.cx, w.http, &c, &w.answer), RC_OK);
	assert_int_equal(call(&w, "GET", NULL), RC_OK);
	assert_int_equal(call(&w, "PUT", "{}"), RC_OK);
	end(&w);
	assert_int_equal(w.peer.connections, 1);
	assert_int_equal(w.peer.requests, 3);
	assert_null(strstr(w.peer.received[1], "Idempotency-Key"));
	assert_null(strstr(w.peer.received[1], "Content-Length"));
	assert_memory_equal(w.peer.received[2], "PUT ", 4);
}

static void
test_post_without_body(void **state)
{
	static const struct turn turns[] = { { OK_BODY }, { OK_BODY } };
	struct world w = { 0 };

	(void)state;
	BEGIN(&w, turns);
	assert_int_equal(call(&w, "POST", NULL), RC_OK);
	assert_int_equal(call(&w, "DELETE", NULL), RC_OK);
	end(&w);
	assert_non_null(strstr(w.peer.received[0], "\r\nContent-Length: 0\r\n"));
	assert_memory_equal(w.peer.received[1], "DELETE ", 7);
	assert_null(strstr(w.peer.received[1], "Content-Length"));
	assert_int_equal(w.peer.connections, 2); /* kept connections are for what may be repeated */
}

static void
test_password_and_path_go_as_they_are(void **state)
{
	static const struct turn turns[] = { { OK_BODY } };
	struct arena *life = arena_new(1024);
	struct world w = {
		.http = httpc_new(life,
		    &(struct httpc_peer){ .name = "n", .user = "u", .password = "pw" })
	};
	struct httpc_call c = { .method = "GET" };

	(void)state;
	BEGIN(&w, turns);
	c.url = arena_printf(w.cx.mem, "http://127.0.0.1:%d/a/../b", w.peer.port);
	assert_int_equal(httpc_call(&w.cx, w.http, &c, &w.answer), RC_OK);
	arena_free(life);
	end(&w);
	assert_memory_equal(w.peer.received[0], "GET /a/../b HTTP/1.1\r\n", 22);
	assert_non_null(strstr(w.peer.received[0], "\r\nAuthorization: Basic dTpwdw==\r\n"));
}

/* A peer whose address an admin typed is not dialled within our own network. */
static void
test_a_private_address_is_forbidden(void **state)
{
	static const struct turn turns[] = { { OK_BODY } };
	struct arena *life = arena_new(1024);
	struct world w = {
		.http = httpc_new(life,
		    &(struct httpc_peer){ .name = "Midtrans", .user = "u", .public_only = true })
	};

	(void)state;
	BEGIN(&w, turns);
	assert_fault(&w, call(&w, "POST", "{}"), HTTPC_FORBIDDEN, false);
	assert_non_null(strstr(w.cx.err.detail, "private_peers"));
	(void)snprintf(w.url, sizeof(w.url), "http://a b/"); /* the fault before is over */
	assert_fault(&w, call(&w, "POST", "{}"), HTTPC_ADDRESS, false);
	arena_free(life);
	end(&w);
	assert_int_equal(w.peer.connections, 0);
}

static void
test_proxy_of_the_environment(void **state)
{
	static const struct turn turns[] = { { OK_BODY } };
	struct world w = { 0 };

	(void)state;
	BEGIN(&w, turns);
	(void)setenv("http_proxy", "http://127.0.0.1:1", 1);
	(void)setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	assert_int_equal(call(&w, "GET", NULL), RC_OK);
	(void)unsetenv("http_proxy");
	(void)unsetenv("ALL_PROXY");
	end(&w);
	assert_memory_equal(w.peer.received[0], "GET /v2/", 8);
}

/* ------------------------------------------------------------------ what comes back */

static void
test_statuses(void **state)
{
	static const struct turn turns[] = {
		{ "HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\n{}" },
		{ "HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n" },
		{ "HTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n" },
	};
	struct world w = { 0 };

	(void)state;
	BEGIN(&w, turns);
	assert_int_equal(call(&w, "GET", NULL), RC_OK);
	assert_int_equal(w.answer.status, 401);
	assert_string_equal(w.answer.content_type, "");
	assert_int_equal(w.answer.retry_after, 0);
	assert_int_equal(call(&w, "GET", NULL), RC_OK);
	assert_int_equal(w.answer.status, 503);
	assert_int_equal(w.answer.retry_after, 7);
	assert_string_equal(w.answer.body, "");
	assert_int_equal(call(&w, "GET", NULL), RC_OK);
	assert_int_equal(w.answer.status, 201);
	assert_string_equal(w.answer.body, "{\"a\":1}");
	end(&w);
	assert_int_equal(w.peer.connections, 1);
}

/* The key must not travel to wherever somebody points. */
static void
test_redirect(void **state)
{
	static const struct turn turns[] = {
		{ "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n" },
		{ "HTTP/1.1 307 Go\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n" },
	};
	struct world w = { 0 };

	(void)state;
	BEGIN(&w, turns);
	assert_int_equal(call(&w, "GET", NULL), RC_OK);
	assert_int_equal(w.answer.status, 302);
	assert_int_equal(call(&w, "POST", "{}"), RC_OK);
	assert_int_equal(w.answer.status, 307);
	end(&w);
	assert_int_equal(w.peer.requests, 2);
}

static void
test_hang(void **state)
{
	static const struct turn turns[] = { { NULL, PEER_HANG }, { OK_BODY } };
	struct world w = { 0 };
	int64_t start;

	(void)state;
	BEGIN(&w, turns);
	w.limit_ms = 2500; /* a busy machine sends its request in less */
	start = clock_ms();
	assert_fault(&w, call(&w, "POST", "{}"), HTTPC_TIMEOUT, true);
	assert_in_range(clock_ms() - start, 2450, 14000); /* not the default's 15 seconds */
	w.limit_ms = 0;
	assert_int_equal(call(&w, "GET", NULL), RC_OK); /* the handle is as good as new */
	end(&w);
}

static void
test_drip(void **state)
{
	static const struct turn turns[] = { { .say = OK_BODY, .drip = 1, .pause_ms = 200 } };
	struct world w = { 0 };
	int64_t start;

	(void)state;
	BEGIN(&w, turns);
	w.limit_ms = 2500; /* the answer takes 15 seconds */
	start = clock_ms();
	assert_fault(&w, call(&w, "GET", NULL), HTTPC_TIMEOUT, true);
	assert_in_range(clock_ms() - start, 2450, 14000); /* not the default's 15 seconds */
	end(&w);
}

static void
test_truncated(void **state)
{
	static const struct turn turns[] = {
		{ OK_HEAD "Content-Length: 80\r\n\r\n{\"a\":", PEER_CLOSE },
		{ OK_HEAD "Transfer-Encoding: chunked\r\n\r\n50\r\n{\"a\":", PEER_CLOSE },
		{ "HTTP/1.1 20", PEER_CLOSE },
	};
	struct world w = { 0 };

	(void)state;
	BEGIN(&w, turns);
	w.answer.status = -1;
	assert_fault(&w, call(&w, "POST", "{}"), HTTPC_CLOSED, true);
	assert_fault(&w, call(&w, "POST", "{}"), HTTPC_CLOSED, true);
	assert_int_equal(call(&w, "POST", "{}"), RC_UPSTREAM);
	assert_true(httpc_sent(w.http));
	assert_int_equal(w.answer.status, -1); /* untouched */
	end(&w);
	assert_int_equal(w.peer.requests, 3);
}

static void
test_lost_answer(void **state)
{
	static const struct turn turns[] = { { NULL, PEER_CLOSE }, { NULL, PEER_RESET } };
	struct world w = { 0 };

	(void)state;
	BEGIN(&w, turns);
	assert_fault(&w, call(&w, "POST", "{}"), HTTPC_CLOSED, true);
	assert_fault(&w, call(&w, "POST", "{}"), HTTPC_CLOSED, true);
	end(&w);
	assert_int_equal(w.peer.requests, 2);
}

/*
 * libcurl repeats a request when a kept connection ends without an answer: a refund whose
 * answer was lost would be made twice.
 */
static void
test_lost_answer_on_a_kept_connection(void **state)
{
	static const struct turn turns[] = { { OK_BODY }, { NULL, PEER_CLOSE }, { OK_BODY } };
	struct world w = { 0 };

	(void)state;
	BEGIN(&w, turns);
	assert_int_equal(call(&w, "GET", NULL), RC_OK);
	assert_fault(&w, call(&w, "POST", "{\"amount\":1}"), HTTPC_CLOSED, true);
	end(&w);
	assert_int_equal(w.peer.requests, 2);
}

static void
test_get_is_repeated(void **state)
{
	static const struct turn turns[] = { { OK_BODY }, { NULL, PEER_CLOSE }, { OK_BODY } };
	struct world w = { 0 };

	(void)state;
	BEGIN(&w, turns);
	assert_int_equal(call(&w, "GET", NULL), RC_OK);
	assert_int_equal(call(&w, "GET", NULL), RC_OK);
	end(&w);
	assert_int_equal(w.peer.requests, 3);
}

/* The repetition finds nobody: the first may still have been executed. */
static void
test_lost_answer_of_a_dying_peer(void **state)
{
	static const struct turn turns[] = { { OK_BODY }, { NULL, PEER_DIE } };
	struct world w = { 0 };

	(void)state;
	BEGIN(&w, turns);
	assert_int_equal(call(&w, "GET", NULL), RC_OK);
	assert_int_equal(call(&w, "POST", "{}"), RC_UPSTREAM);
	assert_true(httpc_sent(w.http));
	end(&w);
	assert_int_equal(w.peer.requests, 2);
}

static void
test_lost_answer_without_body(void **state)
{
	static const struct turn turns[] = { { OK_BODY }, { NULL, PEER_CLOSE }, { OK_BODY } };
	struct world w = { 0 };

	(void)state;
	BEGIN(&w, turns);
	assert_int_equal(call(&w, "GET", NULL), RC_OK);
	assert_fault(&w, call(&w, "POST", NULL), HTTPC_CLOSED, true);
	end(&w);
	assert_int_equal(w.peer.requests, 2);
}

static void
test_too_large(void **state)
{
	static const struct turn turns[] = {
		{ .say = OK_HEAD "Content-Length: 262145\r\n\r\n{", .end = PEER_HANG },
		{ .say = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
		    .end = PEER_CLOSE },
	};
	static const struct turn flood[] = {
		{ .say = OK_HEAD "Connection: close\r\n\r\n{{{{{{{{{{{{{{{{{{{", .endless = true },
	};
	struct world w = { 0 }, v = { 0 };

	(void)state;
	BEGIN(&w, turns);
	assert_fault(&w, call(&w, "GET", NULL), HTTPC_TOO_LARGE, true);
	assert_fault(&w, call(&w, "GET", NULL), HTTPC_CLOSED, true);
	end(&w);
	BEGIN(&v, flood);
	assert_fault(&v, call(&v, "GET", NULL), HTTPC_TOO_LARGE, true);
	end(&v);
}

static void
test_max_bytes(void **state)
{
	static const struct turn turns[] = { { OK_BODY }, { OK_BODY } };
	struct world w = { 0 };
	struct httpc_call c = { .method = "GET", .max_bytes = 8 };

	(void)state;
	BEGIN(&w, turns);
	c.url = w.url;
	assert_int_equal(httpc_call(&w.cx, w.http, &c, &w.answer), RC_OK);
	c.max_bytes = 7;
	assert_fault(&w, httpc_call(&w.cx, w.http, &c, &w.answer), HTTPC_TOO_LARGE, true);
	end(&w);
}

static void
test_not_http(void **state)
{
	static const struct turn turns[] = { { "SSH-2.0-OpenSSH_9.2\r\n", PEER_CLOSE } };
	struct world w = { 0 };

	(void)state;
	BEGIN(&w, turns);
	assert_fault(&w, call(&w, "GET", NULL), HTTPC_PROTOCOL, true);
	end(&w);
}

/* ------------------------------------------------------------------ never sent */

static void
test_refused(void **state)
{
	struct world w = { 0 };

	(void)state;
	begin(&w, NULL, 0);
	(void)snprintf(w.url, sizeof(w.url), "http://127.0.0.1:1/SECRET");
	assert_fault(&w, call(&w, "POST", "{}"), HTTPC_REFUSED, false);
	assert_non_null(strstr(w.cx.err.detail, "127.0.0.1 port 1")); /* libcurl's own words */
	end(&w);
}

/* A label of more than 63 letters is no name: it is refused without asking any server. */
static void
test_resolve(void **state)
{
	struct world w = { 0 };
	struct httpc_call c = { .method = "GET" };
	char url[128] = "http://";

	(void)state;
	begin(&w, NULL, 0);
	memset(url + 7, 'a', 70);
	c.url = url;
	assert_fault(&w, httpc_call(&w.cx, w.http, &c, &w.answer), HTTPC_RESOLVE, false);
	end(&w);
}

/* A listener with a full queue: a caller gets no answer at all. */
struct full {
	int lfd, fds[4], port;
};

static void
full_open(struct full *f)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);

	f->lfd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(f->lfd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(f->lfd, 0), 0);
	assert_int_equal(getsockname(f->lfd, (struct sockaddr *)&at, &len), 0);
	f->port = ntohs(at.sin_port);
	for (size_t i = 0; i < countof(f->fds); i++) {
		f->fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(f->fds[i], (struct sockaddr *)&at, sizeof(at));
	}
}

static void
full_close(struct full *f)
{
	for (size_t i = 0; i < countof(f->fds); i++)
		(void)close(f->fds[i]);
	(void)close(f->lfd);
}

static void
test_connect_timeout(void **state)
{
	struct world w = { 0 };
	struct full full;

	(void)state;
	begin(&w, NULL, 0);
	full_open(&full);
	w.limit_ms = 400;
	(void)snprintf(w.url, sizeof(w.url), "http://127.0.0.1:%d/SECRET", full.port);
	assert_fault(&w, call(&w, "POST", "{}"), HTTPC_TIMEOUT, false);
	full_close(&full);
	end(&w);
}

/* One call with the default times; measures its duration in ms. */
struct limit {
	const char *url;
	int64_t took;
	bool timed_out, sent;
};

static void *
wait_in_vain(void *arg)
{
	struct limit *p = arg;
	struct ctx cx = { .mem = arena_new(4096) };
	struct httpc *http = httpc_new(cx.mem, &(struct httpc_peer){ .name = "Midtrans" });
	struct httpc_call c = { .method = "POST", .url = p->url, .body = "{}" };
	struct httpc_answer answer;
	int64_t start = clock_ms();

	p->timed_out =
	    httpc_call(&cx, http, &c, &answer) == RC_UPSTREAM && httpc_fault(http) == HTTPC_TIMEOUT;
	p->took = clock_ms() - start;
	p->sent = httpc_sent(http);
	arena_free(cx.mem);
	return NULL;
}

/* 5 seconds to be there, 15 to answer: what Midtrans is given, who names no other. */
static void
test_default_times(void **state)
{
	static const struct turn turns[] = { { NULL, PEER_HANG } };
	struct world w = { 0 };
	struct full full;
	char url[64];
	struct limit connects = { .url = url }, answers = { .url = w.url };
	pthread_t thread;

	(void)state;
	BEGIN(&w, turns);
	full_open(&full);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/", full.port);
	assert_int_equal(pthread_create(&thread, NULL, wait_in_vain, &connects), 0);
	(void)wait_in_vain(&answers);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(connects.timed_out && !connects.sent);
	assert_in_range(connects.took, 4900, 7000);
	assert_true(answers.timed_out && answers.sent);
	assert_in_range(answers.took, 14900, 17000);
	full_close(&full);
	end(&w);
}

static void
test_bad_calls(void **state)
{
	static const char *const urls[] = { "ftp://127.0.0.1/x", "file:///etc/passwd",
		"gopher://127.0.0.1/", "http://SB-key:x@127.0.0.1:1/", "http://127.0.0.1:1/a b",
		"http://127.0.0.1:1/a\r\nX: y", "http://127.0.0.1:1/\x1f",
		"http://127.0.0.1:1/\x7f", "http:///", "" };
	static const char *const split[] = { "X: a\r\nAuthorization: SECRET", NULL };
	static const char *const none[] = { "no header", NULL };
	struct world w = { 0 };
	struct httpc_call c = { .method = "GET" };

	(void)state;
	begin(&w, NULL, 0);
	for (size_t i = 0; i < countof(urls); i++) {
		c.url = urls[i];
		assert_fault(&w, httpc_call(&w.cx, w.http, &c, &w.answer), HTTPC_ADDRESS, false);
	}
	c = (struct httpc_call){ .method = "TRACE", .url = w.url };
	assert_fault(&w, httpc_call(&w.cx, w.http, &c, &w.answer), HTTPC_ADDRESS, false);
	c = (struct httpc_call){ .method = "GET", .url = w.url, .headers = split };
	assert_fault(&w, httpc_call(&w.cx, w.http, &c, &w.answer), HTTPC_ADDRESS, false);
	c.headers = none;
	assert_fault(&w, httpc_call(&w.cx, w.http, &c, &w.answer), HTTPC_ADDRESS, false);
	end(&w);
	assert_int_equal(w.peer.requests, 0);
}

/* ------------------------------------------------------------------ TLS */

/* A self-signed certificate for this name, its PEM in a file; the context serves it. */
static SSL_CTX *
make_tls(const char *san, char *path)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	(void)X509_set_version(cert, X509_VERSION_3);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	(void)X509_set_pubkey(cert, key);
	(void)X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
	    (const unsigned char *)"peer", -1, -1, 0);
	(void)X509_set_issuer_name(cert, X509_get_subject_name(cert));
	assert_int_equal(X509_add_ext(cert, ext, -1), 1);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	assert_int_equal(SSL_CTX_use_certificate(tls, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(tls, key), 1);
	assert_int_equal(PEM_write_X509(file, cert), 1);
	(void)fclose(file);
	X509_EXTENSION_free(ext);
	X509_free(cert);
	EVP_PKEY_free(key);
	return tls;
}

static void
run_tls(const char *san, bool trusted, enum httpc_fault fault)
{
	static const struct turn turns[] = { { OK_BODY }, { OK_BODY } };
	char path[] = "/tmp/test_httpc.XXXXXX";
	SSL_CTX *tls = make_tls(san, path);
	struct world w = { .peer.tls = tls };
	struct arena *life = arena_new(4096);
	enum rc rc;

	w.http = httpc_new(life, &(struct httpc_peer){ .name = "Midtrans",
				     .user = "SB-key-123",
				     .ca = trusted ? path : NULL });
	BEGIN(&w, turns);
	(void)snprintf(w.url, sizeof(w.url), "https://127.0.0.1:%d/SECRET", w.peer.port);
	rc = call(&w, "POST", "{}");
	if (fault == HTTPC_OK) {
		assert_int_equal(rc, RC_OK);
		assert_int_equal(call(&w, "POST", "{}"), RC_OK);
		assert_int_equal(w.peer.connections, 1);
	} else {
		assert_fault(&w, rc, fault, false);
		assert_int_equal(w.peer.requests, 0);
	}
	arena_free(life);
	end(&w);
	SSL_CTX_free(tls);
	(void)unlink(path);
}

static void
test_tls(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	run_tls("IP:127.0.0.1", true, HTTPC_OK);
	run_tls("IP:127.0.0.1", false, HTTPC_TLS);
	run_tls("IP:127.0.0.2,DNS:localhost", true, HTTPC_TLS);
}

static void
test_tls_to_a_plain_port(void **state)
{
	static const struct turn turns[] = { { "HTTP/1.1 400 Bad\r\n\r\n", PEER_CLOSE } };
	struct world w = { 0 };

	(void)state;
	BEGIN(&w, turns);
	w.limit_ms = 400;
	(void)snprintf(w.url, sizeof(w.url), "https://127.0.0.1:%d/SECRET", w.peer.port);
	assert_int_equal(call(&w, "POST", "{}"), RC_UPSTREAM);
	assert_false(httpc_sent(w.http));
	end(&w);
}

/* ------------------------------------------------------------------ JSON and text */

static enum rc
parse(struct world *w, const char *text, size_t len, cJSON **ret)
{
	struct httpc_answer a = { .status = 502,
		.body = text,
		.body_len = len,
		.content_type = "text/html" };

	return httpc_json(&w->cx, w->http, &a, ret);
}

static void
test_json(void **state)
{
	static const char *const good[] = { "{}", " {\"a\":[1,{\"b\":\"]}\\\"\"}]}\n",
		"{\"a\":\"\\u0041\\\\u0000\"}" };
	static const char *const bad[] = { "", "[]", "null", "\"x\"", "{", "{\"a\":1", "{}x",
		"<html><body>502 Bad Gateway</body></html>", "{\"a\":\"\xff\"}",
		"{\"a\":\"\\u0000\"}", "{\"a\":\"x", "{\"a\":\"x\\" };
	struct world w = { 0 };
	cJSON *json = NULL;

	(void)state;
	begin(&w, NULL, 0);
	for (size_t i = 0; i < countof(good); i++) {
		assert_int_equal(parse(&w, good[i], strlen(good[i]), &json), RC_OK);
		assert_true(cJSON_IsObject(json));
	}
	json = NULL;
	for (size_t i = 0; i < countof(bad); i++) {
		assert_int_equal(parse(&w, bad[i], strlen(bad[i]), &json), RC_UPSTREAM);
		assert_int_equal(httpc_fault(w.http), HTTPC_PROTOCOL);
		assert_null(json);
	}
	assert_int_equal(parse(&w, "{}\0{}", 5, &json), RC_UPSTREAM);
	assert_non_null(strstr(w.cx.err.detail, "status 502"));
	end(&w);
}

static void
test_json_depth(void **state)
{
	struct world w = { 0 };
	cJSON *json = NULL;
	char text[512] = "";

	(void)state;
	begin(&w, NULL, 0);
	for (int levels = HTTPC_JSON_DEPTH; levels <= HTTPC_JSON_DEPTH + 1; levels++) {
		(void)snprintf(text, sizeof(text), "{\"a\":%.*s%.*s}", levels - 1,
		    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", levels - 1,
		    "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
		assert_int_equal(parse(&w, text, strlen(text), &json),
		    levels > HTTPC_JSON_DEPTH ? RC_UPSTREAM : RC_OK);
	}
	end(&w);
}

static void
test_escape(void **state)
{
	struct arena *a = arena_new(1024);

	(void)state;
	assert_string_equal(httpc_escape(a, ""), "");
	assert_string_equal(httpc_escape(a, "INV-20250101-0001-2_~."), "INV-20250101-0001-2_~.");
	assert_string_equal(httpc_escape(a, "a/b#c?d%e f"), "a%2Fb%23c%3Fd%25e%20f");
	assert_string_equal(httpc_escape(a, "\xc3\xa9\x01\x7f"), "%C3%A9%01%7F");
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_post),
		cmocka_unit_test(test_keepalive),
		cmocka_unit_test(test_post_without_body),
		cmocka_unit_test(test_password_and_path_go_as_they_are),
		cmocka_unit_test(test_a_private_address_is_forbidden),
		cmocka_unit_test(test_proxy_of_the_environment),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_redirect),
		cmocka_unit_test(test_hang),
		cmocka_unit_test(test_drip),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_lost_answer),
		cmocka_unit_test(test_lost_answer_on_a_kept_connection),
		cmocka_unit_test(test_get_is_repeated),
		cmocka_unit_test(test_lost_answer_of_a_dying_peer),
		cmocka_unit_test(test_lost_answer_without_body),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_max_bytes),
		cmocka_unit_test(test_not_http),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_connect_timeout),
		cmocka_unit_test(test_default_times),
		cmocka_unit_test(test_bad_calls),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_tls_to_a_plain_port),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_depth),
		cmocka_unit_test(test_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
