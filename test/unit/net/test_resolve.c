/* Addresses as text: the usual form is read without the C library's resolver, the others by it. */
#include "fixture.h"

#include <string.h>

#include "net/resolve.h"

static void
numeric_addresses_are_read_in_all_forms(void **state)
{
	static const char *const all[][2] = { { "10.1.2.3", "10.1.2.3" },
		{ "255.255.255.255", "255.255.255.255" }, { "127.1", "127.0.0.1" },
		{ "::1", "::1" }, { "2001:DB8:0::7", "2001:db8::7" },
		{ "fe80::1%lo", "fe80::1%lo" } };

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		struct sockaddr_storage addr;

		memset(&addr, 0xff, sizeof(addr));
		assert_true(resolve_numeric(all[i][0], &addr));
		assert_int_equal(addr.ss_family, strchr(all[i][0], ':') ? AF_INET6 : AF_INET);
		assert_string_equal(resolve_text(&cx, &addr), all[i][1]);
	}
}

static void
names_are_no_addresses(void **state)
{
	static const char *const all[] = { "", "localhost", "10.1.2.3.4", "10.1.2.256", "1.2.3.4 x",
		"::1::", " 10.1.2.3" };
	struct sockaddr_storage addr = { .ss_family = 77 };

	(void)state;
	for (size_t i = 0; i < countof(all); i++)
		assert_false(resolve_numeric(all[i], &addr));
	assert_int_equal(addr.ss_family, 77);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(numeric_addresses_are_read_in_all_forms),
		FIXTURE_TEST(names_are_no_addresses),
	};

	return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
