/* req.c: functions with which handlers read a request. */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "base/value.h"
#include "http/http.h"

static int
hex(char c)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	if (at == NULL)
		return -1;
	return at - digits < 16 ? (int)(at - digits) : (int)(at - digits) - 6;
}

/* A malformed escape stands for itself, as in browsers and PHP. */
static size_t
undo_escapes(char *to, const char *s, size_t n, bool plus)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '%' && i + 2 < n && hex(s[i + 1]) >= 0 && hex(s[i + 2]) >= 0) {
			to[len++] = (char)(hex(s[i + 1]) * 16 + hex(s[i + 2]));
			i += 2;
		} else {
			to[len++] = (char)(plus && s[i] == '+' ? ' ' : s[i]);
		}
	}
	return len;
}

static enum rc
decode(struct ctx *cx, const char *s, size_t n, bool plus, const char **ret)
{
	char *to = arena_alloc(cx->mem, n + 1);
	size_t len = undo_escapes(to, s, n, plus);

	if (!utf8_valid(to, len))
		return FAIL(cx, RC_MALFORMED, "The address is not valid UTF-8.");
	*ret = to;
	return RC_OK;
}

enum rc
req_decode(struct ctx *cx, const char *s, size_t n, const char **ret)
{
	return decode(cx, s, n, false, ret);
}

/* Characters that need no escape (RFC 3986). */
static bool
is_unreserved(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

/* The character at *at, decoded if it needs no escape; *at moves behind it. */
static char
take_plain(const char **at)
{
	const char *s = *at;
	int c = s[0] != '%' || hex(s[1]) < 0 || hex(s[2]) < 0 ? 0 : hex(s[1]) * 16 + hex(s[2]);

	*at += is_unreserved(c) ? 3 : 1;
	return (char)(is_unreserved(c) ? c : s[0]);
}

const char *
req_plain_path(struct ctx *cx, const char *path)
{
	char *to = arena_alloc(cx->mem, strlen(path) + 1);
	size_t len = 0;

	while (*path != '\0') {
		char c = take_plain(&path);

		if (c != '/' || len == 0 || to[len - 1] != '/')
			to[len++] = c;
	}
	while (len > 1 && to[len - 1] == '/')
		len--;
	to[len] = '\0';
	return to;
}

const char *
req_arg(const struct req *rq, const char *name)
{
	for (size_t i = 0; i < REQ_ARGS_MAX && rq->args[i].name != NULL; i++)
		if (strcmp(rq->args[i].name, name) == 0)
			return rq->args[i].val;
	assert(0 && "the route has no such argument");
	return "";
}

/* The dispatcher has already refused queries that do not decode. */
const char *
req_param(struct ctx *cx, const struct req *rq, const char *name)
{
	const char *last = NULL, *p = rq->query != NULL ? rq->query : "";

	for (; *p != '\0'; p += strspn(p, "&")) {
		size_t len = strcspn(p, "&"), key_len = strcspn(p, "=&");
		char *key = arena_alloc(cx->mem, len + 1);
		const char *val = "";

		key[undo_escapes(key, p, key_len, true)] = '\0';
		if (strcmp(key, name) == 0) {
			if (key_len < len &&
			    decode(cx, p + key_len + 1, len - key_len - 1, true, &val) != RC_OK)
				return NULL;
			last = val;
		}
		p += len;
	}
	return last;
}

enum rc
req_uuid(struct ctx *cx, const struct req *rq, const char *name, const char **ret)
{
	const char *s = req_arg(rq, name);
	char *lower;

	if (!value_is_uuid(s))
		return FAIL(cx, RC_NOT_FOUND, "There is nothing with this id.");
	lower = arena_strdup(cx->mem, s);
	for (char *p = lower; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'F')
			*p = (char)(*p + ('a' - 'A'));
	*ret = lower;
	return RC_OK;
}

/* At most 15 digits: every such number fits, and none overflows. */
static bool
parse_int(const char *s, int64_t *ret)
{
	bool minus = *s == '-';
	size_t n;
	int64_t val = 0;

	s += minus;
	n = strspn(s, "0123456789");
	if (n == 0 || n > 15 || s[n] != '\0')
		return false;
	for (; *s != '\0'; s++)
		val = val * 10 + (*s - '0');
	*ret = minus ? -val : val;
	return true;
}

static enum rc
refuse_int(struct ctx *cx, const char *name, int64_t min, int64_t max)
{
	(void)err_field(cx, name, "The %s must be a whole number from %lld to %lld.", name,
	    (long long)min, (long long)max);
	return err_field_code(cx, "range",
	    arena_printf(cx->mem, "\"min\":%lld,\"max\":%lld", (long long)min, (long long)max));
}

enum rc
req_param_int(struct ctx *cx, const struct req *rq, const char *name, struct req_range range,
    int64_t *ret)
{
	const char *s = req_param(cx, rq, name);
	int64_t val = range.dflt;

	if (s != NULL && s[0] != '\0' &&
	    (!parse_int(s, &val) || val < range.min || val > range.max))
		return refuse_int(cx, name, range.min, range.max);
	*ret = val;
	return RC_OK;
}

bool
req_is_json(const struct req *rq)
{
	const char *type = rq->content_type != NULL ? rq->content_type : "";
	size_t n = strcspn(type, "; \t");

	if (n == 16 && strncasecmp(type, "application/json", n) == 0)
		return true;
	return n > 17 && strncasecmp(type, "application/", 12) == 0 &&
	       strncasecmp(type + n - 5, "+json", 5) == 0;
}
