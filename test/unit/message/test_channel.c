#include "message/channel.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "../net/http_peer.h"
#include "base/crypt.h"

#define KEY "base64:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
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

static void
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

static void
end(struct world *w)
{
	arena_free(w->cx.mem);
	peer_stop(&w->peer);
}

/* The config with the peer's port where it says %d. */
static void
send_over(struct world *w, const char *channel, const char *config)
{
	const char *at = strstr(config, "%d");

	w->message.channel = channel;
	w->message.config = config;
	if (at != NULL)
		w->message.config = arena_printf(w->cx.mem, "%.*s%d%s", (int)(at - config), config,
		    w->peer.port, at + 2);
	assert_int_equal(channel_send(&w->cx, w->channels, &w->message, &w->got), RC_OK);
}

/* The secret of a password reset's link stands sealed in the outbox, bound to its row. */
static void
test_token(void **state)
{
	static const struct turn turns[] = { { OK_JSON("{}"), PEER_CLOSE } };
	struct world w;

	(void)state;
	BEGIN(&w, turns);
	assert_int_equal(crypt_seal(&w.cx, "message_outbox:0190-1:secret", "TOKEN-1",
			     &w.message.secret),
	    RC_OK);
	send_over(&w, "webhook", "{\"url\":\"http://127.0.0.1:%d/hook\"}");
	assert_int_equal(w.got.outcome, OUTCOME_SENT);
	w.message.id = "0190-2";
	assert_int_not_equal(channel_send(&w.cx, w.channels, &w.message, &w.got), RC_OK);
	end(&w);
	assert_non_null(strstr(w.peer.received[0], "hello {name} TOKEN-1"));
}

/* Fonnte would fill in {name} itself. */
static void
test_fonnte_form(void **state)
{
	static const struct turn turns[] = { { OK_JSON("{\"status\":true,\"id\":[\"77\"]}"),
	    PEER_CLOSE } };
	struct world w;

	(void)state;
	BEGIN(&w, turns);
	assert_int_equal(crypt_seal(&w.cx, "notification_settings:c1:secret", "TOK",
			     &w.message.channel_secret),
	    RC_OK);
	send_over(&w, "whatsapp", "{\"preset\":\"fonnte\",\"url\":\"http://127.0.0.1:%d\"}");
	assert_int_equal(w.got.outcome, OUTCOME_SENT);
	assert_string_equal(w.got.detail, "77");
	end(&w);
	assert_memory_equal(w.peer.received[0], "POST /send HTTP/1.1\r\n", 21);
	assert_non_null(strstr(w.peer.received[0], "\r\nAuthorization: TOK\r\n"));
	assert_non_null(strstr(w.peer.received[0],
	    "target=628123456789&message=hello%20%28name%29%20%28token%29"));
}

static enum outcome
outcome_of(const char *channel, const char *config, const char *answer)
{
	struct turn turn = { .say = answer, .end = PEER_CLOSE };
	struct world w;
	enum outcome outcome;

	begin(&w, &turn, 1);
	send_over(&w, channel, config);
	outcome = w.got.outcome;
	end(&w);
	return outcome;
}

static void
test_gateways_refuse_inside_200(void **state)
{
	static const char config[] = "{\"url\":\"http://127.0.0.1:%d/send\"}";

	(void)state;
	assert_int_equal(outcome_of("whatsapp", config,
			     OK_JSON("{\"status\":false,\"reason\":\"target invalid\"}")),
	    OUTCOME_REFUSED);
	assert_int_equal(outcome_of("whatsapp", config,
			     OK_JSON("{\"status\":false,\"reason\":\"token invalid\"}")),
	    OUTCOME_DOWN);
	assert_int_equal(outcome_of("whatsapp", config, OK_JSON("{\"status\":\"200\"}")),
	    OUTCOME_SENT);
	assert_int_equal(outcome_of("whatsapp", config, OK_JSON("{\"code\":\"SUCCESS\"}")),
	    OUTCOME_SENT);
	assert_int_equal(outcome_of("whatsapp", config, OK_JSON("<ht>")), OUTCOME_UNKNOWN);
	assert_int_equal(outcome_of("whatsapp", config,
			     "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"),
	    OUTCOME_UNKNOWN);
	assert_int_equal(outcome_of("whatsapp", config,
			     OK_JSON("{\"error\":{\"code\":131056,\"message\":\"pair limit\"}}")),
	    OUTCOME_RETRY);
}

static void
test_a_closed_port_is_down_and_a_private_one_refused(void **state)
{
	static const struct turn turns[] = { { OK_JSON("{}"), PEER_CLOSE } };
	struct world w;

	(void)state;
	BEGIN(&w, turns);
	send_over(&w, "webhook", "{\"url\":\"http://127.0.0.1:1/\",\"x\":%d}");
	assert_int_equal(w.got.outcome, OUTCOME_DOWN);
	w.message.private_peers = false;
	send_over(&w, "webhook", "{\"url\":\"http://127.0.0.1:%d/\"}");
	assert_int_equal(w.got.outcome, OUTCOME_REFUSED);
	send_over(&w, "telegram", "{\"x\":%d}");
	assert_int_equal(w.got.outcome, OUTCOME_DOWN);
	send_over(&w, "email", "{\"x\":%d}");
	assert_int_equal(w.got.outcome, OUTCOME_DOWN);
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_fonnte_form),
		cmocka_unit_test(test_gateways_refuse_inside_200),
		cmocka_unit_test(test_a_closed_port_is_down_and_a_private_one_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
