/*
 * dump.h: rows of a MySQL or MariaDB dump, without a server.
 *
 * Reads CREATE TABLE (for the order of columns) and INSERT or REPLACE
 * statements as mysqldump, mariadb-dump, phpMyAdmin and HeidiSQL write them;
 * all else is passed over: nothing in a dump is executed.  Values come as
 * UTF-8 texts, NULL as NULL, 0000-00-00 too; binary values as their hex
 * digits.  A dump that ends inside a statement is refused: RC_INVALID naming
 * the line.
 */
#ifndef SHEET_DUMP_H
#define SHEET_DUMP_H

#include "base/ctx.h"

struct dump_row {
	size_t line; /* of the first line of its statement */
	const char *table;
	size_t n;
	const char *const *columns;
	const char *const *values;
};

typedef enum rc (*dump_row_fn)(struct ctx *, const struct dump_row *, void *arg);

/* Call fn with each row of the named tables (NULL-terminated list). */
enum rc dump_read(struct ctx *, const char *text, size_t len, const char *const *tables,
    dump_row_fn fn, void *arg) _must_check_;

#endif
