/* db.c: statements in a pipeline. */
#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sb.h"
#include "db/db_int.h"
#include "sql.h"

/* Statements without a name are not prepared. */
static const struct db_stmt stmt_begin = { NULL, "BEGIN", 0 };
static const struct db_stmt stmt_commit = { NULL, "COMMIT", 0 };
static const struct db_stmt stmt_rollback = { NULL, "ROLLBACK", 0 };
static const struct db_stmt stmt_forget = { NULL, "DEALLOCATE ALL", 0 };

static const char *
name_of(const struct db_stmt *st)
{
	return st->name != NULL ? st->name : st->text;
}

/* ---- what is prepared ------------------------------------------------------------------------ */

/* The place of st in the hash, or the free place it would take. */
static const struct db_stmt **
place_of(struct db *db, const struct db_stmt *st)
{
	size_t at = ((uintptr_t)st >> 4) * 0x9E3779B97F4A7C15U >> 40;

	while (db->prepared[at % DB_PREPARED_SLOTS] != NULL &&
	       db->prepared[at % DB_PREPARED_SLOTS] != st)
		at++;
	return &db->prepared[at % DB_PREPARED_SLOTS];
}

/* Forget all prepared statements before they fill the memory of the server. */
static void
forget_all(struct db *db)
{
	memset(db->prepared, 0, sizeof(db->prepared));
	db->nprepared = 0;
}

/* ---- the queue ------------------------------------------------------------------------------- */

static void
push(struct db *db, struct item item)
{
	if (db->nqueue == db->queue_cap) {
		db->queue_cap = db->queue_cap > 0 ? 2 * db->queue_cap : 16;
		db->queue = reallocarray(db->queue, db->queue_cap, sizeof(*db->queue));
		if (db->queue == NULL)
			abort();
	}
	db->queue[db->nqueue++] = item;
}

void
db_forget_queue(struct db *db)
{
	db->nqueue = db->ntaken = 0;
	db->is_sent = false;
	db->outcome = RC_OK;
}

static const char *
val_text(struct ctx *cx, const struct db_val *v)
{
	struct sb s;

	switch (v->type) {
	case DB_TEXT:
		return v->text;
	case DB_I64:
		s = sb_new(cx->mem);
		sb_i64(&s, v->i64);
		return s.buf;
	case DB_BOOL:
		return v->flag ? "t" : "f";
	case DB_NULL:
		break;
	}
	return NULL;
}

static enum rc
prepare(struct ctx *cx, const struct db_stmt *st)
{
	struct db *db = cx->db;
	const struct db_stmt **place = place_of(db, st);

	if (*place == st)
		return RC_OK;
	if (PQsendPrepare(db->pg, st->name, st->text, 0, NULL) == 0)
		return db_conn_lost(cx, st->name);
	push(db, (struct item){ .kind = ITEM_PREPARE, .stmt = st });
	*place = st;
	db->nprepared++;
	return RC_OK;
}

static enum rc
send_item(struct ctx *cx, struct item item, const struct db_val *vals, size_t n)
{
	struct db *db = cx->db;
	const struct db_stmt *st = item.stmt;
	const char **params = arena_alloc(cx->mem, (n + 1) * sizeof(*params));
	int ok;

	assert((int)n == st->nparams);
	for (size_t i = 0; i < n; i++)
		params[i] = val_text(cx, &vals[i]);
	if (st->name != NULL) {
		TRY(prepare(cx, st));
		ok = PQsendQueryPrepared(db->pg, st->name, (int)n, params, NULL, NULL, 0);
	} else {
		ok = PQsendQueryParams(db->pg, st->text, (int)n, NULL, params, NULL, NULL, 0);
	}
	if (ok == 0)
		return db_conn_lost(cx, name_of(st));
	push(db, item);
	return RC_OK;
}

/* ---- the answers ----------------------------------------------------------------------------- */

static void
clear_result(void *res)
{
	PQclear(res);
}

static void
drop_result(PGresult **res)
{
	PQclear(*res);
}

static void
unprepare(struct db *db, const struct item *item)
{
	/* Removing one entry of an open-addressed hash would hide the entries behind it. */
	if (item->kind == ITEM_PREPARE)
		*place_of(db, item->stmt) = &stmt_forget;
}

static enum rc
check_count(struct ctx *cx, const struct item *item, const PGresult *res)
{
	static const struct {
		int least, most;
		const char *text;
	} bounds[] = {
		[DB_EXEC] = { 0, 1, "none to read" },
		[DB_ROW] = { 1, 1, "one" },
		[DB_ROW_IF_ANY] = { 0, 1, "one or none" },
		[DB_ROWS] = { 0, INT_MAX, "any" },
	};
	int n = PQntuples(res);

	if (n >= bounds[item->expect].least && n <= bounds[item->expect].most)
		return RC_OK;
	return FAIL(cx, RC_INTERNAL, "%s gave %d rows, expected: %s", name_of(item->stmt), n,
	    bounds[item->expect].text);
}

