/* fcgi.c: one request that has arrived, and its answer; fcgi_loop.c holds the connections. */
#include <fcgiapp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/log.h"
#include "http/fcgi_int.h"

enum { SLOW_PEER_SECONDS = 10 }; /* longest wait for a peer that does not read */

/* Interrupt system calls that wait, first after so many seconds. */
static void
set_timer(int seconds)
{
	struct itimerval t = { .it_value = { .tv_sec = seconds } };

	t.it_interval.tv_usec = seconds > 0 ? 100000 : 0;
	(void)setitimer(ITIMER_REAL, &t, NULL);
}

static const char *
fcgi_param(const FCGX_Request *fr, const char *name)
{
	const char *s = FCGX_GetParam(name, fr->envp);

	return s != NULL ? s : "";
}

/*
 * Read the body. One that is too large is not read; one that is cut short is no request.
 * The read goes to the record that ends the body: left behind, it would be the beginning
 * of the connection's next request.
 */
static bool
read_body(struct ctx *cx, const FCGX_Request *fr, struct req *rq)
{
	const char *s = fcgi_param(fr, "CONTENT_LENGTH");
	unsigned long n = strtoul(s, NULL, 10);
	char *buf;

	rq->body = "";
	rq->body_len = n;
	if (n == 0 || n > REQ_BODY_MAX_FILE)
		return true;
	buf = arena_alloc(cx->mem, n + 1);
	if (FCGX_GetStr(buf, (int)n, fr->in) != (int)n || FCGX_GetChar(fr->in) != EOF)
		return false;
	rq->body = buf;
	return true;
}

static struct req
read_request(struct ctx *cx, const FCGX_Request *fr)
{
	const char *uri = fcgi_param(fr, "REQUEST_URI");

	cx->actor = (struct actor){ 0 };
	cx->request_id = arena_strdup(cx->mem, fcgi_param(fr, "REQUEST_ID"));
	cx->ip = arena_strdup(cx->mem, fcgi_param(fr, "REMOTE_ADDR"));
	return (struct req){
		.method = fcgi_param(fr, "REQUEST_METHOD"),
		.path = arena_printf(cx->mem, "%.*s", (int)strcspn(uri, "?"), uri),
		.query = fcgi_param(fr, "QUERY_STRING"),
		.content_type = fcgi_param(fr, "CONTENT_TYPE"),
		.authorization = fcgi_param(fr, "HTTP_AUTHORIZATION"),
		.idempotency_key = fcgi_param(fr, "HTTP_IDEMPOTENCY_KEY"),
		.origin = fcgi_param(fr, "HTTP_ORIGIN"),
		.accept = fcgi_param(fr, "HTTP_ACCEPT"),
	};
}

static const char *
reason_of(int status)
{
	static const struct {
		int status;
		const char *text;
	} reasons[] = {
		{ 200, " OK" },
		{ 201, " Created" },
		{ 204, " No Content" },
		{ 400, " Bad Request" },
		{ 401, " Unauthorized" },
		{ 403, " Forbidden" },
		{ 404, " Not Found" },
		{ 405, " Method Not Allowed" },
		{ 409, " Conflict" },
		{ 413, " Content Too Large" },
		{ 415, " Unsupported Media Type" },
		{ 422, " Unprocessable Content" },
		{ 429, " Too Many Requests" },
		{ 500, " Internal Server Error" },
		{ 502, " Bad Gateway" },
		{ 503, " Service Unavailable" },
	};

	for (size_t i = 0; i < countof(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return " Unknown";
}

static void
write_answer(struct ctx *cx, FCGX_Request *fr, const struct resp *rs)
{
	struct sb head = sb_new(cx->mem);

	sb_puts(&head, "Status: ");
	sb_i64(&head, rs->status);
	sb_puts(&head, reason_of(rs->status));
	sb_printf(&head, "\r\nCache-Control: %s\r\n", rs->cache != NULL ? rs->cache : "no-store");
	if (rs->body.len > 0) {
		sb_printf(&head, "Content-Type: %s\r\n",
		    rs->content_type != NULL ? rs->content_type : "application/json");
		if (rs->more == NULL)
			sb_printf(&head, "Content-Length: %zu\r\n", rs->body.len);
	}
	sb_add(&head, rs->headers.buf, rs->headers.len);
	sb_puts(&head, "\r\n");
	(void)FCGX_PutStr(head.buf, (int)head.len, fr->out);
	(void)FCGX_PutStr(rs->body.buf, (int)rs->body.len, fr->out);
}

/* Send a long body in parts, each within SLOW_PEER_SECONDS; false when it cannot be completed. */
static bool
write_parts(struct ctx *cx, FCGX_Request *fr, struct resp *rs)
{
	while (rs->more != NULL) {
		bool sent;

		if (rs->more(cx, rs) != RC_OK) {
			log_err(LOG_WARN, "request", cx);
			return false;
		}
		if (rs->body.len == 0)
			return true;
		set_timer(SLOW_PEER_SECONDS);
		sent = FCGX_PutStr(rs->body.buf, (int)rs->body.len, fr->out) >= 0 &&
		       FCGX_FFlush(fr->out) == 0;
		set_timer(0);
		if (!sent)
			return false;
	}
	return true;
}

static void
answer_request(const struct fcgi_worker *w, FCGX_Request *fr, bool large)
{
	struct ctx *cx = w->cx;
	struct req rq = read_request(cx, fr);
	bool whole = read_body(cx, fr, &rq);
	struct resp rs;

	if (large)
		set_timer(0);
	if (!whole)
		return;
	http_dispatch(cx, w->policy, &rq, &rs);
	if (rs.body.len > FCGI_PEEK_MAX)
		set_timer(SLOW_PEER_SECONDS);
	write_answer(cx, fr, &rs);
	if (rs.body.len > FCGI_PEEK_MAX) {
		(void)FCGX_FFlush(fr->out);
		set_timer(0);
	}
	if (!write_parts(cx, fr, &rs))
		(void)shutdown(fr->ipcFd, SHUT_RDWR);
}

/*
 * Give libfcgi a connection and tell it to keep it: it then accepts none from its
 * listening socket (it has none) and we close ours. True when the connection may serve
 * another request.
 */
bool
fcgi_serve(const struct fcgi_worker *w, int fd, bool large)
{
	FCGX_Request fr;
	bool keep;

	(void)FCGX_InitRequest(&fr, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	fr.ipcFd = fd;
	fr.keepConnection = 1;
	if (large)
		set_timer(SLOW_PEER_SECONDS);
	if (FCGX_Accept_r(&fr) != 0) {
		set_timer(0);
		return false; /* libfcgi has closed it */
	}
	keep = fr.keepConnection != 0 && w->conns_max > 1;
	answer_request(w, &fr, large);
	fr.keepConnection = 1;
	FCGX_Finish_r(&fr);
	arena_reset(w->cx->mem);
	if (fr.ipcFd < 0)
		return false;
	if (!keep)
		(void)close(fd);
	return keep;
}
