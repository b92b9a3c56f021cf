/* invoice.c: invoices, and their settlement by hand. */
#include <cJSON.h>
#include <string.h>

#include "api/api.h"
#include "api/form.h"
#include "api/money.h"
#include "sql.h"

static const char *const states[] = { "unpaid", "paid", "overdue", "cancelled", NULL };
static const char *const kinds[] = { "renewal", "other", NULL };
static const char *const line_kinds[] = { "package", "part", "item", "charge", "installation",
	"deposit", "late_fee", "discount", "tax", NULL };
static const char *const services[] = { "on", "off", "off_for_debt", "ended", NULL };
static const char *const all_kinds[] = { "first", "renewal", "prepay", "change", "other", NULL };

/*
 * No sort by status or updated_at: a night changes both on thousands of bills, so no index may
 * stand on them (test/sql/schema.sql), and without one a page of 1,000,000 bills took 2 s.
 */
/* clang-format off */
static const struct field line_parts[] = {
	{ "position",   FT_INT },
	{ "kind",       FT_TEXT, .among = line_kinds },
	{ "text",       FT_TEXT },
	{ "quantity",   FT_INT },
	{ "unit_price", FT_MONEY },
	{ "amount",     FT_MONEY },
	{ "taxable",    FT_BOOL },
};

static const struct field new_line_parts[] = {
	{ "kind",       FT_TEXT, .among = line_kinds },
	{ "text",       FT_TEXT },
	{ "quantity",   FT_INT },
	{ "unit_price", FT_MONEY },
	{ "taxable",    FT_BOOL, FF_RARE },
};

static const struct field payment_parts[] = {
	{ "id", FT_UUID },
	{ "amount", FT_MONEY },
	{ "method", FT_TEXT },
	{ "source", FT_TEXT },
	{ "reference", FT_TEXT, FF_NULL },
	{ "status", FT_TEXT },
	{ "received_on", FT_DATE },
	{ "payment_date", FT_TIME },
	{ "notes", FT_TEXT, FF_NULL },
};

static const struct field allocation_parts[] = {
	{ "amount", FT_MONEY },
	{ "payment_id", FT_UUID, FF_NULL },
	{ "gift_id", FT_UUID, FF_NULL },
};

static const struct field open_parts[] = {
	{ "id", FT_UUID },
	{ "invoice_number", FT_TEXT },
	{ "outstanding", FT_MONEY },
	{ "due_date", FT_DATE },
};

static const struct field fields[] = {
	{ "subscription_id", FT_UUID,  FF_CREATE | RO | FF_NEEDED | FF_FILTER },
	{ "kind",            FT_TEXT,  RO | FF_FILTER, .max = 16, .among = all_kinds },
	{ "kind",            FT_TEXT,  FF_CREATE, .max = 16, .among = kinds,
	  .dflt = "\"renewal\"",
	  .hint = "renewal: the next period not billed; other: no period" },
	{ "amount",          FT_MONEY, RW | FF_SORT, 0, MONEY_MAX,
	  .hint = "needed by kind other; changed only while nothing was paid or tried" },
	{ "due_date",        FT_DATE,  RW | FF_SORT },
	{ "notes",           FT_TEXT,  RW | FF_NULL | FF_LINES, .max = 1000 },
	{ "status",          FT_TEXT,  RW | FF_LOCKED | FF_FILTER, .max = 16, .among = states,
	  .dflt = "\"unpaid\"", .hint = "use /mark-paid or DELETE of the invoice" },
	{ "invoice_number",  FT_TEXT,  RO | FF_SORT | FF_FILTER, .max = 64 },
	{ "customer_id",     FT_UUID,  RO | FF_FILTER },
	{ "package_id",      FT_UUID,  RO | FF_NULL | FF_FILTER },
	{ "lines",           FT_ROWS,  RO, .parts = line_parts, .nparts = countof(line_parts) },
	{ "lines",           FT_ROWS,  FF_UPDATE, .parts = new_line_parts,
	  .nparts = countof(new_line_parts),
	  .hint = "whole lines, while nothing touched the bill; one of the same kind and text "
	          "keeps its charge or item" },
	{ "subtotal",        FT_MONEY, RO },
	{ "discount",        FT_MONEY, RO },
	{ "tax_amount",      FT_MONEY, RO },
	{ "paid_amount",     FT_MONEY, RO },
	{ "outstanding", FT_MONEY, RO | FF_SORT },
	{ "period_start",    FT_DATE,  RO | FF_NULL },
	{ "period_end",      FT_DATE,  RO | FF_NULL },
	{ "issued_on",       FT_DATE,  RO | FF_SORT },
	{ "router_id", FT_UUID, RO | FF_NULL | FF_FILTER },
	{ "is_open", FT_BOOL, RO, .hint = "unpaid or overdue" },
	{ "cancelled_on", FT_DATE, RO | FF_NULL },
	{ "pay_url", FT_TEXT, RO, .hint = "where the customer pays it" },
	{ "payment_reference", FT_TEXT, RO | FF_NULL },
	{ "payment_url",     FT_TEXT,  RO | FF_NULL, .hint = "of the page at the gateway" },
	{ "midtrans_order_id", FT_TEXT, RO | FF_NULL },
	{ "midtrans_transaction_id", FT_TEXT, RO | FF_NULL },
	{ "created_at",      FT_TIME,  RO | FF_SORT },
	{ "updated_at",      FT_TIME,  RO },
	{ "subscription.id", FT_UUID, RO },
	{ "subscription.mikrotik_username", FT_TEXT, RO },
	{ "subscription.start_date", FT_DATE, RO },
	{ "subscription.end_date", FT_DATE, RO },
	{ "subscription.status", FT_TEXT, RO },
	{ "subscription.customer.id", FT_UUID, RO },
	{ "subscription.customer.name", FT_TEXT, RO | FF_SORT },
	{ "subscription.customer.email", FT_TEXT, RO | FF_NULL },
	{ "subscription.customer.phone", FT_TEXT, RO | FF_NULL },
	{ "subscription.customer.address", FT_TEXT, RO | FF_NULL },
	{ "subscription.package.id", FT_UUID, RO },
	{ "subscription.package.name", FT_TEXT, RO },
	{ "subscription.package.type", FT_TEXT, RO },
	{ "subscription.package.bandwidth", FT_TEXT, RO },
	{ "subscription.package.price", FT_MONEY, RO },
	{ "subscription.package.validity_days", FT_INT, RO },
	{ "payments",        FT_ROWS,  RO, .parts = payment_parts, .nparts = countof(payment_parts) },
	{ "allocations",     FT_ROWS,  RO, .parts = allocation_parts, .nparts = countof(allocation_parts) },
	{ "older_open",      FT_ROWS,  RO, .parts = open_parts, .nparts = countof(open_parts),
	  .hint = "older bills of the line that are open" },
};

