/* snmp_text.c: see snmp_text.h. */
#include "net/snmp_text.h"

#include <string.h>

#include "base/utf8.h"

enum { TEXT_MAX = 255 };

const char *
snmp_clean_text(struct arena *mem, const unsigned char *in, size_t len)
{
	char *out = arena_alloc(mem, 2 * TEXT_MAX + 2);
	const size_t kept = strnlen((const char *)in, len);
	const bool is_utf8 = utf8_valid((const char *)in, kept);
	size_t n = 0;

	for (size_t i = 0; i < kept && n < TEXT_MAX - 1; i++) {
		if (in[i] < 0x20 || in[i] == 0x7f || (!is_utf8 && in[i] >= 0x80 && in[i] < 0xa0)) {
			out[n++] = ' ';
		} else if (in[i] < 0x80 || is_utf8) {
			out[n++] = (char)in[i];
		} else {
			out[n++] = (char)(0xc0 | in[i] >> 6);
			out[n++] = (char)(0x80 | (in[i] & 0x3f));
		}
	}
	while (n > 0 && !utf8_valid(out, n)) /* a character that was cut off */
		n--;
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return out;
}
