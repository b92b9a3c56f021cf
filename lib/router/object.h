/*
 * object.h: single objects of a router that a person changes by their id.
 *
 * These are the only changes of objects that are not ours, each asked for by a
 * person who named the object.
 */
#ifndef ROUTER_OBJECT_H
#define ROUTER_OBJECT_H

#include "base/ctx.h"

enum object_menu { OBJECT_SECRET, OBJECT_QUEUE };

/* A property; val NULL clears it. */
struct object_attr {
	const char *key, *val;
};

/*
 * router_id NULL: the default router.  RC_INVALID on the field that the router
 * refused, RC_CONFLICT (the name is taken, the object is dynamic), RC_NOT_FOUND
 * (no such id), RC_UPSTREAM.  Sessions of a changed secret end.
 */
enum rc object_add(struct ctx *, const char *router_id, enum object_menu,
    const struct object_attr *, size_t n, const char **ret) _must_check_;
enum rc object_set(struct ctx *, const char *router_id, enum object_menu, const char *id,
    const struct object_attr *, size_t n) _must_check_;
enum rc object_remove(struct ctx *, const char *router_id, enum object_menu,
    const char *id) _must_check_;

/* True for the form of a router's ids: "*1A". */
bool object_is_id(const char *);

#endif
