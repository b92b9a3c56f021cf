/* conf_check.c: the values that a key may have. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/conf_int.h"
#include "base/fd.h"

/* The zone database of Debian, which PostgreSQL and Python read, too. */
static const char zones[] = "/usr/share/zoneinfo";

static bool
is_int(const char *s, int64_t min, int64_t max)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(s, &end, 10);
	return errno == 0 && end != s && *end == '\0' && n >= min && n <= max;
}

/* YYYY-MM-DD, a day of the calendar. */
static bool
is_date(const char *s)
{
	static const char form[] = "dddd-dd-dd";
	struct tm day = { 0 }, real;

	if (strlen(s) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i] != '\0'; i++)
		if (form[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != '-')
			return false;
	if (strptime(s, "%Y-%m-%d", &day) == NULL || day.tm_year < 0)
		return false;
	real = day; /* timegm() makes the 30th of February the 2nd of March */
	(void)timegm(&real);
	return real.tm_mon == day.tm_mon && real.tm_mday == day.tm_mday;
}

/* A zone is a file of the zone database that begins with TZif. */
static bool
is_zone(struct ctx *cx, const char *name)
{
	_cleanup_(fd_closep) int fd = -1;
	char magic[4] = "";

	if (name[0] == '/' || strstr(name, "..") != NULL)
		return false;
	fd = open(arena_printf(cx->mem, "%s/%s", zones, name), O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, magic, sizeof(magic)) == sizeof(magic) &&
	       memcmp(magic, "TZif", sizeof(magic)) == 0;
}

/* A port, or an address and a port: the forms of nginx's `listen`. */
static bool
is_listen(const char *val)
{
	const char *colon = strrchr(val, ':');

	return strspn(val, "0123456789abcdefABCDEF.:[]*") == strlen(val) && colon != val &&
	       is_int(colon != NULL ? colon + 1 : val, 1, 65535);
}

/* True when val is one of the words between the spaces of list. */
static bool
is_among(struct ctx *cx, const char *list, const char *val)
{
	return strstr(list, arena_printf(cx->mem, " %s ", val)) != NULL;
}

static bool
is_valid(struct ctx *cx, const struct conf_item *it, const char *val)
{
	switch (it->type) {
	case CT_TEXT:
		break;
	case CT_INT:
		return is_int(val, it->min, it->max);
	case CT_BOOL:
		return is_among(cx, " true false 1 0 yes no ", val);
	case CT_DATE:
		return is_date(val);
	case CT_ZONE:
		return is_zone(cx, val);
	case CT_CHOICE:
		return is_among(cx, it->among, val);
	case CT_URL:
		return strncmp(val, "http://", 7) == 0 || strncmp(val, "https://", 8) == 0;
	case CT_LISTEN:
		return is_listen(val);
	}
	return true;
}

/* The end of the sentence "NAME: value is …". */
static const char *
expectation(struct ctx *cx, const struct conf_item *it)
{
	if (it->type == CT_INT)
		return arena_printf(cx->mem, "no whole number from %lld to %lld",
		    (long long)it->min, (long long)it->max);
	if (it->type == CT_CHOICE)
		return arena_printf(cx->mem, "none of%s", it->among);
	if (it->type == CT_ZONE)
		return arena_printf(cx->mem, "no time zone of %s", zones);
	if (it->type == CT_URL)
		return "no http:// or https:// address";
	if (it->type == CT_LISTEN)
		return "no port or address:port to listen on";
	return it->type == CT_DATE ? "no day as YYYY-MM-DD" : "neither true nor false";
}

enum rc
conf_item_check(struct ctx *cx, const char *where, const struct conf_item *it, const char *val)
{
	if (val[0] == '\0' || is_valid(cx, it, val))
		return RC_OK;
	return FAIL(cx, RC_INVALID, "%s: %s: %s is %s", where, it->name,
	    it->secret ? "the value" : val, expectation(cx, it));
}
