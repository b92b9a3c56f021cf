#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Shorter than PIPE_BUF, so that a write to a pipe is atomic. */
enum { LINE_LENGTH = 4000 };

static const char *log_program = "isp";

static const char *const level_names[] = { "debug", "info", "warn", "error" };

struct line {
	size_t len;
	char text[LINE_LENGTH + 2];
};

void
log_open(const char *program)
{
	log_program = program;
}

static void
put(struct line *l, char c)
{
	if (l->len < LINE_LENGTH)
		l->text[l->len++] = c;
}

static void
put_text(struct line *l, const char *s)
{
	while (*s != '\0')
		put(l, *s++);
}

static void
put_quoted(struct line *l, const char *s)
{
	static const char hex[] = "0123456789abcdef";

	put(l, '"');
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '\n' || c == '\t' || c == '\r') {
			put(l, ' ');
		} else if (c < 0x20 || c == 0x7F) {
			put_text(l, "\\x");
			put(l, hex[c >> 4]);
			put(l, hex[c & 15]);
		} else {
			if (c == '"' || c == '\\')
				put(l, '\\');
			put(l, *s);
		}
	}
	put(l, '"');
}

static bool
is_plain(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= 0x20 || *s == '"' || *s == '=' || *s == '\\' || *s == 0x7F)
			return false;
	return true;
}

static void
put_pair(struct line *l, const char *key, const char *val)
{
	if (val == NULL)
		return;
	if (l->len > 0)
		put(l, ' ');
	put_text(l, key);
	put(l, '=');
	if (is_plain(val))
		put_text(l, val);
	else
		put_quoted(l, val);
}

static void
put_head(struct line *l, enum log_level level, const char *event)
{
	struct timespec now;
	struct tm tm;
	char day[32], stamp[48], pid[16];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	(void)strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(stamp, sizeof(stamp), "%s.%03ldZ", day, now.tv_nsec / 1000000);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	put_pair(l, "time", stamp);
	put_pair(l, "level", level_names[level]);
	put_pair(l, "program", log_program);
	put_pair(l, "pid", pid);
	put_pair(l, "event", event);
}

void
log_event(enum log_level level, const char *event, ...)
{
	struct line l = { 0 };
	const char *key;
	va_list ap;

	put_head(&l, level, event);
	va_start(ap, event);
	while ((key = va_arg(ap, const char *)) != NULL)
		put_pair(&l, key, va_arg(ap, const char *));
	va_end(ap);
	l.text[l.len++] = '\n';
	(void)!write(STDERR_FILENO, l.text, l.len);
}

const char *
rc_name(enum rc rc)
{
	static const char *const names[RC__MAX] = {
		[RC_OK] = "ok",
		[RC_MALFORMED] = "malformed",
		[RC_UNAUTH] = "unauthenticated",
		[RC_DENIED] = "denied",
		[RC_NOT_FOUND] = "not_found",
		[RC_METHOD] = "method",
		[RC_CONFLICT] = "conflict",
		[RC_TOO_LARGE] = "too_large",
		[RC_MEDIA] = "media",
		[RC_INVALID] = "invalid",
		[RC_THROTTLED] = "throttled",
		[RC_UPSTREAM] = "upstream",
		[RC_RETRY] = "retry",
		[RC_INTERNAL] = "internal",
	};

	return rc < RC__MAX ? names[rc] : "unknown";
}

void
log_err(enum log_level level, const char *event, const struct ctx *cx)
{
	const struct err *e = &cx->err;
	char place[128];

	(void)snprintf(place, sizeof(place), "%s:%d", e->file != NULL ? e->file : "", e->line);
	log_event(level, event, "rc", rc_name(e->rc), "msg", e->msg, "detail",
	    e->detail[0] != '\0' ? e->detail : NULL, "at", place, "rid",
	    cx->request_id != NULL && cx->request_id[0] != '\0' ? cx->request_id : NULL, NULL);
}
