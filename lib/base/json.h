/*
 * json.h: checks that a body is JSON to the letter (RFC 8259), before cJSON, which is more
 * lenient, reads it: no lone surrogate, no \u0000, no trailing text, at most JSON_DEPTH
 * levels. It also gives the position of each member of the outermost object, so that
 * numbers can be read exactly, not as doubles.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/ctx.h"

enum { JSON_DEPTH = 32, JSON_MEMBERS = 512 };

struct json_span {
	const char *at;
	size_t len;
};

/* spans has JSON_MEMBERS places; *n is the number of members. RC_MALFORMED. */
enum rc json_check(struct ctx *, const char *text, size_t len, struct json_span *spans,
    size_t *n) _must_check_;

/*
 * The same of a part of a text: the elements of an array, or the values of an object's members; at
 * most max of them.  *n how many there are; other JSON, and no text (at NULL), has none.
 */
void json_children(struct json_span part, struct json_span *spans, size_t max, size_t *n);

#endif
