/*
 * user.h: users.
 *
 * The field "password" of the input is hashed here, outside of any transaction; the
 * functions of sql/functions/user.sql do the rest and protect the last active admin.
 */
#ifndef PEOPLE_USER_H
#define PEOPLE_USER_H

#include <stdbool.h>

#include "base/ctx.h"

struct cJSON;
struct conf;

enum rc user_add(struct ctx *, struct cJSON *in, const char **ret_id) _must_check_;
enum rc user_set(struct ctx *, const char *id, struct cJSON *in) _must_check_;
/*
 * The e-mail of a user with the password of development, which is public; NULL: no user
 * has it, or this is not production.
 */
enum rc user_with_known_password(struct ctx *, const struct conf *,
    const char **ret_email) _must_check_;
/* RC_DENIED once there is a user: check this before reading the request. */
enum rc user_may_register(struct ctx *) _must_check_;
/*
 * Create the first admin of an empty system; RC_DENIED once there is a user. guarded: only
 * with the setup token, RC_INVALID on setup_token otherwise.
 */
enum rc user_register(struct ctx *, struct cJSON *in, bool guarded,
    const char **ret_id) _must_check_;

/*
 * Mail a token for a new password to the user with this e-mail; the outcome is the same
 * when there is none.
 */
enum rc user_forgot_password(struct ctx *, const char *email) _must_check_;
/*
 * Set a new password with the token of that mail; all sessions of the user end.
 * RC_INVALID on token when it is unknown, used or older than an hour.
 */
enum rc user_reset_password(struct ctx *, const char *email, const char *token,
    const char *password) _must_check_;

#endif
