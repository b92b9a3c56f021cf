/* The requests of isp-api to isp-probe: only those of the two forms start a program. */
#include "fixture.h"

#include <string.h>
#include <unistd.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(other_requests_start_nothing),
		FIXTURE_TEST(a_line_without_an_end_has_no_answer),
		FIXTURE_TEST(a_line_that_is_too_long_has_no_answer),
		FIXTURE_TEST(a_program_that_cannot_start_is_a_failure_of_its_own),
	};

	return cmocka_run_group_tests_name("probe_serve", tests, NULL, NULL);
}
