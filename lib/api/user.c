/* user.c: users, and the tokens of their scripts. */
#include "people/user.h"

#include <cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "people/session.h"
#include "sql.h"

static const char *const roles[] = { "admin", "operator", "viewer", NULL };

/* clang-format off */
static const struct field user_fields[] = {
	{ "name",       FT_TEXT,   RW | FF_NEEDED | FF_SORT, 1, 255 },
	{ "email",      FT_EMAIL,  RW | FF_NEEDED | FF_SORT | FF_FILTER | FF_LOWER, .max = 255 },
	{ "password",   FT_SECRET, WO | FF_NEEDED, 8, 128 },
	{ "role",       FT_TEXT,   RW | FF_GRANTS | FF_FILTER, .max = 16, .among = roles,
	  .dflt = "\"operator\"" },
	{ "is_active",  FT_BOOL,   RW | FF_GRANTS | FF_FILTER, .dflt = "true" },
	{ "email_verified_at", FT_TIME, RO | FF_NULL },
	{ "created_at", FT_TIME,   RO | FF_SORT },
	{ "updated_at", FT_TIME,   RO | FF_SORT },
};

static const char *const user_search[] = { "name", "email", NULL };

const struct resource user_resource = {
	.name = "user",
	.label = "The user",
	.table = "users",
	.view = "user_rows",
	.search = user_search,
	.fields = user_fields, .nfields = countof(user_fields),
	.counted = true,
};

const struct op user_create_op = {
	.summary = "Create a user",
	.fields = user_fields, .nfields = countof(user_fields), .flag = FF_CREATE,
	.row = &user_resource, .status = 201,
};
const struct op user_update_op = {
	.summary = "Change a user; a new password ends the user's sessions",
	.fields = user_fields, .nfields = countof(user_fields), .flag = FF_UPDATE,
	.row = &user_resource,
};
const struct op user_delete_op = { .summary = "Delete a user; the last active admin stays",
	  .status = 204 };
/* clang-format on */

enum rc
user_create(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct cJSON *in;
	const char *id;

	TRY(op_read(cx, &user_create_op, rq, &in));
	TRY(user_add(cx, in, &id));
	return crud_answer(cx, &user_resource, id, 201, rs);
}

enum rc
user_update(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct cJSON *in;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(op_read(cx, &user_update_op, rq, &in));
	TRY(user_set(cx, id, in));
	return crud_answer(cx, &user_resource, id, 200, rs);
}

enum rc
user_delete(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(db_exec(cx, &SQL_user_drop, V_TEXT(id), V_TEXT(cx->ip)));
	rs->status = 204;
	return RC_OK;
}

/* ---- tokens ---- */

static const char *const abilities[] = { "*", "read", "billing", "network", NULL };

/* clang-format off */
static const struct field token_fields[] = {
	{ "id",           FT_INT,  RO },
	{ "name",         FT_TEXT, FF_CREATE | RO | FF_NEEDED | FF_SORT, 1, 255 },
	{ "abilities",    FT_LIST, FF_CREATE | RO | FF_GRANTS, 1, 4, .among = abilities,
	  .dflt = "[\"*\"]" },
	{ "expires_at",   FT_TIME, FF_CREATE | RO | FF_NULL, .hint = "in the future" },
	{ "user_id",      FT_UUID, RO | FF_FILTER },
	{ "last_used_at", FT_TIME, RO | FF_NULL },
	{ "created_at",   FT_TIME, RO | FF_SORT },
	{ "updated_at",   FT_TIME, RO },
	{ "token",        FT_TEXT, RO | FF_RARE, .hint = "its plain text, where it was just made" },
};

const struct resource token_resource = {
	.name = "token",
	.label = "The token",
	.table = "personal_access_tokens",
	.view = "token_rows",
	.fields = token_fields, .nfields = countof(token_fields),
};

const struct op token_list_op = { .summary = "My tokens", .list = &token_resource };
const struct op token_create_op = {
	.summary = "Make a token for a script; its plain text is shown this once, as token",
	.fields = token_fields, .nfields = countof(token_fields), .flag = FF_CREATE,
	.row = &token_resource, .status = 201,
};
const struct op token_delete_op = { .summary = "Revoke one of my tokens", .status = 204 };
/* clang-format on */

enum rc
token_list(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	TRY(api_set_actor(cx));
	return crud_list_where(cx, rq, rs, &token_resource,
	    (struct list_condition){ "user_id", cx->actor.id });
}

/* The row, with the token's plain text, which is shown only now. */
static enum rc
answer_token(struct ctx *cx, struct resp *rs, int64_t id, const char *secret)
{
	struct db_rows *rows;

	TRY(db_row_if_any(cx, &SQL_token_row, &rows, V_I64(id),
	    V_TEXT(arena_printf(cx->mem, "%" PRId64 "|%s", id, secret))));
	return op_answer(rs, 201, rows);
}

/* This address requires every ability, so that no token can give away one that it lacks. */
enum rc
token_create(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *hash, *secret = session_secret(cx, &hash);
	struct db_rows *rows;
	struct cJSON *in;

	TRY(op_read(cx, &token_create_op, rq, &in));
	TRY(db_row(cx, &SQL_token_add, &rows, V_TEXT(cx->actor.id), V_I64(cx->actor.token_id),
	    V_TEXT(shape_json(cx, in)), V_TEXT(hash), V_TEXT(cx->ip)));
	return answer_token(cx, rs, db_i64(rows, 0, "id"), secret);
}

enum rc
token_delete(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *text = req_arg(rq, "id");

	if (strlen(text) > 18 || strspn(text, "0123456789") != strlen(text))
		return FAIL(cx, RC_NOT_FOUND, "There is no such token.");
	TRY(db_exec(cx, &SQL_token_drop, V_TEXT(cx->actor.id), V_I64(strtoll(text, NULL, 10)),
	    V_TEXT(cx->ip)));
	rs->status = 204;
	return RC_OK;
}
