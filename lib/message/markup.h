/*
 * markup.h: our texts inside other languages of markup: HTML, Telegram's HTML, templates
 * of gateways.
 */
#ifndef MESSAGE_MARKUP_H
#define MESSAGE_MARKUP_H

#include <stdbool.h>

#include "base/sb.h"

/* Write the text escaped; with pages, ends of lines become <br> and addresses of pages links. */
void markup_html(struct sb *, const char *text, bool pages);

/*
 * The beginning of a text, at most so many UTF-16 units, cut at the end of a line near
 * there, else between characters.
 */
const char *markup_cut(struct arena *, const char *text, size_t units);

/* A name and the value for each {name} in a template; a {name} inside a value stays. */
struct markup_value {
	const char *name, *value;
};
const char *markup_fill(struct arena *, const char *text, const struct markup_value *, size_t n);

#endif
