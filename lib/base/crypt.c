#include "base/crypt.h"

#include <crypt.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

enum {
	KEYS_MAX = 8,
	KEY_LEN = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
	NONCE_LEN = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_LEN = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	KEY_ID_LEN = 8,
	BASE64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
};

struct key {
	unsigned char bytes[KEY_LEN];
	char id[KEY_ID_LEN + 1]; /* first hex digits of a hash of the key */
};

/* Read once at start, by crypt_open(); [0] is APP_KEY. */
static struct key keys[KEYS_MAX];
static size_t nkeys;

static void
name_key(struct key *k)
{
	unsigned char hash[crypto_generichash_BYTES];
	char hex[2 * sizeof(hash) + 1];

	(void)crypto_generichash(hash, sizeof(hash), k->bytes, KEY_LEN, NULL, 0);
	(void)sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	memcpy(k->id, hex, KEY_ID_LEN);
	k->id[KEY_ID_LEN] = '\0';
}

/* "base64:" and the 44 letters of 32 bytes. */
static enum rc
add_key(struct ctx *cx, const char *name, const char *text, size_t len)
{
	struct key *k = &keys[nkeys];
	const char *end;
	size_t n;

	if (nkeys == KEYS_MAX)
		return FAIL(cx, RC_INVALID, "%s: there are more than %d keys", name, KEYS_MAX - 1);
	if (len < 7 || strncmp(text, "base64:", 7) != 0 ||
	    sodium_base642bin(k->bytes, KEY_LEN, text + 7, len - 7, NULL, &n, &end,
		sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    n != KEY_LEN || end != text + len)
		return FAIL(cx, RC_INVALID,
		    "a key (APP_KEY, APP_PREVIOUS_KEYS) is base64: and the base64 of 32 bytes");
	name_key(k);
	nkeys++;
	return RC_OK;
}

enum rc
crypt_open(struct ctx *cx, const char *app_key, const char *previous)
{
	if (sodium_init() < 0)
		return FAIL(cx, RC_INTERNAL, "libsodium cannot be used");
	nkeys = 0;
	TRY(add_key(cx, "APP_KEY", app_key, strlen(app_key)));
	for (const char *p = previous != NULL ? previous : ""; *p != '\0';) {
		size_t n = strcspn(p, ", ");

		if (n > 0)
			TRY(add_key(cx, "APP_PREVIOUS_KEYS", p, n));
		p += n;
		p += strspn(p, ", ");
	}
	return RC_OK;
}

enum rc
crypt_seal(struct ctx *cx, const char *place, const char *plain, const char **ret)
{
	size_t n = strlen(plain), len = NONCE_LEN + n + TAG_LEN;
	size_t text_len = sodium_base64_ENCODED_LEN(len, BASE64);
	unsigned char *box = arena_alloc(cx->mem, len);
	char *text = arena_alloc(cx->mem, text_len);

	if (nkeys == 0)
		return FAIL(cx, RC_INTERNAL, "no key was opened to seal with");
	randombytes_buf(box, NONCE_LEN);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(box + NONCE_LEN, NULL,
	    (const unsigned char *)plain, n, (const unsigned char *)place, strlen(place), NULL, box,
	    keys[0].bytes);
	(void)sodium_bin2base64(text, text_len, box, len, BASE64);
	*ret = arena_printf(cx->mem, "s1.%s.%s", keys[0].id, text);
	return RC_OK;
}

static const struct key *
crypt_key(const char *sealed)
{
	for (size_t i = 0; i < nkeys; i++)
		if (strncmp(sealed + 3, keys[i].id, KEY_ID_LEN) == 0)
			return &keys[i];
	return NULL;
}

static enum rc
open_box(struct ctx *cx, const struct key *k, const char *place, const char *text, const char **ret)
{
	size_t max = strlen(text), len;
	unsigned char *box = arena_alloc(cx->mem, max + 1);
	char *plain = arena_alloc(cx->mem, max + 1);

	if (sodium_base642bin(box, max, text, max, NULL, &len, NULL, BASE64) != 0 ||
	    len < NONCE_LEN + TAG_LEN ||
	    crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)plain, NULL, NULL,
		box + NONCE_LEN, len - NONCE_LEN, (const unsigned char *)place, strlen(place), box,
		k->bytes) != 0)
		return FAIL(cx, RC_INTERNAL, "a stored secret cannot be opened");
	*ret = plain;
	return RC_OK;
}

enum rc
crypt_unseal(struct ctx *cx, const char *place, const char *sealed, const char **ret)
{
	const struct key *k;
	enum rc rc;

	if (sealed[0] == '\0') {
		*ret = "";
		return RC_OK;
	}
	if (strncmp(sealed, "s1.", 3) != 0 || strlen(sealed) < 3 + KEY_ID_LEN + 1 ||
	    sealed[3 + KEY_ID_LEN] != '.' || (k = crypt_key(sealed)) == NULL)
		rc = FAIL(cx, RC_INTERNAL, "a stored secret was sealed with an unknown key");
	else
		rc = open_box(cx, k, place, sealed + 3 + KEY_ID_LEN + 1, ret);
	return rc == RC_OK ? rc : err_detail(&cx->err, "%s", place);
}

