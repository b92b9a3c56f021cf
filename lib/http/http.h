/*
 * http.h: a request, a response, and the table that joins them.
 *
 * This floor knows no noun of the business. isp-api drives it with FastCGI requests,
 * test/unit with requests made in memory. Paths and queries are percent-decoded when they
 * are matched; NUL and broken UTF-8 anywhere are RC_MALFORMED.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>

#include "base/ctx.h"
#include "base/sb.h"

enum {
	REQ_ARGS_MAX = 4,
	REQ_BODY_MAX = 1 << 20,        /* bytes of a body */
	REQ_BODY_MAX_FILE = 16 << 20,  /* of a route that takes a file */
	REQ_BODY_MAX_PUBLIC = 1 << 16, /* on addresses without a permission */
};

struct req {
	const char *method;
	const char *path;            /* raw, as in REQUEST_URI before '?' */
	const char *query;           /* raw */
	const char *body;            /* NUL-terminated; body_len bytes */
	size_t body_len;             /* above REQ_BODY_MAX_FILE: as declared, not read */
	const char *content_type;    /* "" for none */
	const char *authorization;   /* "" for none */
	const char *idempotency_key; /* "" for none */
	const char *origin;          /* "" for none */
	const char *accept;          /* "" for none */
	const char *base;            /* APP_URL: what paginator links begin with */
	struct {
		const char *name, *val;
	} args[REQ_ARGS_MAX]; /* the :name parts of the matched route, decoded */
};

struct resp {
	int status;
	struct sb body;           /* empty only with 204 */
	struct sb headers;        /* extra "Name: value\r\n" lines */
	const char *content_type; /* NULL: JSON */
	const char *cache;        /* Cache-Control; NULL: no-store */
	/*
	 * Gives a body in parts: each call puts the next part into body, and an empty one at the
	 * end. When it fails the connection is cut, so that the caller sees an incomplete body.
	 */
	enum rc (*more)(struct ctx *, struct resp *);
	void *stream; /* of more() */
};

struct op;       /* of lib/api: describes an operation */
struct resource; /* of lib/crud: describes a table */

typedef enum rc (*handler_fn)(struct ctx *, const struct req *, struct resp *);
typedef enum rc (
    *verb_fn)(struct ctx *, const struct req *, struct resp *, const struct resource *);

/* The pool of workers that serves a route; the web server chooses it by location. */
enum route_pool { POOL_FAST, POOL_LOGIN, POOL_ROUTER, POOL_GATEWAY, POOL__MAX };

/* A route runs either an operation or a verb of a resource. */
struct route {
	const char *name; /* of an operation: "invoice_mark_paid"; of a verb: "list" */
	const char *method;
	const char *path; /* "/api/invoices/:id" */
	uint32_t perm;    /* the actor must hold all of these bits; 0: no token needed */
	enum route_pool pool;
	handler_fn fn;
	const struct op *op; /* the fields that fn takes and answers */
	verb_fn verb;
	const struct resource *resource; /* the table that verb works on */
	bool file;                       /* the body is a file, not JSON */
};

/* The functions and tables that lib/api plugs in. */
struct http_policy {
	/* Run a route whose token and body are accepted; NULL: its own handler. */
	enum rc (*run)(struct ctx *, const struct route *, const struct req *, struct resp *);
	const struct route *routes;
	size_t nroutes;
	/*
	 * Queue the look-up of rq's token (db_gate_n), the first statement of the pipeline: it
	 * fills cx->actor, or fails so that the database executes nothing behind it. Called only
	 * for routes with a perm.
	 */
	enum rc (*authenticate)(struct ctx *, const struct req *, uint32_t perm);
	/*
	 * db_gate_pass: called before the handler of any method but GET, and after every handler,
	 * so that no handler answers before its gate passed.
	 */
	enum rc (*pass)(struct ctx *);
	/* Count a request answered 401: RC_UNAUTH, or RC_THROTTLED where there are too many. */
	enum rc (*refused)(struct ctx *, const struct req *);
	const char *origins; /* comma list for CORS */
	const char *url;     /* APP_URL */
	const char *pool;    /* in development: the header X-Pool; NULL: none */
};

/*
 * Find the route, check the permission and the body, run the handler, write the answer or
 * the error, log the errors that concern the sysadmin. If several routes fit, the one with
 * fewer :name parts wins. HEAD runs GET; OPTIONS is answered here. A GET that loses its
 * database connection is run once more.
 */
void http_dispatch(struct ctx *, const struct http_policy *, struct req *, struct resp *);

/* Call the handler of a route. */
enum rc http_run(struct ctx *, const struct route *, const struct req *, struct resp *);

/* "fast", as in the names of sockets and of nginx's upstreams. */
const char *http_pool_name(enum route_pool);

/* Print the origins of a comma list as lines of a map of nginx (isp.conf). */
void http_print_origins(struct sb *, const char *list);

const char *req_arg(const struct req *, const char *name); /* never NULL */
/* A decoded query parameter; NULL when absent; the last one of several wins. */
const char *req_param(struct ctx *, const struct req *, const char *name);
/* The :id of the path; RC_NOT_FOUND when it is no UUID. */
enum rc req_uuid(struct ctx *, const struct req *, const char *name, const char **ret) _must_check_;
struct req_range {
	int64_t min, max;
	int64_t dflt; /* when the parameter is absent */
};
enum rc req_param_int(struct ctx *, const struct req *, const char *name, struct req_range,
    int64_t *ret) _must_check_; /* bad: RC_INVALID on the name */

/*
 * A raw path in the form of routes: without the escapes of unreserved characters (RFC
 * 3986), doubled slashes and a slash at the end, as nginx matches it.
 */
const char *req_plain_path(struct ctx *, const char *path);
bool req_is_json(const struct req *); /* the body is declared JSON */
/* Decode the percent escapes of s; RC_MALFORMED for NUL or broken UTF-8. */
enum rc req_decode(struct ctx *, const char *s, size_t n, const char **ret) _must_check_;

/* The text is not copied: it lives as long as the request. */
enum rc resp_json(struct resp *, int status, const char *json);
void resp_header(struct resp *, const char *name, const char *val);

#endif
