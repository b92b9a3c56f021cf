/* charge.c: recurring extras and discounts of a line, and single charges. */
#include "api/api.h"
#include "api/money.h"
#include "sql.h"

static const char *const item_kinds[] = { "item", "discount", NULL };
static const char *const charge_kinds[] = { "charge", "installation", "deposit", NULL };

/* clang-format off */
static const struct field item_fields[] = {
	{ "kind",     FT_TEXT,  FF_CREATE | RO | FF_NEEDED | FF_FILTER, .max = 16,
	  .among = item_kinds },
	{ "text",     FT_TEXT,  RW | FF_NEEDED, 1, 255 },
	{ "amount",   FT_MONEY, RW | FF_NULL, 1, MONEY_MAX, .hint = "or percent" },
	{ "percent",  FT_INT,   RW | FF_NULL, 1, 100, .hint = "of package and items" },
	{ "quantity", FT_INT,   RW, 1, 1000, .dflt = "1" },
	{ "from",     FT_DATE,  RW | FF_NULL, .hint = "on bills from this day on; today without it" },
	{ "periods",  FT_INT,   RW | FF_NULL, 1, 1200, .hint = "null: for ever" },
	{ "reason",   FT_TEXT,  RW | FF_NULL, .max = 255 },
	{ "subscription_id", FT_UUID, RO },
	{ "billed",   FT_INT,   RO, .hint = "periods that bills have taken so far" },
	{ "created_at", FT_TIME, RO | FF_SORT },
	{ "updated_at", FT_TIME, RO },
};

static const struct field charge_fields[] = {
	{ "subscription_id", FT_UUID, FF_CREATE | RO | FF_NULL },
	{ "kind",     FT_TEXT,  FF_CREATE | RO, .max = 16, .among = charge_kinds,
	  .dflt = "\"charge\"" },
	{ "text",     FT_TEXT,  FF_CREATE | RO | FF_NEEDED, 1, 255 },
	{ "amount",   FT_MONEY, FF_CREATE | RO | FF_NEEDED, 1, MONEY_MAX, .hint = "of one" },
	{ "quantity", FT_INT,   FF_CREATE | RO, 1, 1000, .dflt = "1" },
	{ "own_bill", FT_BOOL,  FF_CREATE, .dflt = "false",
	  .hint = "a bill of its own, not a line of the next one" },
	{ "due_date", FT_DATE,  FF_CREATE | FF_NULL, .hint = "of that bill" },
	{ "customer_id",    FT_UUID, RO },
	{ "invoice_id",     FT_UUID, RO | FF_NULL },
	{ "invoice_number", FT_TEXT, RO | FF_NULL },
	{ "entered_on",     FT_DATE, RO },
	{ "actor",          FT_TEXT, RO | FF_NULL },
	{ "created_at",     FT_TIME, RO | FF_SORT },
};

const struct resource item_resource = {
	.name = "item", .label = "The item", .table = "subscription_items", .view = "item_rows",
	.fields = item_fields, .nfields = countof(item_fields),
};
const struct resource charge_resource = {
	.name = "charge", .label = "The charge", .table = "charges", .view = "charge_rows",
	.fields = charge_fields, .nfields = countof(charge_fields),
};

const struct op item_list_op = {
	.summary = "Recurring extras and discounts of a line", .list = &item_resource,
};
const struct op item_create_op = {
	.summary = "Add a recurring extra or discount",
	.fields = item_fields, .nfields = countof(item_fields), .flag = FF_CREATE,
	.row = &item_resource, .status = 201,
	.dry_run = true,
};
const struct op item_update_op = {
	.summary = "Change a recurring extra or discount, from the next bill on",
	.fields = item_fields, .nfields = countof(item_fields), .flag = FF_UPDATE,
	.row = &item_resource,
	.dry_run = true,
};
const struct op item_remove_op = {
	.summary = "Remove a recurring extra or discount", .status = 204,
	.dry_run = true,
};
const struct op charge_list_op = {
	.summary = "What was charged to a customer once", .list = &charge_resource,
};
const struct op charge_create_op = {
	.summary = "Charge something once: on the next bill, or on one of its own; takes an Idempotency-Key",
	.fields = charge_fields, .nfields = countof(charge_fields), .flag = FF_CREATE,
	.row = &charge_resource, .status = 201,
	.dry_run = true,
	.keyed = true,
};
/* clang-format on */

enum rc
item_list(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return op_list_of_subscription(cx, rq, rs, &item_resource);
}

enum rc
item_create(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	struct cJSON *in;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(op_read(cx, &item_create_op, rq, &in));
	money_bound(cx, in);
	TRY(db_row(cx, &SQL_item_create, &rows, V_TEXT(id), V_TEXT(shape_json(cx, in))));
	return crud_answer(cx, &item_resource, db_text(rows, 0, "id"), 201, rs);
}

enum rc
item_update(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct cJSON *in;
	const char *id, *item;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(req_uuid(cx, rq, "itemId", &item));
	TRY(op_read(cx, &item_update_op, rq, &in));
	money_bound(cx, in);
	TRY(db_exec(cx, &SQL_item_update, V_TEXT(id), V_TEXT(item), V_TEXT(shape_json(cx, in))));
	return crud_answer(cx, &item_resource, item, 200, rs);
}

enum rc
item_remove(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *id, *item;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(req_uuid(cx, rq, "itemId", &item));
	TRY(db_exec(cx, &SQL_item_remove, V_TEXT(id), V_TEXT(item)));
	rs->status = 204;
	return RC_OK;
}

enum rc
charge_list(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return op_list_of_customer(cx, rq, rs, &charge_resource);
}

enum rc
charge_create(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	struct cJSON *in;
	const char *id, *key;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(op_read(cx, &charge_create_op, rq, &in));
	TRY(money_key(cx, rq, &key));
	TRY(db_row(cx, &SQL_charge_create, &rows, V_TEXT(id), V_TEXT(shape_json(cx, in)),
	    V_TEXT(key)));
	return crud_answer(cx, &charge_resource, db_text(rows, 0, "id"), 201, rs);
}
