#include "base/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

/* Answer for OpenSSL, which would ask the terminal. */
static int
no_password(char *buf, int size, int rwflag, void *arg)
{
	(void)rwflag, (void)arg;
	if (size > 0)
		buf[0] = '\0';
	return -1;
}

size_t
pem_certificates(const char *pem, void (*take)(void *, struct x509_st *), void *arg)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert;
	size_t n = 0;

	while ((cert = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL) {
		if (take != NULL)
			take(arg, cert);
		X509_free(cert);
		n++;
	}
	BIO_free(bio);
	ERR_clear_error();
	return n;
}
