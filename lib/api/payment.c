/* payment.c: payments received. */
#include <cJSON.h>
#include <string.h>

#include "api/api.h"
#include "api/form.h"
#include "api/money.h"
#include "sql.h"

/* The methods that a person may book; "midtrans" is a gateway payment entered by hand. */
const char *const money_methods[] = { "cash", "transfer", "midtrans", "qris", "gopay", "ovo",
	"dana", "card", "bank_transfer", "mobile_money", "va", "shopeepay", "other", NULL };

static const char *const states[] = { "received", "reversed", "refunded", NULL };
static const char *const sources[] = { "manual", "midtrans", NULL };

enum { KEY_MAX = 255 };

/* clang-format off */
static const struct field fields[] = {
	{ "invoice_id",   FT_UUID,  FF_CREATE | RO | FF_NULL | FF_FILTER,
	  .hint = "without one, customer_id names whose deposit it is" },
	{ "amount",       FT_MONEY, FF_CREATE | RO | FF_NEEDED | FF_SORT, 1, MONEY_MAX },
	{ "method",       FT_TEXT,  FF_CREATE | RO | FF_FILTER, .max = 16, .among = money_methods,
	  .dflt = "\"cash\"" },
	{ "reference",    FT_TEXT,  FF_CREATE | RO | FF_NULL | FF_FILTER, 1, 255,
	  .hint = "free text of the clerk" },
	{ "payment_date", FT_TEXT,  FF_CREATE | RO | FF_NULL | FF_SORT, .max = 40,
	  .check = form_moment,
	  .hint = "a date or a time" },
	{ "notes",        FT_TEXT,  RW | FF_NULL | FF_LINES, .max = 1000 },
	{ "surplus_to_credit", FT_BOOL, FF_CREATE, .dflt = "false",
	  .hint = "what is more than outstanding becomes the customer's credit" },
	{ "duplicate",    FT_BOOL,  FF_CREATE, .dflt = "false",
	  .hint = "book it, though the same was booked in the last 10 minutes" },
	{ "customer_id",  FT_UUID,  FF_CREATE | RO | FF_FILTER },
	{ "status",       FT_TEXT,  RO | FF_FILTER, .max = 16, .among = states },
	{ "source",       FT_TEXT,  RO | FF_FILTER, .max = 16, .among = sources },
	{ "fee",          FT_MONEY, RO },
	{ "received_on",  FT_DATE,  RO | FF_SORT },
	{ "created_at",   FT_TIME,  RO | FF_SORT },
	{ "updated_at",   FT_TIME,  RO },
	{ "actor",        FT_TEXT,  RO | FF_NULL | FF_FILTER, .max = 255, .hint = "who took the money" },
	{ "router_id",    FT_UUID,  RO | FF_NULL | FF_FILTER },
	{ "transaction_id",  FT_TEXT, RO | FF_NULL },
	{ "midtrans_transaction_id", FT_TEXT, RO | FF_NULL },
	{ "midtrans_status", FT_TEXT, RO | FF_NULL },
	{ "invoice.id", FT_UUID, RO | FF_NULL },
	{ "invoice.invoice_number", FT_TEXT, RO },
	{ "invoice.amount", FT_MONEY, RO },
	{ "invoice.paid_amount", FT_MONEY, RO },
	{ "invoice.due_date", FT_DATE, RO },
	{ "invoice.status", FT_TEXT, RO },
	{ "invoice.subscription_id", FT_UUID, RO },
	{ "customer.id", FT_UUID, RO | FF_NULL },
	{ "customer.name", FT_TEXT, RO | FF_SORT },
};

static const struct field received_from = { "received_from", FT_DATE };
static const struct field received_to = { "received_to", FT_DATE };

static const struct filter filters[] = {
	{ "received_from", "received_on", ">=", &received_from },
	{ "received_to",   "received_on", "<=", &received_to },
};

static const char *const search[] = { "reference", "customer.name", "invoice.invoice_number",
	NULL };

const struct resource payment_resource = {
	.name = "payment",
	.label = "The payment",
	.table = "payments",
	.view = "payment_rows",
	.search = search,
	.number = { "invoice.invoice_number", BILL_LEAD },
	.fields = fields, .nfields = countof(fields),
	.filters = filters, .nfilters = countof(filters),
	.counted = true,
	.sum = "amount",
};

static const struct field reverse_fields[] = {
	{ "reason", FT_TEXT, FF_UPDATE | FF_NULL, .max = 255 },
};

