/* probe.c: see probe.h. */
#include "net/probe.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sb.h"

static void
close_deferred(void *fd)
{
	close(*(int *)fd);
}

static enum rc
dial(struct ctx *cx, const char *directory, int *ret)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int *fd = arena_alloc(cx->mem, sizeof(*fd));

	if (snprintf(to.sun_path, sizeof(to.sun_path), "%s/isp-probe.sock", directory) >=
	    (int)sizeof(to.sun_path))
		return FAIL(cx, RC_INTERNAL, "the path of isp-probe.sock is too long");
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return FAIL(cx, RC_INTERNAL, "socket");
	arena_defer(cx->mem, close_deferred, fd);
	if (connect(*fd, (const void *)&to, sizeof(to)) != 0)
		return FAIL(cx, RC_RETRY, "isp-probe is not running.");
	*ret = *fd;
	return RC_OK;
}

/* Read until the other side closes. */
static enum rc
read_answer(struct ctx *cx, int fd, int wait_ms, struct sb *out)
{
	const int64_t end = clock_ms() + wait_ms;
	ssize_t n = 1;

	while (n > 0 && out->len < PROBE_ANSWER_MAX) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		const int64_t left = end - clock_ms();

		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			return FAIL(cx, RC_UPSTREAM, "There was no answer within %d seconds.",
			    wait_ms / 1000);
		n = read(fd, sb_room(out, 4096), 4096);
		if (n > 0)
			sb_took(out, (size_t)n);
	}
	return RC_OK;
}

enum rc
probe_ask(struct ctx *cx, const char *directory, const char *line, int wait_ms, const char **ret)
{
	struct sb out = sb_new(cx->mem);
	const char *text = arena_printf(cx->mem, "%s\n", line);
	char *rest;
	int fd = -1;

	TRY(dial(cx, directory, &fd));
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text))
		return FAIL(cx, RC_RETRY, "isp-probe does not take the request.");
	TRY(read_answer(cx, fd, wait_ms, &out));
	rest = out.len > 0 ? strchr(out.buf, '\n') : NULL;
	if (rest == NULL)
		return FAIL(cx, RC_UPSTREAM, "isp-probe ended without an answer.");
	*rest++ = '\0';
	if (strcmp(out.buf, "0") != 0)
		return FAIL(cx, RC_UPSTREAM, "%s", rest[0] != '\0' ? rest : "The probe failed.");
	*ret = rest;
	return RC_OK;
}
