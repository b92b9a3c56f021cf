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

static enum resolve_state
looked_up(const char *name, struct sockaddr_storage *ret, const char **why)
{
	struct resolve r;
	enum resolve_state state;

	resolve_start(&r, name);
	while ((state = resolve_poll(&r, ret, why)) == RESOLVE_PENDING)
		(void)usleep(1000);
	return state;
}

static void
names_are_looked_up(void **state)
{
	struct sockaddr_storage addr;
	const char *why = NULL;

	(void)state;
	memset(&addr, 0xff, sizeof(addr));
	assert_int_equal(looked_up("localhost", &addr, &why), RESOLVE_FOUND);
	assert_null(why);
	assert_string_equal(resolve_text(&cx, &addr),
	    addr.ss_family == AF_INET6 ? "::1" : "127.0.0.1");
	assert_int_equal(looked_up("no-such-name.invalid", &addr, &why), RESOLVE_FAILED);
	assert_true(why != NULL && why[0] != '\0');
	assert_true(addr.ss_family == AF_INET || addr.ss_family == AF_INET6); /* untouched */
}

static void
an_address_of_another_family_has_no_text(void **state)
{
	const struct sockaddr_storage addr = { .ss_family = 77 };

	(void)state;
	assert_string_equal(resolve_text(&cx, &addr), "");
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
		FIXTURE_TEST(an_address_of_another_family_has_no_text),
		FIXTURE_TEST(
		    a_look_up_without_a_thread_fails), /* first: a thread that is there serves */
		FIXTURE_TEST(names_are_looked_up),
	};

	return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
