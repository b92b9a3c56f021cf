/* channel_peer.h: one channel and the peer that it calls, for tests of lib/message. */
#ifndef TEST_CHANNEL_PEER_H
#define TEST_CHANNEL_PEER_H

#include "message/channel.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "../net/http_peer.h"
#include "base/crypt.h"

#define KEY                "base64:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
#define ANSWER(head, body) "HTTP/1.1 " head "\r\nConnection: close\r\n\r\n" body
#define OK_JSON(body)                                                                              \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" body

/* One peer, one message; each test says what the peer answers. */
struct world {
	struct ctx cx;
	struct conf conf;
	struct channels *channels;
	struct peer peer;
	struct message message;
	struct delivery got;
};

static inline void
begin(struct world *w, const struct turn *turns, size_t n)
{
	*w = (struct world){ .cx = { .mem = arena_new(16384), .request_id = "", .ip = "" } };
	w->peer.turns = turns;
	w->peer.nturns = n;
	peer_start(&w->peer);
	(void)setenv("APP_KEY", KEY, 1);
	(void)setenv("DATABASE_URL", "postgresql:///none", 1);
	(void)setenv("APP_URL", "https://isp.example.net", 1);
	(void)setenv("TELEGRAM_API_URL",
	    arena_printf(w->cx.mem, "http://127.0.0.1:%d", w->peer.port), 1);
	if (conf_load(&w->cx, "/dev/null", &w->conf) != RC_OK)
		fail_msg("%s", w->cx.err.msg);
	assert_int_equal(crypt_open(&w->cx, KEY, ""), RC_OK);
	w->cx.conf = &w->conf;
	w->channels = channel_new(w->cx.mem, &w->conf);
	w->message = (struct message){ .id = "0190-1",
		.event = "test",
		.channel = "whatsapp",
		.channel_id = "c1",
		.recipient = "628123456789",
		.subject = "s",
		.body = "hello {name} {token}",
		.secret = "",
		.channel_secret = "",
		.wa_values = "[]",
		.language = "id",
		.private_peers = true };
}

#define BEGIN(w, turns) begin(w, turns, countof(turns))

static inline void
end(struct world *w)
{
	arena_free(w->cx.mem);
	peer_stop(&w->peer);
}

/* The config with the peer's port where it says %d. */
static inline const char *
config_of(struct world *w, const char *config)
{
	const char *at = strstr(config, "%d");

	return at == NULL ? config
			  : arena_printf(w->cx.mem, "%.*s%d%s", (int)(at - config), config,
				w->peer.port, at + 2);
}

static inline void
send_over(struct world *w, const char *channel, const char *config)
{
	w->message.channel = channel;
	w->message.config = config_of(w, config);
	assert_int_equal(channel_send(&w->cx, w->channels, &w->message, &w->got), RC_OK);
}

/* The secret of another channel does not open: nobody is called. */
static inline void
assert_foreign_secret_fails(const char *channel, const char *config)
{
	static const struct turn turn = { OK_JSON("{}"), PEER_CLOSE };
	struct world w;

	begin(&w, &turn, 1);
	assert_int_equal(crypt_seal(&w.cx, "notification_settings:c2:secret", "TOK",
			     &w.message.channel_secret),
	    RC_OK);
	w.message.channel = channel;
	w.message.config = config_of(&w, config);
	assert_int_not_equal(channel_send(&w.cx, w.channels, &w.message, &w.got), RC_OK);
	end(&w);
	assert_int_equal(w.peer.connections, 0);
}

/* An answer of the peer, and what becomes of the message. */
struct judged {
	const char *answer;
	enum outcome outcome;
	const char *detail; /* NULL: any */
	int wait_seconds;
};

static inline void
assert_judged(const char *channel, const char *config, const struct judged *j)
{
	struct turn turn = { .say = j->answer, .end = PEER_CLOSE };
	struct world w;

	begin(&w, &turn, 1);
	send_over(&w, channel, config);
	if (w.got.outcome != j->outcome || w.got.wait_seconds != j->wait_seconds ||
	    (j->detail != NULL && strcmp(w.got.detail, j->detail) != 0))
		fail_msg("%s: %d, %d s, \"%s\"", j->answer, (int)w.got.outcome, w.got.wait_seconds,
		    w.got.detail);
	end(&w);
}

static inline void
assert_all_judged(const char *channel, const char *config, const struct judged *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_judged(channel, config, &all[i]);
}

#endif
