#include "message/markup.h"

#include <string.h>

static void
add_escaped(struct sb *out, char c)
{
	static const struct {
		char c;
		const char *as;
	} entities[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" } };

	for (size_t i = 0; i < countof(entities); i++)
		if (entities[i].c == c) {
			sb_puts(out, entities[i].as);
			return;
		}
	sb_putc(out, c);
}

/* The length of a page's address at p; 0: none begins here. */
static size_t
page_length(const char *p)
{
	size_t n = 0;

	if (strncmp(p, "https://", 8) != 0 && strncmp(p, "http://", 7) != 0)
		return 0;
	while (
	    (unsigned char)p[n] > 0x20 && p[n] != '"' && p[n] != '<' && p[n] != '>' && p[n] != 0x7F)
		n++;
	while (n > 0 && strchr(".,;:!?)", p[n - 1]) != NULL)
		n--;
	return n;
}

static void
add_link(struct sb *out, const char *p, size_t n)
{
	sb_puts(out, "<a href=\"");
	for (size_t i = 0; i < n; i++)
		add_escaped(out, p[i]);
	sb_puts(out, "\">");
	for (size_t i = 0; i < n; i++)
		add_escaped(out, p[i]);
	sb_puts(out, "</a>");
}

void
markup_html(struct sb *out, const char *text, bool pages)
{
	for (const char *p = text; *p != '\0'; p++) {
		size_t n = pages ? page_length(p) : 0;

		if (n > 0) {
			add_link(out, p, n);
			p += n - 1;
		} else if (pages && *p == '\n') {
			sb_puts(out, "<br>\n");
		} else {
			add_escaped(out, *p);
		}
	}
}

static bool
is_inside_character(char c)
{
	return ((unsigned char)c & 0xC0) == 0x80;
}

const char *
markup_cut(struct arena *a, const char *text, size_t units)
{
	const char *line = NULL, *p = text;
	size_t n = 0;

	for (; *p != '\0'; p++) {
		if (is_inside_character(*p))
			continue;
		n += (unsigned char)*p >= 0xF0 ? 2 : 1; /* beyond U+FFFF: two units */
		if (n > units)
			break;
		if (*p == '\n')
			line = p;
	}
	if (*p == '\0')
		return text;
	if (line != NULL && p - line < 200)
		p = line;
	return arena_printf(a, "%.*s", (int)(p - text), text);
}

const char *
markup_fill(struct arena *a, const char *text, const struct markup_value *values, size_t nvalues)
{
	struct sb out = sb_new(a);

	for (const char *p = text; *p != '\0'; p++) {
		size_t i = 0, n = 0;

		for (; *p == '{' && i < nvalues; i++) {
			n = strlen(values[i].name);
			if (strncmp(p + 1, values[i].name, n) == 0 && p[1 + n] == '}')
				break;
		}
		if (*p != '{' || i == nvalues) {
			sb_putc(&out, *p);
			continue;
		}
		sb_puts(&out, values[i].value);
		p += n + 1;
	}
	return out.buf;
}
