/*
 * ceiling.c: what this machine could do at most, for test/bench/run.
 *
 * A throw-away server of two addresses with nothing general in it: no route
 * table, no field table, no errors to speak of.  The same libfcgi, the same
 * multiplexing, the same statements (taken from where the product composes
 * them) in one pipeline, the same bytes in answer; but columns known by number
 * and written straight into one static buffer.  The product is held against
 * its figures; it is no part of the product.
 *
 *	ceiling SOCKET WORKERS CONNINFO ADDRESS DAY
 *
 *	GET /api/customers/UUID   token, row, its subscriptions and secrets
 *	GET /api/customers        token, 20 newest rows, total from the counter
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fcgiapp.h>
#include <libpq-fe.h>
#include <openssl/sha.h>

#include "api/api.h"
#include "crud/crud_int.h"
#include "db/db_type.h"
#include "sql.h"

enum { FD_MAX = 1024, OUT_MAX = 1 << 20, COLS_MAX = 64, LEAD_MAX = 96 };

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

/* Measure an element of an array, its quotes included. */
static size_t
element_length(const char *s)
{
	size_t n = 1;

	if (*s != '"')
		return strcspn(s, ",}");
	while (s[n] != '"')
		n += s[n] == '\\' ? 2 : 1;
	return n + 1;
}

/* {"Bench 1",lama} to ["Bench 1","lama"]: quoted elements have JSON's escapes, others need none. */
static void
put_array(const char *s)
{
	size_t n;

	out[len++] = '[';
	for (s++; *s != '}'; s += n) {
		if (*s == ',') {
			out[len++] = ',';
			s++;
		}
		n = element_length(s);
		if (*s == '"') {
			put(s, n);
			continue;
		}
		out[len++] = '"';
		put(s, n);
		out[len++] = '"';
	}
	out[len++] = ']';
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
	case T_BOOL:
		put(*s == 't' ? "true" : "false", *s == 't' ? 4 : 5);
		break;
	case T_INT4:
	case T_INT8:
	case T_JSON:
	case T_JSONB:
		put(s, (size_t)PQgetlength(r, row, col));
		break;
	case T_TIMESTAMPTZ:
		put_time(s);
		break;
	case T_TEXT_ARRAY:
	case T_VARCHAR_ARRAY:
	case T_UUID_ARRAY:
		put_array(s);
		break;
	default:
		put_text(s);
	}
}

/* ---- what stands around each column of a statement, written once -------------------------- */

/* A column; the first one of an object ("customer.id") also has the object. */
struct column {
	char lead[LEAD_MAX], open[LEAD_MAX]; /* ,"customer": and {"id": */
	size_t lead_len, open_len;
	int end;     /* of the first one of an object: the column after its last; else 0 */
	bool closes; /* the object ends behind it */
};

struct shape {
	int ncols;
	struct column cols[COLS_MAX];
};

/* How much of a name says the object it lies in: "customer.name" 9, "name" 0. */
static size_t
nest(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot != NULL ? (size_t)(dot + 1 - name) : 0;
}

static int
end_of_nest(const PGresult *r, int col, size_t in)
{
	const char *name = PQfname(r, col);

	while (++col < PQnfields(r) && strncmp(PQfname(r, col), name, in) == 0)
		;
	return col;
}

static void
learn(struct shape *sh, const PGresult *r)
{
	int end = 0; /* of the object that is being read */

	sh->ncols = PQnfields(r);
	for (int c = 0; c < sh->ncols; c++) {
		struct column *col = &sh->cols[c];
		const char *name = PQfname(r, c), *comma = c == 0 ? "{" : ",";
		size_t in = nest(name);

		if (in > 0 && c >= end) {
			col->end = end = end_of_nest(r, c, in);
			(void)snprintf(col->lead, LEAD_MAX, "%s\"%.*s\":", comma, (int)in - 1,
			    name);
			(void)snprintf(col->open, LEAD_MAX, "{\"%s\":", name + in);
		} else {
			(void)snprintf(col->lead, LEAD_MAX, "%s\"%s\":", comma, name + in);
		}
		col->lead_len = strlen(col->lead);
		col->open_len = strlen(col->open);
		col->closes = in > 0 && c == end - 1;
	}
}

static bool
all_null(const PGresult *r, int row, int col, int end)
{
	while (col < end && PQgetisnull(r, row, col))
		col++;
	return col == end;
}

static void
put_row(struct shape *sh, const PGresult *r, int row)
{
	if (sh->ncols == 0)
		learn(sh, r);
	for (int c = 0; c < sh->ncols; c++) {
		const struct column *col = &sh->cols[c];

		put(col->lead, col->lead_len);
		if (col->end > 0 && all_null(r, row, c, col->end)) {
			PUT("null");
			c = col->end - 1;
			continue;
		}
		put(col->open, col->open_len);
		put_col(r, row, c);
		if (col->closes)
			out[len++] = '}';
	}
	out[len++] = '}';
}

