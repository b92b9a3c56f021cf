/*
 * db.h: PostgreSQL through libpq, with typed parameters and typed rows.
 *
 * SQL text is never written in C.  It lives in sql/queries/NAME.sql, one
 * statement a file section, and the build turns each into a constant
 * `const struct db_stmt SQL_name` (sql.h).  A statement is prepared on its
 * first use on a connection and is known to the server by its name, so that
 * pg_stat_statements and the slow log speak our language.
 *
 * Everything runs in libpq's pipeline mode: db_send() queues, db_sync() makes
 * one round trip of all that is queued.  Rows belong to cx->mem: there is
 * nothing to clear.
 *
 * A session is read-write unless the conninfo says otherwise (target_session_attrs), and one that
 * turns out to be read-only is left.  The settings that statements rely on are set and read back.
 * A connection that broke is opened again by itself at the next statement
 * outside a transaction; a statement under way then fails with RC_RETRY.
 *
 * Errors: SQLSTATE becomes rc in one table (db.c).  The functions of
 * sql/functions raise with a sentence for people and these states of ours:
 *	IS403 RC_DENIED   IS404 RC_NOT_FOUND   IS409 RC_CONFLICT
 *	IS422 RC_INVALID, on each field of DETAIL: a line of name, tab, sentence
 *	IS429 RC_THROTTLED, the hint says for how many seconds
 * A unique violation (23505) is RC_INVALID "… has already been taken" on the
 * column of the constraint (its name is TABLE_COLUMN_key); a dangling
 * reference (23503) is RC_INVALID on its column, but RC_CONFLICT on delete.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ctx.h"
#include "base/sb.h"

struct db;
struct db_rows;

struct db_stmt {
	const char *name;
	const char *text;
	int nparams;
};

enum db_type { DB_NULL, DB_TEXT, DB_I64, DB_BOOL };

struct db_val {
	enum db_type type;
	union {
		const char *text;
		int64_t i64;
		bool flag;
	};
};

static inline struct db_val
db_val_text(const char *s)
{
	return (struct db_val){ .type = s != NULL ? DB_TEXT : DB_NULL, .text = s };
}

#define V_TEXT(s) db_val_text(s) /* NULL: null */
#define V_I64(i)  ((struct db_val){ .type = DB_I64, .i64 = (i) })
#define V_BOOL(b) ((struct db_val){ .type = DB_BOOL, .flag = (b) })
#define V_NULL    ((struct db_val){ .type = DB_NULL })

/* The text of a uuid[] of these ids; lives in cx->mem. */
const char *db_ids(struct ctx *, const char *const *ids, size_t n);

/* A column of a row and the member that it fills. */
struct db_col {
	const char *name;
	enum db_type type;
	size_t offset;
};

/*
 * The columns of a table of struct db_col, each named like the member that it fills; the member's
 * type says how the column is read.  DB_COLS(job, id, amount) is a line each of
 * { "id", DB_TEXT, offsetof(struct job, id) }.  The preprocessor repeats DB_EACH by being scanned
 * again, up to 80 columns; one more does not compile.
 */
/* clang-format off */
#ifdef __cppcheck__ /* it does not scan a macro again */
#define DB_COLS(st, ...) { #st, DB_TEXT, 0 }
/* clang-format on */
#else
#define DB_COLS(st, ...) DB_SCAN(DB_EACH(st, __VA_ARGS__))
#endif

#define DB_TYPE_OF(val) _Generic((val), const char * : DB_TEXT, int64_t : DB_I64, bool : DB_BOOL)
#define DB_EACH(st, member, ...)                                                                   \
	{ #member, DB_TYPE_OF(((struct st *)NULL)->member),                                        \
		offsetof(struct st, member) } __VA_OPT__(, DB_AGAIN DB_PARENS(st, __VA_ARGS__))
#define DB_AGAIN()     DB_EACH
#define DB_PARENS      ()
#define DB_SCAN(...)   DB_SCAN_3(DB_SCAN_3(DB_SCAN_3(DB_SCAN_3(__VA_ARGS__))))
#define DB_SCAN_3(...) DB_SCAN_2(DB_SCAN_2(DB_SCAN_2(DB_SCAN_2(__VA_ARGS__))))
#define DB_SCAN_2(...) DB_SCAN_1(DB_SCAN_1(DB_SCAN_1(DB_SCAN_1(__VA_ARGS__))))
#define DB_SCAN_1(...) __VA_ARGS__

/* How a program connects; strings must outlive the connection. */
struct db_conf {
	const char *conninfo; /* DATABASE_URL: any conninfo or URI, several hosts too */
	const char *role;     /* user to connect as; NULL: whatever conninfo says */
	const char *program;  /* application_name */
	const char *url;      /* APP_URL: what links to customers begin with */
	const char *timezone; /* APP_TIMEZONE, of business_today() */
	const char *today;    /* APP_TODAY, or NULL */
	int statement_ms;     /* statement_timeout; 0: none */
	int lock_ms;          /* lock_timeout; 0: none */
	int answer_ms;        /* most silence of the server; 0: any */
};

/* Read the configuration; the result lives as long as that and cx->mem. */
struct db_conf db_conf_of(struct ctx *, const struct conf *, const char *program, const char *role);

/* NAME=value of the environment variables with which libpq's programs reach the same database. */
enum rc db_print_env(struct ctx *, const char *conninfo, struct sb *out) _must_check_;

