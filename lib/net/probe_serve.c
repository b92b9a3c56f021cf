/* probe_serve.c: see probe_serve.h. */
#include "net/probe_serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/daemon.h"
#include "base/value.h"
#include "net/probe.h"

enum { WORDS = 4, READ_MS = 5000, LIFE_S = 90, CHILDREN = 8 };

/* ---- a request ---- */

/* Read a line of at most PROBE_LINE_MAX bytes, without its end; false: none came in time. */
static bool
read_line(int fd, char line[PROBE_LINE_MAX])
{
	size_t n = 0;

	while (n < PROBE_LINE_MAX - 1) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, READ_MS) <= 0 || read(fd, &line[n], 1) != 1)
			return false;
		if (line[n] == '\n') {
			line[n] = '\0';
			return true;
		}
		n++;
	}
	return false;
}

static size_t
split(char *line, char *words[WORDS])
{
	size_t n = 0;
	char *save = NULL;

	for (char *w = strtok_r(line, " ", &save); w != NULL && n < WORDS;
	     w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	return n;
}

/* The path of another of our programs, in the same directory as this one. */
static const char *
path_of(struct ctx *cx, const char *name)
{
	char self[512];
	const ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n <= 0)
		return name;
	self[n] = '\0';
	slash = strrchr(self, '/');
	*slash = '\0';
	return arena_printf(cx->mem, "%s/%s", self, name);
}

/*
 * The command of a request; NULL: malformed. Options come before the host, which can then
 * be no option.
 */
static const char *const *
command_of(struct ctx *cx, const char *env, char *line)
{
	const char **argv = arena_alloc(cx->mem, 10 * sizeof(*argv));
	char *words[WORDS];
	const size_t n = split(line, words);

	if (n == 4 && strcmp(words[0], "ping") == 0 && words[1][0] != '-') {
		const char *const command[] = { path_of(cx, "pinger"), "--now", words[1], "--count",
			words[2], "--timeout", words[3], NULL };

		return memcpy(argv, command, sizeof(command));
	}
	if (n == 2 && strcmp(words[0], "discover") == 0 && value_is_uuid(words[1])) {
		const char *const command[] = { path_of(cx, "snmp-poller"), "--discover", words[1],
			env != NULL ? "--env" : NULL, env, NULL };

		return memcpy(argv, command, sizeof(command));
	}
	return NULL;
}

/* ---- running it ---- */

static void
become_command(const char *const *argv, int out)
{
	char *words[10];
	size_t n = 0;

	for (; argv[n] != NULL; n++)
		memcpy(&words[n], &argv[n], sizeof(words[n]));
	words[n] = NULL;
	(void)dup2(out, STDOUT_FILENO);
	(void)dup2(out, STDERR_FILENO);
	(void)alarm(LIFE_S);
	if (n > 0)
		(void)execv(words[0], words);
	_exit(127);
}

static int
run(const char *const *argv, char *printed, size_t max)
{
	int ends[2], status = 0;
	size_t len = 0;
	ssize_t n;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return EXIT_FAILED;
	child = fork();
	if (child == 0)
		become_command(argv, ends[1]);
	close(ends[1]);
	while (len < max - 1 && (n = read(ends[0], printed + len, max - 1 - len)) > 0)
		len += (size_t)n;
	printed[len] = '\0';
	close(ends[0]);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

/* The text for the person: the last line that a program wrote, without the program's name. */
static const char *
last_line(char *printed)
{
	char *end = printed + strlen(printed), *line, *text;

	while (end > printed && end[-1] == '\n')
		*--end = '\0';
	line = strrchr(printed, '\n');
	line = line != NULL ? line + 1 : printed;
	text = strstr(line, ": ");
	return text != NULL ? text + 2 : line;
}

int
probe_serve_one(struct ctx *cx, const char *env, int in, int out)
{
	char line[PROBE_LINE_MAX], *printed = arena_alloc(cx->mem, PROBE_ANSWER_MAX);
	const char *const *argv;
	int status;

	if (!read_line(in, line))
		return EXIT_FAILED;
	argv = command_of(cx, env, line);
	if (argv == NULL) {
		(void)dprintf(out, "%d\nno such request\n", EXIT_USAGE);
		return EXIT_USAGE;
	}
	status = run(argv, printed, PROBE_ANSWER_MAX);
	(void)dprintf(out, "%d\n%s", status, status == 0 ? printed : last_line(printed));
	return EXIT_DONE;
}

/* ---- a service, where systemd does not start one a connection ---- */

static enum rc
open_socket(struct ctx *cx, const char *directory, int *ret)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (snprintf(at.sun_path, sizeof(at.sun_path), "%s/isp-probe.sock", directory) >=
	    (int)sizeof(at.sun_path))
		return FAIL(cx, RC_INTERNAL, "the path of isp-probe.sock is too long");
	(void)unlink(at.sun_path);
	if (fd < 0 || bind(fd, (const void *)&at, sizeof(at)) != 0 || listen(fd, CHILDREN) != 0)
		return FAIL(cx, RC_INTERNAL, "%s: %s", at.sun_path, strerrordesc_np(errno));
	(void)chmod(at.sun_path, 0660);
	*ret = fd;
	return RC_OK;
}

static size_t
reap(size_t children)
{
	while (children > 0 && waitpid(-1, NULL, children < CHILDREN ? WNOHANG : 0) > 0)
		children--;
	return children;
}

enum rc
probe_serve_listen(struct ctx *cx, const char *env, const char *directory)
{
	size_t children = 0;
	int fd = -1;

	TRY(open_socket(cx, directory, &fd));
	while (!daemon_stopping()) {
		struct pollfd fds[2] = { { .fd = fd, .events = POLLIN },
			{ .fd = daemon_signal_fd(), .events = POLLIN } };
		int peer;

		(void)poll(fds, countof(fds), 1000);
		children = reap(children);
		peer = (fds[0].revents & POLLIN) != 0 ? accept4(fd, NULL, NULL, SOCK_CLOEXEC) : -1;
		if (peer >= 0 && fork() == 0)
			_exit(probe_serve_one(cx, env, peer, peer));
		if (peer >= 0) {
			children++;
			close(peer);
		}
	}
	return RC_OK;
}
