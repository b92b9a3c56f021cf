#include "base/value.h"

#include <ctype.h>
#include <string.h>

enum { DIGITS_MAX = 18 };

/*
 * True when s begins with the picture: '9' is a digit, 'x' a hex digit, any other
 * character itself.
 */
static bool
looks_like(const char *s, const char *picture)
{
	for (; *picture != '\0'; picture++, s++) {
		unsigned char c = (unsigned char)*s;

		if (*picture == '9' ? !isdigit(c) : *picture == 'x' ? !isxdigit(c) : *s != *picture)
			return false;
	}
	return true;
}

static int
number(const char *s, size_t n)
{
	int val = 0;

	for (; n > 0; n--, s++)
		val = val * 10 + (*s - '0');
	return val;
}

bool
value_is_uuid(const char *s)
{
	return looks_like(s, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") && s[36] == '\0';
}

static int
days_of(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool
begins_with_date(const char *s)
{
	int year, month, day;

	if (!looks_like(s, "9999-99-99"))
		return false;
	year = number(s, 4);
	month = number(s + 5, 2);
	day = number(s + 8, 2);
	return year >= 1900 && year < 3000 && month >= 1 && month <= 12 && day >= 1 &&
	       day <= days_of(year, month);
}

bool
value_is_date(const char *s)
{
	return begins_with_date(s) && s[10] == '\0';
}

static bool
is_zone(const char *s)
{
	if (strcmp(s, "") == 0 || strcmp(s, "Z") == 0)
		return true;
	return (*s == '+' || *s == '-') && looks_like(s + 1, "99:99") && s[6] == '\0' &&
	       number(s + 1, 2) <= 15 && number(s + 4, 2) < 60;
}

/* Skip ":SS" and a fraction, if they stand at s; NULL when they are malformed. */
static const char *
skip_seconds(const char *s)
{
	size_t n;

	if (!looks_like(s, ":99"))
		return s;
	if (number(s + 1, 2) > 59)
		return NULL;
	s += 3;
	if (*s != '.')
		return s;
	n = strspn(s + 1, "0123456789");
	return n >= 1 && n <= 9 ? s + 1 + n : NULL;
}

bool
value_is_time(const char *s)
{
	if (!begins_with_date(s) || (s[10] != 'T' && s[10] != ' ') || !looks_like(s + 11, "99:99"))
		return false;
	if (number(s + 11, 2) > 23 || number(s + 14, 2) > 59)
		return false;
	s = skip_seconds(s + 16);
	return s != NULL && is_zone(s);
}

/* Labels of letters, digits and inner hyphens; two at least. */
static bool
is_domain(const char *s)
{
	size_t labels = 0;

	for (;;) {
		size_t n = strcspn(s, ".");

		if (n == 0 || n > 63 || s[0] == '-' || s[n - 1] == '-')
			return false;
		for (size_t i = 0; i < n; i++)
			if (!isalnum((unsigned char)s[i]) && s[i] != '-')
				return false;
		labels++;
		if (s[n] == '\0')
			return labels >= 2;
		s += n + 1;
	}
}

bool
value_is_email(const char *s)
{
	const char *at = strrchr(s, '@');
	size_t n = at != NULL ? (size_t)(at - s) : 0;

	if (n == 0 || n > 64 || s[0] == '.' || s[n - 1] == '.' || strstr(s, "..") != NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && strchr("!#$%&'*+-/=?^_`{|}~.", s[i]) == NULL)
			return false;
	return is_domain(at + 1);
}

/* The parts of a decimal number: its digits without the point, and the power of ten. */
struct decimal {
	bool minus;
	char digits[64];
	size_t n;
	int power;
};

static const char *
read_digits(const char *s, const char *end, struct decimal *d, int step)
{
	for (; s < end && isdigit((unsigned char)*s); s++) {
		if (d->n == sizeof(d->digits))
			return NULL;
		d->digits[d->n++] = *s;
		d->power += step;
	}
	return s;
}

static bool
read_exponent(const char *s, const char *end, int *power)
{
	bool minus = s < end && *s == '-';
	int exp = 0;

	s += s < end && (*s == '-' || *s == '+');
	if (s == end || end - s > 4)
		return false;
	for (; s < end; s++) {
		if (!isdigit((unsigned char)*s))
			return false;
		exp = exp * 10 + (*s - '0');
	}
	*power += minus ? -exp : exp;
	return true;
}

static bool
read_decimal(const char *s, const char *end, struct decimal *d)
{
	size_t whole;

	d->minus = s < end && *s == '-';
	s += d->minus;
	s = read_digits(s, end, d, 0);
	whole = d->n;
	if (s != NULL && s < end && *s == '.') {
		s = read_digits(s + 1, end, d, -1);
		if (d->n == whole)
			return false;
	}
	if (s == NULL || whole == 0)
		return false;
	if (s < end && (*s == 'e' || *s == 'E'))
		return read_exponent(s + 1, end, &d->power);
	return s == end;
}

/*
 * Remove zeros at the end while the power is below zero; a remaining negative power is a
 * fraction.
 */
bool
value_whole(const char *s, size_t n, int64_t *ret)
{
	struct decimal d = { 0 };
	int64_t val = 0;
	size_t i = 0;

	if (!read_decimal(s, s + n, &d))
		return false;
	while (d.n > 0 && d.power < 0 && d.digits[d.n - 1] == '0') {
		d.n--;
		d.power++;
	}
	while (i < d.n && d.digits[i] == '0')
		i++;
	if (i < d.n && (d.power < 0 || d.n - i + (size_t)d.power > DIGITS_MAX))
		return false;
	for (; i < d.n; i++)
		val = val * 10 + (d.digits[i] - '0');
	for (; val != 0 && d.power > 0; d.power--)
		val *= 10;
	*ret = d.minus ? -val : val;
	return true;
}

bool
value_whole_text(const char *s, int64_t *ret)
{
	size_t whole = strspn(s + (*s == '-'), "0123456789") + (*s == '-');
	const char *rest = s + whole;

	if (*rest != '\0' && strcmp(rest, ".0") != 0 && strcmp(rest, ".00") != 0)
		return false;
	return value_whole(s, whole, ret);
}