/* Connect now; RC_RETRY when the database cannot be reached. */
enum rc db_open(struct ctx *, const struct db_conf *, struct db **ret) _must_check_;
/* The same without connecting: the first statement connects (a worker outlives the database). */
struct db *db_new(const struct db_conf *);
struct db *db_beside(const struct db *); /* a second one to the same database, for db_close() */
void db_close(struct db *);
int db_socket(struct db *); /* for poll(); -1 when not connected */

/*
 * The rows that a caller expects of a statement; any other number is RC_INTERNAL and names it.
 * db_exec() reads none: the statement gives at most the one row of a function without a result.
 */
enum db_expect { DB_EXEC, DB_ROW, DB_ROW_IF_ANY, DB_ROWS };

/*
 * Queue a named statement; its rows are in *slot after the next db_sync() (DB_EXEC: slot is
 * NULL).  The count of values must match; a bug asserts.
 */
enum rc db_send_n(struct ctx *, const struct db_stmt *, enum db_expect, struct db_rows **slot,
    const struct db_val *, size_t n) _must_check_;

/* Queue one statement and run it. */
enum rc db_query_n(struct ctx *, const struct db_stmt *, enum db_expect, struct db_rows **ret,
    const struct db_val *, size_t n) _must_check_;

/* A statement with its values: db_rows(cx, &SQL_invoice_lines, &rows, V_TEXT(id)). */
#define DB_VALS(...)                                                                               \
	(const struct db_val[]){ __VA_ARGS__ },                                                    \
	    sizeof((const struct db_val[]){ __VA_ARGS__ }) / sizeof(struct db_val)
#define db_exec(cx, stmt, ...)     db_query_n(cx, stmt, DB_EXEC, NULL, DB_VALS(__VA_ARGS__))
#define db_row(cx, stmt, ret, ...) db_query_n(cx, stmt, DB_ROW, ret, DB_VALS(__VA_ARGS__))
#define db_row_if_any(cx, stmt, ret, ...)                                                          \
	db_query_n(cx, stmt, DB_ROW_IF_ANY, ret, DB_VALS(__VA_ARGS__))
#define db_rows(cx, stmt, ret, ...)      db_query_n(cx, stmt, DB_ROWS, ret, DB_VALS(__VA_ARGS__))
#define db_send_exec(cx, stmt, ...)      db_send_n(cx, stmt, DB_EXEC, NULL, DB_VALS(__VA_ARGS__))
#define db_send_row(cx, stmt, slot, ...) db_send_n(cx, stmt, DB_ROW, slot, DB_VALS(__VA_ARGS__))
#define db_send_row_if_any(cx, stmt, slot, ...)                                                    \
	db_send_n(cx, stmt, DB_ROW_IF_ANY, slot, DB_VALS(__VA_ARGS__))
#define db_send_rows(cx, stmt, slot, ...) db_send_n(cx, stmt, DB_ROWS, slot, DB_VALS(__VA_ARGS__))

/*
 * Run all that is queued in one round trip.  The first error is the outcome.  Outside
 * db_begin() the queue is a transaction: what it wrote counts as a whole or not at all.
 */
enum rc db_sync(struct ctx *) _must_check_;

/*
 * The same without waiting: db_start() sends all that is queued; nothing more is queued, and the
 * arena stays, until db_sync() has given the outcome, for which it waits no longer once
 * db_is_over().  Call that again and again: it sends the rest of long statements.
 */
void db_start(struct ctx *);
bool db_is_over(struct ctx *);

/*
 * The gate: a statement that must succeed, and whose rows `check` must accept,
 * before the outcome of anything else counts (the token look-up).  It is sent
 * in front of the next db_sync(), in the same round trip; when check refuses,
 * its rc is the outcome of that sync and no rows are given out.  Use it in
 * front of reads alone: what follows it is executed whatever check says.
 * db_gate_pass() forces it now, for requests that write or ask nothing.
 */
typedef enum rc (*db_gate_fn)(struct ctx *, const struct db_rows *, void *arg);
enum rc db_gate_n(struct ctx *, const struct db_stmt *, db_gate_fn check, void *arg,
    const struct db_val *, size_t n) _must_check_;
enum rc db_gate_pass(struct ctx *) _must_check_; /* RC_OK when there is no gate, or it passed */

/*
 * Set the actor of the session, cx->actor.name, and cx->request_id, for
 * billing_logs and audit_logs: queued in front of the next statement and kept
 * until the next call (session_actor() and session_request() in SQL).
 */
void db_set_actor(struct ctx *);

size_t db_count(const struct db_rows *);
const char *db_text(const struct db_rows *, size_t row, const char *col); /* NULL: null */
int64_t db_i64(const struct db_rows *, size_t row, const char *col);      /* null: 0 */
bool db_bool(const struct db_rows *, size_t row, const char *col);        /* null: false */
enum rc db_scan_n(struct ctx *, const struct db_rows *, size_t row, const struct db_col *, size_t n,
    void *ret) _must_check_;
#define db_scan(cx, rows, row, cols, ret) db_scan_n(cx, rows, row, cols, countof(cols), ret)

/*
 * A transaction ends with db_commit() or with its arena: resetting cx->mem without a
 * commit rolls it back, so that error paths need no line for it. A single statement is a
 * transaction of its own.
 */
enum rc db_begin(struct ctx *) _must_check_;
enum rc db_commit(struct ctx *) _must_check_;
void db_rollback(struct ctx *);

/* LISTEN on a channel, and wait up to ms (-1: for ever) for a NOTIFY; *ret payload or NULL. */
enum rc db_listen(struct ctx *, const char *channel) _must_check_;
enum rc db_wait(struct ctx *, int ms, const char **ret) _must_check_;

#endif
