/*
 * zip.h: unpacks parts of a zip archive in memory, and gzip, within limits.
 *
 * A part may have 64 MiB, and at most 100 times its packed size (plus 1 MiB); a larger one
 * is RC_INVALID.
 */
#ifndef SHEET_ZIP_H
#define SHEET_ZIP_H

#include "base/ctx.h"

/* The part with this name, in the arena, NUL-terminated; NULL when there is none. */
enum rc zip_part(struct ctx *, const char *data, size_t len, const char *name, const char **ret,
    size_t *ret_len) _must_check_;

/* Unpack gzip data, at most max bytes. */
enum rc zip_gunzip(struct ctx *, const char *data, size_t len, size_t max, const char **ret,
    size_t *ret_len) _must_check_;

#endif
