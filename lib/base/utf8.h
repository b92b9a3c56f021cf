/* utf8.h: whether bytes are text, and how long that text is for people. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Well-formed UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF) without NUL. */
bool utf8_valid(const char *, size_t n);

/* Code points of a valid text. */
size_t utf8_length(const char *);

/* C0 and C1 controls and DEL; with lines, the ends of lines (LF, CR) and tab are none. */
bool utf8_has_control(const char *, bool lines);

/* The most bytes of a valid text, not above max, that end between two characters. */
size_t utf8_cut(const char *, size_t max);

/* Take out, in place, all bytes that are no well-formed UTF-8: where a text was cut inside a
 * character. */
void utf8_clean(char *);

#endif
