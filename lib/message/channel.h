/*
 * channel.h: hand one message to one channel, now.
 *
 * A channels handle keeps connections to the mail host and to HTTP peers from
 * message to message; it ends with the arena it was made in, is made after any
 * fork, and serves one sender at a time.
 *
 * channel_send() answers with what became of the message, in words for people
 * where it did not arrive; only a bug or a sealed secret that no key opens is a
 * failure of its own.  It never touches the database.
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
	const char *channel_id; /* NULL: mail of our own */
	const char *recipient;  /* address or number */
	const char *subject, *body;
	const char *secret;         /* sealed; what {token} stands for */
	const char *config;         /* JSON of the channel; "{}" without one */
	const char *channel_secret; /* sealed */
	const char *alert;          /* JSON; NULL: it is about none */
	const char *wa_template;    /* at Meta; NULL: none */
	const char *wa_values;      /* JSON array: its parameters */
	const char *language;       /* id, en */
	bool private_peers;         /* webhooks and gateways may have private addresses */
};

enum outcome {
	OUTCOME_SENT,    /* detail: the peer's id of it, or "" */
	OUTCOME_RETRY,   /* refused for now */
	OUTCOME_REFUSED, /* refused for good */
	OUTCOME_DOWN,    /* no byte was sent, or the account is refused: the sender waits */
	OUTCOME_UNKNOWN, /* it may have arrived */
	OUTCOME_MOVED,   /* refused: the chat has another id, detail */
};

struct delivery {
	enum outcome outcome;
	const char *detail;
	int wait_seconds; /* before the next message, where the peer said so; 0 */
};

struct channels *channel_new(struct arena *life, const struct conf *);

enum rc channel_send(struct ctx *, struct channels *, const struct message *,
    struct delivery *ret) _must_check_;

#endif
