#include "base/json.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

/* A reader over NUL-terminated text; the level tells where children are noted. */
struct reader {
	const char *p;
	unsigned depth;
	struct json_span *spans;
	size_t nspans, max;
};

static bool read_value(struct reader *);

static void
skip_blanks(struct reader *r)
{
	r->p += strspn(r->p, " \t\r\n");
}

/* Step over c if it comes next; never over the final NUL. */
static bool
accept(struct reader *r, char c)
{
	bool is = *r->p == c;

	r->p += is;
	return is;
}

/* Four hex digits at s; -1 when they are not. */
static int
code_unit(const char *s)
{
	int unit = 0;

	for (size_t i = 0; i < 4; i++) {
		char c = s[i];

		if (c >= '0' && c <= '9')
			unit = unit * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			unit = unit * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return unit;
}

/* After "\u": one code unit, or a pair of surrogates; never U+0000. */
static bool
read_unicode(struct reader *r)
{
	int unit = code_unit(r->p), low;

	if (unit <= 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
		return false;
	r->p += 4;
	if (unit < 0xD800 || unit > 0xDBFF)
		return true;
	if (!accept(r, '\\') || !accept(r, 'u'))
		return false;
	low = code_unit(r->p);
	if (low < 0xDC00 || low > 0xDFFF)
		return false;
	r->p += 4;
	return true;
}

static bool
read_escape(struct reader *r)
{
	if (accept(r, 'u'))
		return read_unicode(r);
	if (*r->p == '\0' || strchr("\"\\/bfnrt", *r->p) == NULL)
		return false;
	r->p++;
	return true;
}

static bool
read_string(struct reader *r)
{
	if (!accept(r, '"'))
		return false;
	while ((unsigned char)*r->p >= 0x20) {
		if (accept(r, '"'))
			return true;
		if (!accept(r, '\\'))
			r->p++;
		else if (!read_escape(r))
			return false;
	}
	return false;
}

static bool
read_digits(struct reader *r)
{
	size_t n = strspn(r->p, "0123456789");

	r->p += n;
	return n > 0;
}

static bool
read_number(struct reader *r)
{
	(void)accept(r, '-');
	if (!accept(r, '0') && !read_digits(r))
		return false;
	if (accept(r, '.') && !read_digits(r))
		return false;
	if (!accept(r, 'e') && !accept(r, 'E'))
		return true;
	if (!accept(r, '-'))
		(void)accept(r, '+');
	return read_digits(r);
}

static bool
read_word(struct reader *r, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(r->p, word, n) != 0)
		return false;
	r->p += n;
	return true;
}

/* Read a child; those of the outermost object or array are noted. */
static bool
read_child(struct reader *r) /* NOLINT(misc-no-recursion) */
{
	const char *start;

	skip_blanks(r);
	start = r->p;
	if (!read_value(r))
		return false;
	if (r->depth > 1)
		return true;
	if (r->nspans == r->max)
		return false;
	r->spans[r->nspans++] = (struct json_span){ start, (size_t)(r->p - start) };
	return true;
}

static bool
read_member(struct reader *r) /* NOLINT(misc-no-recursion) */
{
	skip_blanks(r);
	if (!read_string(r))
		return false;
	skip_blanks(r);
	return accept(r, ':') && read_child(r);
}

/* Read from behind the opening bracket to behind the closing one. */
static bool
read_elements(struct reader *r, char close, bool (*element)(struct reader *)) /* NOLINT */
{
	skip_blanks(r);
	if (accept(r, close))
		return true;
	do {
		if (!element(r))
			return false;
		skip_blanks(r);
	} while (accept(r, ','));
	return accept(r, close);
}

static bool
read_list(struct reader *r, char close, bool (*element)(struct reader *)) /* NOLINT */
{
	bool ok = ++r->depth <= JSON_DEPTH && read_elements(r, close, element);

	r->depth--;
	return ok;
}

static bool
read_value(struct reader *r) /* NOLINT(misc-no-recursion) */
{
	switch (*r->p) {
	case '{':
		r->p++;
		return read_list(r, '}', read_member);
	case '[':
		r->p++;
		return read_list(r, ']', read_child);
	case '"':
		return read_string(r);
	case 't':
		return read_word(r, "true");
	case 'f':
		return read_word(r, "false");
	case 'n':
		return read_word(r, "null");
	default:
		return read_number(r);
	}
}

enum rc
json_check(struct ctx *cx, const char *text, size_t len, struct json_span *spans, size_t *n)
{
	struct reader r = { .p = text, .spans = spans, .max = JSON_MEMBERS };

	if (!utf8_valid(text, len))
		return FAIL(cx, RC_MALFORMED, "The body is not valid UTF-8.");
	skip_blanks(&r);
	if (*r.p != '{')
		return FAIL(cx, RC_MALFORMED, "The body must be a JSON object.");
	if (!read_value(&r))
		return FAIL(cx, RC_MALFORMED, "The body is not valid JSON (at byte %zu).",
		    (size_t)(r.p - text));
	skip_blanks(&r);
	if (*r.p != '\0')
		return FAIL(cx, RC_MALFORMED, "There is text after the JSON object.");
	*n = r.nspans;
	return RC_OK;
}

void
json_children(struct json_span part, struct json_span *spans, size_t max, size_t *n)
{
	struct reader r = { .p = part.at, .spans = spans, .max = max };

	if (part.at != NULL && (*part.at == '{' || *part.at == '['))
		(void)read_value(&r);
	*n = r.nspans;
}
