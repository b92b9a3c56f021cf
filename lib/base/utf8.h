/* utf8.h: checks that bytes are UTF-8 text, and measures it in characters. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Well-formed UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF) without NUL. */
bool utf8_valid(const char *, size_t n);

/* Code points of a valid text. */
size_t utf8_length(const char *);

/* Has C0 or C1 controls or DEL; with `lines`, ends of lines (LF, CR) and tabs are allowed. */
bool utf8_has_control(const char *, bool lines);

/* The largest number of bytes, at most max, that ends between two characters of a valid text. */
size_t utf8_cut(const char *, size_t max);

/*
 * Remove, in place, all bytes that are no well-formed UTF-8, as a text cut inside a
 * character has.
 */
void utf8_clean(char *);

#endif
