/* The Bot API: what it is sent, and what its answer means. */
#include "channel_peer.h"

#define CHAT "{\"chat_id\":\"-100\",\"x\":%d}"
#define SENT OK_JSON("{\"ok\":true,\"result\":{\"message_id\":5}}")
#define NO(status, more)                                                                           \
	ANSWER(status "\r\nContent-Type: application/json",                                        \
	    "{\"ok\":false,\"description\":\"why\"" more "}")
#define WAIT(seconds) NO("429 Slow", ",\"parameters\":{\"retry_after\":" seconds "}")

static void
begin_with_token(struct world *w, const struct turn *turns, size_t n)
{
	begin(w, turns, n);
	assert_int_equal(crypt_seal(&w->cx, "notification_settings:c1:secret", "TOK",
			     &w->message.channel_secret),
	    RC_OK);
}

/* The first line is bold; what a customer is called cannot be a tag. */
static void
a_message_is_escaped_html(void **state)
{
	static const struct turn turns[] = { { SENT, PEER_CLOSE }, { SENT, PEER_CLOSE } };
	struct world w;

	(void)state;
	begin_with_token(&w, turns, 2);
	w.message.body = "Down: <R1> http://r1\nsince & so on";
	send_over(&w, "telegram", CHAT);
	assert_int_equal(w.got.outcome, OUTCOME_SENT);
	assert_string_equal(w.got.detail, "5");
	send_over(&w, "telegram", "{\"chat_id\":\"-100\",\"message_thread_id\":\"12\",\"x\":%d}");
	end(&w);
	assert_memory_equal(w.peer.received[0], "POST /botTOK/sendMessage HTTP/1.1\r\n", 35);
	assert_non_null(strstr(w.peer.received[0],
	    "\r\n\r\n{\"chat_id\":\"-100\","
	    "\"text\":\"<b>Down: &lt;R1&gt; http://r1</b>\\nsince &amp; so on\","
	    "\"parse_mode\":\"HTML\",\"disable_web_page_preview\":true}"));
	assert_non_null(
	    strstr(w.peer.received[1], "\"chat_id\":\"-100\",\"message_thread_id\":12,\"text\""));
}

static void
a_topic_that_is_no_number_is_left_out(void **state)
{
	static const struct turn turns[] = { { SENT, PEER_CLOSE } };
	struct world w;

	(void)state;
	begin_with_token(&w, turns, 1);
	send_over(&w, "telegram", "{\"chat_id\":\"-100\",\"message_thread_id\":\"1,2\",\"x\":%d}");
	end(&w);
	assert_null(strstr(w.peer.received[0], "message_thread_id"));
}

/* A text that Telegram cannot read as HTML goes once more, as it is. */
static void
a_text_that_is_no_html_goes_plain(void **state)
{
	static const struct turn turns[] = {
		{ ANSWER("400 Bad\r\nContent-Type: application/json",
		      "{\"ok\":false,\"description\":\"Bad Request: can't parse entities\"}"),
		    PEER_CLOSE },
		{ SENT, PEER_CLOSE },
	};
	struct world w;

	(void)state;
	begin_with_token(&w, turns, 2);
	w.message.body = "a < b";
	send_over(&w, "telegram", CHAT);
	end(&w);
	assert_int_equal(w.got.outcome, OUTCOME_SENT);
	assert_int_equal(w.peer.requests, 2);
	assert_non_null(strstr(w.peer.received[1], "\"text\":\"a < b\",\"disable"));
}

