#include "channel_peer.h"

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

static void
test_a_closed_port_is_down_and_a_private_one_refused(void **state)
{
	static const struct turn turns[] = { { OK_JSON("{}"), PEER_CLOSE } };
	struct world w;

	(void)state;
	BEGIN(&w, turns);
	send_over(&w, "webhook", "{\"url\":\"http://127.0.0.1:1/\",\"x\":%d}");
	assert_int_equal(w.got.outcome, OUTCOME_DOWN);
	assert_non_null(strstr(w.got.detail, "The channel"));
	w.message.private_peers = false;
	send_over(&w, "webhook", "{\"url\":\"http://127.0.0.1:%d/\"}");
	assert_int_equal(w.got.outcome, OUTCOME_REFUSED);
	assert_non_null(strstr(w.got.detail, "The channel"));
	send_over(&w, "telegram", "{\"x\":%d}");
	assert_int_equal(w.got.outcome, OUTCOME_DOWN);
	send_over(&w, "email", "{\"x\":%d}");
	assert_int_equal(w.got.outcome, OUTCOME_DOWN);
	end(&w);
}

/* The channel's own secret signs; what its config describes is printed as JSON. */
static void
test_a_channel_has_its_secret(void **state)
{
	static const struct turn turns[] = { { OK_JSON("{\"status\":true}"), PEER_CLOSE } };
	struct world w;

	(void)state;
	BEGIN(&w, turns);
	assert_int_equal(crypt_seal(&w.cx, "notification_settings:c1:secret", "TOK",
			     &w.message.channel_secret),
	    RC_OK);
	send_over(&w, "whatsapp", "{\"url\":\"http://127.0.0.1:%d/send\"}");
	assert_int_equal(w.got.outcome, OUTCOME_SENT);
	end(&w);
	assert_non_null(strstr(w.peer.received[0], "\r\nAuthorization: TOK\r\n"));
	assert_non_null(strstr(w.peer.received[0], "\r\n\r\n{\"phone\":\"628123456789\","));
}

/* No channel of that name: the message fails, and nobody is called. */
static void
test_a_channel_that_there_is_none_of(void **state)
{
	static const struct turn turns[] = { { OK_JSON("{}"), PEER_CLOSE } };
	struct world w;

	(void)state;
	BEGIN(&w, turns);
	w.message.channel = "pigeon";
	w.message.config = "{}";
	assert_int_equal(channel_send(&w.cx, w.channels, &w.message, &w.got), RC_INTERNAL);
	assert_string_equal(w.cx.err.msg, "there is no channel called pigeon");
	end(&w);
	assert_int_equal(w.peer.connections, 0);
}

/* An empty text of the config is none. */
static void
test_an_empty_address_is_none(void **state)
{
	static const struct turn turns[] = { { OK_JSON("{}"), PEER_CLOSE } };
	struct world w;

	(void)state;
	BEGIN(&w, turns);
	send_over(&w, "webhook", "{\"url\":\"\",\"x\":%d}");
	assert_int_equal(w.got.outcome, OUTCOME_REFUSED);
	assert_string_equal(w.got.detail, "The channel has no url");
	end(&w);
}

/* A peer that hangs up in the middle may have taken the message: a person looks. */
static void
test_a_call_cut_off_is_unknown(void **state)
{
	static const struct turn turns[] = { { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
	    PEER_CLOSE } };
	struct world w;

	(void)state;
	BEGIN(&w, turns);
	send_over(&w, "webhook", "{\"url\":\"http://127.0.0.1:%d/hook\"}");
	assert_int_equal(w.got.outcome, OUTCOME_UNKNOWN);
	assert_string_equal(w.cx.err.msg, "");
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_a_closed_port_is_down_and_a_private_one_refused),
		cmocka_unit_test(test_a_channel_has_its_secret),
		cmocka_unit_test(test_a_channel_that_there_is_none_of),
		cmocka_unit_test(test_an_empty_address_is_none),
		cmocka_unit_test(test_a_call_cut_off_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
