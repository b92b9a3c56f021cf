/* isolir.c: the page of isolated customers, and the traffic of one line. */
#include "api/api.h"
#include "sql.h"

/* clang-format off */
static const struct field isolir_params[] = {
	{ "username", FT_TEXT, .min = 1, .max = 64, .hint = "where the address of the request is not enough" },
	{ "phone",    FT_TEXT, .min = 4, .max = 4,  .hint = "the last 4 digits, with username" },
};
static const struct field isolir_show_parts[] = {
	{ "customer", FT_TEXT },
	{ "status", FT_TEXT },
	{ "suspend_reason", FT_TEXT, FF_NULL },
	{ "invoice_id", FT_UUID, FF_NULL },
	{ "total_due", FT_MONEY },
	{ "company.name", FT_TEXT },
	{ "company.phone", FT_TEXT },
	{ "company.whatsapp", FT_TEXT },
	{ "company.address", FT_TEXT },
};

const struct op isolir_show_op = {
	.summary = "The line of an isolated customer, found by the address of the request, else by "
		   "username and phone; 404 where it is not found",
	.params = isolir_params, .nparams = countof(isolir_params),
	.answer = isolir_show_parts, .nanswer = countof(isolir_show_parts),
};
static const struct field subscription_traffic_parts[] = {
	{ "time", FT_TIME },
	{ "online", FT_BOOL, FF_NULL },
	{ "download", FT_NUMBER, FF_NULL },
	{ "upload", FT_NUMBER, FF_NULL },
};

const struct op subscription_traffic_op = {
	.summary = "The samples of a line in the last 24 hours: [{time online download upload}] in "
		   "Mbps",
	.answer = subscription_traffic_parts, .nanswer = countof(subscription_traffic_parts),
	.many = true,
};
/* clang-format on */

enum rc
isolir_show(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *name = req_param(cx, rq, "username"), *phone = req_param(cx, rq, "phone");
	struct db_rows *rows;

	name = name != NULL && name[0] != '\0' ? name : NULL;
	if (name != NULL)
		TRY(shape_param(cx, &isolir_params[0], name));
	if (phone != NULL && phone[0] != '\0')
		TRY(shape_param(cx, &isolir_params[1], phone));
	TRY(db_send_exec(cx, &SQL_public_read_pace, V_TEXT(cx->ip)));
	TRY(db_row_if_any(cx, &SQL_isolir_line, &rows, V_TEXT(cx->ip), V_TEXT(name),
	    V_TEXT(phone)));
	if (db_count(rows) == 0)
		return FAIL(cx, RC_NOT_FOUND,
		    "Your line is not known by this address. Please give your username and the "
		    "last 4 digits of your phone number.");
	return op_answer(rs, 200, rows);
}

enum rc
subscription_traffic(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	const char *id;

	TRY(op_subscription(cx, rq, &id));
	TRY(db_rows(cx, &SQL_line_traffic, &rows, V_TEXT(id)));
	return op_array(rs, rows);
}
