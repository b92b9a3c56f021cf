/* Addresses as text: the usual form is read without the C library's resolver, the others by it. */
#include "fixture.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* Bug: without a thread for it, a look-up stayed pending until the caller gave up. */
static void
a_look_up_without_a_thread_fails(void **state)
{
	struct resolve r;
	struct sockaddr_storage addr;
	const char *why = "";
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		(void)!setresuid(65534, 65534, 65534); /* root is not limited */
		(void)setrlimit(RLIMIT_NPROC, &(struct rlimit){ 0, 0 });
		resolve_start(&r, "localhost");
		_exit(resolve_poll(&r, &addr, &why) == RESOLVE_FAILED && why[0] != '\0' ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(numeric_addresses_are_read_in_all_forms),
		FIXTURE_TEST(names_are_no_addresses),
		FIXTURE_TEST(a_look_up_without_a_thread_fails),
	};

	return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
