/* The requests of isp-api to isp-probe: only those of the two forms start a program. */
#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "net/probe.h"
#include "net/probe_serve.h"

/* The answer to a line, and the exit status of the server. */
static const char *
answer_to(const char *line, int *status)
{
	char *answer = arena_alloc(cx.mem, 4096);
	int in[2], out[2];
	ssize_t n;

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	assert_int_equal(write(in[1], line, strlen(line)), strlen(line));
	(void)close(in[1]);
	*status = probe_serve_one(&cx, NULL, in[0], out[1]);
	(void)close(out[1]);
	n = read(out[0], answer, 4095);
	answer[n > 0 ? n : 0] = '\0';
	(void)close(in[0]);
	(void)close(out[0]);
	return answer;
}

static void
other_requests_start_nothing(void **state)
{
	static const char *const bad[] = { "\n", "reboot\n", "ping\n", "ping 127.0.0.1 1\n",
		"ping --env=/etc/shadow 1 100\n", "discover tower\n",
		"discover 11111111-1111-4111-8111-111111111111 more\n" };
	int status;

	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		assert_string_equal(answer_to(bad[i], &status), "2\nno such request\n");
		assert_int_equal(status, EXIT_USAGE);
	}
}

static void
a_line_without_an_end_has_no_answer(void **state)
{
	int status;

	(void)state;
	assert_string_equal(answer_to("ping 127.0.0.1 1 100", &status), "");
	assert_int_equal(status, EXIT_FAILED);
}

/* The server reads no further than its buffer. */
static void
a_line_that_is_too_long_has_no_answer(void **state)
{
	char line[PROBE_LINE_MAX + 4];
	int status;

	(void)state;
	memset(line, 'x', sizeof(line) - 2);
	memcpy(line + sizeof(line) - 2, "\n", 2);
	assert_string_equal(answer_to(line, &status), "");
	assert_int_equal(status, EXIT_FAILED);
}

/* Beside the test stands no pinger: its exit status and the empty last line are the answer. */
static void
a_program_that_cannot_start_is_a_failure_of_its_own(void **state)
{
	int status;

	(void)state;
	assert_string_equal(answer_to("ping 127.0.0.1 1 100\n", &status), "127\n");
	assert_int_equal(status, EXIT_DONE);
}

/* ---- with programs beside it: a copy of this test is isp-probe, links are the others ---- */

static char beside[32];

/* Play a program that was started; its second argument says how. */
static int
act_as_program(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";

	if (strcmp(what, "fail") == 0) {
		(void)fprintf(stderr, "pinger: first\npinger: cannot: do it\n\n");
		return 3;
	}
	if (strcmp(what, "grumble") == 0) {
		(void)printf("without a name\n");
		return 1;
	}
	if (strcmp(what, "die") == 0)
		return raise(SIGKILL);
	for (int i = 0; strcmp(what, "flood") == 0 && i < 3 * PROBE_ANSWER_MAX; i++)
		(void)putchar('x');
	for (int i = 1; i < argc; i++)
		(void)printf("%s ", argv[i]);
	(void)printf("%u s\n", (alarm(0) + 9) / 10 * 10); /* rounded: its start took some of it */
	return 0;
}

static void
copy_to(const char *path)
{
	const int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	const int out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	struct stat st;

	assert_int_equal(fstat(in, &st), 0);
	for (off_t left = st.st_size; left > 0;) {
		const ssize_t n = sendfile(out, in, NULL, (size_t)left);

		assert_true(n > 0);
		left -= n;
	}
	(void)close(in);
	(void)close(out);
}

static const char *
path_beside(const char *name)
{
	return arena_printf(cx.mem, "%s/%s", beside, name);
}

static int
programs_begin(void **state)
{
	char self[512] = "";

	(void)setup(state);
	(void)snprintf(beside, sizeof(beside), "/tmp/probe_serve.XXXXXX");
	assert_non_null(mkdtemp(beside));
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	copy_to(path_beside("isp-probe"));
	assert_int_equal(symlink(self, path_beside("pinger")), 0);
	assert_int_equal(symlink(self, path_beside("snmp-poller")), 0);
	return 0;
}

static int
programs_end(void **state)
{
	static const char *const names[] = { "isp-probe", "pinger", "snmp-poller",
		"isp-probe.sock" };

	for (size_t i = 0; i < countof(names); i++)
		(void)unlink(path_beside(names[i]));
	(void)rmdir(beside);
	return teardown(state);
}

