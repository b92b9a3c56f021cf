/* An alert as signed JSON: what is posted, and what the answer means. */
#include "channel_peer.h"

#define HOOK "{\"url\":\"http://127.0.0.1:%d/hook\"}"

static void
a_message_is_signed_json(void **state)
{
	static const struct turn turns[] = { { ANSWER("204 Fine", ""), PEER_CLOSE },
		{ ANSWER("204 Fine", ""), PEER_CLOSE } };
	const char *body;
	struct world w;

	(void)state;
	begin(&w, turns, 2);
	send_over(&w, "webhook", HOOK);
	assert_int_equal(crypt_seal(&w.cx, "notification_settings:c1:secret", "KEY",
			     &w.message.channel_secret),
	    RC_OK);
	w.message.alert = "{\"id\":3}";
	send_over(&w, "webhook", HOOK);
	assert_int_equal(w.got.outcome, OUTCOME_SENT);
	peer_stop(&w.peer);
	assert_null(strstr(w.peer.received[0], "X-Signature"));
	assert_non_null(strstr(w.peer.received[0], "\"alert\":null}"));
	assert_memory_equal(w.peer.received[1], "POST /hook HTTP/1.1\r\n", 21);
	assert_non_null(strstr(w.peer.received[1], "\r\nX-Webhook-Id: 0190-1\r\n"));
	assert_non_null(strstr(w.peer.received[1], "\r\nX-Webhook-Timestamp: 1"));
	body = strstr(w.peer.received[1], "\r\n\r\n") + 4;
	assert_string_equal(body, "{\"message_id\":\"0190-1\",\"event\":\"test\",\"subject\":\"s\","
				  "\"text\":\"hello {name} {token}\",\"alert\":{\"id\":3}}");
	assert_non_null(
	    strstr(w.peer.received[1], arena_printf(w.cx.mem, "\r\nX-Signature: sha256=%s\r\n",
					   crypt_hmac_sha256_hex(&w.cx, "KEY", body))));
	arena_free(w.cx.mem);
}

static void
a_status_says_whether_to_try_again(void **state)
{
	static const struct judged all[] = {
		{ ANSWER("200 OK", "anything"), OUTCOME_SENT, "", 0 },
		{ ANSWER("299 OK", ""), OUTCOME_SENT, "", 0 },
		{ ANSWER("302 There\r\nLocation: /x", ""), OUTCOME_REFUSED,
		    "The webhook answered 302", 0 },
		{ ANSWER("400 Bad\r\nRetry-After: 7", ""), OUTCOME_REFUSED,
		    "The webhook answered 400", 0 },
		{ ANSWER("429 Slow\r\nRetry-After: 7", ""), OUTCOME_RETRY, NULL, 7 },
		{ ANSWER("499 Odd", ""), OUTCOME_REFUSED, NULL, 0 },
		{ ANSWER("500 Oops", ""), OUTCOME_RETRY, NULL, 0 },
		{ ANSWER("503 Oops\r\nRetry-After: 9999", ""), OUTCOME_RETRY, NULL, 3600 },
	};

	(void)state;
	assert_all_judged("webhook", HOOK, all, countof(all));
}

static void
without_an_address_nobody_is_called(void **state)
{
	static const struct turn turns[] = { { ANSWER("200 OK", ""), PEER_CLOSE } };
	struct world w;

	(void)state;
	begin(&w, turns, 1);
	send_over(&w, "webhook", "{\"x\":%d}");
	assert_int_equal(w.got.outcome, OUTCOME_REFUSED);
	end(&w);
	assert_int_equal(w.peer.connections, 0);
}

static void
a_secret_that_no_key_opens_calls_nobody(void **state)
{
	(void)state;
	assert_foreign_secret_fails("webhook", HOOK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_signed_json),
		cmocka_unit_test(a_status_says_whether_to_try_again),
		cmocka_unit_test(without_an_address_nobody_is_called),
		cmocka_unit_test(a_secret_that_no_key_opens_calls_nobody),
	};

	return cmocka_run_group_tests_name("webhook", tests, NULL, NULL);
}
