/*
 * pem.h: certificates as people paste them.
 */
#ifndef BASE_PEM_H
#define BASE_PEM_H

#include <stddef.h>

struct x509_st;

/*
 * Each certificate of a text in PEM, as far as it can be read, is lent to take
 * (NULL: they are only counted).  How many there were.  What says it is encrypted is none: nobody
 * is asked for a password.
 */
size_t pem_certificates(const char *pem, void (*take)(void *arg, struct x509_st *), void *arg);

#endif
