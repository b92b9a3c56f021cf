/* gateway_int.h: calls to Midtrans, shared by the parts of gateway.h. */
#ifndef SERVICE_GATEWAY_INT_H
#define SERVICE_GATEWAY_INT_H

#include "domain/attempt.h"
#include "service/gateway.h"

/* RC_RETRY without a server key. */
enum rc gateway_ready(struct ctx *) _must_check_;
const char *gateway_merchant(const struct ctx *);

enum gateway_base { GATEWAY_SNAP, GATEWAY_CORE };

struct gateway_call {
	enum gateway_base base;
	const char *method;
	const char *path; /* "/transactions", escaped */
	const char *body; /* JSON or NULL */
	const char *key;  /* Idempotency-Key or NULL */
};

struct gateway_answer {
	int code; /* of HTTP when it is an error, else status_code of the body, else of HTTP */
	struct cJSON *body; /* NULL when it is no JSON object */
	const char *raw;
	const char *messages; /* error_messages or status_message, for the log; "" */
};

/*
 * RC_UPSTREAM when there is no answer, or one that says nothing of the order:
 * no JSON with success, 401, 5xx; RC_RETRY for 429.  *ret is set with those,
 * too, as far as there was an answer.
 */
enum rc gateway_call(struct ctx *, const struct gateway_call *,
    struct gateway_answer *ret) _must_check_;
/* A part of the request of the last call went out. */
bool gateway_sent(const struct ctx *);
bool gateway_timed_out(const struct ctx *);
/* To the last call nobody answered, or we were asked to slow down: no order's fault. */
bool gateway_is_away(const struct ctx *);

/* What an answer says of an order, done.  *transaction_id: whose it is. */
enum rc gateway_apply(struct ctx *, const char *source, const char *order_id,
    const struct gateway_answer *, const char **transaction_id) _must_check_;

/*
 * End all of an attempt at Midtrans that may still be paid, and close it here;
 * but for one that turns out to be paid, of which only the rest is ended.
 * RC_UPSTREAM when something stays open.
 */
enum rc gateway_drop(struct ctx *, const char *attempt_id) _must_check_;

#endif
