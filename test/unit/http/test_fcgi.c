/*
 * A real worker in a child process and a FastCGI client that behaves as web
 * servers do, and as they should not.  Pins what fcgi.c relies on in libfcgi:
 * that a request may be given its connection before FCGX_Accept_r().
 */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/daemon.h"
#include "http/fcgi.h"
#include "still_clock.h"

enum { BEGIN = 1, PARAMS = 4, STDIN = 5, STDOUT = 6, END = 3 };

static char path[64];
static int listen_fd;
static pid_t worker;
static int pair[2]; /* taken from, given to */

/* ---- the worker ------------------------------------------------------------------------------ */

static enum rc
echo(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	rs->status = 200;
	sb_printf(&rs->body, "%s %s %s %zu", rq->method, rq->query, cx->request_id, rq->body_len);
	return RC_OK;
}

static enum rc
large(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	(void)cx;
	(void)rq;
	rs->status = 200;
	for (int i = 0; i < 300000; i++)
		sb_puts(&rs->body, "0123456789");
	return RC_OK;
}

static const struct route routes[] = {
	{ "", "GET", "/api/echo", 1, .fn = echo },
	{ "", "POST", "/api/echo", 1, .fn = echo },
	{ "", "GET", "/api/large", 1, .fn = large },
};

static const struct http_policy policy = { .routes = routes, .nroutes = countof(routes) };

static _Noreturn void
be_worker(size_t conns_max)
{
	struct ctx cx = { .mem = arena_new(16384) };
	struct fcgi_worker w = { .cx = &cx,
		.policy = &policy,
		.listen_fd = listen_fd,
		.take_fd = pair[0],
		.give_fd = pair[1],
		.conns_max = conns_max,
		.stopping = daemon_stopping };

	daemon_signals();
	w.wake_fd = daemon_signal_fd();
	_exit(fcgi_run(&w) == RC_OK ? 0 : 1);
}

static void
start(size_t conns_max)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	(void)snprintf(path, sizeof(path), "/tmp/test_fcgi.%d", (int)getpid());
	memcpy(sa.sun_path, path, sizeof(path));
	(void)unlink(path);
	listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listen_fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(listen_fd, 64), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			     pair),
	    0);
	worker = fork();
	if (worker == 0)
		be_worker(conns_max);
}

static int
start_many(void **state)
{
	(void)state;
	start(64);
	return 0;
}

static int
start_classic(void **state)
{
	(void)state;
	start(1);
	return 0;
}

/* A worker must end by itself, and well, within seconds. */
static int
stop(void **state)
{
	int status = -1;

	(void)state;
	(void)kill(worker, SIGTERM);
	for (int i = 0; i < 400 && waitpid(worker, &status, WNOHANG) == 0; i++)
		(void)usleep(50000);
	(void)kill(worker, SIGKILL);
	(void)close(listen_fd);
	(void)close(pair[0]);
	(void)close(pair[1]);
	(void)unlink(path);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* ---- the client ------------------------------------------------------------------------------ */

struct wire {
	size_t len;
	unsigned char b[400000];
};

static int
dial(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval wait = { .tv_sec = 30 };

	memcpy(sa.sun_path, path, sizeof(path));
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	return fd;
}

static void
put_record(struct wire *w, int type, const void *data, size_t n)
{
	const unsigned char head[8] = { 1, (unsigned char)type, 0, 1, (unsigned char)(n >> 8),
		(unsigned char)n, 0, 0 };

	memcpy(w->b + w->len, head, 8);
	memcpy(w->b + w->len + 8, data, n);
	w->len += 8 + n;
}

static size_t
put_param(unsigned char *to, const char *name, const char *val)
{
	size_t n = strlen(name), v = strlen(val);

	to[0] = (unsigned char)n;
	to[1] = (unsigned char)v;
	memcpy(to + 2, name, n);
	memcpy(to + 2 + n, val, v);
	return 2 + n + v;
}

static struct wire *
request(const char *method, const char *uri, size_t body, bool keep)
{
	static struct wire w;
	static unsigned char object[300000];
	const unsigned char begin[8] = { 0, 1, keep };
	unsigned char params[1024];
	char length[24];
	size_t n = 0;

	w.len = 0;
	assert_true(body <= sizeof(object));
	memset(object, ' ', sizeof(object));
	object[0] = '{';
	object[body > 0 ? body - 1 : 0] = '}';
	(void)snprintf(length, sizeof(length), "%zu", body);
	n += put_param(params + n, "REQUEST_METHOD", method);
	n += put_param(params + n, "REQUEST_URI", uri);
	n += put_param(params + n, "QUERY_STRING", "q=1");
	n += put_param(params + n, "REQUEST_ID", "rid");
	n += put_param(params + n, "CONTENT_TYPE", "application/json");
	n += put_param(params + n, "CONTENT_LENGTH", length);
	put_record(&w, BEGIN, begin, 8);
	put_record(&w, PARAMS, params, n);
	put_record(&w, PARAMS, "", 0);
	for (size_t at = 0, len; at < body; at += len) {
		len = body - at < 32768 ? body - at : 32768;
		put_record(&w, STDIN, object + at, len);
	}
	put_record(&w, STDIN, "", 0);
	return &w;
}

static void
send_all(int fd, const void *data, size_t n)
{
	for (const char *p = data; n > 0;) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL);

		assert_true(done > 0);
		p += done;
		n -= (size_t)done;
	}
}

