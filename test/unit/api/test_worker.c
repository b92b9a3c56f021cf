/* The program isp-api besides its loop: its pools, its origins, the options that print. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#include "api/worker.h"

static struct conf
conf_with(const char *name, const char *val)
{
	struct conf cf;

	assert_int_equal(setenv(name, val, 1), 0);
	assert_int_equal(conf_read(&cx, "/dev/null", &cf), RC_OK);
	assert_int_equal(unsetenv(name), 0);
	return cf;
}

static void
each_pool_has_a_socket_in_the_directory(void **state)
{
	struct conf cf = conf_with("API_SOCKET_DIR", "/run/isp");
	struct pool pools[API_POOLS];

	(void)state;
	api_pools(&cx, &cf, pools);
	assert_string_equal(pools[0].address, "/run/isp/fast.sock");
	assert_string_equal(pools[1].address, "/run/isp/login.sock");
	assert_string_equal(pools[API_POOLS - 1].address, "/run/isp/gateway.sock");
	for (size_t i = 0; i < API_POOLS; i++)
		assert_true(pools[i].workers > 0);
}

static void
each_pool_has_a_port_of_its_own(void **state)
{
	struct conf cf = conf_with("API_SOCKET_DIR", "127.0.0.1:9000");
	struct pool pools[API_POOLS];

	(void)state;
	api_pools(&cx, &cf, pools);
	assert_string_equal(pools[0].address, "127.0.0.1:9000");
	assert_string_equal(pools[3].address, "127.0.0.1:9003");
}

static void
browsers_come_from_development_servers_in_development_alone(void **state)
{
	struct conf cf = conf_with("APP_ENV", "local");

	(void)state;
	assert_non_null(strstr(api_origins(&cx, &cf), "http://localhost:5173"));
	cf = conf_with("APP_ENV", "production");
	assert_null(strstr(api_origins(&cx, &cf), "localhost:5173"));
}

static const char *
printed(const char *option, bool *asked)
{
	char *argv[] = { "isp-api", arena_strdup(cx.mem, option), NULL }; /* option NULL: none */
	struct sb out = sb_new(cx.mem);
	struct daemon_args args;

	daemon_args(&cx, &api_program, argv, &args);
	assert_int_equal(api_print(&cx, &args, &out, asked), RC_OK);
	return out.buf;
}

static void
an_option_prints_its_own(void **state)
{
	bool asked;

	(void)state;
	assert_non_null(strstr(printed("--print-routes", &asked), "/api/health"));
	assert_true(asked);
	assert_non_null(strstr(printed("--print-openapi", &asked), "\"openapi\":\"3.1"));
	assert_non_null(strstr(printed("--print-sql", &asked), "SELECT"));
	assert_non_null(strstr(printed("--print-nginx", &asked), "fast"));
	(void)printed(NULL, &asked);
	assert_false(asked);
}

/* A file of settings that is not there is not one without settings. */
static void
an_option_of_an_env_file_that_is_not_there_fails(void **state)
{
	static const char *const options[] = { "--print-env", "--print-libpq", "--print-origins",
		"--print-isolir" };

	(void)state;
	for (size_t i = 0; i < countof(options); i++) {
		char *argv[] = { "isp-api", arena_strdup(cx.mem, options[i]), "--env",
			"/nowhere/isp.env", NULL };
		struct sb out = sb_new(cx.mem);
		struct daemon_args args;
		bool asked;

		daemon_args(&cx, &api_program, argv, &args);
		assert_int_not_equal(api_print(&cx, &args, &out, &asked), RC_OK);
		assert_true(asked);
		assert_string_equal(out.buf, "");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(each_pool_has_a_socket_in_the_directory),
		FIXTURE_TEST(each_pool_has_a_port_of_its_own),
		FIXTURE_TEST(browsers_come_from_development_servers_in_development_alone),
		FIXTURE_TEST(an_option_prints_its_own),
		FIXTURE_TEST(an_option_of_an_env_file_that_is_not_there_fails),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
