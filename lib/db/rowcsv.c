/* rowcsv.c: see rowcsv.h. */
#include "db/rowcsv.h"

#include <string.h>

#include "db/db_int.h"

/* Types as the server numbers them (pg_type.dat). */
enum {
	T_BOOL = 16,
	T_INT8 = 20,
	T_INT2 = 21,
	T_INT4 = 23,
	T_FLOAT4 = 700,
	T_FLOAT8 = 701,
	T_DATE = 1082,
	T_TIMESTAMPTZ = 1184,
	T_NUMERIC = 1700,
	T_UUID = 2950,
};

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

	if (n < 22 || s[10] != ' ' || strcmp(s + n - 3, "+00") != 0) {
		put_text(out, s);
		return;
	}
	sb_add(out, s, 10);
	sb_putc(out, 'T');
	sb_add(out, s + 11, n - 14);
	sb_putc(out, 'Z');
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
