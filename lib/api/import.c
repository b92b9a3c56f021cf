/* import.c: customers and their lines from a sheet (CSV or XLSX). */
#include "billing/import.h"

#include <string.h>

#include "api/api.h"
#include "api/money.h"
#include "base/jw.h"

/* clang-format off */
static const struct field params[] = {
	{ "dry_run", FT_BOOL, .hint = "only say what each row would do" },
};

static const struct field fault_parts[] = {
	{ "line",  FT_INT, .hint = "in the file" },
	{ "name",  FT_TEXT, FF_NULL },
	{ "field", FT_TEXT },
	{ "text",  FT_TEXT },
	{ "code",  FT_TEXT, FF_NULL },
};

static const struct field import_parts[] = {
	{ "dry_run",   FT_BOOL },
	{ "created",   FT_INT },
	{ "unchanged", FT_INT, .hint = "taken by an earlier import" },
	{ "refused",   FT_INT },
	{ "faults",    FT_ROWS, .parts = fault_parts, .nparts = countof(fault_parts) },
};

const struct op import_sheet_op = {
	.summary = "Take customers and their lines from a CSV or XLSX file, each row whole or not at all",
	.params = params, .nparams = countof(params),
	.answer = import_parts, .nanswer = countof(import_parts),
};
/* clang-format on */

static bool
is_sheet(const char *type)
{
	static const char *const types[] = { "text/csv", "application/octet-stream",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" };
	size_t n = strcspn(type, "; \t");

	for (size_t i = 0; i < countof(types); i++)
		if (strlen(types[i]) == n && strncasecmp(types[i], type, n) == 0)
			return true;
	return false;
}

static void
put_fault(const struct import_fault *f, void *arg)
{
	struct jw *w = arg;

	jw_obj(w, NULL);
	jw_i64(w, "line", f->line);
	jw_str(w, "name", f->name);
	jw_str(w, "field", f->field);
	jw_str(w, "text", f->text);
	jw_str(w, "code", f->code);
	jw_end(w);
}

/* Report a file that is no sheet as an error of the field `file`. */
static enum rc
refuse_file(struct ctx *cx)
{
	const char *why = arena_strdup(cx->mem, cx->err.msg);

	(void)err_field(cx, "file", "%s", why);
	return err_field_code(cx, "file", NULL);
}

static enum rc
read_sheet(struct ctx *cx, const struct req *rq, bool dry, struct sb *faults,
    struct import_counts *ret)
{
	struct jw w = jw_new(faults);
	enum rc rc;

	jw_arr(&w, NULL);
	rc = import_run(cx,
	    &(struct import_job){ .source = "csv",
		.data = rq->body,
		.len = rq->body_len,
		.dry_run = dry,
		.bounded = money_is_bounded(cx),
		.report = put_fault,
		.arg = &w },
	    ret);
	jw_end(&w);
	return rc == RC_INVALID && cx->err.fields == NULL ? refuse_file(cx) : rc;
}

enum rc
import_sheet(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct jw w = jw_new(&rs->body);
	struct sb faults = sb_new(cx->mem);
	struct import_counts n;
	bool dry;

	if (!is_sheet(rq->content_type))
		return FAIL(cx, RC_MEDIA, "The body must be declared as text/csv or as XLSX.");
	TRY(op_flag(cx, rq, "dry_run", &dry));
	TRY(read_sheet(cx, rq, dry, &faults, &n));
	rs->status = 200;
	jw_obj(&w, NULL);
	jw_bool(&w, "dry_run", dry);
	jw_i64(&w, "created", n.created);
	jw_i64(&w, "unchanged", n.unchanged);
	jw_i64(&w, "refused", n.refused);
	jw_raw(&w, "faults", faults.buf);
	jw_end(&w);
	return RC_OK;
}
