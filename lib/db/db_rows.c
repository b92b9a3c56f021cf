/* db_rows.c: the rows of a statement, and values of arrays. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/sb.h"
#include "db/db_int.h"

size_t
db_count(const struct db_rows *rows)
{
	return (size_t)PQntuples(rows->res);
}

const char *
db_ids(struct ctx *cx, const char *const *ids, size_t n)
{
	struct sb s = sb_new(cx->mem);

	sb_putc(&s, '{');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			sb_putc(&s, ',');
		sb_puts(&s, ids[i]);
	}
	sb_putc(&s, '}');
	return s.buf;
}

/* Search from `guess` on and wrap round; -1: no such column. */
static int
column(const struct db_rows *rows, const char *name, int guess)
{
	int n = PQnfields(rows->res);

	for (int i = 0; i < n; i++)
		if (strcmp(PQfname(rows->res, (guess + i) % n), name) == 0)
			return (guess + i) % n;
	return -1;
}

static const char *
value(const struct db_rows *rows, size_t row, int col)
{
	assert(col >= 0 && row < db_count(rows));
	return PQgetisnull(rows->res, (int)row, col) ? NULL : PQgetvalue(rows->res, (int)row, col);
}

const char *
db_text(const struct db_rows *rows, size_t row, const char *col)
{
	return value(rows, row, column(rows, col, 0));
}

int64_t
db_i64(const struct db_rows *rows, size_t row, const char *col)
{
	const char *s = db_text(rows, row, col);

	return s != NULL ? strtoll(s, NULL, 10) : 0;
}

bool
db_bool(const struct db_rows *rows, size_t row, const char *col)
{
	const char *s = db_text(rows, row, col);

	return s != NULL && *s == 't';
}

static void
scan_one(const struct db_col *col, const char *s, char *ret)
{
	void *at = ret + col->offset;

	if (col->type == DB_TEXT)
		*(const char **)at = s;
	else if (col->type == DB_I64)
		*(int64_t *)at = s != NULL ? strtoll(s, NULL, 10) : 0;
	else
		*(bool *)at = s != NULL && *s == 't';
}

enum rc
db_scan_n(struct ctx *cx, const struct db_rows *rows, size_t row, const struct db_col *cols,
    size_t n, void *ret)
{
	int at = -1;

	for (size_t i = 0; i < n; i++) {
		at = column(rows, cols[i].name, at + 1);
		if (at < 0)
			return FAIL(cx, RC_INTERNAL, "the rows lack column %s", cols[i].name);
		scan_one(&cols[i], value(rows, row, at), ret);
	}
	return RC_OK;
}