static const struct field due_from = { "due_from", FT_DATE }, due_to = { "due_to", FT_DATE };
static const struct field any_flag = { "flag", FT_BOOL };

static const struct filter filters[] = {
	{ "due_from", "due_date", ">=", &due_from },
	{ "due_to",   "due_date", "<=", &due_to },
	{ "issued_from", "issued_on", ">=", &due_from },
	{ "issued_to", "issued_on", "<=", &due_to },
	{ "open", "is_open", "=", &any_flag },
};

static const struct implied implied[] = {
	{ "status", "is_open", "{paid,cancelled}" },
	{ "status", "cancelled_on IS NOT NULL", "{unpaid,paid,overdue}" },
};

static const char *const search[] = { "subscription.customer.name", "invoice_number", NULL };

/* Report missing values together with wrong fields, not in a second answer. */
static enum rc
check_invoice(struct ctx *cx, const char *id, struct cJSON *in)
{
	const char *kind = shape_text(in, "kind");
	bool other = id == NULL && kind != NULL && strcmp(kind, "other") == 0;

	if (!other || shape_has(in, "amount") || shape_refused(cx, "amount"))
		return RC_OK;
	(void)err_field(cx, "amount", "The amount field is required when kind is other.");
	return err_field_code(cx, "required", NULL);
}

const struct resource invoice_resource = {
	.name = "invoice",
	.label = "The invoice",
	.table = "invoices",
	.view = "invoice_rows",
	.search = search,
	.number = { "invoice_number", BILL_LEAD },
	.fields = fields, .nfields = countof(fields),
	.filters = filters, .nfilters = countof(filters),
	.implied = implied, .nimplied = countof(implied),
	.check = check_invoice,
	.counted = true,
	.sum = "amount",
};

const struct op invoice_create_op = {
	.summary = "Issue an invoice by hand",
	.fields = fields, .nfields = countof(fields), .flag = FF_CREATE,
	.row = &invoice_resource, .status = 201,
	.dry_run = true,
};
const struct op invoice_update_op = {
	.summary = "Change an invoice",
	.fields = fields, .nfields = countof(fields), .flag = FF_UPDATE,
	.row = &invoice_resource,
	.dry_run = true,
};
static const struct field cancel_params[] = {
	{ "waive", FT_BOOL,
	  .hint = "its days are given, and never billed; an operator's bounds hold" },
};

const struct op invoice_cancel_op = {
	.summary = "Cancel an invoice that nothing was paid on; its period is billed again",
	.params = cancel_params, .nparams = countof(cancel_params), .status = 204,
	.dry_run = true,
};

