#include "net/ros_text.h"

#include <stdint.h>
#include <string.h>

#include "base/sb.h"

bool
ros_text_is_ascii(const char *s, size_t len)
{
	uint64_t any = 0, eight;
	size_t i = 0;

	for (; i + sizeof(eight) <= len; i += sizeof(eight)) {
		memcpy(&eight, s + i, sizeof(eight));
		any |= eight;
	}
	for (; i < len; i++)
		any |= (unsigned char)s[i];
	return (any & UINT64_C(0x8080808080808080)) == 0;
}

/* The length of a character with this first byte; 0 for a byte that begins none. */
static size_t
size_by_first(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xC2 || first > 0xF4)
		return 0;
	if (first < 0xE0)
		return 2;
	return first < 0xF0 ? 3 : 4;
}

/* The length of the valid UTF-8 character at p; 0: none. */
static size_t
char_size(const unsigned char *p, size_t have)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = size_by_first(p[0]);
	uint32_t c = n < 2 ? p[0] : p[0] & (0x7FU >> n);

	if (n == 0 || n > have)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3F);
	}
	if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return 0;
	return n;
}

bool
ros_text_is_utf8(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n;

	for (size_t i = 0; i < len; i += n)
		if ((n = char_size(p + i, len - i)) == 0)
			return false;
	return true;
}

char *
ros_text_from_latin1(struct arena *mem, const char *s, size_t len, size_t *ret)
{
	char *text = arena_alloc(mem, 2 * len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x80) {
			text[n++] = (char)c;
		} else {
			text[n++] = (char)(0xC0 | c >> 6);
			text[n++] = (char)(0x80 | (c & 0x3F));
		}
	}
	*ret = n;
	return text;
}

/* Escape control characters, which terminals obey: 00..1F, 7F and, in two bytes, 80..9F. */
static void
put_char(struct sb *out, const unsigned char *p, size_t n)
{
	bool c1 = n == 2 && p[0] == 0xC2 && p[1] < 0xA0;

	if (p[0] == '\n')
		sb_puts(out, "\\n");
	else if (n == 0 || c1 || p[0] < ' ' || p[0] == 0x7F)
		sb_printf(out, "\\x%02x", c1 ? p[1] : p[0]);
	else
		sb_add(out, (const char *)p, n);
}

char *
ros_text_printable(struct arena *mem, const char *s, size_t max)
{
	const unsigned char *p = (const unsigned char *)s;
	struct sb out = sb_new(mem);
	size_t left = strlen(s), n, fits = 0;

	for (; left > 0 && out.len <= max; left -= n, p += n) {
		n = char_size(p, left);
		put_char(&out, p, n);
		n = n == 0 ? 1 : n;
		if (out.len + 3 <= max)
			fits = out.len;
	}
	if (out.len > max) {
		out.len = fits;
		out.buf[fits] = '\0';
		sb_puts(&out, "...");
	}
	return out.buf;
}
