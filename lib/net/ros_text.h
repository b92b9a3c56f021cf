/*
 * ros_text.h: the text of routers, which is bytes without a character set.
 *
 * Winbox writes the code page of the machine it runs on, other programs write UTF-8. Valid
 * UTF-8 is kept; any other text is read as Latin-1, so that all text above this file is
 * UTF-8.
 */
#ifndef NET_ROS_TEXT_H
#define NET_ROS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

bool ros_text_is_ascii(const char *, size_t len);
bool ros_text_is_utf8(const char *, size_t len);

/* The bytes as UTF-8 with a final NUL; *ret is their new number. */
char *ros_text_from_latin1(struct arena *, const char *, size_t len, size_t *ret);

/*
 * A text for a message or a log: control characters as \n or \x1b, cut (with "...") to max
 * bytes. The text is UTF-8.
 */
char *ros_text_printable(struct arena *, const char *, size_t max);

#endif
