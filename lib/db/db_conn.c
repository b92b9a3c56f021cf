/* db_conn.c: opening, checking and giving up the connection. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/sb.h"
#include "db/db_int.h"
#include "sql.h"

enum { PARAMS_MAX = 64, PAUSE_MS = 300 };

struct params {
	const char *key[PARAMS_MAX + 1], *val[PARAMS_MAX + 1];
	size_t n;
};

static void
put(struct params *p, const char *key, const char *val)
{
	if (val == NULL || p->n == PARAMS_MAX)
		return;
	p->key[p->n] = key;
	p->val[p->n++] = val;
}

static const char *
find_option(const PQconninfoOption *all, const char *key)
{
	for (; all->keyword != NULL; all++)
		if (strcmp(all->keyword, key) == 0)
			return all->val;
	return NULL;
}

static void
put_default(struct params *p, const PQconninfoOption *all, const char *key, const char *val)
{
	const char *given = find_option(all, key);

	put(p, key, given != NULL ? given : val);
}

/* Settings that our statements rely on, whatever the server, the database or a pooler has set. */
static const struct setting {
	const char *name, *value; /* as pg_settings shows it */
} settings[] = {
	{ "timezone", "UTC" },
	{ "datestyle", "ISO, YMD" },
	{ "intervalstyle", "postgres" },
	{ "search_path", "public" },
	{ "standard_conforming_strings", "on" },
	{ "default_transaction_isolation", "read committed" },
	{ "default_transaction_read_only", "off" },
	{ "row_security", "on" },
	{ "plan_cache_mode", "force_generic_plan" },
	{ "jit", "off" },
	/* A page of rows needs no parallel workers: its pages are mostly in memory. */
	{ "max_parallel_workers_per_gather", "0" },
	{ "random_page_cost", "1.1" },
};

/* Two text[] literals, of names and of values. */
struct arrays {
	struct sb names, values;
};

static void
put_element(struct sb *s, const char *text)
{
	sb_puts(s, s->len == 0 ? "{\"" : ",\"");
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			sb_putc(s, '\\');
		sb_putc(s, *text);
	}
	sb_putc(s, '"');
}

static void
put_setting(struct arrays *a, const char *name, const char *value)
{
	put_element(&a->names, name);
	put_element(&a->values, value);
}

static struct arrays
session_settings(struct arena *mem, const struct db_conf *conf)
{
	struct arrays a = { sb_new(mem), sb_new(mem) };

	for (size_t i = 0; i < countof(settings); i++)
		put_setting(&a, settings[i].name, settings[i].value);
	put_setting(&a, "statement_timeout", arena_printf(mem, "%d", conf->statement_ms));
	put_setting(&a, "lock_timeout", arena_printf(mem, "%d", conf->lock_ms));
	put_setting(&a, "isp.timezone", conf->timezone != NULL ? conf->timezone : "");
	put_setting(&a, "isp.url", conf->url != NULL ? conf->url : "");
	put_setting(&a, "isp.today", conf->today != NULL ? conf->today : "");
	sb_putc(&a.names, '}');
	sb_putc(&a.values, '}');
	return a;
}

static enum rc
settings_failed(struct ctx *cx, PGconn *pg, const PGresult *res)
{
	bool done = PQresultStatus(res) == PGRES_TUPLES_OK;

	(void)FAIL(cx, RC_RETRY, "the session of the database cannot be set up");
	if (done)
		(void)err_detail(&cx->err, "it does not keep %s (a pooler must be in session mode)",
		    PQgetvalue(res, 0, 0));
	else
		(void)err_detail(&cx->err, "%s", PQerrorMessage(pg));
	return RC_RETRY;
}

/*
 * Set, then read back in a statement of its own: through a pooler in transaction mode the second
 * reaches another session, and PgBouncer may ignore the options of a connection.
 */
