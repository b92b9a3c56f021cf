/*
 * crypt.h: sealing, hashing, randomness; libsodium and OpenSSL digests.
 *
 * A secret that must be recoverable is sealed with XChaCha20-Poly1305 under
 * APP_KEY and bound to its place ("router_settings:<uuid>:password"): moved to
 * another row it no longer opens.  A sealed text is
 * "s1.<key id>.<base64 of nonce and box>"; programs open with APP_KEY and
 * APP_PREVIOUS_KEYS, seal with APP_KEY.
 */
#ifndef BASE_CRYPT_H
#define BASE_CRYPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ctx.h"

/* Read the keys ("base64:" + 32 bytes each; previous: comma list or ""). Once a process. */
enum rc crypt_open(struct ctx *, const char *app_key, const char *previous) _must_check_;

enum rc crypt_seal(struct ctx *, const char *place, const char *plain,
    const char **ret) _must_check_;
/*
 * Opens with any known key; RC_INTERNAL when no key opens it or the place is wrong. ""
 * opens to "".
 */
enum rc crypt_unseal(struct ctx *, const char *place, const char *sealed,
    const char **ret) _must_check_;
bool crypt_is_current(const char *sealed); /* sealed under APP_KEY itself */

/*
 * A UUID of version 7 as text: begins with the time in ms and 1/4096 ms, as ids of the
 * database do.
 */
const char *crypt_uuid(struct ctx *);
const char *crypt_token(struct ctx *, size_t chars); /* random letters and digits */
const char *crypt_sha256_hex(struct ctx *, const char *text);
const char *crypt_sha512_hex(struct ctx *, const char *text);
const char *crypt_hmac_sha256_hex(struct ctx *, const char *key, const char *text);
bool crypt_same(const char *a, const char *b); /* constant time for equal lengths */

/* argon2id of libsodium (interactive); verify also takes bcrypt ($2y$, $2b$, $2a$). */
enum rc crypt_password_hash(struct ctx *, const char *password, const char **ret) _must_check_;
bool crypt_password_verify(const char *hash, const char *password);
bool crypt_password_is_old(const char *hash); /* replace it at the next login */

#endif
