/* http_int.h: the parts of http_dispatch(): route, error, other origins. */
#ifndef HTTP_HTTP_INT_H
#define HTTP_HTTP_INT_H

#include "http/http.h"

/* The method; GET also for HEAD. */
const char *http_method_of(const struct req *);

/* The route of a path, the one with fewest :name parts where several fit; NULL: none. */
const struct route *http_find_route(const struct http_policy *, const char *path,
    const char *method);
/* "GET, HEAD, POST, OPTIONS" for a path; "" when no route has it. */
const char *http_allowed(struct ctx *, const struct http_policy *, const char *path);
/* 404, or 405 with Allow. */
enum rc http_no_route(struct ctx *, const struct http_policy *, const struct req *,
    struct resp *) _must_check_;
/* Put the decoded :name parts of the path into rq->args. */
enum rc http_read_args(struct ctx *, const char *pattern, struct req *) _must_check_;

/* Write cx->err as the answer. */
void http_write_error(struct ctx *, struct resp *);
/* Log cx->err, if it is one that the sysadmin must know. */
void http_log_error(const struct ctx *, const struct req *);

void http_cors(const struct http_policy *, const struct req *, struct resp *);
void http_answer_options(struct ctx *, const struct http_policy *, const struct req *,
    struct resp *);

#endif
