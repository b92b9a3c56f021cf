/* search.c: one text for customers, subscriptions, invoices and payments. */
#include "api/api.h"
#include "db/rowjson.h"
#include "sql.h"

/* clang-format off */
static const struct field params[] = {
	{ "q", FT_TEXT, FF_NEEDED, 2, 255,
	  .hint = "a part of a name, phone, e-mail, username, address or number" },
};

const struct op search_all_op = {
	.summary = "At most five each of customers, subscriptions, invoices and payments",
	.params = params, .nparams = countof(params),
};
/* clang-format on */

enum rc
search_all(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *q = req_param(cx, rq, "q"), *digits;
	struct db_rows *rows;

	TRY(shape_param(cx, &params[0], q != NULL ? q : ""));
	digits = crud_phone_digits(cx, q);
	TRY(db_rows(cx, &SQL_search_all, &rows, V_TEXT(crud_like_pattern(cx, q)),
	    V_TEXT(digits != NULL ? crud_like_pattern(cx, digits) : NULL)));
	rs->status = 200;
	rowjson_array(&rs->body, rows);
	return RC_OK;
}