static enum rc
set_session(struct ctx *cx, PGconn *pg, const struct db_conf *conf)
{
	struct arrays a = session_settings(cx->mem, conf);
	const char *const values[] = { a.names.buf, a.values.buf };
	const char *const steps[] = { SQL_db_session_set.text, SQL_db_session_wrong.text };
	enum rc rc = RC_OK;

	for (size_t i = 0; i < countof(steps) && rc == RC_OK; i++) {
		PGresult *res = PQexecParams(pg, steps[i], 2, NULL, values, NULL, NULL, 0);

		if (PQresultStatus(res) != PGRES_TUPLES_OK || (i == 1 && PQntuples(res) > 0))
			rc = settings_failed(cx, pg, res);
		PQclear(res);
	}
	return rc;
}

static bool
is_ours(const char *key)
{
	static const char *const ours[] = { "user", "application_name", "connect_timeout",
		"tcp_user_timeout", "keepalives_idle", "client_encoding", "target_session_attrs" };

	for (size_t i = 0; i < countof(ours); i++)
		if (strcmp(key, ours[i]) == 0)
			return true;
	return false;
}

static PGconn *
connect_with(const struct db_conf *conf, const PQconninfoOption *all)
{
	struct params p = { 0 };

	for (const PQconninfoOption *o = all; o->keyword != NULL; o++)
		if (!is_ours(o->keyword))
			put(&p, o->keyword, o->val);
	put(&p, "user", conf->role != NULL ? conf->role : find_option(all, "user"));
	put_default(&p, all, "application_name", conf->program);
	put_default(&p, all, "connect_timeout", "5");
	put_default(&p, all, "tcp_user_timeout", "15000");
	put_default(&p, all, "keepalives_idle", "10"); /* answer_ms then ends the wait */
	put_default(&p, all, "target_session_attrs", "read-write");
	put(&p, "client_encoding", "UTF8");
	return PQconnectdbParams(p.key, p.val, 0);
}

static void
be_silent(void *arg, const PGresult *res)
{
	(void)arg;
	(void)res;
}

/* After a reconnect the channels are listened on again, before anything else. */
static void
listen_again(struct arena *mem, const struct db *db, PGconn *pg)
{
	for (size_t i = 0; i < db->nchannels; i++)
		PQclear(PQexec(pg, arena_printf(mem, "LISTEN \"%s\"", db->channels[i])));
}

static bool
is_fatal(PGconn *pg)
{
	return PQstatus(pg) != CONNECTION_OK && strstr(PQerrorMessage(pg), "FATAL:") != NULL;
}

/*
 * Ping after a refusal: a wrong password or a missing database is final, but a server that
 * starts or stops says FATAL, too, and is asked again once it answers pings.
 */
static PGconn *
connect_or_be_refused(const struct db_conf *conf, const PQconninfoOption *all, bool *refused)
{
	PGconn *pg = connect_with(conf, all);

	*refused = false;
	if (!is_fatal(pg) || PQping(conf->conninfo) != PQPING_OK)
		return pg;
	PQfinish(pg);
	pg = connect_with(conf, all);
	*refused = is_fatal(pg);
	return pg;
}

static enum rc
connect_failed(struct ctx *cx, PGconn *pg)
{
	cx->db->closed_until = clock_ms() + PAUSE_MS;
	(void)FAIL(cx, RC_RETRY, "the database cannot be reached");
	return err_detail(&cx->err, "%s", PQerrorMessage(pg));
}

static enum rc
connect_now(struct ctx *cx, PQconninfoOption *all)
{
	struct db *db = cx->db;
	PGconn *pg = connect_or_be_refused(&db->conf, all, &db->refused);
	enum rc rc;

	if (PQstatus(pg) != CONNECTION_OK) {
		rc = connect_failed(cx, pg);
	} else {
		(void)PQsetNoticeReceiver(pg, be_silent, NULL);
		rc = set_session(cx, pg, &db->conf);
	}
	if (rc != RC_OK) {
		PQfinish(pg);
		return rc;
	}
	listen_again(cx->mem, db, pg);
	(void)PQenterPipelineMode(pg);
	(void)PQsetnonblocking(pg, 1); /* no sending waits for a server at work */
	db->pg = pg;
	db->is_read_only = false;
	db->who_is_due = db->has_who;
	return RC_OK;
}

