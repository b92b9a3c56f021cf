#include "base/utf8.h"

#include <string.h>

/* Lead bytes, the number of bytes that follow, and the range of the first of them. */
struct form {
	unsigned char from, to, more, low, high;
};

/* Table 3-7 of the Unicode standard. */
static const struct form forms[] = {
	{ 0xC2, 0xDF, 1, 0x80, 0xBF },
	{ 0xE0, 0xE0, 2, 0xA0, 0xBF },
	{ 0xE1, 0xEC, 2, 0x80, 0xBF },
	{ 0xED, 0xED, 2, 0x80, 0x9F },
	{ 0xEE, 0xEF, 2, 0x80, 0xBF },
	{ 0xF0, 0xF0, 3, 0x90, 0xBF },
	{ 0xF1, 0xF3, 3, 0x80, 0xBF },
	{ 0xF4, 0xF4, 3, 0x80, 0x8F },
};

static const struct form *
form_of(unsigned char lead)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (lead >= forms[i].from && lead <= forms[i].to)
			return &forms[i];
	return NULL;
}

/* The length of the sequence at s; 0: ill-formed. */
static size_t
sequence(const unsigned char *s, size_t n)
{
	const struct form *f = form_of(*s);

	if (f == NULL || n <= f->more || s[1] < f->low || s[1] > f->high)
		return 0;
	for (size_t i = 2; i <= f->more; i++)
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	return (size_t)f->more + 1;
}

bool
utf8_valid(const char *text, size_t n)
{
	const unsigned char *s = (const unsigned char *)text;

	while (n > 0) {
		size_t len = *s < 0x80 ? *s != 0 : sequence(s, n);

		if (len == 0)
			return false;
		s += len;
		n -= len;
	}
	return true;
}

size_t
utf8_length(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xC0) != 0x80;
	return n;
}

bool
utf8_has_control(const char *text, bool lines)
{
	for (const unsigned char *s = (const unsigned char *)text; *s != '\0'; s++) {
		if (lines && (*s == '\n' || *s == '\t' || *s == '\r'))
			continue;
		if (*s < 0x20 || *s == 0x7F || (*s == 0xC2 && s[1] < 0xA0))
			return true;
	}
	return false;
}

size_t
utf8_cut(const char *text, size_t max)
{
	size_t n = strnlen(text, max);

	if (n < max) /* the text ends before */
		return n;
	while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
		n--;
	return n;
}

void
utf8_clean(char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = strlen(text);
	char *to = text;

	while (n > 0) {
		size_t len = *s < 0x80 ? 1 : sequence(s, n);
		size_t step = len > 0 ? len : 1;

		memmove(to, s, len);
		to += len;
		s += step;
		n -= step;
	}
	*to = '\0';
}