/* Hand a good result to the gate's check or to the caller's slot. */
static enum rc
accept_result(struct ctx *cx, const struct item *item, PGresult *res)
{
	struct db_rows *rows;

	if (item->kind == ITEM_PREPARE)
		return RC_OK;
	if (item->kind == ITEM_ROWS)
		TRY(check_count(cx, item, res));
	if (item->kind == ITEM_ROWS && item->slot == NULL)
		return RC_OK;
	rows = arena_alloc(cx->mem, sizeof(*rows));
	rows->res = res;
	if (item->kind == ITEM_GATE)
		return item->check(cx, rows, item->arg);
	*item->slot = rows;
	return RC_OK;
}

/* Read the one result of an item up to its end; NULL when the server is gone or silent. */
static PGresult *
read_result(struct db *db, const struct item *item)
{
	PGresult *res, *rest;
	ExecStatusType status;

	if (!db_conn_await(db))
		return NULL;
	res = PQgetResult(db->pg);
	status = PQresultStatus(res);
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		unprepare(db, item);
	if (res == NULL || PQstatus(db->pg) != CONNECTION_OK) {
		PQclear(res);
		return NULL;
	}
	while ((rest = PQgetResult(db->pg)) != NULL)
		PQclear(rest);
	return res;
}

/* Take the result of an item; it counts when nothing before it failed. */
static enum rc
take_result(struct ctx *cx, const struct item *item, bool counts, bool *lost)
{
	PGresult *res = read_result(cx->db, item);
	ExecStatusType status = PQresultStatus(res);

	arena_defer(cx->mem, clear_result, res);
	*lost = res == NULL;
	if (*lost || !counts)
		return RC_OK;
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		return db_error(cx, res, item->stmt);
	return accept_result(cx, item, res);
}

static bool
take_sync(struct db *db)
{
	_cleanup_(drop_result) PGresult *res = PQgetResult(db->pg);

	return PQresultStatus(res) == PGRES_PIPELINE_SYNC;
}

static bool
send_queue(struct db *db)
{
	if (!db->is_sent)
		db->is_sent = PQpipelineSync(db->pg) == 1;
	return db->is_sent;
}

/* Take the answer of the next item; false: the connection is lost. */
static bool
take_next(struct ctx *cx, bool gate_only)
{
	struct db *db = cx->db;
	const struct item *item = &db->queue[db->ntaken++];
	bool counts = db->outcome == RC_OK && (!gate_only || db->has_gate), lost;
	enum rc rc = take_result(cx, item, counts, &lost);

	db->outcome = db->outcome == RC_OK ? rc : db->outcome;
	if (item->kind == ITEM_GATE)
		db->has_gate = false;
	return !lost;
}

/*
 * Run the queue in one round trip. With gate_only the answers behind the gate are read and
 * dropped.
 */
static enum rc
run_queue(struct ctx *cx, bool gate_only)
{
	struct db *db = cx->db;
	bool ok = send_queue(db);
	enum rc rc;

	while (ok && db->ntaken < db->nqueue)
		ok = take_next(cx, gate_only);
	if (!ok || !db_conn_await(db) || !take_sync(db))
		return db_conn_lost(cx, name_of(db->queue[0].stmt));
	rc = db->outcome;
	db_forget_queue(db);
	if (rc != RC_OK && cx->err.again)
		db_conn_drop(db);
	/* A failed transaction accepts only its end: see undo(). */
	db->who_is_due |= rc != RC_OK && db->has_who && !db->in_tx;
	return rc;
}

/* Send the queue, if it was not, and drop its answers; false: the connection is lost. */
static bool
drop_answers(struct db *db)
{
	bool ok = send_queue(db);

	for (; db->ntaken < db->nqueue && ok; db->ntaken++) {
		_cleanup_(drop_result) PGresult *res = read_result(db, &db->queue[db->ntaken]);

		ok = res != NULL;
	}
	ok = ok && db_conn_await(db) && take_sync(db);
	db_forget_queue(db);
	return ok;
}

/* Roll back and forget whatever is queued or open; gives the connection up when it cannot. */
static void
undo(struct db *db)
{
	bool ok = db->pg != NULL && (!db->is_sent || drop_answers(db)) &&
		  PQsendQueryParams(db->pg, stmt_rollback.text, 0, NULL, NULL, NULL, NULL, 0) == 1;

	push(db, (struct item){ .kind = ITEM_ROWS, .stmt = &stmt_rollback });
	if (!ok || !drop_answers(db))
		db_conn_drop(db);
	db->has_gate = false;
	db->who_is_due = db->has_who;
}

/* Roll back queued statements that never ran: the next request must not read their answers. */
static void
drain_results(void *arg)
{
	struct db *db = arg;

	if (db->nqueue > 0)
		undo(db);
	db_conn_let_go(db);
}

