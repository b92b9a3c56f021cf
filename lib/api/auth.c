/* auth.c: logging in and out, the logged-in user, the user's own password. */
#include <string.h>

#include "api/api.h"
#include "base/conf.h"
#include "base/crypt.h"
#include "base/jw.h"
#include "db/rowjson.h"
#include "people/session.h"
#include "people/user.h"
#include "sql.h"

/* ---- login ---- */

/* clang-format off */
static const struct field login_fields[] = {
	{ "email",    FT_EMAIL, FF_CREATE | FF_NEEDED, .max = 255 },
	{ "password", FT_TEXT,  FF_CREATE | FF_NEEDED | FF_EXACT, 1, 255 },
};

static const struct field register_fields[] = {
	{ "name",                  FT_TEXT,   FF_CREATE | FF_NEEDED, 1, 255 },
	{ "email",                 FT_EMAIL,  FF_CREATE | FF_NEEDED | FF_LOWER, .max = 255 },
	{ "password",              FT_SECRET, FF_CREATE | FF_NEEDED, 8, 128 },
	{ "password_confirmation", FT_SECRET, FF_CREATE, 8, 128, .hint = "the password again" },
	{ "setup_token",           FT_TEXT,   FF_CREATE, .max = 255,
	  .hint = "in production: what `ispctl user setup-token` printed" },
};

static const struct field password_fields[] = {
	{ "current_password",      FT_TEXT,   FF_CREATE | FF_NEEDED | FF_EXACT, 1, 255 },
	{ "password",              FT_SECRET, FF_CREATE | FF_NEEDED, 8, 128 },
	{ "password_confirmation", FT_SECRET, FF_CREATE | FF_NEEDED, 8, 128,
	  .hint = "the password again" },
};

static const struct field forgot_fields[] = {
	{ "email", FT_EMAIL, FF_CREATE | FF_NEEDED, .max = 255 },
};

static const struct field reset_fields[] = {
	{ "email",                 FT_EMAIL,  FF_CREATE | FF_NEEDED, .max = 255 },
	{ "token",                 FT_TEXT,   FF_CREATE | FF_NEEDED | FF_EXACT, 1, 255,
	  .hint = "the one of the mail" },
	{ "password",              FT_SECRET, FF_CREATE | FF_NEEDED, 8, 128 },
	{ "password_confirmation", FT_SECRET, FF_CREATE | FF_NEEDED, 8, 128,
	  .hint = "the password again" },
};
/* clang-format on */

static const struct field message_parts[] = { { "message", FT_TEXT } };
static const struct field user_parts[] = { { "user", FT_OBJECT, .noun = "user" } };
static const struct field session_parts[] = {
	{ "user", FT_OBJECT, .noun = "user" },
	{ "token", FT_TEXT },
};

const struct op auth_login_op = {
	.summary = "Exchange e-mail and password for a token: {user, token}",
	.fields = login_fields,
	.nfields = countof(login_fields),
	.flag = FF_CREATE,
	.answer = session_parts,
	.nanswer = countof(session_parts),
};

const struct op auth_register_op = {
	.summary = "Create the first admin, while there is no user at all: {user, token}",
	.fields = register_fields,
	.nfields = countof(register_fields),
	.flag = FF_CREATE,
	.status = 201,
	.answer = session_parts,
	.nanswer = countof(session_parts),
};

/* {"user": {…}, "token": "…"}; without the token when it is not new. */
static enum rc
answer_user(struct ctx *cx, struct resp *rs, const struct db_rows *rows, const char *token)
{
	struct jw w = jw_new(&rs->body);
	struct sb user = sb_new(cx->mem);

	rowjson_object(&user, rows, 0);
	jw_obj(&w, NULL);
	jw_raw(&w, "user", user.buf);
	if (token != NULL)
		jw_str(&w, "token", token);
	jw_end(&w);
	return RC_OK;
}

static enum rc
answer_session(struct ctx *cx, struct resp *rs, int status, const struct session *s)
{
	struct db_rows *rows;

	TRY(db_row_if_any(cx, &SQL_user_row, &rows, V_TEXT(s->user_id)));
	rs->status = status;
	return answer_user(cx, rs, rows, s->token);
}

enum rc
auth_login(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct cJSON *in;
	struct session s;

	TRY(op_read(cx, &auth_login_op, rq, &in));
	TRY(session_login(cx, shape_text(in, "email"), shape_text(in, "password"), &s));
	return answer_session(cx, rs, 200, &s);
}

