#include "billing/import.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/crypt.h"
#include "base/jw.h"
#include "db/db.h"
#include "sheet/sheet.h"
#include "sheet/zip.h"
#include "sql.h"

enum { FILE_MAX = 512 << 20, RAW_ROWS = 500, TAKE_ROWS = 50 };

struct import;

struct source {
	const char *name;
	const struct db_stmt *map; /* without a reader: the job feeds the rows */
	enum rc (*read)(struct import *, const char *data, size_t len);
	const char *const *tables; /* of a dump */
};

struct import {
	struct ctx *cx;
	const struct import_job *job;
	const struct source *source;
	const char *batch;
	struct sb text; /* raw rows not sent yet, as JSON */
	struct jw rows;
	size_t waiting;
	int64_t line; /* of dumps: rows so far */
};

/* ---- from the file to import_raw --------------------------------------------------------------
 */

static void
begin_rows(struct import *im)
{
	im->text = sb_new(im->cx->mem);
	im->rows = jw_new(&im->text);
	jw_arr(&im->rows, NULL);
	im->waiting = 0;
}

static enum rc
send_rows(struct import *im)
{
	if (im->waiting == 0)
		return RC_OK;
	jw_end(&im->rows);
	TRY(db_exec(im->cx, &SQL_import_add, V_TEXT(im->batch), V_TEXT(im->text.buf)));
	begin_rows(im);
	return RC_OK;
}

static enum rc
end_row(struct import *im)
{
	jw_end(&im->rows);
	jw_end(&im->rows);
	return ++im->waiting == RAW_ROWS ? send_rows(im) : RC_OK;
}

static void
begin_row(struct import *im, int64_t line, const char *name)
{
	jw_obj(&im->rows, NULL);
	jw_i64(&im->rows, "line", line);
	jw_str(&im->rows, "name", name);
}

static enum rc
take_sheet_row(struct ctx *cx, const struct sheet_row *row, void *arg)
{
	struct import *im = arg;

	(void)cx;
	begin_row(im, (int64_t)row->line, "row");
	jw_arr(&im->rows, "data");
	for (size_t i = 0; i < row->n; i++)
		jw_str(&im->rows, NULL, row->cells[i]);
	return end_row(im);
}

static enum rc
take_dump_row(struct ctx *cx, const struct dump_row *row, void *arg)
{
	struct import *im = arg;

	(void)cx;
	begin_row(im, ++im->line, row->table);
	jw_obj(&im->rows, "data");
	for (size_t i = 0; i < row->n; i++)
		jw_str(&im->rows, row->columns[i], row->values[i]);
	return end_row(im);
}

static enum rc
read_sheet(struct import *im, const char *data, size_t len)
{
	return sheet_read(im->cx, data, len, take_sheet_row, im);
}

static enum rc
read_dump(struct import *im, const char *data, size_t len)
{
	if (len >= 2 && memcmp(data, "\x1f\x8b", 2) == 0)
		TRY(zip_gunzip(im->cx, data, len, FILE_MAX, &data, &len));
	return dump_read(im->cx, data, len, im->source->tables, take_dump_row, im);
}

static const char *const phpnuxbill_tables[] = { "tbl_customers", "tbl_user_recharges", "tbl_plans",
	"tbl_bandwidth", NULL };
static const char *const laravel_tables[] = { "customers", "packages", "subscriptions", "invoices",
	NULL };

static const struct source sources[] = {
	{ "csv", &SQL_import_map_sheet, read_sheet, NULL },
	{ "phpnuxbill", &SQL_import_map_phpnuxbill, read_dump, phpnuxbill_tables },
	{ "laravel", &SQL_import_map_laravel, read_dump, laravel_tables },
	{ "routers", &SQL_import_map_routers, NULL, NULL },
	{ "mikhmon", &SQL_import_map_mikhmon, NULL, NULL },
};

static const struct source *
find_source(const char *name)
{
	for (size_t i = 0; i < countof(sources); i++)
		if (strcmp(sources[i].name, name) == 0)
			return &sources[i];
	return NULL;
}

static void
close_file(FILE **f)
{
	if (*f != NULL)
		(void)fclose(*f);
}

