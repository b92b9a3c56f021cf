/* channel_int.h: shared by the four channels. */
#ifndef MESSAGE_CHANNEL_INT_H
#define MESSAGE_CHANNEL_INT_H

#include <cJSON.h>

#include "message/channel.h"
#include "net/httpc.h"

struct smtp;

struct channels {
	struct arena *life;
	const struct conf *conf;
	struct httpc *http[2]; /* http[private]: one handle may dial private addresses */
	struct smtp *mail;
};

/* The handle for a peer whose address an admin typed. */
struct httpc *channels_http(struct channels *, bool private_peers);

/*
 * Call the peer and judge the outcomes that are the same for every peer: true when the
 * caller must judge *answer.
 */
bool channels_call(struct ctx *, struct httpc *, const struct httpc_call *,
    struct httpc_answer *answer, struct delivery *ret);

struct delivery delivered(const char *id);
struct delivery undelivered(struct ctx *, enum outcome, const char *fmt, ...) _printf_(3, 4);

/* A text of the channel's config; NULL: there is none. */
const char *config_text(const cJSON *config, const char *name);

/* The channel's secret, opened; "" where it has none. */
enum rc channels_secret(struct ctx *, const struct message *, const char **ret) _must_check_;

/* JSON that is freed with cx->mem; NULL: the text is none. */
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
