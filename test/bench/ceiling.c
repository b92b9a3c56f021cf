/*
 * ceiling.c: what this machine could do at most, for test/bench/run.
 *
 * A throw-away server of two addresses with nothing general in it: no route
 * table, no field table, no errors to speak of.  The same libfcgi, the same
 * multiplexing, the same statements in one pipeline, columns known by number
 * and written straight into one static buffer.  The product is held against
 * its figures; it is no part of the product.
 *
 *	ceiling SOCKET WORKERS CONNINFO
 *
 *	GET /api/customers/UUID   token, row, its subscriptions and secrets
 *	GET /api/customers        token, 20 newest rows, total from the counter
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcgiapp.h>
#include <libpq-fe.h>
#include <openssl/sha.h>

enum { FD_MAX = 1024, OUT_MAX = 1 << 20, ROWS = 20 };

static FCGX_Request *conns[FD_MAX];
static char out[OUT_MAX];
static size_t len;
static PGconn *pg;

/* ---- writing ---------------------------------------------------------------------------- */

static void
put(const char *s, size_t n)
{
	memcpy(out + len, s, n);
	len += n;
}

#define PUT(lit) put(lit, sizeof(lit) - 1)

static void
put_text(const char *s)
{
	out[len++] = '"';
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			out[len++] = '\\';
		out[len++] = *s;
	}
	out[len++] = '"';
}

/* "2026-11-22 19:35:51.123456+00" to ISO 8601 with Z. */
static void
put_time(const char *s)
{
	size_t n = strlen(s);

	out[len++] = '"';
	put(s, n - 3);
	out[len - (n - 3) + 10] = 'T';
	PUT("Z\"");
}

static void
put_col(const PGresult *r, int row, int col)
{
	const char *s = PQgetvalue(r, row, col);

	if (PQgetisnull(r, row, col)) {
		PUT("null");
		return;
	}
	switch (PQftype(r, col)) {
	case 16: /* bool */
		put(*s == 't' ? "true" : "false", *s == 't' ? 4 : 5);
		break;
	case 20: /* int8, int4, json, jsonb */
	case 23:
	case 114:
	case 3802:
		put(s, (size_t)PQgetlength(r, row, col));
		break;
	case 1184:
		put_time(s);
		break;
	default:
		put_text(s);
	}
}

static void
put_row(const PGresult *r, int row)
{
	for (int c = 0; c < PQnfields(r); c++) {
		out[len++] = c == 0 ? '{' : ',';
		put_text(PQfname(r, c));
		out[len++] = ':';
		put_col(r, row, c);
	}
	out[len++] = '}';
}

static void
put_rows(const PGresult *r)
{
	out[len++] = '[';
	for (int i = 0; i < PQntuples(r); i++) {
		if (i > 0)
			out[len++] = ',';
		put_row(r, i);
	}
	out[len++] = ']';
}

/* ---- the database ----------------------------------------------------------------------- */

enum { S_TOKEN, S_SHOW, S_SUBS, S_SECRETS, S_LIST, S_TOTAL, S__MAX };

static const char *const statements[S__MAX] = {
	[S_TOKEN] =
	    "SELECT t.id, t.token, t.abilities, u.id, u.email, u.role FROM personal_access_tokens t "
	    "JOIN users u ON u.id = t.user_id WHERE t.id = $1::bigint AND u.is_active",
	[S_SHOW] = "SELECT * FROM customer_rows WHERE id = $1::uuid",
	[S_SUBS] = "SELECT * FROM subscription_rows WHERE customer_id = $1::uuid "
		   "ORDER BY created_at DESC, id DESC",
	[S_SECRETS] = "SELECT * FROM secret_rows WHERE customer_id = $1::uuid "
		      "ORDER BY created_at DESC, id DESC",
	[S_LIST] = "SELECT * FROM customer_rows WHERE archived_at IS NULL "
		   "ORDER BY created_at DESC, id DESC LIMIT 20",
	[S_TOTAL] = "SELECT sum(n)::bigint FROM row_counts WHERE table_name = 'customers'",
};

static void
die(const char *what)
{
	fprintf(stderr, "ceiling: %s: %s\n", what,
	    pg != NULL ? PQerrorMessage(pg) : strerror(errno));
	_exit(1);
}

static void
db_connect(const char *conninfo)
{
	pg = PQconnectdb(conninfo);
	if (PQstatus(pg) != CONNECTION_OK)
		die("connect");
	PQclear(PQexec(pg,
	    "SET plan_cache_mode = force_generic_plan; SET jit = off; SET TimeZone = 'UTC'"));
	for (int i = 0; i < S__MAX; i++) {
		char name[8];
		PGresult *r;

		(void)snprintf(name, sizeof(name), "s%d", i);
		r = PQprepare(pg, name, statements[i], 0, NULL);
		if (PQresultStatus(r) != PGRES_COMMAND_OK)
			die(statements[i]);
		PQclear(r);
	}
	if (PQenterPipelineMode(pg) != 1)
		die("pipeline");
}

static void
queue(int stmt, const char *arg)
{
	char name[8];

	(void)snprintf(name, sizeof(name), "s%d", stmt);
	if (PQsendQueryPrepared(pg, name, arg != NULL, &arg, NULL, NULL, 0) != 1)
		die("send");
}

static PGresult *
next_result(void)
{
	PGresult *r = PQgetResult(pg), *end = PQgetResult(pg);

	if (PQresultStatus(r) != PGRES_TUPLES_OK || end != NULL)
		die("result");
	return r;
}

