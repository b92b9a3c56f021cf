/*
 * client.h: calls to Midtrans.
 *
 * Midtrans reports errors in two layers: as an HTTP status, or as status_code
 * in the body of a 200.  An answer's code is the error of either layer.
 */
#ifndef MIDTRANS_CLIENT_H
#define MIDTRANS_CLIENT_H

#include "midtrans/midtrans.h"

/* RC_RETRY without a server key. */
enum rc midtrans_require_configured(struct ctx *) _must_check_;
const char *midtrans_merchant_id(const struct ctx *);

enum midtrans_base { BASE_SNAP, BASE_CORE };

struct midtrans_call {
	enum midtrans_base base;
	const char *method;
	const char *path; /* "/transactions", escaped */
	const char *body; /* JSON or NULL */
	const char *key;  /* Idempotency-Key or NULL */
};

struct midtrans_answer {
	int code;           /* of HTTP when it is an error, else status_code, else of HTTP */
	bool from_midtrans; /* the body has a status_code: no proxy wrote it */
	struct cJSON *body; /* NULL when it is no JSON object */
	const char *raw;
	const char *messages; /* status_message and error_messages; of an error never "" */
};

/*
 * Call Midtrans.  RC_UPSTREAM without an answer, or with one that says nothing
 * about the order: a success that is no JSON, 401, 5xx, or 408, after which the
 * call may have executed; RC_RETRY for 429.  *ret is set in these cases, too, as
 * far as there was an answer.
 */
enum rc midtrans_call(struct ctx *, const struct midtrans_call *,
    struct midtrans_answer *ret) _must_check_;
/* POST or GET /v2/ID/VERB. */
enum rc midtrans_call_core(struct ctx *, const char *method, const char *id, const char *verb,
    const char *body, struct midtrans_answer *ret) _must_check_;

/* Codes of answers with a meaning of their own. */
enum {
	ANSWER_NO_ACCESS = 401,
	ANSWER_UNKNOWN_ID = 404,
	ANSWER_KEY_USED = 406, /* a refund's key */
	ANSWER_EXPIRED = 407,  /* a success */
	ANSWER_TIMEOUT = 408,
	ANSWER_NOT_ALLOWED = 412, /* in this state of the payment */
	ANSWER_BAD_AMOUNT = 414,
	ANSWER_TOO_MANY = 429,
};
bool answer_is_success(const struct midtrans_answer *);
/* Midtrans refuses, and would refuse again: neither for the moment nor for our key. */
bool answer_is_final_refusal(const struct midtrans_answer *);
/* Code and messages as JSON, for the log. */
const char *answer_json(struct ctx *, const struct midtrans_answer *);
/* Fail with RC_UPSTREAM "Midtrans refused to VERB (CODE): MESSAGES". */
enum rc answer_fail(struct ctx *, const char *verb, const struct midtrans_answer *);

/* About the last call. */
bool call_was_sent(const struct ctx *); /* a part of the request, at least */
bool call_timed_out(const struct ctx *);
/* It was sent, and not answered with a refusal. */
bool call_may_have_executed(const struct ctx *, const struct midtrans_answer *);
/* Midtrans did not answer, or asked to slow down: any other call would fail, too. */
bool midtrans_unreachable(const struct ctx *);
/* Seconds for which Midtrans asked not to be called; 0: it did not ask. */
int midtrans_retry_after(const struct ctx *);

/* Refused notifications since the last line of the log about them. */
struct midtrans_tally {
	unsigned n;
	int64_t logged_at; /* clock_ms(); 0: never */
};
struct midtrans_tally *midtrans_tally(const struct ctx *, bool unknown_order);

/*
 * Take the lock `name`; after RC_OK midtrans_unlock() must follow.  When another
 * session has it: RC_CONFLICT with the text busy, or with busy NULL a wait of up
 * to 8 s, then RC_RETRY.  *alone: no other session had it.
 */
enum rc midtrans_lock(struct ctx *, const char *name, const char *busy, bool *alone) _must_check_;
void midtrans_unlock(struct ctx *, const char *name);

#endif