static void
an_answer_says_whether_to_try_again(void **state)
{
	static const struct judged all[] = {
		{ SENT, OUTCOME_SENT, "5", 0 },
		{ OK_JSON("{\"ok\":true}"), OUTCOME_SENT, "", 0 },
		{ OK_JSON("{\"ok\":false}"), OUTCOME_DOWN, "Telegram: refused", 0 },
		{ NO("400 Bad", ""), OUTCOME_REFUSED, "Telegram: why", 0 },
		{ NO("403 No", ""), OUTCOME_REFUSED, "Telegram: why", 0 },
		{ NO("401 Who", ""), OUTCOME_DOWN, NULL, 0 },
		{ NO("404 None", ""), OUTCOME_DOWN, NULL, 0 },
		{ NO("500 Oops", ""), OUTCOME_UNKNOWN, NULL, 0 },
		{ NO("429 Slow", ""), OUTCOME_RETRY, NULL, 30 },
		{ WAIT("5"), OUTCOME_RETRY, NULL, 5 },
		{ WAIT("0"), OUTCOME_RETRY, NULL, 0 },
		{ WAIT("-1"), OUTCOME_RETRY, NULL, 30 },
		{ WAIT("3600"), OUTCOME_RETRY, NULL, 30 },
		{ WAIT("3599"), OUTCOME_RETRY, NULL, 3599 },
		{ NO("400 Bad", ",\"parameters\":{\"migrate_to_chat_id\":-1001234567890}"),
		    OUTCOME_MOVED, "-1001234567890", 0 },
		{ NO("403 No", ",\"parameters\":{\"migrate_to_chat_id\":-1001234567890}"),
		    OUTCOME_REFUSED, NULL, 0 },
		{ OK_JSON("<html>"), OUTCOME_UNKNOWN, "Telegram: 200 without JSON", 0 },
		{ ANSWER("500 Oops", "<html>"), OUTCOME_UNKNOWN, NULL, 0 },
		{ ANSWER("499 Odd", "<html>"), OUTCOME_DOWN, NULL, 0 },
		{ ANSWER("404 None", "<html>"), OUTCOME_DOWN, NULL, 0 },
	};

	(void)state;
	assert_int_equal(setenv("TELEGRAM_BOT_TOKEN", "TOK", 1), 0);
	assert_all_judged("telegram", CHAT, all, countof(all));
	assert_int_equal(unsetenv("TELEGRAM_BOT_TOKEN"), 0);
}

/* The channel's own token and chat come first, those of the env file stand in for them. */
static void
the_env_file_names_a_bot_and_a_chat(void **state)
{
	static const struct turn turns[] = { { SENT, PEER_CLOSE }, { SENT, PEER_CLOSE } };
	struct world w;

	(void)state;
	assert_int_equal(setenv("TELEGRAM_BOT_TOKEN", "OURS", 1), 0);
	begin(&w, turns, 2);
	send_over(&w, "telegram", "{\"x\":%d}");
	assert_int_equal(w.got.outcome, OUTCOME_DOWN); /* nobody to send it to */
	end(&w);
	assert_int_equal(w.peer.connections, 0);
	assert_int_equal(setenv("TELEGRAM_CHAT_ID", "77", 1), 0);
	begin(&w, turns, 2);
	send_over(&w, "telegram", "{\"x\":%d}");
	assert_int_equal(w.got.outcome, OUTCOME_SENT);
	send_over(&w, "telegram", CHAT);
	end(&w);
	assert_int_equal(unsetenv("TELEGRAM_BOT_TOKEN") | unsetenv("TELEGRAM_CHAT_ID"), 0);
	assert_memory_equal(w.peer.received[0], "POST /botOURS/sendMessage", 25);
	assert_non_null(strstr(w.peer.received[0], "{\"chat_id\":\"77\","));
	assert_non_null(strstr(w.peer.received[1], "{\"chat_id\":\"-100\","));
}

static void
a_secret_that_no_key_opens_calls_nobody(void **state)
{
	(void)state;
	assert_foreign_secret_fails("telegram", CHAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_escaped_html),
		cmocka_unit_test(a_topic_that_is_no_number_is_left_out),
		cmocka_unit_test(a_text_that_is_no_html_goes_plain),
		cmocka_unit_test(an_answer_says_whether_to_try_again),
		cmocka_unit_test(the_env_file_names_a_bot_and_a_chat),
		cmocka_unit_test(a_secret_that_no_key_opens_calls_nobody),
	};

	return cmocka_run_group_tests_name("telegram", tests, NULL, NULL);
}
