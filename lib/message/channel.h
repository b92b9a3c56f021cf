/*
 * channel.h: hand one message to one channel, now.
 *
 * A channels handle keeps its connections to the mail host and to HTTP peers from message
 * to message; it ends with its arena, is made after any fork, and serves one sender at a
 * time. channel_send() returns the outcome of the message, with the reason for people when
 * it did not arrive; only a bug, or a sealed secret that no key opens, is a failure. It
 * never touches the database.
 */
#ifndef MESSAGE_CHANNEL_H
#define MESSAGE_CHANNEL_H

#include "base/conf.h"
#include "base/ctx.h"

struct channels;

/* A row of SQL_message_take. */
struct message {
	const char *id;
	const char *event;
	const char *channel;    /* telegram, email, webhook, whatsapp */
	const char *channel_id; /* NULL: mail of ours, without a channel */
	const char *recipient;  /* address or number */
	const char *subject, *body;
	const char *secret;         /* sealed; replaces {token} */
	const char *config;         /* JSON of the channel; "{}" without one */
	const char *channel_secret; /* sealed */
	const char *alert;          /* JSON of the alert; NULL: none */
	const char *wa_template;    /* name of a template of Meta's; NULL: none */
	const char *wa_values;      /* JSON array: the template's parameters */
	const char *language;       /* id, en */
	bool private_peers;         /* webhooks and gateways may have private addresses */
};

enum outcome {
	OUTCOME_SENT,    /* detail: the peer's id of the message, or "" */
	OUTCOME_RETRY,   /* refused for now */
	OUTCOME_REFUSED, /* refused for good */
	OUTCOME_DOWN,    /* no byte was sent, or the account is refused: the sender pauses */
	OUTCOME_UNKNOWN, /* it may have arrived */
	OUTCOME_MOVED,   /* refused: the chat has another id, detail */
};

struct delivery {
	enum outcome outcome;
	const char *detail;
	int wait_seconds; /* pause that the peer asked for; 0: none */
};

struct channels *channel_new(struct arena *life, const struct conf *);

enum rc channel_send(struct ctx *, struct channels *, const struct message *,
    struct delivery *ret) _must_check_;

#endif
