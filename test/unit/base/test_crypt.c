#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/crypt.h"

static struct ctx cx;

static const char key1[] = "base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
static const char key2[] = "base64:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

static int
setup(void **state)
{
	(void)state;
	cx = (struct ctx){ .mem = arena_new(1024) };
	return crypt_open(&cx, key1, "") == RC_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(cx.mem);
	return 0;
}

static void
opens_in_its_place_only(void **state)
{
	const char *a, *b, *plain = NULL;
	char *forged;

	(void)state;
	assert_int_equal(crypt_seal(&cx, "t:1:password", "sécret", &a), RC_OK);
	assert_int_equal(crypt_seal(&cx, "t:1:password", "sécret", &b), RC_OK);
	assert_string_not_equal(a, b);
	assert_null(strstr(a, "cret"));
	assert_int_equal(crypt_unseal(&cx, "t:1:password", a, &plain), RC_OK);
	assert_string_equal(plain, "sécret");
	assert_int_equal(crypt_unseal(&cx, "t:2:password", a, &plain), RC_INTERNAL);
	assert_null(strstr(cx.err.msg, "sécret"));
	forged = arena_strdup(cx.mem, a);
	forged[strlen(forged) - 2] ^= 1;
	assert_int_equal(crypt_unseal(&cx, "t:1:password", forged, &plain), RC_INTERNAL);
	assert_int_equal(crypt_unseal(&cx, "t:1:password", "plain text", &plain), RC_INTERNAL);
	assert_int_equal(crypt_unseal(&cx, "t:1:password", "s1.00000000.AAAA", &plain),
	    RC_INTERNAL);
	assert_int_equal(crypt_unseal(&cx, "t:1:password", "s1.", &plain), RC_INTERNAL);
	assert_int_equal(crypt_unseal(&cx, "t:1:password", "", &plain), RC_OK);
	assert_string_equal(plain, "");
}

static void
keys_are_changed(void **state)
{
	const char *old, *plain;

	(void)state;
	assert_int_equal(crypt_seal(&cx, "p", "x", &old), RC_OK);
	assert_true(crypt_is_current(old));
	assert_int_equal(crypt_open(&cx, key2, key1), RC_OK);
	assert_false(crypt_is_current(old));
	assert_int_equal(crypt_unseal(&cx, "p", old, &plain), RC_OK);
	assert_int_equal(crypt_open(&cx, key2, ""), RC_OK);
	assert_int_equal(crypt_unseal(&cx, "p", old, &plain), RC_INTERNAL);
	assert_int_equal(crypt_open(&cx, "base64:c2hvcnQ=", ""), RC_INVALID);
	assert_int_equal(crypt_open(&cx, key1 + 7, ""), RC_INVALID);
	assert_int_equal(crypt_open(&cx, key1, "nonsense"), RC_INVALID);
}

/* The time a version 7 id begins with: 8 and 4 hexadecimal digits. */
static int64_t
born_ms(const char *id)
{
	char hex[13];

	(void)snprintf(hex, sizeof(hex), "%.8s%.4s", id, id + 9);
	return strtoll(hex, NULL, 16);
}

static void
ids_tokens_digests(void **state)
{
	int64_t before = (int64_t)time(NULL) * 1000;
	const char *u = crypt_uuid(&cx);

	(void)state;
	assert_int_equal(strlen(u), 36);
	assert_int_equal(u[14], '7');
	assert_non_null(strchr("89ab", u[19]));
	assert_string_not_equal(u, crypt_uuid(&cx));
	assert_in_range(born_ms(u), before, before + 60000);
	assert_int_equal(strlen(crypt_token(&cx, 48)), 48);
	assert_string_equal(crypt_sha256_hex(&cx, "abc"),
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_true(crypt_same("abc", "abc"));
	assert_false(crypt_same("abc", "abd"));
	assert_false(crypt_same("abc", "ab"));
}

static void
passwords(void **state)
{
	/* "secret", as an imported user of Laravel has it, but at a cost of 4. */
	static const char bcrypt[] = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
	const char *hash;

	(void)state;
	assert_int_equal(crypt_password_hash(&cx, "admin123", &hash), RC_OK);
	assert_memory_equal(hash, "$argon2id$", 10);
	assert_true(crypt_password_verify(hash, "admin123"));
	assert_false(crypt_password_verify(hash, "admin124"));
	assert_false(crypt_password_is_old(hash));
	assert_false(crypt_password_verify("", ""));
	assert_false(crypt_password_verify("nonsense", "nonsense"));
	assert_true(crypt_password_verify(bcrypt, "secret"));
	assert_false(crypt_password_verify(bcrypt, "Secret"));
	assert_false(crypt_password_verify("$2y$04$abc", "secret"));
	assert_true(crypt_password_is_old(bcrypt));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(opens_in_its_place_only),
		CASE(keys_are_changed),
		CASE(ids_tokens_digests),
		CASE(passwords),
	};

	return cmocka_run_group_tests_name("crypt", tests, NULL, NULL);
}
