/* user.c: see user.h. */
#include "people/user.h"

#include <cJSON.h>

#include "base/conf.h"
#include "base/crypt.h"
#include "db/db.h"
#include "people/session.h"
#include "sql.h"

/* Print the input with the hash instead of the password. */
static enum rc
hashed(struct ctx *cx, struct cJSON *in, const char **ret)
{
	const char *plain = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(in, "password"));
	const char *hash;
	char *text;

	if (plain != NULL) {
		TRY(crypt_password_hash(cx, plain, &hash));
		cJSON_ReplaceItemInObjectCaseSensitive(in, "password", cJSON_CreateString(hash));
	}
	text = cJSON_PrintUnformatted(in);
	*ret = arena_strdup(cx->mem, text);
	cJSON_free(text);
	return RC_OK;
}

enum rc
user_add(struct ctx *cx, struct cJSON *in, const char **ret_id)
{
	struct db_rows *rows;
	const char *input;

	TRY(hashed(cx, in, &input));
	TRY(db_row(cx, &SQL_user_add, &rows, V_TEXT(input), V_TEXT(cx->ip)));
	*ret_id = db_text(rows, 0, "id");
	return RC_OK;
}

enum rc
user_set(struct ctx *cx, const char *id, struct cJSON *in)
{
	const char *input;

	TRY(hashed(cx, in, &input));
	return db_exec(cx, &SQL_user_set, V_TEXT(id), V_TEXT(input), V_I64(cx->actor.token_id),
	    V_TEXT(cx->ip));
}

enum rc
user_with_known_password(struct ctx *cx, const struct conf *cf, const char **ret_email)
{
	struct db_rows *rows;

	*ret_email = NULL;
	if (!conf_production(cf))
		return RC_OK;
	TRY(db_rows(cx, &SQL_user_with_known_password, &rows));
	if (db_count(rows) > 0)
		*ret_email = db_text(rows, 0, "email");
	return RC_OK;
}

/* True when the secret has this stored hash, compared in constant time. NULL: none has. */
static bool
is_same_secret(struct ctx *cx, const char *stored, const char *given)
{
	const char *hash = crypt_sha256_hex(cx, given);

	return stored != NULL && crypt_same(stored, hash);
}

enum rc
user_may_register(struct ctx *cx)
{
	struct db_rows *rows;

	return db_row(cx, &SQL_registration_open, &rows);
}

/* Compare the given setup token with the stored one, in constant time. */
static enum rc
check_setup(struct ctx *cx, const struct cJSON *in, const char *stored)
{
	const struct cJSON *setup = cJSON_GetObjectItemCaseSensitive(in, "setup_token");
	const char *given = cJSON_GetStringValue(setup);

	if (is_same_secret(cx, stored, given != NULL ? given : ""))
		return RC_OK;
	(void)err_field(cx, "setup_token", "The setup token is not the one that ispctl printed.");
	return err_field_code(cx, "wrong", NULL);
}

enum rc
user_register(struct ctx *cx, struct cJSON *in, bool guarded, const char **ret_id)
{
	const char *stored = NULL, *input;
	struct db_rows *rows;

	/* Also checked before hashing: an anonymous request must not cost a hash. */
	TRY(db_row(cx, &SQL_registration_open, &rows));
	if (guarded) {
		stored = db_text(rows, 0, "setup_hash");
		TRY(check_setup(cx, in, stored));
	}
	TRY(hashed(cx, in, &input));
	TRY(db_row(cx, &SQL_user_register, &rows, V_TEXT(input), V_TEXT(stored), V_TEXT(cx->ip)));
	*ret_id = db_text(rows, 0, "id");
	return RC_OK;
}

enum rc
user_forgot_password(struct ctx *cx, const char *email)
{
	const char *hash, *token = session_secret(cx, &hash), *id = crypt_uuid(cx), *sealed;

	TRY(crypt_seal(cx, arena_printf(cx->mem, "message_outbox:%s:secret", id), token, &sealed));
	return db_exec(cx, &SQL_password_forgot, V_TEXT(email), V_TEXT(hash), V_TEXT(id),
	    V_TEXT(sealed), V_TEXT(cx->ip));
}

enum rc
user_reset_password(struct ctx *cx, const char *email, const char *token, const char *password)
{
	const char *stored, *hash;
	struct db_rows *rows;

	cx->actor = (struct actor){ .name = email };
	db_set_actor(cx);
	TRY(session_attempt(cx, email));
	/* Also checked before hashing: an anonymous request must not cost a hash. */
	TRY(db_row(cx, &SQL_password_reset_hash, &rows, V_TEXT(email)));
	stored = db_text(rows, 0, "hash");
	if (!is_same_secret(cx, stored, token)) {
		(void)err_field(cx, "token", "The password reset token is invalid or has expired.");
		return err_field_code(cx, "expired", NULL);
	}
	TRY(crypt_password_hash(cx, password, &hash));
	return db_exec(cx, &SQL_password_reset, V_TEXT(email), V_TEXT(stored), V_TEXT(hash),
	    V_TEXT(cx->ip));
}
