/*
 * openapi_int.h: what the files of openapi share: writers of one part of the
 * description each, into a JSON writer that stands in an object or an array.
 */
#ifndef API_OPENAPI_INT_H
#define API_OPENAPI_INT_H

#include "api/api.h"
#include "base/jw.h"

/* The JSON Schema of one field, under key (NULL inside an array). */
void openapi_field(struct jw *, const char *key, const struct field *);

/* "parameters": those of the path, of the op, and of the list that it shows. */
void openapi_params(struct ctx *, struct jw *, const struct route *, const struct op *);

#endif
