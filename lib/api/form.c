/* form.c: see form.h. */
#include "api/form.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/pem.h"
#include "base/sb.h"
#include "base/value.h"
#include "router/rate.h"

static bool
refuse_form(struct ctx *cx, const char *field, const char *form)
{
	(void)err_field(cx, field, "The %s must be %s.", err_field_words(cx, field), form);
	(void)err_field_code(cx, "format", NULL);
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
	       refuse_form(cx, field, "digits, +, -, blanks and parentheses");
}

bool
form_rates(struct ctx *cx, const char *field, const char *val)
{
	struct rate rate;

	return rate_read(val, &rate) || refuse_form(cx, field, RATE_FORM);
}

bool
form_burst(struct ctx *cx, const char *field, const char *val)
{
	return rate_burst_ok(val) || refuse_form(cx, field, RATE_BURST_FORM);
}

bool
form_printable(struct ctx *cx, const char *field, const char *val)
{
	for (const char *s = val; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			return refuse_form(cx, field, "printable ASCII");
	return true;
}

bool
form_moment(struct ctx *cx, const char *field, const char *val)
{
	return value_is_date(val) || value_is_time(val) ||
	       refuse_form(cx, field, "a date (YYYY-MM-DD) or a time in ISO 8601");
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
	return is_address(val) || refuse_form(cx, field, "an IPv4 or IPv6 address");
}

/*
 * Labels of letters, digits and inner hyphens; a name in the form of an IPv4 address must
 * be one.
 */
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
	return is_address(val) || is_name(val) ||
	       refuse_form(cx, field, "a host name or an IP address");
}

bool
form_digest(struct ctx *cx, const char *field, const char *val)
{
	size_t digits = 0;

	for (const char *s = val; *s != '\0'; s++)
		if (*s != ':')
			digits++;
	return (digits == 64 && only(val, DIGITS "abcdefABCDEF:")) ||
	       refuse_form(cx, field, "a SHA-256 in hex, 64 digits with or without colons");
}

bool
form_pem(struct ctx *cx, const char *field, const char *val)
{
	return pem_certificates(val, NULL, NULL) > 0 ||
	       refuse_form(cx, field, "a certificate in PEM, or several");
}

static size_t
digits(const char *val)
{
	return *val == '0' ? 0 : strspn(val, DIGITS);
}

bool
form_fraction(struct ctx *cx, const char *field, const char *val)
{
	size_t above = digits(val), below = val[above] == '/' ? digits(val + above + 1) : 0;
	bool is_one =
	    above > 0 && above < 5 && below > 0 && below < 5 && val[above + 1 + below] == '\0';

	return (is_one && strtol(val, NULL, 10) <= strtol(val + above + 1, NULL, 10)) ||
	       refuse_form(cx, field, "a fraction as 1/1 or 11/12, at most 1");
}

/* The characters of a field as a class of a regular expression. */
static const char *
class_of(struct ctx *cx, const char *chars)
{
	struct sb s = sb_new(cx->mem);

	sb_puts(&s, "^[A-Za-z0-9");
	for (const char *c = chars; *c != '\0'; c++)
		sb_printf(&s, strchr("-]\\^", *c) != NULL ? "\\%c" : "%c", *c);
	sb_puts(&s, "]*$");
	return s.buf;
}

const char *
form_pattern(struct ctx *cx, const struct field *f)
{
	static const struct {
		field_check check;
		const char *pattern;
	} patterns[] = {
		{ form_phone, "^[0-9+\\-() ]*$" },
		{ form_rates, "^[0-9]{1,6}(\\.[0-9])?[kMG]/[0-9]{1,6}(\\.[0-9])?[kMG]$" },
		{ form_printable, "^[ -~]*$" },
		{ form_fraction, "^[1-9][0-9]{0,3}/[1-9][0-9]{0,3}$" },
		{ form_moment, "^[0-9]{4}-[0-9]{2}-[0-9]{2}" },
	};

	for (size_t i = 0; f->check != NULL && i < countof(patterns); i++)
		if (f->check == patterns[i].check)
			return patterns[i].pattern;
	return f->chars != NULL && f->chars[0] != '\0' ? class_of(cx, f->chars) : NULL;
}
