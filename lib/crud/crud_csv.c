/*
 * crud_csv.c: a whole list as CSV, read by a cursor and sent in parts: a million
 * rows need no more memory than five hundred.
 */
#include "crud/crud_int.h"
#include "db/rowcsv.h"

struct csv {
	struct arena *mem; /* memory of the current part */
	bool begun;
};

static const struct db_stmt fetch = { NULL, "FETCH 500 FROM crud_csv", 0 };

static void
free_arena(void *mem)
{
	arena_free(mem);
}

/* Put the next rows into the body; an empty body ends the answer. */
static enum rc
more_rows(struct ctx *cx, struct resp *rs)
{
	struct csv *csv = rs->stream;
	struct ctx part = *cx;
	struct db_rows *rows;

	rs->body.len = 0;
	rs->body.buf[0] = '\0';
	arena_reset(csv->mem);
	part.mem = csv->mem;
	if (db_rows(&part, &fetch, &rows) != RC_OK) {
		cx->err = part.err;
		cx->err.fields = NULL;
		return cx->err.rc;
	}
	if (!csv->begun)
		rowcsv_head(&rs->body, rows);
	csv->begun = true;
	rowcsv_rows(&rs->body, rows);
	return rs->body.len > 0 ? RC_OK : db_commit(cx);
}

enum rc
crud_csv(struct ctx *cx, struct listing *l, struct resp *rs)
{
	const struct list_stmts *st = crud_list_stmts(&l->key);
	struct csv *csv = arena_alloc(cx->mem, sizeof(*csv));
	struct db_stmt declare = { NULL,
		arena_printf(cx->mem, "DECLARE crud_csv NO SCROLL CURSOR FOR %s", st->rows.text),
		st->rows.nparams };

	l->vals[l->nvals] = V_NULL; /* limit and offset: none */
	l->vals[l->nvals + 1] = V_I64(0);
	csv->mem = arena_new(262144);
	arena_defer(cx->mem, free_arena, csv->mem);
	TRY(db_begin(cx));
	TRY(db_query_n(cx, &declare, DB_EXEC, NULL, l->vals, l->nvals + 2));
	rs->status = 200;
	rs->content_type = "text/csv; charset=utf-8";
	resp_header(rs, "Content-Disposition",
	    arena_printf(cx->mem, "attachment; filename=\"%s.csv\"", l->key.r->table));
	rs->stream = csv;
	rs->more = more_rows;
	return more_rows(cx, rs);
}
