/* op.c: what handlers of their own have in common; see api.h. */
#include <cJSON.h>
#include <string.h>

#include "api/api.h"
#include "db/rowjson.h"
#include "sql.h"

enum rc
op_read(struct ctx *cx, const struct op *op, const struct req *rq, struct cJSON **ret)
{
	return shape_read(cx, op->fields, op->nfields, op->flag, rq, ret);
}

static enum rc
existing(struct ctx *cx, const struct req *rq, const struct db_stmt *stmt, const char *what,
    const char **ret)
{
	struct db_rows *rows;

	TRY(req_uuid(cx, rq, "id", ret));
	TRY(db_row_if_any(cx, stmt, &rows, V_TEXT(*ret)));
	if (db_count(rows) == 0)
		return FAIL(cx, RC_NOT_FOUND, "There is no such %s.", what);
	return RC_OK;
}

enum rc
op_customer(struct ctx *cx, const struct req *rq, const char **ret)
{
	return existing(cx, rq, &SQL_customer_exists, "customer", ret);
}

enum rc
op_subscription(struct ctx *cx, const struct req *rq, const char **ret)
{
	return existing(cx, rq, &SQL_subscription_exists, "subscription", ret);
}

static enum rc
refuse_flag(struct ctx *cx, const char *name)
{
	(void)err_field(cx, name, "The %s must be true or false.", name);
	return err_field_code(cx, "boolean", NULL);
}

enum rc
op_flag(struct ctx *cx, const struct req *rq, const char *name, bool *ret)
{
	const char *val = req_param(cx, rq, name);

	if (val == NULL || strcmp(val, "0") == 0 || strcmp(val, "false") == 0)
		*ret = false;
	else if (strcmp(val, "1") == 0 || strcmp(val, "true") == 0)
		*ret = true;
	else
		return refuse_flag(cx, name);
	return RC_OK;
}

enum rc
op_answer(struct resp *rs, int status, const struct db_rows *rows)
{
	rs->status = status;
	if (db_count(rows) == 0)
		sb_puts(&rs->body, "null");
	else
		rowjson_object(&rs->body, rows, 0);
	return RC_OK;
}

void
op_put(struct cJSON *in, const char *key, const char *val)
{
	cJSON_DeleteItemFromObjectCaseSensitive(in, key);
	cJSON_AddStringToObject(in, key, val);
}

/* dry_run of the query or of the body. */
static enum rc
read_dry_run(struct ctx *cx, const struct req *rq, bool *ret)
{
	static const struct field fields[] = { { "dry_run", FT_BOOL, FF_CREATE } };
	struct cJSON *in;

	TRY(op_flag(cx, rq, "dry_run", ret));
	if (*ret || rq->body_len == 0)
		return RC_OK;
	TRY(shape_read(cx, fields, countof(fields), FF_CREATE, rq, &in));
	*ret = shape_bool(in, "dry_run");
	return RC_OK;
}

enum rc
api_run(struct ctx *cx, const struct route *rt, const struct req *rq, struct resp *rs)
{
	bool dry = false;

	if (rt->op != NULL && rt->op->dry_run)
		TRY(read_dry_run(cx, rq, &dry));
	if (!dry)
		return http_run(cx, rt, rq, rs);
	return crud_dry_run(cx, rt, rq, rs);
}
