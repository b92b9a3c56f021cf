/* customer.c: customers, and their credit. */
#include "api/api.h"
#include "api/form.h"
#include "api/money.h"
#include "sql.h"

static const char *const states[] = { "active", "inactive", "suspended", NULL };
static const char *const services[] = { "on", "off", "off_for_debt", "none", NULL };

/* clang-format off */
static const struct field fields[] = {
	{ "name",        FT_TEXT,  RW | FF_NEEDED | FF_SORT, 1, 255 },
	{ "email",       FT_EMAIL, RW | FF_NULL | FF_SORT | FF_FILTER, .max = 255 },
	{ "phone",       FT_TEXT,  RW | FF_NULL | FF_FILTER, .max = 20, .check = form_phone,
	  .hint = "digits + - blanks ( )" },
	{ "address",     FT_TEXT,  RW | FF_NULL | FF_LINES | FF_SORT, .max = 1000 },
	{ "status",      FT_TEXT,  RW | FF_FILTER | FF_SORT, .max = 16, .among = states,
	  .dflt = "\"active\"",
	  .hint = "a label, without effect on the service" },
	{ "npwp",        FT_TEXT,  RW | FF_NULL, .max = 32, .chars = ".-", .hint = "the tax number" },
	{ "tax_exempt",  FT_BOOL,  RW, .dflt = "false" },
	{ "notes",       FT_TEXT,  RW | FF_NULL | FF_LINES, .max = 1000 },
	{ "message_opt_out", FT_BOOL, RW, .dflt = "false",
	  .hint = "no messages about bills and outages" },
	{ "credit",      FT_MONEY, RO | FF_SORT },
	{ "debt",        FT_MONEY, RO | FF_SORT },
	{ "has_debt",    FT_BOOL,  RO | FF_FILTER },
	{ "open_invoices", FT_INT, RO },
	{ "service",     FT_TEXT,  RO | FF_FILTER, .max = 16, .among = services,
	  .hint = "whether a line of the customer works" },
	{ "next_due",    FT_DATE,  RO | FF_NULL | FF_SORT },
	{ "online",      FT_BOOL,  RO | FF_NULL, .hint = "null: not known" },
	{ "packages",    FT_LIST,  RO },
	{ "package",     FT_TEXT,  RO | FF_NULL | FF_SORT, .hint = "of the oldest line" },
	{ "usernames",   FT_LIST,  RO },
	{ "package_ids", FT_LIST,  RO },
	{ "router_ids",  FT_LIST,  RO },
	{ "phone_digits", FT_TEXT, RO | FF_NULL },
	{ "created_on",  FT_DATE,  RO },
	{ "archived_at", FT_TIME,  RO | FF_NULL },
	{ "created_at",  FT_TIME,  RO | FF_SORT },
	{ "updated_at",  FT_TIME,  RO | FF_SORT },
};

static const char *const search[] = { "name", "email", "phone", "address", NULL };
static const struct search_in search_in[] = {
	{ "subscriptions", "customer_id", "mikrotik_username" },
};

static const struct field any_id = { "id", FT_UUID }, any_day = { "day", FT_DATE };
static const struct filter filters[] = {
	{ "package_id",   "package_ids", "&&", &any_id },
	{ "router_id",    "router_ids",  "&&", &any_id },
	{ "created_from", "created_on",  ">=", &any_day },
	{ "created_to",   "created_on",  "<=", &any_day },
};

static const struct child children[] = {
	{ "subscriptions", "subscription_rows", "customer_id" },
	{ "secrets",       "secret_rows",       "customer_id" },
};

const struct resource customer_resource = {
	.name = "customer",
	.label = "The customer",
	.table = "customers",
	.view = "customer_rows",
	.visible = "archived_at IS NULL",
	.hidden_param = "archived",
	.hidden = "archived_at IS NOT NULL",
	.search = search,
	.search_in = search_in, .nsearch_in = countof(search_in),
	.digits = "phone_digits",
	.fields = fields, .nfields = countof(fields),
	.filters = filters, .nfilters = countof(filters),
	.children = children, .nchildren = countof(children),
	.audited = true,
	.counted = true,
};

static const struct field archive_params[] = {
	{ "keep_credit", FT_BOOL, .hint = "archive although we owe the customer money" },
};

static const struct field credit_fields[] = {
	{ "amount",      FT_MONEY, FF_CREATE | RO | FF_NEEDED, -999999999999, 999999999999,
	  .hint = "more than 0: a gift; less: paid out" },
	{ "reason",      FT_TEXT,  FF_CREATE | FF_NEEDED, 1, 255 },
	{ "reason",      FT_TEXT,  RO | FF_NULL },
	{ "kind",        FT_TEXT,  RO | FF_FILTER, .max = 16 },
	{ "balance",     FT_MONEY, RO },
	{ "customer_id", FT_UUID,  RO | FF_FILTER },
	{ "payment_id",  FT_UUID,  RO | FF_NULL },
	{ "gift_id",     FT_UUID,  RO | FF_NULL },
	{ "invoice_id",  FT_UUID,  RO | FF_NULL },
	{ "actor",       FT_TEXT,  RO | FF_NULL },
	{ "entered_on",  FT_DATE,  RO },
	{ "created_at",  FT_TIME,  RO | FF_SORT },
};

const struct resource credit_resource = {
	.name = "credit",
	.label = "The credit entry",
	.table = "customer_credits",
	.view = "credit_rows",
	.fields = credit_fields, .nfields = countof(credit_fields),
};

const struct op customer_archive_op = {
	.summary = "Archive a customer: subscriptions end, what was billed and paid stays",
	.params = archive_params, .nparams = countof(archive_params),
	.status = 204,
	.dry_run = true,
};
const struct op customer_credits_op = {
	.summary = "The ledger of a customer's credit",
	.list = &credit_resource,
};
const struct op customer_credit_enter_op = {
	.summary = "Give a customer credit, or pay credit out; takes an Idempotency-Key",
	.fields = credit_fields, .nfields = countof(credit_fields), .flag = FF_CREATE,
	.row = &credit_resource, .status = 201,
	.dry_run = true,
	.keyed = true,
};
/* clang-format on */

enum rc
customer_archive(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return op_end(cx, rq, rs, &SQL_customer_archive, "keep_credit");
}

enum rc
customer_credits(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return op_list_of_customer(cx, rq, rs, &credit_resource);
}

enum rc
customer_credit_enter(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	struct cJSON *in;
	const char *id, *key;
	int64_t amount;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(op_read(cx, &customer_credit_enter_op, rq, &in));
	TRY(money_key(cx, rq, &key));
	amount = shape_i64(in, "amount");
	TRY(db_row(cx, &SQL_credit_enter, &rows, V_TEXT(id), V_I64(amount),
	    V_TEXT(shape_text(in, "reason")), V_TEXT(key)));
	TRY(db_row_if_any(cx, &SQL_credit_entered, &rows, V_TEXT(id),
	    V_TEXT(db_text(rows, 0, "id")), V_I64(amount)));
	return op_answer(rs, 201, rows);
}