bool
crypt_is_current(const char *sealed)
{
	if (sealed[0] == '\0')
		return true;
	return nkeys > 0 && strncmp(sealed, "s1.", 3) == 0 && crypt_key(sealed) == &keys[0];
}

const char *
crypt_uuid(struct ctx *cx)
{
	unsigned char b[16];
	struct timespec now;
	uint64_t ms, fraction;
	char hex[33];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	randombytes_buf(b, sizeof(b));
	for (int i = 0; i < 6; i++)
		b[i] = (unsigned char)(ms >> (8 * (5 - i)));
	fraction = (uint64_t)now.tv_nsec % 1000000 * 4096 / 1000000;
	b[6] = (unsigned char)(fraction >> 8 | 0x70);
	b[7] = (unsigned char)fraction;
	b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
	(void)sodium_bin2hex(hex, sizeof(hex), b, sizeof(b));
	return arena_printf(cx->mem, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
	    hex + 20);
}

const char *
crypt_token(struct ctx *cx, size_t chars)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	char *token = arena_alloc(cx->mem, chars + 1);

	for (size_t i = 0; i < chars; i++)
		token[i] = letters[randombytes_uniform(sizeof(letters) - 1)];
	return token;
}

const char *
crypt_sha256_hex(struct ctx *cx, const char *text)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char *hex = arena_alloc(cx->mem, 2 * sizeof(hash) + 1);

	(void)crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
	return sodium_bin2hex(hex, 2 * sizeof(hash) + 1, hash, sizeof(hash));
}

const char *
crypt_sha512_hex(struct ctx *cx, const char *text)
{
	unsigned char hash[crypto_hash_sha512_BYTES];
	char *hex = arena_alloc(cx->mem, 2 * sizeof(hash) + 1);

	(void)crypto_hash_sha512(hash, (const unsigned char *)text, strlen(text));
	return sodium_bin2hex(hex, 2 * sizeof(hash) + 1, hash, sizeof(hash));
}

const char *
crypt_hmac_sha256_hex(struct ctx *cx, const char *key, const char *text)
{
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;
	char *hex = arena_alloc(cx->mem, 2 * sizeof(mac) + 1);

	(void)crypto_auth_hmacsha256_init(&state, (const unsigned char *)key, strlen(key));
	(void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, strlen(text));
	(void)crypto_auth_hmacsha256_final(&state, mac);
	return sodium_bin2hex(hex, 2 * sizeof(mac) + 1, mac, sizeof(mac));
}

bool
crypt_same(const char *a, const char *b)
{
	size_t n = strlen(a);

	return n == strlen(b) && sodium_memcmp(a, b, n) == 0;
}

/* Builds for tests hash at the least strength: under valgrind a password would take seconds. */
#ifdef ARENA_DEBUG
enum { HASH_OPS = crypto_pwhash_OPSLIMIT_MIN, HASH_MEMORY = crypto_pwhash_MEMLIMIT_MIN };
#else
enum {
	HASH_OPS = crypto_pwhash_OPSLIMIT_INTERACTIVE,
	HASH_MEMORY = crypto_pwhash_MEMLIMIT_INTERACTIVE
};
#endif

enum rc
crypt_password_hash(struct ctx *cx, const char *password, const char **ret)
{
	char *hash = arena_alloc(cx->mem, crypto_pwhash_STRBYTES);

	if (crypto_pwhash_str(hash, password, strlen(password), HASH_OPS, HASH_MEMORY) != 0)
		return FAIL(cx, RC_RETRY, "there is no memory left to hash a password");
	*ret = hash;
	return RC_OK;
}

static bool
is_bcrypt(const char *hash)
{
	return strncmp(hash, "$2y$", 4) == 0 || strncmp(hash, "$2b$", 4) == 0 ||
	       strncmp(hash, "$2a$", 4) == 0;
}

static bool
bcrypt_verify(const char *hash, const char *password)
{
	struct crypt_data data;
	const char *again;

	memset(&data, 0, sizeof(data));
	again = crypt_r(password, hash, &data);
	return again != NULL && again[0] != '*' && crypt_same(again, hash);
}

bool
crypt_password_verify(const char *hash, const char *password)
{
	if (is_bcrypt(hash))
		return bcrypt_verify(hash, password);
	return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}

bool
crypt_password_is_old(const char *hash)
{
	return crypto_pwhash_str_needs_rehash(hash, HASH_OPS, HASH_MEMORY) != 0;
}