/* The answer of the copy to a line, up to so many bytes; env: its env file, or NULL. */
static const char *
started_by(const char *line, const char *env, size_t *ret_len)
{
	char *answer = arena_alloc(cx.mem, 2 * PROBE_ANSWER_MAX);
	int in[2], out[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t child;

	assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		(void)dup2(in[0], STDIN_FILENO);
		(void)dup2(out[1], STDOUT_FILENO);
		(void)execl(path_beside("isp-probe"), "isp-probe", env, NULL);
		_exit(1);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	assert_int_equal(write(in[1], line, strlen(line)), strlen(line));
	while ((n = read(out[0], answer + len, 2 * PROBE_ANSWER_MAX - 1 - len)) > 0)
		len += (size_t)n;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	(void)close(in[1]);
	(void)close(out[0]);
	*ret_len = len;
	return answer;
}

/* An option of the request cannot become one of the program. */
static void
a_request_is_a_command(void **state)
{
#define UUID "11111111-1111-4111-8111-111111111111"
	static const struct {
		const char *line, *env, *answer;
	} all[] = {
		{ "ping 127.0.0.1 3 500\n", NULL,
		    "0\n--now 127.0.0.1 --count 3 --timeout 500 90 s\n" },
		{ "ping a -1 --env=x\n", "/e", "0\n--now a --count -1 --timeout --env=x 90 s\n" },
		{ "discover " UUID "\n", NULL, "0\n--discover " UUID " 90 s\n" },
		{ "discover " UUID "\n", "/e", "0\n--discover " UUID " --env /e 90 s\n" },
		{ "ping fail 1 1\n", NULL, "3\ncannot: do it" },
		{ "ping grumble 1 1\n", NULL, "1\nwithout a name" },
		{ "ping die 1 1\n", NULL, "1\n" },
	};
	size_t len;

	(void)state;
	for (size_t i = 0; i < countof(all); i++)
		assert_string_equal(started_by(all[i].line, all[i].env, &len), all[i].answer);
}

/* A program that prints without an end is cut, and killed by its broken pipe. */
static void
an_endless_answer_is_cut(void **state)
{
	const char *answer;
	size_t len;

	(void)state;
	answer = started_by("ping flood 1 1\n", NULL, &len);
	assert_in_range(len, 2, PROBE_ANSWER_MAX + 2);
	assert_memory_equal(answer, "1\nxxx", 5);
}

/* ---- the service ---- */

static pid_t
service(void)
{
	const pid_t child = fork();

	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* where its test fails */
		daemon_signals();
		_exit(probe_serve_listen(&cx, NULL, beside) == RC_OK ? 0 : 1);
	}
	return child;
}

static const char *
asked(const char *line)
{
	const int64_t until = clock_ms() + 20000;
	const char *text = "";
	enum rc rc = RC_RETRY;

	while (rc == RC_RETRY && clock_ms() < until) {
		rc = probe_ask(&cx, beside, line, 20000, &text);
		(void)usleep(rc == RC_RETRY ? 10000 : 0);
	}
	return rc == RC_OK ? text : cx.err.msg;
}

/* Has it children, running or not waited for? */
static bool
has_children(pid_t parent)
{
	FILE *list =
	    fopen(arena_printf(cx.mem, "/proc/%d/task/%d/children", (int)parent, (int)parent),
		"re");
	int child = 0;

	assert_non_null(list);
	(void)!fscanf(list, "%d", &child);
	(void)fclose(list);
	return child != 0;
}

/* A socket that a killed service left is in nobody's way, and a signal ends the new one. */
static void
a_service_answers_until_a_signal(void **state)
{
	pid_t child;
	struct stat st;
	int status;

	(void)state;
	(void)close(open(path_beside("isp-probe.sock"), O_CREAT | O_CLOEXEC, 0600));
	child = service();
	for (int i = 0; i < 20; i++) /* more than may be at once */
		assert_string_equal(asked("what"), "no such request\n");
	assert_int_equal(stat(path_beside("isp-probe.sock"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	for (int i = 0; i < 100 && has_children(child); i++)
		(void)usleep(100000);
	assert_false(has_children(child));
	assert_int_equal(kill(child, SIGTERM), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void
a_service_without_a_socket_is_an_error(void **state)
{
	char directory[160];

	(void)state;
	assert_int_equal(probe_serve_listen(&cx, NULL, "/nonexistent"), RC_INTERNAL);
	assert_string_equal(cx.err.msg, "/nonexistent/isp-probe.sock: No such file or directory");
	memset(directory, 'd', sizeof(directory));
	directory[93] = '\0';
	assert_int_equal(probe_serve_listen(&cx, NULL, directory), RC_INTERNAL);
	assert_string_equal(cx.err.msg, "the path of isp-probe.sock is too long");
}

#define PROGRAM_TEST(f) cmocka_unit_test_setup_teardown(f, programs_begin, programs_end)

int
main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'), *self = slash != NULL ? slash + 1 : argv[0];

	if (strcmp(self, "isp-probe") == 0) {
		(void)setup(NULL);
		_exit(probe_serve_one(&cx, argv[1], STDIN_FILENO, STDOUT_FILENO));
	}
	if (strcmp(self, "pinger") == 0 || strcmp(self, "snmp-poller") == 0)
		return act_as_program(argc, argv);
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(other_requests_start_nothing),
		FIXTURE_TEST(a_line_without_an_end_has_no_answer),
		FIXTURE_TEST(a_line_that_is_too_long_has_no_answer),
		FIXTURE_TEST(a_program_that_cannot_start_is_a_failure_of_its_own),
		PROGRAM_TEST(a_request_is_a_command),
		PROGRAM_TEST(an_endless_answer_is_cut),
		PROGRAM_TEST(a_service_answers_until_a_signal),
		FIXTURE_TEST(a_service_without_a_socket_is_an_error),
	};

	return cmocka_run_group_tests_name("probe_serve", tests, NULL, NULL);
}
