/*
 * rowcsv.h: rows to CSV by column type (RFC 4180, UTF-8, lines end with CR LF).
 *
 * timestamptz becomes ISO 8601 UTC with Z, as in JSON; null is an empty cell; the
 * elements of an array stand in one cell, with semicolons between.  A text that a
 * spreadsheet would take for a formula (it begins with = + - @, tab or CR) gets an
 * apostrophe in front.
 */
#ifndef DB_ROWCSV_H
#define DB_ROWCSV_H

#include "base/sb.h"
#include "db/db.h"

/* One line with the column names. */
void rowcsv_head(struct sb *, const struct db_rows *);
void rowcsv_rows(struct sb *, const struct db_rows *);

#endif
