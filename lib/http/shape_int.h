/* shape_int.h: reading one field of a body. */
#ifndef HTTP_SHAPE_INT_H
#define HTTP_SHAPE_INT_H

#include <cJSON.h>

#include "base/json.h"
#include "http/shape.h"

struct reading {
	struct ctx *cx;
	const struct field *f;
	const cJSON *v;       /* NULL: absent */
	struct json_span raw; /* the text of the value in the body */
	cJSON *out;           /* the object that receives the value, normalised */
	enum fflag flag;
};

/* False when the value was refused. */
bool shape_read_field(struct reading *);

#endif
