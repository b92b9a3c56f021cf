/* session.c: see session.h. */
#include "people/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "db/db.h"
#include "sql.h"

/*
 * The hash against which a password for an unknown e-mail is verified, so that both cases
 * take as long.
 */
static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$NDDZhV0rIFOa3QHkF49eFQ"
			     "$fiIWdHeRKwuoQsY7al1RwCkVai4eio1ucUGLUPiRZNQ";

enum { SECRET_CHARS = 48, SECRET_LEAST = 40 };

struct login {
	const char *id, *email, *password;
	bool is_active;
};

static const struct db_col login_cols[] = {
	DB_COLS(login, id, email, password, is_active),
};

static enum rc
refuse_login(struct ctx *cx, const struct login *who, const char *reason, const char *msg)
{
	TRY(db_exec(cx, &SQL_login_failed, V_TEXT(who->id), V_TEXT(reason), V_TEXT(cx->ip)));
	return err_field(cx, "email", "%s", msg);
}

/* Count the attempt; a successful login removes it again. */
enum rc
session_attempt(struct ctx *cx, const char *email)
{
	struct db_rows *wait;
	int64_t seconds;

	TRY(db_row(cx, &SQL_login_take, &wait, V_TEXT(email), V_TEXT(cx->ip)));
	seconds = db_i64(wait, 0, "wait");
	if (seconds == 0)
		return RC_OK;
	(void)FAIL(cx, RC_THROTTLED,
	    "Too many login attempts. Please try again in %" PRId64 " seconds.", seconds);
	cx->err.retry_after = (int)seconds;
	return RC_THROTTLED;
}

/* Look up the user of an e-mail; for an unknown one *ret has no id. */
static enum rc
find_login(struct ctx *cx, const char *email, struct login *ret)
{
	struct db_rows *rows;

	TRY(session_attempt(cx, email));
	TRY(db_row_if_any(cx, &SQL_login_find, &rows, V_TEXT(email)));
	*ret = (struct login){ .password = nobody };
	return db_count(rows) == 0 ? RC_OK : db_scan(cx, rows, 0, login_cols, ret);
}

/* Replace an imported (bcrypt) hash at the first login with its password. */
static enum rc
renew_hash(struct ctx *cx, struct login *who, const char *password)
{
	struct db_rows *rows;
	const char *hash;

	if (!crypt_password_is_old(who->password))
		return RC_OK;
	TRY(crypt_password_hash(cx, password, &hash));
	TRY(db_row_if_any(cx, &SQL_user_rehash, &rows, V_TEXT(who->id), V_TEXT(who->password),
	    V_TEXT(hash)));
	if (db_count(rows) == 1)
		who->password = hash;
	return RC_OK;
}

/* Make a token, unless the verified password has been changed since (id 0). */
static enum rc
open_session(struct ctx *cx, const char *user_id, const char *verified, int64_t *ret_id,
    struct session *ret)
{
	struct db_rows *rows;
	const char *hash, *secret = session_secret(cx, &hash);

	TRY(db_row(cx, &SQL_session_open, &rows, V_TEXT(user_id), V_TEXT(verified), V_TEXT(hash),
	    V_TEXT("auth-token"), V_TEXT(cx->ip)));
	*ret_id = db_i64(rows, 0, "id");
	ret->user_id = user_id;
	ret->token = arena_printf(cx->mem, "%" PRId64 "|%s", *ret_id, secret);
	return RC_OK;
}

enum rc
session_login(struct ctx *cx, const char *email, const char *password, struct session *ret)
{
	struct login who;
	int64_t id;

	cx->actor = (struct actor){ .name = email };
	db_set_actor(cx);
	TRY(find_login(cx, email, &who));
	if (!crypt_password_verify(who.password, password) || who.id == NULL)
		return refuse_login(cx, &who, "credentials",
		    "The provided credentials are incorrect.");
	if (!who.is_active)
		return refuse_login(cx, &who, "deactivated", "Your account has been deactivated.");
	TRY(renew_hash(cx, &who, password));
	TRY(open_session(cx, who.id, who.password, &id, ret));
	if (id == 0) /* changed since it was verified */
		return refuse_login(cx, &who, "changed", "The provided credentials are incorrect.");
	return RC_OK;
}

enum rc
session_open(struct ctx *cx, const char *user_id, struct session *ret)
{
	int64_t id;

	TRY(open_session(cx, user_id, NULL, &id, ret));
	return id != 0 ? RC_OK : err_field(cx, "email", "Your account has been deactivated.");
}

enum rc
session_confirm(struct ctx *cx, const char *password, const char **ret_hash)
{
	struct db_rows *rows;
	const char *hash;

	TRY(session_attempt(cx, cx->actor.name));
	TRY(db_row_if_any(cx, &SQL_user_hash, &rows, V_TEXT(cx->actor.id)));
	hash = db_count(rows) == 0 ? nobody : db_text(rows, 0, "password");
	*ret_hash = hash;
	if (crypt_password_verify(hash, password))
		return RC_OK;
	TRY(db_exec(cx, &SQL_login_failed, V_TEXT(cx->actor.id), V_TEXT("current password"),
	    V_TEXT(cx->ip)));
	return err_field(cx, "current_password", "The current password is incorrect.");
}

bool
session_token(struct ctx *cx, const char *text, struct token *ret)
{
	char *end;

	if (*text < '1' || *text > '9')
		return false;
	errno = 0;
	ret->id = strtoll(text, &end, 10);
	if (errno != 0 || *end != '|' || strlen(end + 1) < SECRET_LEAST)
		return false;
	ret->hash = crypt_sha256_hex(cx, end + 1);
	return true;
}

const char *
session_secret(struct ctx *cx, const char **ret_hash)
{
	const char *secret = crypt_token(cx, SECRET_CHARS);

	*ret_hash = crypt_sha256_hex(cx, secret);
	return secret;
}