/* Read the body; a browser sends the password twice, a program need not. */
static enum rc
read_confirmed(struct ctx *cx, const struct op *op, const struct req *rq, struct cJSON **ret)
{
	const char *again;
	struct cJSON *in;

	TRY(op_read(cx, op, rq, &in));
	again = shape_text(in, "password_confirmation");
	if (again != NULL && strcmp(again, shape_text(in, "password")) != 0) {
		(void)err_field(cx, "password", "The password confirmation does not match.");
		return err_field_code(cx, "confirmation", NULL);
	}
	*ret = in;
	return RC_OK;
}

enum rc
auth_register(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct cJSON *in = NULL;
	struct session s;
	const char *id;

	TRY(user_may_register(cx));
	TRY(read_confirmed(cx, &auth_register_op, rq, &in));
	cx->actor.name = shape_text(in, "email");
	db_set_actor(cx);
	TRY(user_register(cx, in, cx->conf == NULL || conf_production(cx->conf), &id));
	TRY(session_open(cx, id, &s));
	return answer_session(cx, rs, 201, &s);
}

const struct op auth_forgot_op = {
	.summary = "Mail a token to set a new password with; the answer is the same for any e-mail",
	.fields = forgot_fields,
	.nfields = countof(forgot_fields),
	.flag = FF_CREATE,
	.status = 202,
	.answer = message_parts,
	.nanswer = countof(message_parts),
};

const struct op auth_reset_op = {
	.summary = "Set a new password with that token; all sessions of the user end",
	.fields = reset_fields,
	.nfields = countof(reset_fields),
	.flag = FF_CREATE,
	.answer = message_parts,
	.nanswer = countof(message_parts),
};

enum rc
auth_forgot(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct cJSON *in;

	TRY(op_read(cx, &auth_forgot_op, rq, &in));
	TRY(user_forgot_password(cx, shape_text(in, "email")));
	return resp_json(rs, 202,
	    "{\"message\":\"If that e-mail belongs to a user, a message is on its way.\"}");
}

enum rc
auth_reset(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct cJSON *in = NULL;

	TRY(read_confirmed(cx, &auth_reset_op, rq, &in));
	TRY(user_reset_password(cx, shape_text(in, "email"), shape_text(in, "token"),
	    shape_text(in, "password")));
	return resp_json(rs, 200, "{\"message\":\"Password changed successfully\"}");
}

/* ---- once logged in ---- */

const struct op auth_logout_op = {
	.summary = "Revoke the token of this request",
	.answer = message_parts,
	.nanswer = countof(message_parts),
};
const struct op auth_me_op = { .summary = "The user of this token", .row = &user_resource };
const struct op auth_user_op = {
	.summary = "The user of this token: {user}",
	.answer = user_parts,
	.nanswer = countof(user_parts),
};
const struct op auth_password_op = {
	.summary = "Change my password; all my other tokens end",
	.fields = password_fields,
	.nfields = countof(password_fields),
	.flag = FF_CREATE,
	.answer = message_parts,
	.nanswer = countof(message_parts),
};

enum rc
auth_logout(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	(void)rq;
	TRY(db_exec(cx, &SQL_session_close, V_I64(cx->actor.token_id), V_TEXT(cx->actor.id),
	    V_TEXT(cx->ip)));
	return resp_json(rs, 200, "{\"message\":\"Logged out successfully\"}");
}

enum rc
auth_me(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;

	(void)rq;
	TRY(db_row_if_any(cx, &SQL_user_by_token, &rows, V_I64(cx->actor.token_id)));
	return op_answer(rs, 200, rows);
}

enum rc
auth_user(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;

	(void)rq;
	TRY(db_row_if_any(cx, &SQL_user_by_token, &rows, V_I64(cx->actor.token_id)));
	rs->status = 200;
	return answer_user(cx, rs, rows, NULL);
}

enum rc
auth_password(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct cJSON *in = NULL;
	const char *verified, *hash;

	TRY(read_confirmed(cx, &auth_password_op, rq, &in));
	TRY(session_confirm(cx, shape_text(in, "current_password"), &verified));
	TRY(crypt_password_hash(cx, shape_text(in, "password"), &hash));
	TRY(db_exec(cx, &SQL_user_password, V_TEXT(cx->actor.id), V_TEXT(verified), V_TEXT(hash),
	    V_I64(cx->actor.token_id), V_TEXT(cx->ip)));
	return resp_json(rs, 200, "{\"message\":\"Password changed successfully\"}");
}
