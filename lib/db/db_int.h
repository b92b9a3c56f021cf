/* db_int.h: shared by the files of lib/db; no other file includes it. */
#ifndef DB_DB_INT_H
#define DB_DB_INT_H

#include <libpq-fe.h>

#include "db/db.h"

enum { DB_PREPARED_MAX = 1000, DB_PREPARED_SLOTS = 2048, DB_CHANNELS_MAX = 8 };

enum item_kind { ITEM_PREPARE, ITEM_ROWS, ITEM_GATE };

/* One answer that the server still has to send. */
struct item {
	enum item_kind kind;
	const struct db_stmt *stmt;
	enum db_expect expect;
	struct db_rows **slot;
	db_gate_fn check;
	void *arg;
};

struct db {
	struct db_conf conf;
	PGconn *pg; /* NULL: not connected */
	struct item *queue;
	size_t nqueue, queue_cap;
	bool is_sent;    /* the whole queue: nothing is added before its answers are read */
	size_t ntaken;   /* items of the sent queue whose answers are read */
	enum rc outcome; /* of those */
	const struct db_stmt *prepared[DB_PREPARED_SLOTS]; /* a hash by address */
	size_t nprepared;
	bool in_tx;      /* between db_begin() and its end; a lost connection does not end it */
	bool has_gate;   /* a gate is in the queue */
	bool has_who;    /* db_set_actor() was called on this connection */
	bool who_is_due; /* db_set_actor() must be repeated before the next statement */
	char actor[256], request[100]; /* an e-mail has at most 255 bytes */
	const char *channels[DB_CHANNELS_MAX];
	size_t nchannels;
	bool is_read_only;    /* a statement was refused for it: leave the session */
	bool refused;         /* the last connection: the server answered and refused us */
	size_t held;          /* number of arenas that will call back */
	bool closed;          /* db_close() was called: the last arena frees it */
	int64_t closed_until; /* monotonic ms: no attempt to connect before this moment */
};

struct db_rows {
	PGresult *res;
};

/* A connection that can take a statement, opened if need be. */
enum rc db_conn_ready(struct ctx *) _must_check_;
/* Give the connection up; always RC_RETRY. */
enum rc db_conn_lost(struct ctx *, const char *name);
void db_conn_drop(struct db *);
/* Wait for the next result, or for the end of results; false when the server stays silent. */
bool db_conn_await(struct db *);
/* Hold db until the arena of cx ends: it calls release with db. */
void db_conn_hold(struct ctx *, void (*release)(void *));
void db_conn_let_go(struct db *);

/* Empty the queue: it ran, or its connection is gone. */
void db_forget_queue(struct db *);

/* Fill cx->err from a failed result of statement st; returns its rc. */
enum rc db_error(struct ctx *, const PGresult *, const struct db_stmt *st);

#endif
