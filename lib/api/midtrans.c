/* midtrans.c: online payment: pages for customers, the webhook, and the acts of staff. */
#include <cJSON.h>
#include <string.h>

#include "api/api.h"
#include "api/money.h"
#include "base/jw.h"
#include "db/db.h"
#include "db/rowjson.h"
#include "midtrans/midtrans.h"
#include "sql.h"

/* clang-format off */
static const char *const scopes[] = { "bill", "due", "all", NULL };

static const struct field page_fields[] = {
	{ "invoice_id", FT_UUID, FF_CREATE | FF_NEEDED },
	{ "scope", FT_TEXT, FF_CREATE, .max = 8, .among = scopes, .dflt = "\"bill\"",
	    .hint = "due: with the older bills of its subscription; all: whatever the customer owes" },
};

static const struct field midtrans_page_parts[] = {
	{ "success", FT_BOOL },
	{ "snap_token", FT_TEXT },
	{ "order_id", FT_TEXT },
	{ "redirect_url", FT_TEXT },
	{ "client_key", FT_TEXT },
};

const struct op midtrans_page_op = {
	.summary = "A page to pay what is owed: success, snap_token, order_id, redirect_url, client_key",
	.fields = page_fields, .nfields = countof(page_fields), .flag = FF_CREATE,
	.paced = true,
	.answer = midtrans_page_parts, .nanswer = countof(midtrans_page_parts),
};

/* For openapi.json only: midtrans_read() checks the body, and answers 400 for a bad one. */
static const struct field notice_fields[] = {
	{ "order_id",           FT_JSON, FF_CREATE },
	{ "status_code",        FT_JSON, FF_CREATE },
	{ "gross_amount",       FT_JSON, FF_CREATE },
	{ "signature_key",      FT_JSON, FF_CREATE },
	{ "transaction_status", FT_JSON, FF_CREATE },
	{ "transaction_id",     FT_JSON, FF_CREATE },
	{ "fraud_status",       FT_JSON, FF_CREATE },
	{ "payment_type",       FT_JSON, FF_CREATE },
	{ "currency",           FT_JSON, FF_CREATE },
	{ "merchant_id",        FT_JSON, FF_CREATE },
	{ "transaction_time",   FT_JSON, FF_CREATE },
	{ "settlement_time",    FT_JSON, FF_CREATE },
	{ "expiry_time",        FT_JSON, FF_CREATE },
	{ "va_numbers",         FT_JSON, FF_CREATE },
	{ "permata_va_number",  FT_JSON, FF_CREATE },
	{ "biller_code",        FT_JSON, FF_CREATE },
	{ "bill_key",           FT_JSON, FF_CREATE },
	{ "payment_code",       FT_JSON, FF_CREATE },
	{ "bank",               FT_JSON, FF_CREATE },
	{ "store",              FT_JSON, FF_CREATE },
	{ "issuer",             FT_JSON, FF_CREATE },
	{ "acquirer",           FT_JSON, FF_CREATE },
	{ "refund_amount",      FT_JSON, FF_CREATE },
	{ "refunds",            FT_JSON, FF_CREATE },
	{ "refund_chargeback_amount", FT_JSON, FF_CREATE },
	{ "metadata",           FT_JSON, FF_CREATE },
	{ "custom_field1",      FT_JSON, FF_CREATE },
};

const struct op midtrans_notification_op = {
	.summary = "What Midtrans tells of a payment; signed by signature_key",
	.fields = notice_fields, .nfields = countof(notice_fields), .flag = FF_CREATE,
	.answer = op_success_parts, .nanswer = countof(op_success_parts),
};

static const struct field standing_parts[] = {
	{ "success", FT_BOOL },
	{ "data.order_id", FT_TEXT },
	{ "data.attempt_state", FT_TEXT },
	{ "data.amount", FT_MONEY },
	{ "data.invoice_id", FT_UUID },
	{ "data.invoice_number", FT_TEXT },
	{ "data.invoice_status", FT_TEXT },
	{ "data.transaction_id", FT_TEXT, FF_NULL },
	{ "data.transaction_status", FT_TEXT, FF_NULL },
	{ "data.payment_type", FT_TEXT, FF_NULL },
	{ "data.bank", FT_TEXT, FF_NULL },
	{ "data.pay_code", FT_TEXT, FF_NULL },
	{ "data.expiry_time", FT_TIME, FF_NULL },
	{ "data.gross_amount", FT_MONEY, FF_NULL },
	{ "data.fee", FT_MONEY, FF_NULL },
};

