/*
 * session.h: passwords and tokens.
 *
 * A token is "<id>|<random>"; the database knows the SHA-256 of its random
 * part alone, found by the id and compared so that the time says nothing of the
 * stored bytes (is_same_hash() in sql/functions/session.sql).  Hashing a password
 * takes a tenth of a second and happens outside of any transaction.
 */
#ifndef PEOPLE_SESSION_H
#define PEOPLE_SESSION_H

#include <stdbool.h>

#include "base/ctx.h"

struct session {
	const char *user_id;
	const char *token; /* plain text, shown to the user only now */
};

/*
 * Exchange e-mail and password for a token.  RC_INVALID on email, after the
 * same time, when either is wrong, and when the user is deactivated;
 * RC_THROTTLED after 5 failures a minute per e-mail and address or 30 per
 * address.  Audited, either way.
 */
enum rc session_login(struct ctx *, const char *email, const char *password,
    struct session *ret) _must_check_;

/* A token for a user identified by other means than a password (registration). */
enum rc session_open(struct ctx *, const char *user_id, struct session *ret) _must_check_;

/*
 * RC_INVALID on current_password when it is not the actor's password; *ret_hash is the
 * hash that it matched, which later statements must find unchanged.
 */
enum rc session_confirm(struct ctx *, const char *password, const char **ret_hash) _must_check_;

/* Count an attempt for this e-mail and address: RC_THROTTLED after too many failures. */
enum rc session_attempt(struct ctx *, const char *email) _must_check_;

/* The parts of "<id>|<random>"; session_token() is false for another form. */
struct token {
	int64_t id;
	const char *hash; /* of the random part */
};
bool session_token(struct ctx *, const char *text, struct token *ret);
/* A new random part of a token, and its hash. */
const char *session_secret(struct ctx *, const char **ret_hash);

#endif