static enum rc
open_again(struct ctx *cx)
{
	PQconninfoOption *all;
	char *why = NULL;
	enum rc rc;

	if (clock_ms() < cx->db->closed_until)
		return FAIL(cx, RC_RETRY, "the database cannot be reached");
	all = PQconninfoParse(cx->db->conf.conninfo, &why);
	if (all == NULL) {
		(void)FAIL(cx, RC_INTERNAL, "DATABASE_URL is malformed");
		(void)err_detail(&cx->err, "%s", why != NULL ? why : "out of memory");
		PQfreemem(why);
		return cx->err.rc;
	}
	rc = connect_now(cx, all);
	PQconninfoFree(all);
	return rc;
}

void
db_conn_drop(struct db *db)
{
	PQfinish(db->pg);
	db->pg = NULL;
	db_forget_queue(db);
	db->has_gate = false;
	db->nprepared = 0;
	memset(db->prepared, 0, sizeof(db->prepared));
}

enum rc
db_conn_lost(struct ctx *cx, const char *name)
{
	bool silent = PQstatus(cx->db->pg) == CONNECTION_OK;

	(void)FAIL(cx, RC_RETRY,
	    silent ? "the database does not answer" : "the database went away");
	(void)err_detail(&cx->err, "%s: %s", name, PQerrorMessage(cx->db->pg));
	cx->err.again = !silent && !cx->db->in_tx; /* a silent server costs a time-out */
	db_conn_drop(cx->db);
	return RC_RETRY;
}

/*
 * Look, without waiting, for a message on an idle connection: mostly the server says that
 * it shuts down. The look costs less than a lost request.
 */
