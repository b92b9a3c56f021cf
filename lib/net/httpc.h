/*
 * httpc.h: JSON calls to one peer over HTTP: payment gateway, chat services.
 *
 * No other file uses libcurl for HTTP.  A handle stands for one peer; it is made
 * once, after any fork, and keeps its connections from call to call.  It ends
 * with the arena it was made in.
 *
 *	http = httpc_new(life, &(struct httpc_peer){ .name = "Midtrans", .user = key });
 *	TRY(httpc_call(cx, http, &(struct httpc_call){ .method = "GET", .url = url }, &answer));
 *	if (answer.status == 401) ...
 *	TRY(httpc_json(cx, http, &answer, &json));
 *
 * Any answer with a status is RC_OK, also 404, 500 and the redirects, which are
 * never followed.  No answer is RC_UPSTREAM; httpc_fault() tells why, and
 * httpc_sent() whether the request may have been executed all the same: only
 * when it is false may an order be given again without asking first.  libcurl
 * repeats a request that a kept connection swallowed: here it may repeat GET
 * alone.
 *
 * Certificates are verified, TLS 1.2 is the least, only http and https are
 * spoken, HTTP/1.1 at that; the proxies of the environment, ~/.netrc and
 * cookies are not used.  A call ends after its total_ms, whatever the peer does,
 * and answers beyond max_bytes are failures.
 *
 * Neither err.msg nor err.detail ever holds the path of an address, a header or
 * body that was sent, the password, or a body that came.  One handle, one thread.
 */
#ifndef NET_HTTPC_H
#define NET_HTTPC_H

#include <stdbool.h>

#include "base/ctx.h"

struct cJSON;
struct httpc;

enum { HTTPC_JSON_DEPTH = 32 };

/* All text is copied by httpc_new(). */
struct httpc_peer {
	const char *name; /* for people: "Midtrans" */
	const char *user,
	    *password;    /* Basic authentication; NULL user: none, NULL password: empty */
	const char *ca;   /* PEM file instead of the system's authorities; NULL */
	bool public_only; /* never dial a private address, whatever the name: HTTPC_FORBIDDEN */
};

/* A 0 number means its default. */
struct httpc_call {
	const char *method;    /* GET POST PUT PATCH DELETE */
	const char *url;       /* http or https, no user in it; other parts by httpc_escape() */
	const char *body;      /* NULL: none */
	const char *body_type; /* NULL: application/json */
	const char *const *headers; /* "Idempotency-Key: x", ..., NULL; or NULL */
	int connect_ms;             /* 5,000: name, TCP and TLS */
	int total_ms;               /* 15,000 */
	size_t max_bytes;           /* 256 KiB of answer */
};

struct httpc_answer {
	int status;
	const char *body; /* in cx->mem, NUL-terminated; may hold NUL */
	size_t body_len;
	const char *content_type; /* "" for none */
	int retry_after;          /* seconds; 0: none given */
};

enum httpc_fault {
	HTTPC_OK = 0,
	HTTPC_ADDRESS,   /* the call itself is wrong: address, method or header */
	HTTPC_RESOLVE,   /* the name has no address */
	HTTPC_REFUSED,   /* no process listens, or no route */
	HTTPC_FORBIDDEN, /* its address is private, which public_only forbids */
	HTTPC_TIMEOUT,
	HTTPC_TLS,       /* no common version, or an untrusted certificate */
	HTTPC_CLOSED,    /* closed before the answer was complete */
	HTTPC_TOO_LARGE, /* more than max_bytes */
	HTTPC_PROTOCOL,  /* not HTTP; or, by httpc_json(), not a JSON object */
	HTTPC__MAX
};

struct httpc *httpc_new(struct arena *life, const struct httpc_peer *);

enum rc httpc_call(struct ctx *, struct httpc *, const struct httpc_call *,
    struct httpc_answer *ret) _must_check_;

/* The failure of the last call. */
enum httpc_fault httpc_fault(const struct httpc *);
bool httpc_sent(const struct httpc *); /* at least a part of the request went out */

/*
 * The answer as a JSON object that lives as long as cx->mem.  RC_UPSTREAM for
 * whatever else it is: the HTML of a proxy, an array, a text cut short, broken
 * UTF-8 or \u0000 (which PostgreSQL would refuse), more levels than
 * HTTPC_JSON_DEPTH.
 */
enum rc httpc_json(struct ctx *, struct httpc *, const struct httpc_answer *,
    struct cJSON **ret) _must_check_;

/* Text as one part of a path or value of a query: all but A-Z a-z 0-9 - . _ ~ as %XX. */
const char *httpc_escape(struct arena *, const char *text);

#endif