static bool
read_all(int fd, void *to, size_t n)
{
	for (char *p = to; n > 0;) {
		ssize_t done = TEMP_FAILURE_RETRY(recv(fd, p, n, 0));

		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

/* Read the standard output of the worker, up to the end of the request; NULL when it hangs up. */
static const char *
answer(int fd)
{
	static char text[4000000];
	unsigned char head[8], rest[65536 + 256];
	size_t n = 0, len;

	for (;;) {
		if (!read_all(fd, head, 8))
			return NULL;
		len = (size_t)head[4] << 8 | head[5];
		if (!read_all(fd, rest, len + head[6]))
			return NULL;
		if (head[1] == END)
			break;
		if (head[1] == STDOUT) {
			memcpy(text + n, rest, len);
			n += len;
		}
	}
	text[n] = '\0';
	return text;
}

static const char *
ask(int fd, const char *method, const char *uri, size_t body, bool keep)
{
	const struct wire *w = request(method, uri, body, keep);

	send_all(fd, w->b, w->len);
	return answer(fd);
}

static bool
is_closed(int fd)
{
	char byte;

	ssize_t n = TEMP_FAILURE_RETRY(recv(fd, &byte, 1, 0));

	return n == 0 || (n < 0 && errno == ECONNRESET);
}

/* ---- the tests ------------------------------------------------------------------------------- */

static void
one_connection_many_requests(void **state)
{
	int fd = dial();

	(void)state;
	for (int i = 0; i < 100; i++) {
		const char *s = ask(fd, "GET", "/api/echo?q=1", 0, true);

		assert_non_null(s);
		assert_non_null(strstr(s, "Status: 200 OK\r\n"));
		assert_non_null(strstr(s, "Cache-Control: no-store\r\n"));
		assert_non_null(strstr(s, "\r\n\r\nGET q=1 rid 0"));
	}
	assert_non_null(strstr(ask(fd, "GET", "/nowhere", 0, true), "Status: 404 "));
	assert_non_null(ask(fd, "GET", "/api/echo", 0, false));
	assert_true(is_closed(fd));
	(void)close(fd);
}

static void
many_connections_in_any_order(void **state)
{
	int fds[60];

	(void)state;
	for (int i = 0; i < 60; i++)
		fds[i] = dial();
	for (int round = 0; round < 3; round++)
		for (int i = 59; i >= 0; i--)
			assert_non_null(ask(fds[i], "GET", "/api/echo", 0, true));
	for (int i = 0; i < 60; i++)
		(void)close(fds[i]);
}

static void
half_a_request_holds_up_nobody(void **state)
{
	const struct wire *w = request("GET", "/api/echo", 0, true);
	int slow = dial(), silent = dial(), fd;

	(void)state;
	send_all(slow, w->b, w->len - 9);
	fd = dial();
	assert_non_null(ask(fd, "GET", "/api/echo", 0, true));
	w = request("GET", "/api/echo", 0, true);
	send_all(slow, w->b + w->len - 9, 9);
	assert_non_null(strstr(answer(slow), "Status: 200"));
	send_all(slow, w->b, 5);
	assert_non_null(ask(fd, "GET", "/api/echo", 0, true)); /* those five have been seen */
	*clock_now += 5000;
	assert_true(is_closed(slow)); /* after a while, it is given up */
	assert_non_null(ask(silent, "GET", "/api/echo", 0, true));
	(void)close(slow);
	(void)close(silent);
	(void)close(fd);
}

static void
peers_that_vanish_or_talk_nonsense(void **state)
{
	const struct wire *w;
	int fd;

	(void)state;
	for (size_t cut = 1; cut < 200; cut += 7) {
		fd = dial();
		w = request("GET", "/api/echo", 0, true);
		send_all(fd, w->b, cut < w->len ? cut : w->len);
		(void)close(fd);
	}
	fd = dial();
	send_all(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27);
	assert_true(is_closed(fd));
	(void)close(fd);
	fd = dial();
	w = request("GET", "/api/large", 0, true);
	send_all(fd, w->b, w->len);
	(void)close(fd); /* leaves in the middle of 3 MB */
	fd = dial();
	assert_non_null(ask(fd, "GET", "/api/echo", 0, true));
	(void)close(fd);
}

/* A well-formed start and then records libfcgi refuses: it must not go on to accept by itself. */
static void
broken_records_cost_their_connection(void **state)
{
	static struct wire w;
	const unsigned char begin[8] = { 0, 1, 1 };
	int fd = dial();

	(void)state;
	w.len = 0;
	put_record(&w, BEGIN, begin, 3);
	put_record(&w, PARAMS, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	put_record(&w, PARAMS, "", 0);
	put_record(&w, STDIN, "", 0);
	send_all(fd, w.b, w.len);
	assert_true(is_closed(fd));
	(void)close(fd);
	fd = dial();
	assert_non_null(ask(fd, "GET", "/api/echo", 0, true));
	(void)close(fd);
}

static void
large_bodies_both_ways(void **state)
{
	int fd = dial();
	const char *s = ask(fd, "POST", "/api/echo", 300000, true);

	(void)state;
	assert_non_null(s);
	assert_non_null(strstr(s, "POST q=1 rid 300000"));
	s = ask(fd, "GET", "/api/large", 0, true);
	assert_non_null(s);
	assert_int_equal(strlen(strstr(s, "\r\n\r\n") + 4), 3000000);
	assert_non_null(ask(fd, "GET", "/api/echo", 0, true));
	(void)close(fd);
}

/*
 * Bug: one request in five after a large body was 502: the record that ends the body was
 * left behind, whole or in part, and read as the beginning of the next.
 */
static void
large_body_is_read_to_its_end(void **state)
{
	int fd = dial();

	(void)state;
	for (size_t torn = 0; torn <= 8; torn++) {
		const struct wire *w = request("POST", "/api/echo", 200000, true);

		send_all(fd, w->b, w->len - torn);
		(void)usleep(20000);
		send_all(fd, w->b + w->len - torn, torn);
		assert_non_null(answer(fd));
		assert_non_null(ask(fd, "GET", "/api/echo", 0, true));
	}
	(void)close(fd);
}

/* Half of a large body: the request is dropped unanswered, the worker goes on. */
static void
large_body_cut_short(void **state)
{
	const struct wire *w = request("POST", "/api/echo", 200000, true);
	int fd = dial();

	(void)state;
	send_all(fd, w->b, 100000);
	(void)close(fd);
	fd = dial();
	assert_non_null(ask(fd, "GET", "/api/echo", 0, true));
	(void)close(fd);
}

static void
classic_keeps_nothing(void **state)
{
	int first = dial(), second = dial();

	(void)state;
	assert_non_null(ask(first, "GET", "/api/echo", 0, true));
	assert_true(is_closed(first));
	assert_non_null(ask(second, "GET", "/api/echo", 0, true));
	(void)close(first);
	(void)close(second);
}

/* One that connects and says nothing makes the next wait, but not for ever. */
static void
classic_gives_up_on_the_silent(void **state)
{
	int silent = dial();
	struct pollfd p = { .fd = dial(), .events = POLLIN };
	const struct wire *w = request("GET", "/api/echo", 0, true);

	(void)state;
	send_all(p.fd, w->b, w->len);
	for (int i = 0; i < 300 && poll(&p, 1, 100) == 0; i++)
		*clock_now += 1000;
	assert_non_null(answer(p.fd));
	assert_true(is_closed(silent));
	(void)close(silent);
	(void)close(p.fd);
}

/* End the worker, and go on with another. */
static void
replace_worker(void)
{
	int status;

	(void)kill(worker, SIGTERM);
	assert_int_equal(waitpid(worker, &status, 0), worker);
	assert_int_equal(status, 0);
	worker = fork();
	if (worker == 0)
		be_worker(64);
}

static void
connections_outlive_their_worker(void **state)
{
	const struct wire *w;
	int idle = dial(), half = dial(), waiting = dial();

	(void)state;
	assert_non_null(ask(idle, "GET", "/api/echo", 0, true));
	w = request("GET", "/api/echo", 0, true);
	send_all(half, w->b, w->len - 20);
	(void)usleep(50000);
	(void)kill(worker, SIGSTOP);
	send_all(waiting, w->b, w->len);
	(void)kill(worker, SIGTERM);
	(void)kill(worker, SIGCONT);
	replace_worker();
	assert_non_null(answer(waiting));
	assert_non_null(ask(idle, "GET", "/api/echo", 0, true));
	w = request("GET", "/api/echo", 0, true);
	send_all(half, w->b + w->len - 20, 20);
	assert_non_null(answer(half));
	replace_worker();
	assert_non_null(ask(half, "GET", "/api/echo", 0, true));
	assert_non_null(ask(waiting, "GET", "/api/echo", 0, true));
	(void)close(idle);
	(void)close(half);
	(void)close(waiting);
}

#define MANY(f)    cmocka_unit_test_setup_teardown(f, start_many, stop)
#define CLASSIC(f) cmocka_unit_test_setup_teardown(f, start_classic, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MANY(one_connection_many_requests),
		MANY(many_connections_in_any_order),
		MANY(half_a_request_holds_up_nobody),
		MANY(peers_that_vanish_or_talk_nonsense),
		MANY(broken_records_cost_their_connection),
		MANY(large_bodies_both_ways),
		MANY(large_body_is_read_to_its_end),
		MANY(large_body_cut_short),
		MANY(connections_outlive_their_worker),
		CLASSIC(classic_keeps_nothing),
		CLASSIC(classic_gives_up_on_the_silent),
	};

	clock_now = mmap(NULL, sizeof(*clock_now), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0); /* for the worker, too */
	*clock_now = 1000;
	return cmocka_run_group_tests_name("fcgi", tests, NULL, NULL);
}
