/* Requests to isp-probe: its answer, and all that may be missing of one. */
#include "fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "descriptors.h"
#include "net/probe.h"

/* An isp-probe of one request, in a directory of its own. */
static struct {
	char directory[40], received[256];
	const char *said[2]; /* one after the other */
	bool hangs;          /* it says no more until the client has gone */
	bool is_endless;
	int lfd;
	pthread_t thread;
} server;

static void
say(int fd)
{
	static const char flood[4096] = "0\n";
	bool goes_on = true;
	char byte;

	for (size_t i = 0; i < countof(server.said) && server.said[i] != NULL; i++) {
		(void)usleep(20000);
		(void)send(fd, server.said[i], strlen(server.said[i]), MSG_NOSIGNAL);
	}
	while (server.is_endless && goes_on)
		goes_on = send(fd, flood, sizeof(flood), MSG_NOSIGNAL) > 0;
	if (server.hangs)
		(void)!read(fd, &byte, 1);
}

static void *
serve(void *arg)
{
	const int fd = accept(server.lfd, NULL, NULL);
	size_t n = 0;

	(void)arg;
	while (fd >= 0 && n < sizeof(server.received) - 1 &&
	       memchr(server.received, '\n', n) == NULL && read(fd, server.received + n, 1) == 1)
		n++;
	if (fd >= 0) {
		say(fd);
		(void)close(fd);
	}
	return NULL;
}

static void
start(const char *first, const char *second)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	memset(&server, 0, sizeof(server));
	(void)snprintf(server.directory, sizeof(server.directory), "/tmp/test_probe.XXXXXX");
	assert_non_null(mkdtemp(server.directory));
	server.said[0] = first;
	server.said[1] = second;
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s/isp-probe.sock", server.directory);
	server.lfd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(server.lfd, (void *)&at, sizeof(at)), 0);
	assert_int_equal(listen(server.lfd, 1), 0);
	assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static void
stop(void)
{
	(void)shutdown(server.lfd, SHUT_RDWR);
	(void)pthread_join(server.thread, NULL);
	(void)close(server.lfd);
	(void)unlink(arena_printf(cx.mem, "%s/isp-probe.sock", server.directory));
	(void)rmdir(server.directory);
}

/* The outcome of a request that is answered so; its text, or the error's. */
static const char *
answer_to(const char *first, const char *second, enum rc wanted)
{
	const char *text = NULL;

	start(first, second);
	assert_int_equal(probe_ask(&cx, server.directory, "ping a 1 2", 20000, &text), wanted);
	assert_string_equal(server.received, "ping a 1 2\n");
	stop();
	return wanted == RC_OK ? text : cx.err.msg;
}

static void
an_answer_is_read_to_its_end(void **state)
{
	(void)state;
	assert_string_equal(answer_to("0\none\n", "two\n", RC_OK), "one\ntwo\n");
	assert_string_equal(answer_to("0\n", NULL, RC_OK), "");
	assert_string_equal(answer_to("1\nno such host", NULL, RC_UPSTREAM), "no such host");
	assert_string_equal(answer_to("00\nx", NULL, RC_UPSTREAM), "x");
	assert_string_equal(answer_to("127\n", NULL, RC_UPSTREAM), "The probe failed.");
	assert_string_equal(answer_to("0", NULL, RC_UPSTREAM),
	    "isp-probe ended without an answer.");
	assert_string_equal(answer_to(NULL, NULL, RC_UPSTREAM),
	    "isp-probe ended without an answer.");
}

static void
an_answer_that_does_not_come_is_not_waited_for(void **state)
{
	const int64_t began = clock_ms();
	const char *text;

	(void)state;
	start("0\none", NULL);
	server.hangs = true;
	assert_int_equal(probe_ask(&cx, server.directory, "ping a 1 2", 1100, &text), RC_UPSTREAM);
	assert_string_equal(cx.err.msg, "There was no answer within 1 seconds.");
	assert_in_range(clock_ms() - began, 1099, 20000);
	arena_reset(cx.mem); /* hangs up */
	stop();
}

/* An answer without an end is read up to the length that one may have. */
static void
an_endless_answer_is_cut(void **state)
{
	const char *text = NULL;

	(void)state;
	start(NULL, NULL);
	server.is_endless = true;
	assert_int_equal(probe_ask(&cx, server.directory, "ping a 1 2", 20000, &text), RC_OK);
	arena_reset(cx.mem); /* hangs up */
	stop();
}

static void
a_missing_server_is_tried_again(void **state)
{
	const char *text;
	char directory[160];

	(void)state;
	assert_int_equal(probe_ask(&cx, "/nonexistent", "x", 1000, &text), RC_RETRY);
	assert_string_equal(cx.err.msg, "isp-probe is not running.");
	memset(directory, 'd', sizeof(directory)); /* with the socket's name, 107 bytes, and 108 */
	directory[92] = '\0';
	assert_int_equal(probe_ask(&cx, directory, "x", 1000, &text), RC_RETRY);
	directory[92] = 'd';
	directory[93] = '\0';
	assert_int_equal(probe_ask(&cx, directory, "x", 1000, &text), RC_INTERNAL);
	assert_string_equal(cx.err.msg, "the path of isp-probe.sock is too long");
}

static void
a_request_leaves_no_descriptor(void **state)
{
	const int before = descriptors();

	(void)state;
	(void)answer_to("0\nx", NULL, RC_OK);
	arena_reset(cx.mem);
	assert_int_equal(descriptors(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(an_answer_is_read_to_its_end),
		FIXTURE_TEST(an_answer_that_does_not_come_is_not_waited_for),
		FIXTURE_TEST(an_endless_answer_is_cut),
		FIXTURE_TEST(a_missing_server_is_tried_again),
		FIXTURE_TEST(a_request_leaves_no_descriptor),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
