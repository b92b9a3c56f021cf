/*
 * import.h: customers, packages and lines from what an operator used before.
 *
 * Sources: "csv" (CSV or XLSX, told by the first bytes; headings in Indonesian
 * or English), "phpnuxbill" and "laravel" (MySQL dumps, also packed by gzip).
 * The file is read whole and never stored; its rows stand in import_raw and
 * import_rows until the end.  First every row is judged and reported is called
 * for each that cannot be taken; then the others are taken, 200 a transaction,
 * each row whole or not at all.  A row that was taken before (import_keys) is
 * left as it is: a second run changes nothing, one that was interrupted goes
 * on.  A dry run does all of this in one transaction and rolls it back.
 *
 * RC_INVALID: the file cannot be read, or is none of the source; nothing was
 * changed.
 */
#ifndef BILLING_IMPORT_H
#define BILLING_IMPORT_H

#include "base/ctx.h"

struct import_fault {
	int64_t line; /* in the file; of a dump the number of the row */
	const char *name, *field, *text;
};

struct import_job {
	const char *source;
	const char *path;
	const char *day; /* the business date; NULL: today */
	bool dry_run;
	void (*report)(const struct import_fault *, void *arg); /* before anything is written */
	void *arg;
};

struct import_counts {
	int64_t created, unchanged, refused;
};

enum rc import_run(struct ctx *, const struct import_job *, struct import_counts *ret) _must_check_;

#endif
