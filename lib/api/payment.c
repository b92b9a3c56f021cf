/* payment.c: what was received. */
#include <cJSON.h>
#include <string.h>

#include "api/api.h"
#include "api/form.h"
#include "api/money.h"
#include "sql.h"

/* What a person may book; "midtrans" stands for a gateway payment entered by hand. */
const char *const money_methods[] = { "cash", "transfer", "midtrans", "qris", "gopay", "ovo",
	"dana", "card", "bank_transfer", "mobile_money", "va", "shopeepay", "other", NULL };

static const char *const states[] = { "received", "reversed", "refunded", NULL };
static const char *const sources[] = { "manual", "midtrans", NULL };

enum { KEY_MAX = 255 };

/* clang-format off */
static const struct field fields[] = {
	{ "invoice_id",   FT_UUID,  FF_CREATE | RO | FF_NEEDED | FF_FILTER },
	{ "amount",       FT_MONEY, FF_CREATE | RO | FF_NEEDED | FF_SORT, 1, MONEY_MAX },
	{ "method",       FT_TEXT,  FF_CREATE | RO | FF_FILTER, .max = 16, .among = money_methods,
	  .dflt = "\"cash\"" },
	{ "reference",    FT_TEXT,  FF_CREATE | RO | FF_NULL | FF_FILTER, 1, 255,
	  .hint = "the same again: no second payment" },
	{ "payment_date", FT_TEXT,  FF_CREATE | RO | FF_NULL | FF_SORT, .max = 40,
	  .check = form_moment,
	  .hint = "a date or a time" },
	{ "notes",        FT_TEXT,  FF_CREATE | RO | FF_NULL | FF_LINES, .max = 1000 },
	{ "surplus_to_credit", FT_BOOL, FF_CREATE, .dflt = "false",
	  .hint = "what is more than outstanding becomes the customer's credit" },
	{ "customer_id",  FT_UUID,  RO | FF_FILTER },
	{ "status",       FT_TEXT,  RO | FF_FILTER, .max = 16, .among = states },
	{ "source",       FT_TEXT,  RO | FF_FILTER, .max = 16, .among = sources },
	{ "fee",          FT_MONEY, RO },
	{ "received_on",  FT_DATE,  RO | FF_SORT },
	{ "created_at",   FT_TIME,  RO | FF_SORT },
	{ "updated_at",   FT_TIME,  RO },
};

static const struct field received_from = { "received_from", FT_DATE };
static const struct field received_to = { "received_to", FT_DATE };

static const struct filter filters[] = {
	{ "received_from", "received_on", ">=", &received_from },
	{ "received_to",   "received_on", "<=", &received_to },
};

static const char *const search[] = { "reference", "invoice.invoice_number", "customer.name",
	  NULL };

const struct resource payment_resource = {
	.name = "payment",
	.label = "The payment",
	.table = "payments",
	.view = "payment_rows",
	.search = search,
	.fields = fields,
	.nfields = countof(fields),
	.filters = filters,
	.nfilters = countof(filters),
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

/* The key counts where the body names no reference of its own. */
static enum rc
name_it(struct ctx *cx, const struct req *rq, struct cJSON *in)
{
	const char *key = NULL;

	if (shape_text(in, "reference") != NULL)
		return RC_OK;
	TRY(money_key(cx, rq, &key));
	if (key != NULL)
		op_put(in, "reference", key);
	return RC_OK;
}

enum rc
money_book(struct ctx *cx, const struct req *rq, struct cJSON *in, struct db_rows **ret)
{
	TRY(name_it(cx, rq, in));
	return db_query(cx, &SQL_payment_book, ret, V_TEXT(shape_json(cx, in)));
}

enum rc
payment_create(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	struct cJSON *in;

	TRY(op_read(cx, &payment_create_op, rq, &in));
	TRY(db_query(cx, &SQL_invoice_exists, &rows, V_TEXT(shape_text(in, "invoice_id"))));
	if (db_count(rows) == 0) {
		(void)err_field(cx, "invoice_id", "The selected invoice id is invalid.");
		return err_field_code(cx, "unknown_reference", NULL);
	}
	TRY(money_book(cx, rq, in, &rows));
	return crud_answer(cx, &payment_resource, db_text(rows, 0, "payment_id"), 201, rs);
}

enum rc
payment_reverse(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	struct cJSON *in;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(op_read(cx, &payment_reverse_op, rq, &in));
	TRY(db_query(cx, &SQL_payment_reverse, &rows, V_TEXT(id),
	    V_TEXT(shape_text(in, "reason"))));
	rs->status = 204;
	return RC_OK;
}