static void
put_rows(struct shape *sh, const PGresult *r)
{
	out[len++] = '[';
	for (int i = 0; i < PQntuples(r); i++) {
		if (i > 0)
			out[len++] = ',';
		put_row(sh, r, i);
	}
	out[len++] = ']';
}

/* ---- the database ----------------------------------------------------------------------- */

enum { S_TOKEN, S_SHOW, S_SUBS, S_SECRETS, S_LIST, S_TOTAL, S__MAX };

static struct shape shapes[S__MAX];

static void
die(const char *what)
{
	fprintf(stderr, "ceiling: %s: %s\n", what,
	    pg != NULL ? PQerrorMessage(pg) : strerror(errno));
	_exit(1);
}

static void
prepare(int stmt, const struct db_stmt *st)
{
	PGresult *r = PQprepare(pg, (char[]){ (char)('a' + stmt), '\0' }, st->text, 0, NULL);

	if (PQresultStatus(r) != PGRES_COMMAND_OK)
		die(st->text);
	PQclear(r);
}

/* The settings of the product's sessions that its plans and answers depend on. */
static void
set_session(const char *day)
{
	static const char names[] = "{timezone,plan_cache_mode,jit,max_parallel_workers_per_gather,"
				    "random_page_cost,isp.timezone,isp.today}";
	char values[128];
	PGresult *r;

	(void)snprintf(values, sizeof(values), "{UTC,force_generic_plan,off,0,1.1,Asia/Jakarta,%s}",
	    day);
	r = PQexecParams(pg, SQL_db_session_set.text, 2, NULL, (const char *[]){ names, values },
	    NULL, NULL, 0);
	if (PQresultStatus(r) != PGRES_TUPLES_OK)
		die("settings");
	PQclear(r);
}

static void
db_connect(const char *conninfo, const char *day)
{
	const struct resource *customer = &customer_resource;
	const struct list_key all = { .r = customer, .sort = "created_at", .down = true };

	pg = PQconnectdb(conninfo);
	if (PQstatus(pg) != CONNECTION_OK)
		die("connect");
	set_session(day);
	prepare(S_TOKEN, &SQL_session_by_token);
	prepare(S_SHOW, crud_stmt(customer, CRUD_SHOW));
	prepare(S_SUBS, crud_child_stmt(&customer->children[0]));
	prepare(S_SECRETS, crud_child_stmt(&customer->children[1]));
	prepare(S_LIST, &crud_list_stmts(&all)->rows);
	prepare(S_TOTAL, &crud_list_stmts(&all)->count);
	if (PQenterPipelineMode(pg) != 1)
		die("pipeline");
}