static void
sync_end(void)
{
	PQclear(PQgetResult(pg));
}

/* ---- the two addresses ------------------------------------------------------------------ */

static bool
token_good(const PGresult *r, const char *secret)
{
	unsigned char md[SHA256_DIGEST_LENGTH];
	char hex[2 * SHA256_DIGEST_LENGTH + 1];

	(void)SHA256((const unsigned char *)secret, strlen(secret), md);
	for (size_t i = 0; i < sizeof(md); i++) {
		hex[2 * i] = "0123456789abcdef"[md[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[md[i] & 15];
	}
	hex[sizeof(hex) - 1] = '\0';
	return PQntuples(r) == 1 && memcmp(PQgetvalue(r, 0, 1), hex, sizeof(hex) - 1) == 0;
}

static void
show(const char *id, const char *token_id, const char *secret)
{
	PGresult *token, *row, *subs, *secrets;

	queue(S_TOKEN, token_id);
	queue(S_SHOW, id);
	queue(S_SUBS, id);
	queue(S_SECRETS, id);
	if (PQpipelineSync(pg) != 1)
		die("sync");
	token = next_result();
	row = next_result();
	subs = next_result();
	secrets = next_result();
	sync_end();
	if (!token_good(token, secret) || PQntuples(row) != 1) {
		PUT("Status: 401\r\nContent-Type: application/json\r\n\r\n{}");
	} else {
		PUT("Status: 200\r\nContent-Type: application/json\r\n\r\n");
		put_row(row, 0);
		len--;
		PUT(",\"subscriptions\":");
		put_rows(subs);
		PUT(",\"secrets\":");
		put_rows(secrets);
		out[len++] = '}';
	}
	PQclear(token);
	PQclear(row);
	PQclear(subs);
	PQclear(secrets);
}

static void
list(const char *token_id, const char *secret)
{
	PGresult *token, *rows, *total;

	queue(S_TOKEN, token_id);
	queue(S_LIST, NULL);
	queue(S_TOTAL, NULL);
	if (PQpipelineSync(pg) != 1)
		die("sync");
	token = next_result();
	rows = next_result();
	total = next_result();
	sync_end();
	if (!token_good(token, secret)) {
		PUT("Status: 401\r\nContent-Type: application/json\r\n\r\n{}");
	} else {
		PUT("Status: 200\r\nContent-Type: application/json\r\n\r\n{\"current_page\":1,\"data\":");
		put_rows(rows);
		PUT(",\"per_page\":20,\"total\":");
		put_col(total, 0, 0);
		out[len++] = '}';
	}
	PQclear(token);
	PQclear(rows);
	PQclear(total);
}

static void
serve(FCGX_Request *rq)
{
	const char *path = FCGX_GetParam("DOCUMENT_URI", rq->envp);
	const char *bearer = FCGX_GetParam("HTTP_AUTHORIZATION", rq->envp);
	const char *bar = bearer != NULL ? strchr(bearer, '|') : NULL;
	char token_id[24] = "0";

	if (bar != NULL && (size_t)(bar - bearer) < sizeof(token_id) + 7)
		(void)snprintf(token_id, sizeof(token_id), "%.*s", (int)(bar - bearer - 7),
		    bearer + 7);
	len = 0;
	if (strncmp(path, "/api/customers/", 15) == 0)
		show(path + 15, token_id, bar != NULL ? bar + 1 : "");
	else
		list(token_id, bar != NULL ? bar + 1 : "");
	FCGX_PutStr(out, (int)len, rq->out);
}

/* ---- many kept connections, one worker -------------------------------------------------- */

static void
watch(int ep, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	(void)epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
}

static void
welcome(int ep, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		if (fd >= FD_MAX) {
			close(fd);
			continue;
		}
		if (conns[fd] == NULL)
			conns[fd] = calloc(1, sizeof(FCGX_Request));
		FCGX_InitRequest(conns[fd], listener, 0);
		conns[fd]->ipcFd = fd;
		conns[fd]->keepConnection = 1;
		watch(ep, fd);
	}
}

static void
answer(int ep, int fd)
{
	char c;

	if (recv(fd, &c, 1, MSG_PEEK) <= 0) {
		(void)epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL);
		FCGX_Free(conns[fd], 1);
		return;
	}
	if (FCGX_Accept_r(conns[fd]) < 0)
		return;
	serve(conns[fd]);
	FCGX_Finish_r(conns[fd]);
}

static void
work(int listener, const char *conninfo)
{
	struct epoll_event ev[64];
	int ep = epoll_create1(EPOLL_CLOEXEC), n;

	db_connect(conninfo);
	watch(ep, listener);
	for (;;) {
		n = epoll_wait(ep, ev, 64, -1);
		for (int i = 0; i < n; i++) {
			if (ev[i].data.fd == listener)
				welcome(ep, listener);
			else
				answer(ep, ev[i].data.fd);
		}
	}
}

int
main(int argc, char **argv)
{
	int listener;

	if (argc != 4) {
		fputs("usage: ceiling SOCKET WORKERS CONNINFO\n", stderr);
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGCHLD, SIG_IGN);
	FCGX_Init();
	listener = FCGX_OpenSocket(argv[1], 511);
	if (listener < 0)
		die(argv[1]);
	(void)fcntl(listener, F_SETFL, O_NONBLOCK);
	for (long i = strtol(argv[2], NULL, 10); i > 0; i--)
		if (fork() == 0)
			work(listener, argv[3]);
	(void)pause();
	return 0;
}