static bool
is_alive(PGconn *pg)
{
	for (int i = 0; i < 4; i++) {
		char byte;
		ssize_t n = recv(PQsocket(pg), &byte, 1, MSG_PEEK | MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
		if (n == 0 || PQconsumeInput(pg) == 0 || PQisBusy(pg) < 0 ||
		    PQstatus(pg) != CONNECTION_OK)
			return false;
	}
	return true;
}

enum rc
db_conn_ready(struct ctx *cx)
{
	struct db *db = cx->db;

	if (db->pg != NULL && db->is_read_only && !db->in_tx)
		db_conn_drop(db);
	if (db->pg != NULL && !is_alive(db->pg)) {
		if (db->in_tx)
			return db_conn_lost(cx, "idle in transaction");
		db_conn_drop(db);
	}
	if (db->pg != NULL)
		return RC_OK;
	if (db->in_tx)
		return FAIL(cx, RC_RETRY, "the database went away");
	return open_again(cx);
}

bool
db_conn_await(struct db *db)
{
	struct pollfd pfd = { .fd = PQsocket(db->pg) };
	int most = db->conf.answer_ms > 0 ? db->conf.answer_ms : -1;

	while (PQisBusy(db->pg) != 0) {
		pfd.events = POLLIN;
		if (PQflush(db->pg) > 0)
			pfd.events |= POLLOUT;
		if (poll(&pfd, 1, most) == 0)
			return false;
		if (PQconsumeInput(db->pg) == 0)
			return true; /* PQgetResult() reports the error */
	}
	return true;
}

enum rc
db_print_env(struct ctx *cx, const char *conninfo, struct sb *out)
{
	PQconninfoOption *all = PQconninfoParse(conninfo, NULL);

	if (all == NULL)
		return FAIL(cx, RC_INVALID, "DATABASE_URL is malformed");
	for (const PQconninfoOption *o = all; o->keyword != NULL; o++)
		if (o->envvar != NULL && o->val != NULL)
			sb_printf(out, "%s=%s\n", o->envvar, o->val);
	PQconninfoFree(all);
	return RC_OK;
}

struct db_conf
db_conf_of(struct ctx *cx, const struct conf *cf, const char *program, const char *role)
{
	return (struct db_conf){
		.conninfo = conf_database(cx, cf),
		.role = role,
		.program = program,
		.timezone = conf_text(cf, CONF_APP_TIMEZONE),
		.url = conf_text(cf, CONF_APP_URL),
		.today = conf_text(cf, CONF_APP_TODAY),
	};
}

struct db *
db_new(const struct db_conf *conf)
{
	struct db *db = calloc(1, sizeof(*db));

	if (db == NULL)
		abort();
	db->conf = *conf;
	return db;
}

struct db *
db_beside(const struct db *db)
{
	return db_new(&db->conf);
}

enum rc
db_open(struct ctx *cx, const struct db_conf *conf, struct db **ret)
{
	struct ctx opener = *cx;
	enum rc rc;

	opener.db = db_new(conf);
	rc = db_conn_ready(&opener);
	if (rc == RC_RETRY && opener.db->refused) /* waiting does not help */
		rc = opener.err.rc = RC_INTERNAL;
	if (rc != RC_OK) {
		cx->err = opener.err;
		db_close(opener.db);
		return rc;
	}
	*ret = opener.db;
	return RC_OK;
}

void
db_conn_hold(struct ctx *cx, void (*release)(void *))
{
	cx->db->held++;
	arena_defer(cx->mem, release, cx->db);
}

void
db_conn_let_go(struct db *db)
{
	if (--db->held > 0 || !db->closed)
		return;
	free(db->queue);
	free(db);
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	db_conn_drop(db);
	db->in_tx = false;
	db->closed = true;
	db->held++;
	db_conn_let_go(db);
}

int
db_socket(struct db *db)
{
	return db->pg != NULL ? PQsocket(db->pg) : -1;
}

static bool
is_name(const char *s)
{
	return s[0] != '\0' && s[strspn(s, "abcdefghijklmnopqrstuvwxyz_0123456789")] == '\0';
}

enum rc
db_listen(struct ctx *cx, const char *channel)
{
	struct db *db = cx->db;
	struct db_stmt listen = { NULL, arena_printf(cx->mem, "LISTEN \"%s\"", channel), 0 };

	if (!is_name(channel) || db->nchannels == DB_CHANNELS_MAX)
		return FAIL(cx, RC_INTERNAL, "cannot listen on %s", channel);
	TRY(db_exec(cx, &listen));
	db->channels[db->nchannels++] = channel;
	return RC_OK;
}

static const char *
next_notice(struct ctx *cx)
{
	PGnotify *note = PQnotifies(cx->db->pg);
	const char *payload = NULL;

	if (note != NULL)
		payload = arena_strdup(cx->mem, note->extra);
	PQfreemem(note);
	return payload;
}

/*
 * A broken connection is no failure here: the caller sweeps as after any wait, and its
 * next statement fails.
 */
enum rc
db_wait(struct ctx *cx, int ms, const char **ret)
{
	struct pollfd pfd = { .events = POLLIN };
	const char *payload;

	if (db_conn_ready(cx) != RC_OK) {
		(void)poll(NULL, 0, ms >= 0 && ms < 1000 ? ms : 1000);
		return cx->err.rc;
	}
	payload = next_notice(cx);
	pfd.fd = PQsocket(cx->db->pg);
	if (payload == NULL && poll(&pfd, 1, ms) > 0) {
		if (PQconsumeInput(cx->db->pg) == 0)
			db_conn_drop(cx->db);
		else
			payload = next_notice(cx);
	}
	*ret = payload;
	return RC_OK;
}
