/*
 * sheet.h: tables that people keep in files, read row by row: CSV and XLSX.
 *
 * The caller has the whole file in memory.  Each row is handed to a function
 * with its line in the file (from 1) and its cells as UTF-8 texts, "" where a
 * cell is empty; rows without any text are passed over.  Cells live in the
 * arena of the context.  A failure of that function ends the reading and is
 * returned.  RC_INVALID, with a sentence for people: no such format, broken
 * file, a limit exceeded (limits are in the .c files).
 *
 * CSV: RFC 4180 with the separator , ; or tab, found in the first line (or
 * named by a line sep=;); UTF-8 with or without a byte order mark, UTF-16 with
 * one, else Windows-1252.
 *
 * XLSX: the first sheet that is not hidden.  Numbers come as plain digits,
 * dates as YYYY-MM-DD (with HH:MM:SS where there is a time), a formula as the
 * value that was saved with it; one without, and an error, as a text that
 * begins with #.
 */
#ifndef SHEET_SHEET_H
#define SHEET_SHEET_H

#include "base/ctx.h"

enum { SHEET_COLUMNS = 200 };

struct sheet_row {
	size_t line;
	size_t n;
	const char *const *cells;
};

typedef enum rc (*sheet_row_fn)(struct ctx *, const struct sheet_row *, void *arg);

/* Read either kind, recognised by the first bytes. */
enum rc sheet_read(struct ctx *, const char *data, size_t len, sheet_row_fn,
    void *arg) _must_check_;

enum rc sheet_xlsx(struct ctx *, const char *data, size_t len, sheet_row_fn,
    void *arg) _must_check_;

#endif
