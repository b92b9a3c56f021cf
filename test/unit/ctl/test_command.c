/* The command that a line names, and its exit code. */
#include "fixture.h"

#include "ctl/ctl.h"

static struct daemon_args args;
static const char *const *rest;

static const struct command *
find(char **argv)
{
	daemon_args(&cx, &command_program, argv, &args);
	return command_find(&args, &rest);
}

static void
a_command_is_found_with_its_arguments(void **state)
{
	const struct command *cmd =
	    find((char *[]){ "ispctl", "user", "add", "--admin", "ani@example.net", NULL });

	(void)state;
	assert_non_null(cmd);
	assert_string_equal(cmd->words, "user add");
	assert_string_equal(rest[0], "ani@example.net");
	assert_null(rest[1]);
}

/* "import routers" is a command of its own; "import csv FILE" has two arguments. */
static void
the_longer_words_come_first(void **state)
{
	const struct command *cmd = find((char *[]){ "ispctl", "import", "routers", NULL });

	(void)state;
	assert_non_null(cmd);
	assert_string_equal(cmd->words, "import routers");
	cmd = find((char *[]){ "ispctl", "import", "csv", "a.csv", NULL });
	assert_non_null(cmd);
	assert_string_equal(cmd->words, "import");
	assert_string_equal(rest[1], "a.csv");
}

static void
a_wrong_number_of_arguments_is_no_command(void **state)
{
	(void)state;
	assert_null(find((char *[]){ "ispctl", "user", "add", NULL }));
	assert_null(find((char *[]){ "ispctl", "user", NULL }));
	assert_null(find((char *[]){ "ispctl", "users", "list", NULL }));
	assert_null(find((char *[]){ "ispctl", "health", "now", NULL }));
}

static const char *
fault_of(char **argv)
{
	return command_usage_error(&cx, find(argv), &args);
}

/* Bug: `ispctl user add` without an address was answered that there is no such command. */
static void
the_number_of_arguments_is_named_with_the_command(void **state)
{
	(void)state;
	assert_string_equal(fault_of((char *[]){ "ispctl", "user", "add", NULL }),
	    "user add takes 1 argument, not 0");
	assert_string_equal(fault_of((char *[]){ "ispctl", "import", "csv", NULL }),
	    "import takes 2 arguments, not 1");
	assert_string_equal(fault_of((char *[]){ "ispctl", "health", "now", NULL }),
	    "health takes 0 arguments, not 1");
	assert_string_equal(fault_of((char *[]){ "ispctl", "users", "list", NULL }),
	    "there is no such command");
}

/* Bug: an administrator was made of --admin --role viewer. */
static void
two_words_for_a_role_are_a_fault(void **state)
{
	char *both[] = { "ispctl", "user", "add", "a@example.net", "--admin", "--role", "viewer",
		NULL };
	char *one[] = { "ispctl", "user", "add", "a@example.net", "--admin", NULL };

	(void)state;
	assert_non_null(fault_of(both));
	assert_null(fault_of(one));
}

static void
a_bad_value_of_an_option_is_a_matter_of_usage(void **state)
{
	(void)state;
	(void)find((char *[]){ "ispctl", "billing", "preview", "--date", "tomorrow", NULL });
	assert_int_equal(command_exit_code(&cx, &args, RC_OK), EXIT_DONE);
	assert_int_equal(command_exit_code(&cx, &args, err_field(&cx, "email", "It is taken.")),
	    EXIT_FAILED);
	cx.err = (struct err){ 0 };
	assert_int_equal(command_exit_code(&cx, &args, err_field(&cx, "date", "It is no day.")),
	    EXIT_USAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_command_is_found_with_its_arguments),
		FIXTURE_TEST(the_longer_words_come_first),
		FIXTURE_TEST(a_wrong_number_of_arguments_is_no_command),
		FIXTURE_TEST(the_number_of_arguments_is_named_with_the_command),
		FIXTURE_TEST(two_words_for_a_role_are_a_fault),
		FIXTURE_TEST(a_bad_value_of_an_option_is_a_matter_of_usage),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
