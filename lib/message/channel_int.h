/* channel_int.h: what the four channels share. */
#ifndef MESSAGE_CHANNEL_INT_H
#define MESSAGE_CHANNEL_INT_H

#include <cJSON.h>

#include "message/channel.h"
#include "net/httpc.h"

struct smtp;

struct channels {
	struct arena *life;
	const struct conf *conf;
	struct httpc *http[2]; /* [true]: private addresses, too */
	struct smtp *mail;
};

/* The handle for a peer that an admin typed. */
struct httpc *channels_http(struct channels *, bool private_peers);

/* Call, and understand what is the same for every peer: true where *answer must be judged. */
bool channels_call(struct ctx *, struct httpc *, const struct httpc_call *,
    struct httpc_answer *answer, struct delivery *ret);

struct delivery delivered(const char *id);
struct delivery undelivered(struct ctx *, enum outcome, const char *fmt, ...) _printf_(3, 4);

/* A text of the channel's config; NULL: there is none. */
const char *config_text(const cJSON *config, const char *name);

/* The channel's secret, opened; "" where it has none. */
enum rc channels_secret(struct ctx *, const struct message *, const char **ret) _must_check_;

/* JSON that frees itself with cx->mem; NULL: it is none. */
cJSON *channels_json(struct ctx *, const char *text);
const char *channels_print(struct ctx *, const cJSON *);

enum rc telegram_send(struct ctx *, struct channels *, const struct message *, const cJSON *config,
    struct delivery *ret) _must_check_;
enum rc email_send(struct ctx *, struct channels *, const struct message *, const cJSON *config,
    struct delivery *ret) _must_check_;
enum rc webhook_send(struct ctx *, struct channels *, const struct message *, const cJSON *config,
    struct delivery *ret) _must_check_;
enum rc whatsapp_send(struct ctx *, struct channels *, const struct message *, const cJSON *config,
    struct delivery *ret) _must_check_;

#endif
