/* A master with workers that only answer with their pid: do they come, go and come back? */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/daemon.h"
#include "http/prefork.h"

static char path[64], broken[64];
static pid_t master;

/* Tells its pid to everyone; with the file `broken` there it cannot even start. */
static int
work(const struct pool *p, const struct pool_fds *shared, void *arg)
{
	struct pollfd fds[] = { { .fd = shared->listen, .events = POLLIN },
		{ .fd = daemon_signal_fd(), .events = POLLIN } };

	(void)p;
	(void)arg;
	if (access(broken, F_OK) == 0)
		return EXIT_FAILED;
	prefork_ready();
	while (!daemon_stopping()) {
		pid_t me = getpid();
		int fd;

		(void)poll(fds, countof(fds), -1);
		fd = accept(shared->listen, NULL, NULL);
		if (fd < 0)
			continue;
		(void)!write(fd, &me, sizeof(me));
		(void)close(fd);
	}
	return EXIT_DONE;
}

static _Noreturn void
be_master(void)
{
	struct ctx cx = { .mem = arena_new(4096) };
	const struct pool pool = { .name = "fast", .address = path, .workers = 2, .backlog = 16 };
	enum rc rc;

	daemon_signals();
	rc = prefork_run(&cx, &pool, 1, work, NULL);
	arena_free(cx.mem);
	_exit(daemon_exit(rc));
}

static int
start(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/test_prefork.%d", (int)getpid());
	(void)snprintf(broken, sizeof(broken), "/tmp/test_prefork.%d.broken", (int)getpid());
	(void)unlink(broken);
	master = fork();
	if (master == 0)
		be_master();
	return 0;
}

static int
stop(void **state)
{
	int status = -1;

	(void)state;
	(void)kill(master, SIGTERM);
	for (int i = 0; i < 400 && waitpid(master, &status, WNOHANG) == 0; i++)
		(void)usleep(50000); /* less than the 35 s after which workers are killed */
	(void)kill(master, SIGKILL);
	(void)unlink(broken);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* A connection, -1 when nobody listens. */
static int
dial(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = 30 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(sa.sun_path, path, sizeof(path));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* The pid of whoever answers, 0 when nobody can be reached. */
static pid_t
ask(void)
{
	int fd = dial();
	pid_t pid = 0;

	if (fd < 0)
		return 0;
	if (TEMP_FAILURE_RETRY(read(fd, &pid, sizeof(pid))) != sizeof(pid))
		pid = 0;
	(void)close(fd);
	return pid;
}

static pid_t
ask_until_answered(void)
{
	for (int i = 0; i < 1200; i++) {
		pid_t pid = ask();

		if (pid != 0)
			return pid;
		(void)usleep(25000);
	}
	return 0;
}

static void
the_dead_come_back(void **state)
{
	pid_t pid = ask_until_answered();

	(void)state;
	assert_int_not_equal(pid, 0);
	for (int i = 0; i < 3; i++) {
		(void)kill(pid, SIGKILL);
		pid = ask_until_answered();
		assert_int_not_equal(pid, 0);
	}
}

static bool
is_alive(pid_t pid)
{
	return kill(pid, 0) == 0;
}

static void
hangup_replaces_all_without_a_gap(void **state)
{
	pid_t old[2] = { ask_until_answered() }, now = 0;

	(void)state;
	while ((old[1] = ask()) == old[0])
		;
	(void)kill(master, SIGHUP);
	for (int i = 0; i < 400 || (i < 8000 && (is_alive(old[0]) || is_alive(old[1]))); i++) {
		now = ask();
		assert_int_not_equal(now, 0); /* at no moment is there nobody */
		(void)usleep(2500);
	}
	now = ask(); /* the last answer may have been an old one's last act */
	assert_int_not_equal(now, old[0]);
	assert_int_not_equal(now, old[1]);
	assert_false(is_alive(old[0]));
	assert_false(is_alive(old[1]));
}

static void
a_bad_reload_changes_nothing(void **state)
{
	pid_t old = ask_until_answered();
	FILE *f = fopen(broken, "w");

	(void)state;
	assert_non_null(f);
	(void)fclose(f);
	(void)kill(master, SIGHUP);
	(void)usleep(500000);
	assert_int_equal(kill(old, 0), 0);
	assert_int_not_equal(ask(), 0);
}

static void
a_second_master_is_refused(void **state)
{
	int status;
	pid_t second;

	(void)state;
	assert_int_not_equal(ask_until_answered(), 0);
	second = fork();
	if (second == 0)
		be_master();
	assert_int_equal(waitpid(second, &status, 0), second);
	assert_int_equal(WEXITSTATUS(status), EXIT_LATER);
	assert_int_not_equal(ask(), 0);
}

static void
a_dead_master_leaves_no_workers(void **state)
{
	pid_t pid = ask_until_answered();
	int fd;

	(void)state;
	(void)kill(master, SIGKILL);
	assert_int_equal(waitpid(master, NULL, 0), master);
	for (int i = 0; i < 1200 && kill(pid, 0) == 0; i++)
		(void)usleep(25000);
	assert_int_equal(kill(pid, 0), -1);
	for (int i = 0; i < 1200 && (fd = dial()) >= 0; i++) {
		(void)close(fd); /* of the other worker: no new master starts beside it */
		(void)usleep(25000);
	}
	(void)start(state);
	assert_int_not_equal(ask_until_answered(), 0); /* over the stale socket */
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_dead_come_back),
		CASE(hangup_replaces_all_without_a_gap),
		CASE(a_bad_reload_changes_nothing),
		CASE(a_second_master_is_refused),
		CASE(a_dead_master_leaves_no_workers),
	};

	return cmocka_run_group_tests_name("prefork", tests, NULL, NULL);
}
