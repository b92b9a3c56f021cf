/* search.c: one text for customers, subscriptions, invoices and payments. */
#include "api/api.h"
#include "sql.h"

static const char *const types[] = { "customer", "subscription", "invoice", "payment", NULL };

/* clang-format off */
static const struct field params[] = {
	{ "q", FT_TEXT, FF_NEEDED, 2, 255,
	  .hint = "a part of a name, phone, e-mail, username, address or number; with fewer than three "
		  "letters or digits in a row the beginning of a word" },
};

static const struct field search_all_parts[] = {
	{ "type", FT_TEXT, .among = types },
	{ "id", FT_UUID },
	{ "title", FT_TEXT, FF_NULL },
	{ "subtitle", FT_TEXT },
};

const struct op search_all_op = {
	.summary = "At most five each of customers, subscriptions, invoices and payments",
	.params = params, .nparams = countof(params),
	.answer = search_all_parts, .nanswer = countof(search_all_parts),
	.many = true,
};
/* clang-format on */

enum rc
search_all(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *q = req_param(cx, rq, "q"), *pattern;
	struct db_rows *rows;

	TRY(shape_param(cx, &params[0], q != NULL ? q : ""));
	TRY(crud_search_pattern(cx, "q", q, &pattern));
	TRY(db_send_exec(cx, &SQL_crud_custom_plan));
	TRY(db_rows(cx, &SQL_search_all, &rows, V_TEXT(pattern), V_TEXT(crud_phone_digits(cx, q))));
	return op_array(rs, rows);
}
