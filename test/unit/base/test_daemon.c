/* daemon: the command line all programs share, exit codes, signals. */
#include "fixture.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/daemon.h"

static const struct daemon_option options[] = {
	{ "--date", "D", "the day" },
	{ "--dry-run", NULL, "only say" },
};
static const struct daemon prog = {
	.name = "prog",
	.synopsis = "[--date D] [--dry-run] WORD",
	.summary = "Does it.",
	.options = options,
	.noptions = countof(options),
};

static void
options_stand_anywhere(void **state)
{
	char *argv[] = { "prog", "one", "--date", "2026-01-01", "--dry-run", "--env=x", "--",
		"--two", NULL };
	struct daemon_args a;

	(void)state;
	daemon_args(&cx, &prog, argv, &a);
	assert_string_equal(a.val[0], "2026-01-01");
	assert_string_equal(a.val[1], "");
	assert_string_equal(a.env, "x");
	assert_int_equal(a.nargs, 2);
	assert_string_equal(a.args[0], "one");
	assert_string_equal(a.args[1], "--two");
	assert_null(a.args[2]);
}

static void
absent_options_are_null(void **state)
{
	char *argv[] = { "prog", NULL };
	struct daemon_args a;

	(void)state;
	daemon_args(&cx, &prog, argv, &a);
	assert_null(a.val[0]);
	assert_null(a.env);
	assert_int_equal(a.nargs, 0);
}

/* The exit status of a process of its own with this command line. */
static int
exit_of(const struct daemon *program, char **argv)
{
	struct daemon_args a;
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		(void)close(STDOUT_FILENO);
		(void)close(STDERR_FILENO);
		daemon_args(&cx, program, argv, &a);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void
wrong_command_lines_end_with_2(void **state)
{
	char *unknown[] = { "prog", "--nope", NULL }, *novalue[] = { "prog", "--date", NULL };
	char *surplus[] = { "prog", "--dry-run=1", NULL }, *help[] = { "prog", "--help", NULL };
	char *version[] = { "prog", "--version", NULL }, *good[] = { "prog", NULL };

	(void)state;
	assert_int_equal(exit_of(&prog, unknown), EXIT_USAGE);
	assert_int_equal(exit_of(&prog, novalue), EXIT_USAGE);
	assert_int_equal(exit_of(&prog, surplus), EXIT_USAGE);
	assert_int_equal(exit_of(&prog, help), EXIT_DONE);
	assert_int_equal(exit_of(&prog, version), EXIT_DONE);
	assert_int_equal(exit_of(&prog, good), 99);
}

static const struct daemon_option modes[] = {
	{ "--once", NULL, "" },
	{ "--check", NULL, "" },
	{ "--router", "ID", "" },
	{ "--sample", NULL, "" },
};
static const struct daemon modal = {
	.name = "modal",
	.synopsis = "[[--once | --check] [--router ID] | --sample]",
	.summary = "Does one of three.",
	.options = modes,
	.noptions = countof(modes),
};

/* Bug: router-sync --sample --router ID sampled all routers: the program passed over --router. */
static void
alternatives_exclude_each_other(void **state)
{
	char *two[] = { "modal", "--once", "--check", NULL };
	char *turned[] = { "modal", "--check", "--once", NULL };
	char *outer[] = { "modal", "--sample", "--router", "1", NULL };
	char *both[] = { "modal", "--check", "--router", "1", NULL };
	char *one[] = { "modal", "--sample", NULL },
	     *same[] = { "modal", "--once", "--once", NULL };

	(void)state;
	assert_int_equal(exit_of(&modal, two), EXIT_USAGE);
	assert_int_equal(exit_of(&modal, turned), EXIT_USAGE);
	assert_int_equal(exit_of(&modal, outer), EXIT_USAGE);
	assert_int_equal(exit_of(&modal, both), 99);
	assert_int_equal(exit_of(&modal, one), 99);
	assert_int_equal(exit_of(&modal, same), 99);
}

/* Bug: billing-cron --only "$STEPS" with STEPS unset ran all steps, for real. */
static void
an_empty_value_is_none(void **state)
{
	char *word[] = { "prog", "--date", "", NULL }, *joined[] = { "prog", "--date=", NULL };

	(void)state;
	assert_int_equal(exit_of(&prog, word), EXIT_USAGE);
	assert_int_equal(exit_of(&prog, joined), EXIT_USAGE);
}

static void
exit_codes(void **state)
{
	(void)state;
	assert_int_equal(daemon_exit(RC_OK), 0);
	assert_int_equal(daemon_exit(RC_RETRY), 75);
	assert_int_equal(daemon_exit(RC_INVALID), 1);
	assert_int_equal(daemon_exit(RC_UPSTREAM), 1);
}

static bool
must_stop(void)
{
	return true;
}

static void
long_work_ends_at_a_signal(void **state)
{
	(void)state;
	assert_int_equal(daemon_check_stop(&cx), RC_OK);
	cx.stopping = must_stop;
	assert_int_equal(daemon_check_stop(&cx), RC_RETRY);
	assert_int_equal(daemon_exit(cx.err.rc), EXIT_LATER);
	cx.stopping = NULL;
}

static void
signals_are_received(void **state)
{
	struct pollfd p;

	(void)state;
	daemon_signals();
	p = (struct pollfd){ .fd = daemon_signal_fd(), .events = POLLIN };
	assert_false(daemon_stopping());
	assert_false(daemon_hup());
	assert_int_equal(raise(SIGHUP), 0);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_true(daemon_hup());
	assert_false(daemon_hup());
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_true(daemon_stopping());
	assert_true(daemon_stopping());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(options_stand_anywhere),
		FIXTURE_TEST(absent_options_are_null),
		FIXTURE_TEST(wrong_command_lines_end_with_2),
		FIXTURE_TEST(alternatives_exclude_each_other),
		FIXTURE_TEST(an_empty_value_is_none),
		FIXTURE_TEST(exit_codes),
		FIXTURE_TEST(long_work_ends_at_a_signal),
		FIXTURE_TEST(signals_are_received),
	};

	return cmocka_run_group_tests_name("daemon", tests, NULL, NULL);
}
