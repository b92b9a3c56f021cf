/* gateway_int.h: calls to Midtrans, shared by the parts of gateway.h. */
#ifndef MIDTRANS_GATEWAY_INT_H
#define MIDTRANS_GATEWAY_INT_H

#include "midtrans/attempt.h"
#include "midtrans/gateway.h"

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
	int code;  /* of HTTP when it is an error, else status_code of the body, else of HTTP */
	bool said; /* the body has a status_code: it is Midtrans that speaks, no proxy before it */
	struct cJSON *body; /* NULL when it is no JSON object */
	const char *raw;
	const char *messages; /* error_messages or status_message, for the log; "" */
};

/*
 * RC_UPSTREAM when there is no answer, or one that says nothing of the order:
 * no JSON with success, 401, 5xx, and 408, after which it may have been done or
 * not; RC_RETRY for 429.  *ret is set with those, too, as far as there was an
 * answer.
 */
enum rc gateway_call(struct ctx *, const struct gateway_call *,
    struct gateway_answer *ret) _must_check_;
/* POST or GET /v2/ID/VERB. */
enum rc gateway_core(struct ctx *, const char *method, const char *id, const char *verb,
    const char *body, struct gateway_answer *ret) _must_check_;

/* Codes of answers that mean more than success or failure. */
enum {
	GATEWAY_NO_ACCESS = 401,
	GATEWAY_NONE = 404,
	GATEWAY_KEY_USED = 406, /* a refund's key */
	GATEWAY_EXPIRED = 407,  /* a success */
	GATEWAY_TOO_LATE = 408,
	GATEWAY_NOT_NOW = 412,
	GATEWAY_BAD_AMOUNT = 414,
	GATEWAY_TOO_MANY = 429,
};
bool gateway_is_good(const struct gateway_answer *);
/* Code and messages as JSON, for the log of what Midtrans was asked. */
const char *gateway_said(struct ctx *, const struct gateway_answer *);
/* It says no, and would say no again: not for the moment, nor to our key. */
bool gateway_is_no(const struct gateway_answer *);
/* What the last call asked for may have been done: it went out, and was not sent away. */
bool gateway_may_be_done(const struct ctx *, const struct gateway_answer *);
enum rc gateway_unwelcome(struct ctx *, const char *verb, const struct gateway_answer *);

/*
 * What one does at a time, by name: RC_OK is to be followed by
 * gateway_unlock().  *alone: nobody else was at it.  Whoever comes second waits
 * up to 8 s, then it is RC_RETRY; or he is told at once that it is busy,
 * RC_CONFLICT.
 */
enum rc gateway_lock(struct ctx *, const char *name, const char *busy, bool *alone) _must_check_;
void gateway_unlock(struct ctx *, const char *name);
/* A part of the request of the last call went out. */
bool gateway_sent(const struct ctx *);
bool gateway_timed_out(const struct ctx *);
/* To the last call nobody answered, or we were asked to slow down: no order's fault. */
bool gateway_is_away(const struct ctx *);
/* Seconds Midtrans, by its last answer, wants to be left alone; 0: it did not say so. */
int gateway_slow_down(const struct ctx *);

/* What an answer says of an order, done.  *transaction_id: whose it is. */
enum rc gateway_apply(struct ctx *, const char *source, const char *order_id,
    const struct gateway_answer *, const char **transaction_id) _must_check_;

/*
 * End all of an attempt at Midtrans that may still be paid, and close it here;
 * but for one that turns out to be paid, of which only the rest is ended.
 * RC_UPSTREAM when something stays open.
 */
enum rc gateway_drop(struct ctx *, const char *attempt_id) _must_check_;
/*
 * Undo this payment of a card if it is captured and not settled yet (row 12).
 * *done: it may be undone, or may be yet, though this failed.
 */
enum rc gateway_void(struct ctx *, const char *attempt_id, const char *transaction_id,
    bool *done) _must_check_;

#endif
