/* form.c: see form.h.  A form is walked by takers: each eats what it knows and says whether. */
#include "api/form.h"

#include <arpa/inet.h>
#include <string.h>

#include "http/value.h"

static bool
refuse(struct ctx *cx, const char *field, const char *want)
{
	(void)err_field(cx, field, "The %s must be %s.", field, want);
	return false;
}

static bool
only(const char *val, const char *chars)
{
	return val[strspn(val, chars)] == '\0';
}

#define DIGITS "0123456789"

bool
form_phone(struct ctx *cx, const char *field, const char *val)
{
	return only(val, DIGITS "+- ()") ||
	       refuse(cx, field, "digits, +, -, blanks and parentheses");
}

/* "10M", "5.5M": not zero, at most six digits before the point. */
static bool
take_rate(const char **at)
{
	const char *s = *at;
	size_t whole = strspn(s, DIGITS), part = 0;
	bool zero = strspn(s, "0") == whole;

	if (whole == 0 || whole > 6)
		return false;
	s += whole;
	if (*s == '.') {
		part = strspn(s + 1, DIGITS);
		zero = zero && s[1] == '0';
		s += 2;
	}
	if (part > 1 || (s[-1] == '.') || zero || *s == '\0' || strchr("kMG", *s) == NULL)
		return false;
	*at = s + 1;
	return true;
}

static bool
take_seconds(const char **at)
{
	size_t n = strspn(*at, DIGITS);

	if (n == 0 || n > 4 || strspn(*at, "0") == n)
		return false;
	*at += n;
	return true;
}

static bool
take_char(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool
take_pair(const char **at, bool (*one)(const char **))
{
	return one(at) && take_char(at, '/') && one(at);
}

bool
form_rates(struct ctx *cx, const char *field, const char *val)
{
	const char *at = val;

	return (take_pair(&at, take_rate) && *at == '\0') ||
	       refuse(cx, field, "download/upload with k, M or G, as 10M/10M");
}

bool
form_burst(struct ctx *cx, const char *field, const char *val)
{
	const char *at = val;
	bool fits = take_pair(&at, take_rate);

	if (fits && *at != '\0')
		fits = take_char(&at, ' ') && take_pair(&at, take_rate) && take_char(&at, ' ') &&
		       take_pair(&at, take_seconds) && *at == '\0';
	return fits || refuse(cx, field,
			   "\"download/upload\", as 15M/15M, or \"rates threshold seconds\", "
			   "as 15M/15M 8M/8M 10/10");
}

bool
form_printable(struct ctx *cx, const char *field, const char *val)
{
	for (const char *s = val; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			return refuse(cx, field, "printable ASCII");
	return true;
}

bool
form_moment(struct ctx *cx, const char *field, const char *val)
{
	return value_is_date(val) || value_is_time(val) ||
	       refuse(cx, field, "a date (YYYY-MM-DD) or a time in ISO 8601");
}

static bool
is_address(const char *val)
{
	struct in6_addr buf;

	return inet_pton(AF_INET, val, &buf) == 1 || inet_pton(AF_INET6, val, &buf) == 1;
}

bool
form_address(struct ctx *cx, const char *field, const char *val)
{
	return is_address(val) || refuse(cx, field, "an IPv4 or IPv6 address");
}

/* Labels of letters, digits and inner hyphens; what looks like an IPv4 address must be one. */
static bool
is_name(const char *val)
{
	char prev = '.';

	if (only(val, DIGITS "."))
		return false;
	for (const char *s = val; *s != '\0'; prev = *s++)
		if (*s == '.' ? prev == '.' || prev == '-' : *s == '-' && prev == '.')
			return false;
	return prev != '.' && prev != '-' &&
	       only(val, DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._");
}

bool
form_host(struct ctx *cx, const char *field, const char *val)
{
	return is_address(val) || is_name(val) || refuse(cx, field, "a host name or an IP address");
}

bool
form_digest(struct ctx *cx, const char *field, const char *val)
{
	size_t digits = 0;

	for (const char *s = val; *s != '\0'; s++)
		if (*s != ':')
			digits++;
	return (digits == 64 && only(val, DIGITS "abcdefABCDEF:")) ||
	       refuse(cx, field, "a SHA-256 in hex, 64 digits with or without colons");
}