static void
queue(int stmt, int n, const char *const *args)
{
	if (PQsendQueryPrepared(pg, (char[]){ (char)('a' + stmt), '\0' }, n, args, NULL, NULL, 0) !=
	    1)
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
sync_begin(void)
{
	if (PQpipelineSync(pg) != 1)
		die("sync");
}

static void
sync_end(void)
{
	PQclear(PQgetResult(pg));
}

/* ---- who asks --------------------------------------------------------------------------- */

struct token {
	char id[24], hash[2 * SHA256_DIGEST_LENGTH + 1];
};

static void
token_read(const char *bearer, struct token *ret)
{
	const char *id = bearer != NULL ? bearer + strlen("Bearer ") : "0|";
	const char *secret = strchr(id, '|') + 1;
	unsigned char md[SHA256_DIGEST_LENGTH];

	(void)snprintf(ret->id, sizeof(ret->id), "%.*s", (int)(secret - 1 - id), id);
	(void)SHA256((const unsigned char *)secret, strlen(secret), md);
	for (size_t i = 0; i < sizeof(md); i++) {
		ret->hash[2 * i] = "0123456789abcdef"[md[i] >> 4];
		ret->hash[2 * i + 1] = "0123456789abcdef"[md[i] & 15];
	}
	ret->hash[sizeof(ret->hash) - 1] = '\0';
}

static void
queue_token(const struct token *t)
{
	queue(S_TOKEN, 4,
	    (const char *[]){ t->id, t->hash, "{viewer,operator,admin}", "{read,*}" });
}

/* The statement compares the hash itself, and fails for a token that is none. */
static bool
token_good(const PGresult *r)
{
	return PQntuples(r) == 1;
}

static void
put_head(bool good)
{
	if (good)
		PUT("Status: 200\r\nContent-Type: application/json\r\n\r\n");
	else
		PUT("Status: 401\r\nContent-Type: application/json\r\n\r\n{}");
}

/* ---- the two addresses ------------------------------------------------------------------ */

static void
put_customer(const PGresult *row, const PGresult *subs, const PGresult *secrets)
{
	put_row(&shapes[S_SHOW], row, 0);
	len--;
	PUT(",\"subscriptions\":");
	put_rows(&shapes[S_SUBS], subs);
	PUT(",\"secrets\":");
	put_rows(&shapes[S_SECRETS], secrets);
	out[len++] = '}';
}

static void
show(const char *id, const struct token *t)
{
	PGresult *token, *row, *subs, *secrets;

	queue_token(t);
	queue(S_SHOW, 1, &id);
	queue(S_SUBS, 1, &id);
	queue(S_SECRETS, 1, &id);
	sync_begin();
	token = next_result();
	row = next_result();
	subs = next_result();
	secrets = next_result();
	sync_end();
	put_head(token_good(token) && PQntuples(row) == 1);
	if (token_good(token) && PQntuples(row) == 1)
		put_customer(row, subs, secrets);
	PQclear(token);
	PQclear(row);
	PQclear(subs);
	PQclear(secrets);
}

/* ---- Laravel's paginator, page 1 of many ------------------------------------------------- */

static const char *address; /* APP_URL/api/customers */

static void
put_number(long n)
{
	len += (size_t)snprintf(out + len, 24, "%ld", n);
}

static void
put_url(long page)
{
	out[len++] = '"';
	put(address, strlen(address));
	PUT("?page=");
	put_number(page);
	out[len++] = '"';
}

static void
put_link(long page)
{
	PUT(",{\"url\":");
	put_url(page);
	PUT(",\"label\":\"");
	put_number(page);
	if (page == 1)
		PUT("\",\"active\":true}");
	else
		PUT("\",\"active\":false}");
}

static void
put_links(long last)
{
	PUT(",\"links\":[{\"url\":null,\"label\":\"&laquo; Previous\",\"active\":false}");
	for (long page = 1; page <= 10; page++)
		put_link(page);
	PUT(",{\"url\":null,\"label\":\"...\",\"active\":false}");
	put_link(last - 1);
	put_link(last);
	PUT(",{\"url\":");
	put_url(2);
	PUT(",\"label\":\"Next &raquo;\",\"active\":false}]");
}

static void
put_page(const PGresult *rows, const PGresult *total)
{
	long last = (strtol(PQgetvalue(total, 0, 0), NULL, 10) + 19) / 20;

	PUT("{\"current_page\":1,\"data\":");
	put_rows(&shapes[S_LIST], rows);
	PUT(",\"first_page_url\":");
	put_url(1);
	PUT(",\"from\":1,\"last_page\":");
	put_number(last);
	PUT(",\"last_page_url\":");
	put_url(last);
	put_links(last);
	PUT(",\"next_page_url\":");
	put_url(2);
	PUT(",\"path\":\"");
	put(address, strlen(address));
	PUT("\",\"per_page\":20,\"prev_page_url\":null,\"to\":20,\"total\":");
	put_col(total, 0, 0);
	out[len++] = '}';
}

static void
list(const struct token *t)
{
	PGresult *token, *rows, *total;

	queue_token(t);
	queue(S_LIST, 2, (const char *[]){ "20", "0" });
	queue(S_TOTAL, 0, NULL);
	sync_begin();
	token = next_result();
	rows = next_result();
	total = next_result();
	sync_end();
	put_head(token_good(token));
	if (token_good(token))
		put_page(rows, total);
	PQclear(token);
	PQclear(rows);
	PQclear(total);
}

static void
serve(FCGX_Request *rq)
{
	const char *path = FCGX_GetParam("REQUEST_URI", rq->envp);
	struct token token;

	token_read(FCGX_GetParam("HTTP_AUTHORIZATION", rq->envp), &token);
	len = 0;
	if (strncmp(path, "/api/customers/", 15) == 0)
		show(path + 15, &token);
	else
		list(&token);
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
work(int listener, const char *conninfo, const char *day)
{
	struct epoll_event ev[64];
	int ep = epoll_create1(EPOLL_CLOEXEC), n;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* libfcgi catches SIGTERM, and goes on */
	db_connect(conninfo, day);
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

	if (argc != 6) {
		fputs("usage: ceiling SOCKET WORKERS CONNINFO ADDRESS DAY\n", stderr);
		return 2;
	}
	address = argv[4];
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGCHLD, SIG_IGN);
	FCGX_Init();
	listener = FCGX_OpenSocket(argv[1], 511);
	if (listener < 0)
		die(argv[1]);
	(void)fcntl(listener, F_SETFL, O_NONBLOCK);
	for (long i = strtol(argv[2], NULL, 10); i > 0; i--)
		if (fork() == 0)
			work(listener, argv[3], argv[5]);
	(void)pause();
	return 0;
}