static enum rc
read_file(struct ctx *cx, const char *path, const char **ret, size_t *ret_len)
{
	_cleanup_(close_file) FILE *f = fopen(path, "rbe");
	struct stat st;
	char *data;

	if (f == NULL || fstat(fileno(f), &st) != 0)
		return FAIL(cx, RC_INVALID, "%s: %s", path, strerror(errno));
	if (st.st_size == 0 || st.st_size > FILE_MAX)
		return FAIL(cx, RC_INVALID, "%s: empty, or larger than %d MiB", path,
		    FILE_MAX >> 20);
	data = arena_alloc(cx->mem, (size_t)st.st_size + 1);
	if (fread(data, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		return FAIL(cx, RC_INVALID, "%s: cannot be read whole", path);
	*ret = data;
	*ret_len = (size_t)st.st_size;
	return RC_OK;
}

/* ---- from import_raw to customers -------------------------------------------------------------
 */

/* Seal a batch of passwords; *ret_n 0: none was left. */
static enum rc
seal_some(struct import *im, size_t *ret_n)
{
	struct ctx *cx = im->cx;
	struct sb out = sb_new(cx->mem);
	struct jw w = jw_new(&out);
	struct db_rows *rows;

	TRY(db_rows(cx, &SQL_import_passwords, &rows, V_TEXT(im->batch)));
	jw_arr(&w, NULL);
	for (size_t i = 0; i < db_count(rows); i++) {
		const char *id = db_text(rows, i, "subscription"), *sealed;

		TRY(crypt_seal(cx, arena_printf(cx->mem, "subscriptions:%s:mikrotik_password", id),
		    db_text(rows, i, "password"), &sealed));
		jw_obj(&w, NULL);
		jw_i64(&w, "line", db_i64(rows, i, "line"));
		jw_str(&w, "subscription", id);
		jw_str(&w, "sealed", sealed);
		jw_end(&w);
	}
	jw_end(&w);
	*ret_n = db_count(rows);
	return db_exec(cx, &SQL_import_sealed, V_TEXT(im->batch), V_TEXT(out.buf));
}

static enum rc
seal_passwords(struct import *im)
{
	size_t n;

	do {
		TRY(seal_some(im, &n));
	} while (n > 0);
	return RC_OK;
}

static const char *
or_blank(const char *s)
{
	return s != NULL ? s : "";
}

static enum rc
stage(struct import *im, const char *data, size_t len)
{
	const struct import_job *job = im->job;

	begin_rows(im);
	if (im->source->read != NULL)
		TRY(im->source->read(im, data, len));
	else
		TRY(job->feed(im->cx, take_dump_row, im, job->arg));
	TRY(send_rows(im));
	TRY(db_exec(im->cx, im->source->map, V_TEXT(im->batch)));
	TRY(db_exec(im->cx, &SQL_import_until, V_TEXT(im->batch), V_TEXT(or_blank(job->until)),
	    V_TEXT(or_blank(job->day))));
	return db_exec(im->cx, &SQL_import_judge, V_TEXT(im->batch), V_TEXT(im->source->name),
	    V_BOOL(job->bounded), V_TEXT(or_blank(job->day)));
}

static enum rc
report_refused(struct import *im)
{
	struct db_rows *rows;

	TRY(db_rows(im->cx, &SQL_import_refused, &rows, V_TEXT(im->batch)));
	for (size_t i = 0; i < db_count(rows); i++)
		im->job->report(&(struct import_fault){ .line = db_i64(rows, i, "line"),
				    .name = db_text(rows, i, "name"),
				    .field = db_text(rows, i, "field"),
				    .text = db_text(rows, i, "fault"),
				    .code = db_text(rows, i, "code") },
		    im->job->arg);
	return RC_OK;
}

static enum rc
apply(struct import *im)
{
	struct db_rows *rows;
	const char *day = or_blank(im->job->day);
	int64_t n, group = 0;

	do {
		if ((group & (group - 1)) == 0) /* 0, 1, 2, 4, ...: the tables have doubled */
			TRY(db_exec(im->cx, &SQL_import_analyze));
		TRY(db_row(im->cx, &SQL_import_apply, &rows, V_TEXT(im->batch),
		    V_TEXT(im->source->name), V_I64(TAKE_ROWS), V_TEXT(day)));
		n = db_i64(rows, 0, "n");
		group++;
	} while (n > 0);
	return RC_OK;
}

static enum rc
count(struct import *im, struct import_counts *ret)
{
	struct db_rows *rows;

	TRY(db_row(im->cx, &SQL_import_counts, &rows, V_TEXT(im->batch)));
	*ret = (struct import_counts){ .created = db_i64(rows, 0, "created"),
		.unchanged = db_i64(rows, 0, "unchanged"),
		.refused = db_i64(rows, 0, "refused") };
	if (im->source->read != NULL)
		return RC_OK;
	TRY(db_row(im->cx, &SQL_import_left_out, &rows, V_TEXT(im->batch)));
	ret->left_out = db_i64(rows, 0, "n");
	return RC_OK;
}

static enum rc
import_all(struct import *im, struct import_counts *ret)
{
	if (!im->job->dry_run)
		TRY(report_refused(im));
	TRY(apply(im));
	if (im->job->dry_run)
		TRY(report_refused(im)); /* also those that the database refused on insert */
	return count(im, ret);
}

/* End an import in any case. The error of an earlier failure wins over that of the end. */
static enum rc
last(const struct import *im, enum rc before, enum rc rc)
{
	if (before != RC_OK || rc == RC_OK)
		return before;
	return FAIL(im->cx, rc, "the rows that were read could not be deleted again");
}

/* Import in one transaction that is rolled back. */
static enum rc
import_rehearse(struct import *im, struct import_counts *ret)
{
	enum rc rc;

	TRY(db_begin(im->cx));
	rc = import_all(im, ret);
	db_rollback(im->cx);
	return rc;
}

static enum rc
import_staged(struct import *im, const char *data, size_t len, struct import_counts *ret)
{
	TRY(stage(im, data, len));
	TRY(seal_passwords(im));
	return im->job->dry_run ? import_rehearse(im, ret) : import_all(im, ret);
}

enum rc
import_run(struct ctx *cx, const struct import_job *job, struct import_counts *ret)
{
	struct import im = { .cx = cx, .job = job, .source = find_source(job->source) };
	struct db_rows *rows;
	const char *data = job->data;
	struct ctx other;
	size_t len = job->len;
	enum rc rc;

	if (im.source == NULL)
		return FAIL(cx, RC_INVALID,
		    "there is no source %s: csv, phpnuxbill, laravel, routers "
		    "or mikhmon",
		    job->source);
	if (im.source->read != NULL && job->path != NULL)
		TRY(read_file(cx, job->path, &data, &len));
	TRY(db_row(cx, &SQL_import_batch, &rows));
	im.batch = db_text(rows, 0, "id");
	rc = import_staged(&im, data, len, ret);
	other = *cx;
	return last(&im, rc, db_exec(&other, &SQL_import_forget, V_TEXT(im.batch)));
}
