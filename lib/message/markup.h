/* markup.h: text of ours inside markup of others: HTML, Telegram's HTML, templates of gateways. */
#ifndef MESSAGE_MARKUP_H
#define MESSAGE_MARKUP_H

#include <stdbool.h>

#include "base/sb.h"

/* Escaped; with pages, ends of lines become <br> and addresses of pages links. */
void markup_html(struct sb *, const char *text, bool pages);

/* At most so many UTF-16 units, cut between characters, at the end of a line where one is near. */
const char *markup_cut(struct arena *, const char *text, size_t units);

/* Put value in the place of each {name}; what it holds itself is not looked at again. */
struct markup_value {
	const char *name, *value;
};
const char *markup_fill(struct arena *, const char *text, const struct markup_value *, size_t n);

#endif
