#include "net/ros_trap.h"

#include <string.h>

#include "net/ros_text.h"

#define MESSAGE_FITS 400

/*
 * Parts of messages; the first that matches wins, so narrower ones stand first. The
 * property's name follows the part when arg is '>', and precedes it when arg is '<'. Other
 * words differ between versions.
 */
/* clang-format off */
static const struct phrase {
	const char *part;
	enum ros_trap_kind kind;
	char arg;
} phrases[] = {
	{ "invalid user name or password", TRAP_LOGIN, 0 },
	{ "cannot log in", TRAP_LOGIN, 0 },
	{ "not enough permissions", TRAP_PERMISSION, 0 },
	{ "already exists", TRAP_EXISTS, 0 },
	{ "already have", TRAP_EXISTS, 0 },
	{ "with such name exists", TRAP_EXISTS, 0 },
	{ "no such item", TRAP_NO_ITEM, 0 },
	{ "no such command", TRAP_NO_COMMAND, 0 },
	{ "input does not match any value of ", TRAP_NO_REF, '>' },
	{ "ambiguous value of ", TRAP_BAD_VALUE, '>' },
	{ "invalid value for argument ", TRAP_BAD_VALUE, '>' },
	{ "invalid value of ", TRAP_BAD_VALUE, '>' },
	{ "value of ", TRAP_BAD_VALUE, '>' },
	{ "-max-limit less than ", TRAP_BAD_VALUE, '<' },
	{ "unknown parameter", TRAP_USAGE, '>' },
	{ "missing =", TRAP_USAGE, '>' },
	{ "missing value", TRAP_USAGE, '>' },
	{ "action timed out", TRAP_BUSY, 0 },
	{ "try again", TRAP_BUSY, 0 },
	{ "interrupted", TRAP_INTERRUPTED, 0 },
};
/* clang-format on */

static const char *
arg_after(struct arena *mem, const char *at)
{
	size_t n;

	at += strspn(at, " =");
	n = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
	while (n > 0 && at[n - 1] == '.')
		n--;
	return memcpy(arena_alloc(mem, n + 1), at, n);
}

static const char *
arg_of(struct arena *mem, const struct phrase *p, const char *found)
{
	if (p->arg == '>')
		return arg_after(mem, found + strlen(p->part));
	return p->arg == '<' ? "max-limit" : "";
}

static int
category_of(const char *s)
{
	return s != NULL && s[0] >= '0' && s[0] <= '9' && s[1] == '\0' ? s[0] - '0' : -1;
}

struct ros_trap
ros_trap_read(struct arena *mem, const char *message, const char *category)
{
	struct ros_trap t = { .message = ros_text_printable(mem, message, MESSAGE_FITS),
		.arg = "" };
	const char *found;

	t.category = category_of(category);
	for (size_t i = 0; i < countof(phrases); i++) {
		if ((found = strcasestr(t.message, phrases[i].part)) == NULL)
			continue;
		t.kind = phrases[i].kind;
		t.arg = arg_of(mem, &phrases[i], found);
		return t;
	}
	if (t.category == 1 || t.category == 2)
		t.kind = t.category == 1 ? TRAP_BAD_VALUE : TRAP_INTERRUPTED;
	return t;
}
