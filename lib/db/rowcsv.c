/* rowcsv.c: see rowcsv.h. */
#include "db/rowcsv.h"

#include <string.h>

#include "db/db_int.h"
#include "db/db_type.h"

/* Types whose text needs no quotes and is no formula. */
static bool
is_plain(unsigned type)
{
	return type == T_INT8 || type == T_INT2 || type == T_INT4 || type == T_NUMERIC ||
	       type == T_FLOAT4 || type == T_FLOAT8 || type == T_DATE || type == T_UUID;
}

static void
put_text(struct sb *out, const char *s)
{
	bool formula = *s != '\0' && strchr("=+-@\t\r", *s) != NULL;
	bool quoted = formula || strpbrk(s, ",\"\r\n") != NULL || s[0] == ' ';

	if (quoted)
		sb_putc(out, '"');
	if (formula)
		sb_putc(out, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '"')
			sb_putc(out, '"');
		sb_putc(out, *s);
	}
	if (quoted)
		sb_putc(out, '"');
}

/* "2026-01-31 10:00:00+00" becomes "2026-01-31T10:00:00Z". */
static void
put_time(struct sb *out, const char *s)
{
	size_t n = strlen(s);

	if (!db_is_utc_time(s, n)) {
		put_text(out, s);
		return;
	}
	sb_add(out, s, 10);
	sb_putc(out, 'T');
	sb_add(out, s + 11, n - 14);
	sb_putc(out, 'Z');
}

/* {"20 Mbps",NULL,"x"} becomes 20 Mbps; x. */
static void
put_array(struct sb *out, const char *s)
{
	struct sb list = sb_new(out->mem);
	char *text = arena_alloc(out->mem, strlen(s) + 1);
	size_t len;
	bool is_null;

	while (db_array_next(&s, text, &len, &is_null)) {
		if (is_null)
			continue;
		sb_puts(&list, list.len > 0 ? "; " : "");
		sb_add(&list, text, len);
	}
	put_text(out, list.len > 0 ? list.buf : "");
}

static void
put_cell(struct sb *out, const PGresult *res, int row, int col)
{
	const char *s = PQgetvalue(res, row, col);
	unsigned type = PQftype(res, col);

	if (is_plain(type))
		sb_puts(out, s);
	else if (type == T_BOOL && *s != '\0')
		sb_puts(out, *s == 't' ? "true" : "false");
	else if (type == T_TIMESTAMPTZ)
		put_time(out, s);
	else if (db_is_array(type))
		put_array(out, s);
	else
		put_text(out, s);
}

void
rowcsv_head(struct sb *out, const struct db_rows *rows)
{
	for (int col = 0; col < PQnfields(rows->res); col++) {
		sb_puts(out, col > 0 ? "," : "");
		put_text(out, PQfname(rows->res, col));
	}
	sb_puts(out, "\r\n");
}

void
rowcsv_rows(struct sb *out, const struct db_rows *rows)
{
	int ncols = PQnfields(rows->res);

	for (int row = 0; row < PQntuples(rows->res); row++) {
		for (int col = 0; col < ncols; col++) {
			sb_puts(out, col > 0 ? "," : "");
			put_cell(out, rows->res, row, col);
		}
		sb_puts(out, "\r\n");
	}
}