const struct op midtrans_status_op = { .summary = "Ask Midtrans about an order: success, data",
	.answer = standing_parts, .nanswer = countof(standing_parts),
};
const struct op midtrans_cancel_op = { .summary = "Cancel an order nobody paid: success, data",
	.answer = standing_parts, .nanswer = countof(standing_parts),
};

static const struct field refund_fields[] = {
	{ "amount", FT_MONEY, FF_CREATE, 1, MONEY_MAX, .hint = "by default all that is left of it" },
	{ "reason", FT_TEXT,  FF_CREATE | FF_NULL, .max = 255 },
	{ "reopen", FT_BOOL,  FF_CREATE, .dflt = "false", .hint = "the debt opens again" },
};

const struct op midtrans_refund_op = {
	.summary = "Pay a customer back by Midtrans: success, data; takes an Idempotency-Key",
	.fields = refund_fields, .nfields = countof(refund_fields), .flag = FF_CREATE,
	.keyed = true,
	.answer = standing_parts, .nanswer = countof(standing_parts),
};
/* clang-format on */

/* The actor of a request without a login. */
static void
set_actor(struct ctx *cx, const char *name)
{
	if (cx->actor.name == NULL)
		cx->actor.name = name;
	db_set_actor(cx);
}

static void
write_page(struct resp *rs, const struct midtrans_page *page)
{
	struct jw w = jw_new(&rs->body);

	rs->status = 200;
	jw_obj(&w, NULL);
	jw_bool(&w, "success", true);
	jw_str(&w, "snap_token", page->snap_token);
	jw_str(&w, "order_id", page->order_id);
	jw_str(&w, "redirect_url", page->redirect_url);
	jw_str(&w, "client_key", page->client_key);
	jw_end(&w);
}

enum rc
midtrans_page(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct midtrans_debt debt;
	struct midtrans_page page;
	struct db_rows *rows;
	struct cJSON *in;

	TRY(op_read(cx, &midtrans_page_op, rq, &in));
	set_actor(cx, "customer");
	TRY(db_send_exec(cx, &SQL_public_token_pace, V_TEXT(cx->ip)));
	debt = (struct midtrans_debt){ shape_text(in, "invoice_id"), shape_text(in, "scope") };
	TRY(db_row_if_any(cx, &SQL_invoice_exists, &rows, V_TEXT(debt.invoice_id)));
	if (db_count(rows) == 0)
		return FAIL(cx, RC_NOT_FOUND, "There is no such invoice.");
	TRY(midtrans_open_page(cx, &debt, &page));
	write_page(rs, &page);
	return RC_OK;
}

static enum rc
take_notification(struct ctx *cx, const struct req *rq)
{
	struct cJSON *in;

	TRY(shape_whole(cx, rq, &in));
	set_actor(cx, "midtrans");
	return midtrans_take_notification(cx, in, rq->body);
}

enum rc
midtrans_notification(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	enum rc rc = take_notification(cx, rq);

	midtrans_count_refused(cx, rc);
	return rc == RC_OK ? resp_json(rs, 200, "{\"success\":true}") : rc;
}

static enum rc
answer_standing(struct ctx *cx, const char *attempt_id, struct resp *rs)
{
	struct db_rows *rows;

	TRY(db_row(cx, &SQL_midtrans_attempt_standing, &rows, V_TEXT(attempt_id)));
	rs->status = 200;
	sb_puts(&rs->body, "{\"success\":true,\"data\":");
	rowjson_object(&rs->body, rows, 0);
	sb_puts(&rs->body, "}");
	return RC_OK;
}

enum rc
midtrans_status(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *id;

	TRY(api_set_actor(cx));
	TRY(midtrans_ask_status(cx, req_arg(rq, "orderId"), &id));
	return answer_standing(cx, id, rs);
}

enum rc
midtrans_cancel(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *id;

	TRY(midtrans_cancel_order(cx, req_arg(rq, "orderId"), &id));
	return answer_standing(cx, id, rs);
}

enum rc
midtrans_refund(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct midtrans_refund_request want = { .order_id = req_arg(rq, "orderId") };
	struct cJSON *in;
	const char *id;

	TRY(op_read(cx, &midtrans_refund_op, rq, &in));
	TRY(money_key(cx, rq, &want.key));
	want.amount = shape_i64(in, "amount");
	want.reason = shape_text(in, "reason");
	want.reopen = shape_bool(in, "reopen");
	TRY(midtrans_refund_order(cx, &want, &id));
	return answer_standing(cx, id, rs);
}