static const struct field mark_paid_fields[] = {
	{ "method",    FT_TEXT,  FF_CREATE, .max = 16, .among = money_methods, .dflt = "\"cash\"" },
	{ "amount",    FT_MONEY, FF_CREATE, 1, MONEY_MAX,
	  .hint = "by default what is outstanding" },
	{ "reference", FT_TEXT,  FF_CREATE | FF_NULL, 1, 255,
	  .hint = "free text of the clerk" },
	{ "payment_date",      FT_TEXT, FF_CREATE | FF_NULL, .max = 40, .check = form_moment },
	{ "notes",             FT_TEXT, FF_CREATE | FF_NULL | FF_LINES, .max = 1000 },
	{ "surplus_to_credit", FT_BOOL, FF_CREATE, .dflt = "false" },
	{ "duplicate",         FT_BOOL, FF_CREATE, .dflt = "false" },
};

const struct op invoice_mark_paid_op = {
	.summary = "Book a payment on an invoice; takes an Idempotency-Key",
	.fields = mark_paid_fields, .nfields = countof(mark_paid_fields), .flag = FF_CREATE,
	.row = &invoice_resource,
	.dry_run = true,
	.keyed = true,
};
static const struct field public_line_parts[] = {
	{ "text", FT_TEXT },
	{ "quantity", FT_INT },
	{ "unit_price", FT_MONEY },
	{ "amount", FT_MONEY },
};

static const struct field invoice_public_parts[] = {
	{ "id", FT_UUID },
	{ "invoice_number", FT_TEXT },
	{ "kind", FT_TEXT, .among = all_kinds },
	{ "amount", FT_MONEY },
	{ "outstanding", FT_MONEY },
	{ "status", FT_TEXT, .among = states },
	{ "due_date", FT_DATE },
	{ "created_at", FT_TIME },
	{ "notes", FT_TEXT, FF_NULL },
	{ "lines", FT_ROWS, .parts = public_line_parts, .nparts = countof(public_line_parts) },
	{ "service", FT_TEXT, .among = services },
	{ "older_open", FT_ROWS, .parts = open_parts, .nparts = countof(open_parts) },
	{ "total_due", FT_MONEY },
	{ "total_all", FT_MONEY, .hint = "of all open bills of the customer" },
	{ "customer.name", FT_TEXT, FF_NULL },
	{ "subscription.start_date", FT_DATE },
	{ "subscription.end_date", FT_DATE },
	{ "subscription.package.name", FT_TEXT },
	{ "subscription.package.bandwidth", FT_TEXT },
	{ "company.name", FT_TEXT },
	{ "company.phone", FT_TEXT },
	{ "company.whatsapp", FT_TEXT },
	{ "company.address", FT_TEXT },
	{ "company.logo", FT_TEXT, FF_NULL },
};

const struct op invoice_public_op = {
	.summary = "What a customer with the link sees of an invoice",
	.paced = true,
	.answer = invoice_public_parts, .nanswer = countof(invoice_public_parts),
};
/* clang-format on */

enum rc
invoice_create(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	struct cJSON *in;

	TRY(crud_read(cx, &invoice_resource, NULL, rq, &in));
	TRY(db_row(cx, &SQL_invoice_create, &rows, V_TEXT(shape_json(cx, in))));
	return crud_answer(cx, &invoice_resource, db_text(rows, 0, "id"), 201, rs);
}

enum rc
invoice_update(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct cJSON *in;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(crud_read(cx, &invoice_resource, id, rq, &in));
	money_bound(cx, in);
	TRY(db_exec(cx, &SQL_invoice_update, V_TEXT(id), V_TEXT(shape_json(cx, in))));
	return crud_answer(cx, &invoice_resource, id, 200, rs);
}

enum rc
invoice_cancel(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *id;
	bool waive;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(op_flag(cx, rq, "waive", &waive));
	TRY(db_exec(cx, &SQL_invoice_cancel, V_TEXT(id), V_BOOL(waive),
	    V_BOOL(money_is_bounded(cx))));
	rs->status = 204;
	return RC_OK;
}

enum rc
invoice_mark_paid(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	struct cJSON *in;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(op_read(cx, &invoice_mark_paid_op, rq, &in));
	op_put(in, "invoice_id", id);
	TRY(money_book(cx, rq, in, &rows));
	return crud_answer(cx, &invoice_resource, id, 200, rs);
}

enum rc
invoice_public(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(db_send_exec(cx, &SQL_public_read_pace, V_TEXT(cx->ip)));
	TRY(db_row_if_any(cx, &SQL_invoice_public, &rows, V_TEXT(id)));
	if (db_count(rows) == 0)
		return FAIL(cx, RC_NOT_FOUND, "There is no such invoice.");
	return op_answer(rs, 200, rows);
}
