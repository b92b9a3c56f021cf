/*
 * png.h: checks an uploaded PNG image before any browser reads it.
 *
 * The check walks every chunk: the signature, one possible IHDR, known chunk types with
 * the right CRC, pixels that inflate to exactly the size that IHDR promises, IEND as the
 * last byte. An image wider or higher than PNG_SIDE_MAX is refused, so that no small file
 * unfolds into a huge picture.
 */
#ifndef BASE_PNG_H
#define BASE_PNG_H

#include <stddef.h>

#include "base/arena.h"

enum { PNG_SIDE_MAX = 2000 };

/* Name the first fault, for a sentence that begins "The image"; NULL: there is none. */
const char *png_fault(struct arena *, const unsigned char *data, size_t n);

#endif
