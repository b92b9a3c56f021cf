/* shape_int.h: one field of a body being read. */
#ifndef HTTP_SHAPE_INT_H
#define HTTP_SHAPE_INT_H

#include <cJSON.h>

#include "base/json.h"
#include "http/shape.h"

struct reading {
	struct ctx *cx;
	const struct field *f;
	const cJSON *v;       /* NULL: absent */
	struct json_span raw; /* the value's own text */
	cJSON *out;           /* takes the value, normalised */
	enum fflag flag;
};

/* False when the value was refused. */
bool shape_read_field(struct reading *);

#endif
