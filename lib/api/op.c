/* op.c: functions that many handlers share; see api.h. */
#include <cJSON.h>
#include <string.h>

#include "api/api.h"
#include "db/rowjson.h"
#include "sql.h"

const struct field op_success_parts[1] = { { "success", FT_BOOL } };
const struct field op_dry_run_param[1] = { { "dry_run", FT_BOOL,
    .hint = "only say what would happen; also as a field of the body" } };

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
op_dry_run(struct ctx *cx, const struct req *rq, struct cJSON *in)
{
	bool dry;

	TRY(op_flag(cx, rq, op_dry_run_param[0].name, &dry));
	if (!dry)
		return RC_OK;
	cJSON_DeleteItemFromObjectCaseSensitive(in, op_dry_run_param[0].name);
	cJSON_AddTrueToObject(in, op_dry_run_param[0].name);
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

enum rc
op_array(struct resp *rs, const struct db_rows *rows)
{
	rs->status = 200;
	rowjson_array(&rs->body, rows);
	return RC_OK;
}

enum rc
op_show(struct ctx *cx, struct resp *rs, const struct db_stmt *stmt)
{
	struct db_rows *rows;

	TRY(db_row(cx, stmt, &rows));
	return op_answer(rs, 200, rows);
}

enum rc
op_newest(struct ctx *cx, const struct req *rq, struct resp *rs, const struct db_stmt *stmt)
{
	struct db_rows *rows;
	int64_t limit;

	TRY(req_param_int(cx, rq, "limit", (struct req_range){ 1, 100, 20 }, &limit));
	TRY(db_rows(cx, stmt, &rows, V_I64(limit)));
	return op_array(rs, rows);
}

enum rc
op_list_of_customer(struct ctx *cx, const struct req *rq, struct resp *rs, const struct resource *r)
{
	const char *id;

	TRY(op_customer(cx, rq, &id));
	return crud_list_where(cx, rq, rs, r, (struct list_condition){ "customer_id", id });
}

enum rc
op_list_of_subscription(struct ctx *cx, const struct req *rq, struct resp *rs,
    const struct resource *r)
{
	const char *id;

	TRY(op_subscription(cx, rq, &id));
	return crud_list_where(cx, rq, rs, r, (struct list_condition){ "subscription_id", id });
}

enum rc
op_end(struct ctx *cx, const struct req *rq, struct resp *rs, const struct db_stmt *stmt,
    const char *flag)
{
	const char *id;
	bool on;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(op_flag(cx, rq, flag, &on));
	TRY(db_exec(cx, stmt, V_TEXT(id), V_BOOL(on)));
	rs->status = 204;
	return RC_OK;
}

void
op_put(struct cJSON *in, const char *key, const char *val)
{
	cJSON_DeleteItemFromObjectCaseSensitive(in, key);
	cJSON_AddStringToObject(in, key, val);
}

/* Read dry_run from the query or the body. */
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
