/*
 * pem.h: reading certificates in PEM.
 */
#ifndef BASE_PEM_H
#define BASE_PEM_H

#include <stddef.h>

struct x509_st;

/*
 * Call take with each readable certificate of a PEM text (NULL: only count them). Returns
 * their number. An encrypted block is skipped, and no password is asked for.
 */
size_t pem_certificates(const char *pem, void (*take)(void *arg, struct x509_st *), void *arg);

#endif
