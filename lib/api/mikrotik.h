/* mikrotik.h: shared by the files of /api/mikrotik. */
#ifndef API_MIKROTIK_H
#define API_MIKROTIK_H

#include "api/api.h"

/* ?router_id=, for ops. */
extern const struct field mikrotik_router_param[];

/* The kinds of users that sessions have; ends with NULL. */
extern const char *const mikrotik_user_kinds[];

/* Check that the router of a body, if it names one, exists; else an error on router_id. */
enum rc mikrotik_body_router(struct ctx *, const char *router_id) _must_check_;
/* The router of the query; NULL: the default one. */
enum rc mikrotik_router(struct ctx *, const struct req *, const char **ret) _must_check_;

/* {"success": true}, as op_success_parts describe it. */
enum rc mikrotik_success(struct resp *);

#endif
