/* bulk.c: one act on many bills or lines, with an answer for each. */
#include <cJSON.h>
#include <string.h>

#include "api/api.h"
#include "api/money.h"
#include "base/utf8.h"
#include "base/value.h"
#include "sql.h"

enum { BULK_MAX = 500 };

static const char *const invoice_acts[] = { "remind", "cancel", NULL };
static const char *const line_acts[] = { "suspend", "activate", "move", NULL };

/* clang-format off */
static const char *const bill_states[] = { "unpaid", "overdue", NULL };

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

/* ---- the filter ------------------------------------------------------------------------------ */

/*
 * Refuse a mistyped part of a filter: a part that is absent means any, so it would match
 * every row.
 */

static enum rc
refuse_filter(struct ctx *cx, const char *code, const char *why)
{
	(void)err_field(cx, "filter", "%s", why);
	return err_field_code(cx, code, NULL);
}

static const struct field *
part_named(const char *name)
{
	for (size_t i = 0; i < countof(filter_parts); i++)
		if (strcmp(filter_parts[i].name, name) == 0)
			return &filter_parts[i];
	return NULL;
}

/* Check each of several values separated by commas. */
static enum rc
check_values(struct ctx *cx, const struct field *f, const char *values)
{
	char *rest = arena_strdup(cx->mem, values), *val;

	while ((val = strsep(&rest, ",")) != NULL)
		TRY(shape_param(cx, f, val));
	return RC_OK;
}

static enum rc
check_part(struct ctx *cx, const cJSON *v, const char *const *states)
{
	const struct field *part = part_named(v->string);
	struct field f;

	if (part == NULL)
		return refuse_filter(cx, "unknown",
		    arena_printf(cx->mem, "The filter has no part %.*s.",
			(int)utf8_cut(v->string, 60), v->string));
	f = *part;
	f.name = arena_printf(cx->mem, "filter.%s", part->name);
	f.hint = NULL;
	if (f.type != FT_TEXT)
		return shape_param(cx, &f, cJSON_IsString(v) ? v->valuestring : "");
	f.among = states;
	return check_values(cx, &f, cJSON_IsString(v) ? v->valuestring : "");
}

static enum rc
check_filter(struct ctx *cx, const cJSON *filter, const char *const *states)
{
	const cJSON *v;
	enum rc rc = RC_OK;

	if (!cJSON_IsObject(filter))
		return refuse_filter(cx, "format", "The filter must be an object.");
	if (filter->child == NULL)
		return refuse_filter(cx, "required", "The filter must name a part.");
	cJSON_ArrayForEach (v, filter)
		if (check_part(cx, v, states) != RC_OK)
			rc = cx->err.rc;
	return rc;
}

/* Check the form of ids here: in the database a bad one would be an error without a field. */
static enum rc
check_ids(struct ctx *cx, const cJSON *ids)
{
	const cJSON *id;

	cJSON_ArrayForEach (id, ids)
		if (!value_is_uuid(id->valuestring)) {
			(void)err_field(cx, "ids", "The ids must be a list of ids.");
			return err_field_code(cx, "id", NULL);
		}
	return RC_OK;
}

static enum rc
check_which(struct ctx *cx, const struct cJSON *in, const char *const *states)
{
	const cJSON *ids = cJSON_GetObjectItemCaseSensitive(in, "ids");
	const cJSON *filter = cJSON_GetObjectItemCaseSensitive(in, "filter");

	if (cJSON_IsArray(ids))
		return check_ids(cx, ids);
	if (filter != NULL && !cJSON_IsNull(filter))
		return check_filter(cx, filter, states);
	(void)err_field(cx, "ids", "The ids or a filter are required.");
	return err_field_code(cx, "required", NULL);
}

static enum rc
act_on_all(struct ctx *cx, const struct req *rq, struct resp *rs, const struct op *op,
    const char *noun, const char *const *states)
{
	struct db_rows *rows;
	struct cJSON *in;

	TRY(op_read(cx, op, rq, &in));
	TRY(check_which(cx, in, states));
	money_bound(cx, in);
	TRY(db_rows(cx, &SQL_bulk_act, &rows, V_TEXT(noun), V_TEXT(shape_json(cx, in))));
	return op_array(rs, rows);
}

enum rc
invoice_bulk(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return act_on_all(cx, rq, rs, &invoice_bulk_op, "invoice", bill_states);
}

enum rc
subscription_bulk(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return act_on_all(cx, rq, rs, &subscription_bulk_op, "subscription", subscription_states);
}
