/*
 * import.h: customers, packages and lines from what an operator used before.
 *
 * Sources: "csv" (CSV or XLSX, known by the first bytes; headings in Indonesian
 * or English), "phpnuxbill" and "laravel" (MySQL dumps, also packed by gzip),
 * "routers" and "mikhmon" (what feed hands over from live routers).
 * The file is read whole and never stored; its rows stand in import_raw and
 * import_rows until the end.  First every row is judged and reported is called
 * for each that cannot be taken; then the others are taken, 50 a transaction,
 * each row whole or not at all; passwords are sealed before.  A row that was taken before
 * (import_keys) is left as it is: a second run changes nothing, one that was interrupted goes on.
 * A dry run does all of this in one transaction and rolls it back.
 *
 * RC_INVALID: the file cannot be read, or is none of the source; nothing was
 * changed.
 */
#ifndef BILLING_IMPORT_H
#define BILLING_IMPORT_H

#include "base/ctx.h"
#include "sheet/dump.h"

struct import_fault {
	int64_t line; /* of the file; in a dump the number of the row */
	const char *name, *field, *text;
	const char *code; /* as of errors, or NULL */
};

struct import_job {
	const char *source;
	const char *path; /* path of a file; NULL: the file is in data */
	const char *data;
	size_t len;
	const char *day;   /* the business date; NULL: today */
	const char *until; /* last day paid of lines without one; NULL: refuse them */
	bool dry_run;
	bool bounded; /* an operator imports: no new package, no credit, few days ahead */
	/* Hand each row over, for a source that is no file. */
	enum rc (*feed)(struct ctx *, dump_row_fn take, void *take_arg, void *arg);
	void (
	    *report)(const struct import_fault *, void *arg); /* sees each fault before any write */
	void *arg;
};

struct import_counts {
	int64_t created, unchanged, refused;
	int64_t left_out; /* of routers: objects that are no customers */
};

enum rc import_run(struct ctx *, const struct import_job *, struct import_counts *ret) _must_check_;

#endif
