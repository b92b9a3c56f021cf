#include "unit.h"

#include <string.h>

#include <openssl/x509.h>

#include "base/macro.h"
#include "base/pem.h"

static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBbzCCARWgAwIBAgIUNXxkYKCWRmIuJ7KhLPDdUMj3UcwwCgYIKoZIzj0EAwIw\n"
    "DDEKMAgGA1UEAwwBcjAgFw0yNjExMjUwMDIzMjRaGA8yMTI2MTEwMTAwMjMyNFow\n"
    "DDEKMAgGA1UEAwwBcjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLxc8NQ+OeIe\n"
    "qjs/XOI0JyTEllDvIlE6Ip1XOzEJJj7tZQ7vu5hN1hQlaTgA82fwk2nUUzDstCA1\n"
    "aGis3UC9eeKjUzBRMB0GA1UdDgQWBBRleW8P4mKk0mRjoO/fHFkP+cj6TDAfBgNV\n"
    "HSMEGDAWgBRleW8P4mKk0mRjoO/fHFkP+cj6TDAPBgNVHRMBAf8EBTADAQH/MAoG\n"
    "CCqGSM49BAMCA0gAMEUCIFRTKkFlJDq0RJISU7+IfRLvbkPHpaJ4ghI5CwIlP00Z\n"
    "AiEA3Y/axDrSPLc/Lv+dgi+nvncOwIvofHP6SEXNkLfdS0g=\n"
    "-----END CERTIFICATE-----\n";

/* Another wants a password, which must not be asked for. */
static const char sealed[] = "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
			     "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n"
			     "-----END CERTIFICATE-----\n";

static void
count(void *arg, struct x509_st *cert)
{
	assert_non_null(X509_get_subject_name(cert));
	(*(size_t *)arg)++;
}

static void
each_is_lent(void **state)
{
	char twice[2048];
	size_t n = 0;

	(void)state;
	(void)snprintf(twice, sizeof(twice), "for us:\n%s and\n%s", certificate, certificate);
	assert_int_equal(pem_certificates(twice, count, &n), 2);
	assert_int_equal(n, 2);
	assert_int_equal(pem_certificates(certificate, NULL, NULL), 1);
}

static void
a_text_without_pem_is_refused(void **state)
{
	static const char *const none[] = { "", "garbage", sealed,
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" };
	char cut[200];

	(void)state;
	for (size_t i = 0; i < countof(none); i++)
		assert_int_equal(pem_certificates(none[i], NULL, NULL), 0);
	(void)snprintf(cut, sizeof(cut), "%.199s", certificate);
	assert_int_equal(pem_certificates(cut, NULL, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_lent),
		cmocka_unit_test(a_text_without_pem_is_refused),
	};

	return cmocka_run_group_tests_name("pem", tests, NULL, NULL);
}
