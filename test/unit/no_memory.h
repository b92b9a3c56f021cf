/*
 * no_memory.h: a machine without memory for the hash of a password, which is the one failure that
 * libsodium knows.  This function stands in front of libsodium's.
 */
#ifndef NO_MEMORY_H
#define NO_MEMORY_H

#include <sodium.h>
#include <stdbool.h>

static bool is_out_of_memory;

int
crypto_pwhash_str(char out[crypto_pwhash_STRBYTES], const char *password, unsigned long long n,
    unsigned long long ops, size_t memory)
{
	return is_out_of_memory ? -1
				: crypto_pwhash_str_alg(out, password, n, ops, memory,
				      crypto_pwhash_ALG_DEFAULT);
}

#endif