const struct op payment_create_op = {
	.summary = "Book a payment; takes an Idempotency-Key",
	.fields = fields, .nfields = countof(fields), .flag = FF_CREATE,
	.row = &payment_resource, .status = 201,
	.dry_run = true,
	.keyed = true,
};
static const struct field refund_fields[] = {
	{ "amount", FT_MONEY, FF_CREATE | FF_NEEDED, 1, MONEY_MAX },
	{ "method", FT_TEXT,  FF_CREATE, .max = 16, .among = money_methods, .dflt = "\"cash\"" },
	{ "reason", FT_TEXT,  FF_CREATE | FF_NULL, .max = 255 },
	{ "reopen", FT_BOOL,  FF_CREATE, .dflt = "false",
	  .hint = "what no credit covers becomes a debt again; else it is written off" },
};

const struct op payment_update_op = {
	.summary = "Change the notes of a payment",
	.fields = fields, .nfields = countof(fields), .flag = FF_UPDATE,
	.row = &payment_resource,
};
const struct op payment_refund_op = {
	.summary = "Book money that was handed back by hand",
	.fields = refund_fields, .nfields = countof(refund_fields), .flag = FF_CREATE,
	.row = &payment_resource,
	.dry_run = true,
	.keyed = true,
};
const struct op payment_reverse_op = {
	.summary = "Take a payment back by a counter-entry; the row stays, as reversed",
	.fields = reverse_fields, .nfields = countof(reverse_fields), .flag = FF_UPDATE,
	.status = 204,
	.dry_run = true,
};
/* clang-format on */

enum rc
money_key(struct ctx *cx, const struct req *rq, const char **ret)
{
	const char *key = rq->idempotency_key;

	if (strlen(key) > KEY_MAX) {
		(void)err_field(cx, "Idempotency-Key",
		    "The Idempotency-Key must not have more than %d characters.", KEY_MAX);
		return err_field_code(cx, "max_length", NULL);
	}
	if (!form_printable(cx, "Idempotency-Key", key))
		return RC_INVALID;
	*ret = *key != '\0' ? key : NULL;
	return RC_OK;
}

bool
money_is_bounded(const struct ctx *cx)
{
	return cx->actor.role == NULL || strcmp(cx->actor.role, "admin") != 0;
}

void
money_bound(const struct ctx *cx, struct cJSON *in)
{
	if (money_is_bounded(cx))
		cJSON_AddTrueToObject(in, "bounded");
}

enum rc
money_book(struct ctx *cx, const struct req *rq, struct cJSON *in, struct db_rows **ret)
{
	const char *key = NULL;

	TRY(money_key(cx, rq, &key));
	if (key != NULL)
		op_put(in, "idempotency_key", key);
	money_bound(cx, in);
	return db_row(cx, &SQL_payment_book, ret, V_TEXT(shape_json(cx, in)));
}

enum rc
payment_create(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	struct cJSON *in;

	TRY(op_read(cx, &payment_create_op, rq, &in));
	TRY(db_row_if_any(cx, &SQL_invoice_exists, &rows, V_TEXT(shape_text(in, "invoice_id"))));
	if (shape_text(in, "invoice_id") != NULL && db_count(rows) == 0) {
		(void)err_field(cx, "invoice_id", "The selected invoice id is invalid.");
		return err_field_code(cx, "unknown_reference", NULL);
	}
	TRY(money_book(cx, rq, in, &rows));
	return crud_answer(cx, &payment_resource, db_text(rows, 0, "payment_id"), 201, rs);
}

enum rc
payment_reverse(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct cJSON *in;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(op_read(cx, &payment_reverse_op, rq, &in));
	money_bound(cx, in);
	TRY(db_exec(cx, &SQL_payment_reverse, V_TEXT(id), V_TEXT(shape_text(in, "reason")),
	    V_BOOL(shape_bool(in, "bounded"))));
	rs->status = 204;
	return RC_OK;
}

enum rc
payment_update(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct cJSON *in;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(op_read(cx, &payment_update_op, rq, &in));
	TRY(db_exec(cx, &SQL_payment_update, V_TEXT(id), V_TEXT(shape_json(cx, in))));
	return crud_answer(cx, &payment_resource, id, 200, rs);
}

enum rc
payment_refund(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *id, *key = NULL;
	struct cJSON *in;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(op_read(cx, &payment_refund_op, rq, &in));
	TRY(money_key(cx, rq, &key));
	if (key != NULL)
		op_put(in, "idempotency_key", key);
	TRY(db_exec(cx, &SQL_payment_refund, V_TEXT(id), V_TEXT(shape_json(cx, in))));
	return crud_answer(cx, &payment_resource, id, 200, rs);
}
