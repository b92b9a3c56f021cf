/* pdf.h: the content of a PDF of ours, for tests: where it draws, and its texts. */
#ifndef PDF_H
#define PDF_H

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "unit.h"

#include "base/arena.h"
#include "base/sb.h"

/* The drawing operators of all pages, a line each. */
static inline char *
pdf_pages(struct arena *mem, const char *pdf, size_t n)
{
	static char page[1 << 18];
	struct sb out = sb_new(mem);
	const char *end = pdf + n;

	for (const char *at = pdf; (at = memmem(at, (size_t)(end - at), "stream\r\n", 8)) != NULL;
	     at += 8) {
		uLongf len = sizeof(page) - 1;
		int rc =
		    uncompress((Bytef *)page, &len, (const Bytef *)at + 8, (uLong)(end - at - 8));

		page[rc == Z_OK ? len : 0] = '\0';
		if (strstr(page, "BT\n") != NULL)
			sb_puts(&out, page);
	}
	return arena_strdup(mem, out.buf);
}

/* The texts of all pages in the order in which they are drawn, a line each; a dash is "-". */
static inline const char *
pdf_texts(struct arena *mem, const char *pdf, size_t n)
{
	struct sb out = sb_new(mem);
	char *pages = pdf_pages(mem, pdf, n);

	for (const char *line; (line = strsep(&pages, "\n")) != NULL;) {
		unsigned code;

		if (line[0] != '<')
			continue;
		for (line++; sscanf(line, "%4x", &code) == 1; line += 4)
			if (code < 0x80)
				sb_putc(&out, (char)code);
			else
				sb_puts(&out, code == 0xB7 ? "\xC2\xB7" : "-");
		sb_putc(&out, '\n');
	}
	return out.buf;
}

#endif
