/* bulk.c: one act on many bills or lines, with an answer for each. */
#include <cJSON.h>
#include <string.h>

#include "api/api.h"
#include "base/value.h"
#include "sql.h"

enum { BULK_MAX = 500 };

static const char *const invoice_acts[] = { "remind", "cancel", NULL };
static const char *const line_acts[] = { "suspend", "activate", "move", NULL };

/* clang-format off */
static const struct field filter_parts[] = {
	{ "status",      FT_TEXT, FF_RARE, .hint = "several by comma" },
	{ "customer_id", FT_UUID, FF_RARE },
	{ "package_id",  FT_UUID, FF_RARE },
	{ "router_id",   FT_UUID, FF_RARE },
};

#define WHICH                                                                                      \
	{ "ids",    FT_LIST, FF_CREATE | FF_NULL, 1, BULK_MAX, .hint = "or a filter" },            \
	{ "filter", FT_OBJECT, FF_CREATE | FF_NULL, .parts = filter_parts, .nparts = countof(filter_parts) }

static const struct field invoice_fields[] = {
	{ "act", FT_TEXT, FF_CREATE | FF_NEEDED, .max = 16, .among = invoice_acts },
	WHICH,
};

static const struct field line_fields[] = {
	{ "act", FT_TEXT, FF_CREATE | FF_NEEDED, .max = 16, .among = line_acts },
	WHICH,
	{ "reason",    FT_TEXT, FF_CREATE | FF_NULL, .max = 255 },
	{ "until",     FT_DATE, FF_CREATE | FF_NULL, .hint = "of activate" },
	{ "router_id", FT_UUID, FF_CREATE | FF_NULL, .hint = "of move" },
};

static const struct field outcome_parts[] = {
	{ "id",      FT_UUID },
	{ "ok",      FT_BOOL },
	{ "code",    FT_TEXT, FF_NULL },
	{ "message", FT_TEXT, FF_NULL },
};

const struct op invoice_bulk_op = {
	.summary = "Remind of bills, or cancel them",
	.fields = invoice_fields, .nfields = countof(invoice_fields), .flag = FF_CREATE,
	.answer = outcome_parts, .nanswer = countof(outcome_parts), .many = true,
	.dry_run = true,
};
const struct op subscription_bulk_op = {
	.summary = "Cut lines, put them on, or move them to a router",
	.fields = line_fields, .nfields = countof(line_fields), .flag = FF_CREATE,
	.answer = outcome_parts, .nanswer = countof(outcome_parts), .many = true,
	.dry_run = true,
};
/* clang-format on */

/* Ids are held to their form here, so that the database only meets real ones. */
static enum rc
check_ids(struct ctx *cx, const struct cJSON *in)
{
	const cJSON *ids = cJSON_GetObjectItemCaseSensitive(in, "ids"), *id;

	cJSON_ArrayForEach (id, ids)
		if (!value_is_uuid(id->valuestring)) {
			(void)err_field(cx, "ids", "The ids must be a list of ids.");
			return err_field_code(cx, "id", NULL);
		}
	if (cJSON_IsArray(ids) || cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(in, "filter")))
		return RC_OK;
	(void)err_field(cx, "ids", "The ids or a filter are required.");
	return err_field_code(cx, "required", NULL);
}

static enum rc
act_on_all(struct ctx *cx, const struct req *rq, struct resp *rs, const struct op *op,
    const char *noun)
{
	struct db_rows *rows;
	struct cJSON *in;

	TRY(op_read(cx, op, rq, &in));
	TRY(check_ids(cx, in));
	TRY(db_rows(cx, &SQL_bulk_act, &rows, V_TEXT(noun), V_TEXT(shape_json(cx, in))));
	return op_array(rs, rows);
}

enum rc
invoice_bulk(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return act_on_all(cx, rq, rs, &invoice_bulk_op, "invoice");
}

enum rc
subscription_bulk(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return act_on_all(cx, rq, rs, &subscription_bulk_op, "subscription");
}