static enum rc
say_who(struct ctx *cx)
{
	struct db *db = cx->db;
	const struct db_val v[] = { V_TEXT(db->actor), V_TEXT(db->request) };

	db->who_is_due = false;
	return send_item(cx, (struct item){ .kind = ITEM_ROWS, .stmt = &SQL_db_set_actor }, v,
	    countof(v));
}

/* Open the connection and send the statements that must precede a queue. */
static enum rc
open_queue(struct ctx *cx)
{
	struct db *db = cx->db;

	assert(!db->is_sent);
	if (db->nqueue > 0)
		return RC_OK;
	TRY(db_conn_ready(cx));
	db_conn_hold(cx, drain_results);
	if (db->nprepared < DB_PREPARED_MAX)
		return RC_OK;
	forget_all(db);
	return send_item(cx, (struct item){ .kind = ITEM_ROWS, .stmt = &stmt_forget }, NULL, 0);
}

enum rc
db_send_n(struct ctx *cx, const struct db_stmt *st, enum db_expect expect, struct db_rows **slot,
    const struct db_val *v, size_t n)
{
	struct item item = { .kind = ITEM_ROWS, .stmt = st, .expect = expect, .slot = slot };

	TRY(open_queue(cx));
	if (cx->db->who_is_due)
		TRY(say_who(cx));
	return send_item(cx, item, v, n);
}

enum rc
db_sync(struct ctx *cx)
{
	return cx->db->nqueue > 0 ? run_queue(cx, false) : RC_OK;
}

void
db_start(struct ctx *cx)
{
	if (cx->db->nqueue > 0)
		(void)send_queue(cx->db); /* db_sync() says what is wrong with the connection */
}

bool
db_is_over(struct ctx *cx)
{
	struct db *db = cx->db;

	if (db->nqueue == 0 || PQflush(db->pg) < 0 || PQconsumeInput(db->pg) == 0)
		return true;
	while (db->ntaken < db->nqueue && PQisBusy(db->pg) == 0)
		if (!take_next(cx, false))
			return true;
	return db->ntaken == db->nqueue && PQisBusy(db->pg) == 0;
}

enum rc
db_query_n(struct ctx *cx, const struct db_stmt *st, enum db_expect expect, struct db_rows **ret,
    const struct db_val *v, size_t n)
{
	TRY(db_send_n(cx, st, expect, ret, v, n));
	return db_sync(cx);
}

enum rc
db_gate_n(struct ctx *cx, const struct db_stmt *st, db_gate_fn check, void *arg,
    const struct db_val *v, size_t n)
{
	struct item gate = { .kind = ITEM_GATE, .stmt = st, .check = check, .arg = arg };

	TRY(open_queue(cx));
	assert(!cx->db->has_gate);
	TRY(send_item(cx, gate, v, n));
	cx->db->has_gate = true;
	return RC_OK;
}

enum rc
db_gate_pass(struct ctx *cx)
{
	return cx->db->has_gate ? run_queue(cx, true) : RC_OK;
}

void
db_set_actor(struct ctx *cx)
{
	struct db *db = cx->db;
	const char *name = cx->actor.name != NULL ? cx->actor.name : "";
	const char *request = cx->request_id != NULL ? cx->request_id : "";

	if (db->has_who && strcmp(db->actor, name) == 0 && strcmp(db->request, request) == 0)
		return;
	(void)snprintf(db->actor, sizeof(db->actor), "%s", name);
	(void)snprintf(db->request, sizeof(db->request), "%s", request);
	db->has_who = db->who_is_due = true;
}

/* ---- transactions ---------------------------------------------------------------------------- */

static void
roll_back(struct db *db)
{
	if (!db->in_tx)
		return;
	db->in_tx = false;
	if (db->nqueue > 0) /* a failed statement there would make the server skip our ROLLBACK */
		undo(db);
	undo(db);
}

static void
roll_back_at_end(void *arg)
{
	struct db *db = arg;

	roll_back(db);
	db_conn_let_go(db);
}

enum rc
db_begin(struct ctx *cx)
{
	TRY(db_gate_pass(cx));
	assert(!cx->db->in_tx);
	db_conn_hold(cx, roll_back_at_end);
	TRY(db_send_exec(cx, &stmt_begin));
	cx->db->in_tx = true;
	return RC_OK;
}

enum rc
db_commit(struct ctx *cx)
{
	struct db_rows *rows = NULL;

	TRY(db_rows(cx, &stmt_commit, &rows)); /* the result is only needed for its command tag */
	cx->db->in_tx = false;
	if (rows != NULL && strcmp(PQcmdStatus(rows->res), "COMMIT") == 0)
		return RC_OK;
	cx->db->who_is_due = cx->db->has_who;
	return FAIL(cx, RC_INTERNAL, "a transaction that had failed was committed");
}

void
db_rollback(struct ctx *cx)
{
	roll_back(cx->db);
}
