/* One message at a time from the outbox to its channel: locks, kills, secrets, tests of a channel.
 */
#include "rows.h"

#include "../logged.h"
#include "../net/http_peer.h"
#include "message/message.h"
#include "sql.h"

#define ANSWER(line) "HTTP/1.1 " line "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

static struct conf conf;
static struct arena *life;
static struct peer peer;

static int
begin(void **state)
{
	(void)setenv("APP_KEY", ROWS_KEY, 1);
	(void)setenv("DATABASE_URL", getenv("TEST_DB"), 1);
	(void)setenv("APP_URL", "https://isp.example.net", 1);
	life = arena_new(16384);
	peer = (struct peer){ .fd = -1 };
	if (conf_load(&cx, "/dev/null", &conf) != RC_OK || rows_begin(state) != 0)
		return -1;
	cx.conf = &conf;
	(void)sql("DELETE FROM alert_logs");
	(void)sql("DELETE FROM notification_settings");
	(void)sql("UPDATE settings SET private_peers = true, quiet_from_hour = 0,"
		  " quiet_until_hour = 0");
	return 0;
}

static int
end(void **state)
{
	if (peer.turns != NULL)
		peer_stop(&peer);
	arena_free(life);
	cx.conf = NULL;
	return rows_end(state);
}

static void
answering(const struct turn *turns, size_t n)
{
	peer.turns = turns;
	peer.nturns = n;
	peer_start(&peer);
}

/* A webhook of the staff at the peer; its id, which is its sender's name. */
static const char *
a_webhook(int port)
{
	return sql("INSERT INTO notification_settings (channel, name, config, gap_ms) VALUES"
		   " ('webhook', 'hook', '{\"url\": \"http://127.0.0.1:%d/hook\"}', 0)"
		   " RETURNING id::text AS v",
	    port);
}

static void
an_alert(const char *title)
{
	(void)sql("SELECT alert_raise('system', 'warning', '%s', 'm') AS v", title);
	(void)sql("SELECT message_fan_out() AS v");
}

static struct outbox *
the_outbox(const char *sender)
{
	struct outbox *outbox;

	assert_int_equal(message_open_outbox(&cx, life, sender, &outbox), RC_OK);
	assert_non_null(outbox);
	return outbox;
}

static const char *
states(void)
{
	return sql("SELECT string_agg(state || ' ' || attempts, ', ' ORDER BY created_at, id) AS v"
		   " FROM message_outbox");
}

static void
a_message_that_arrived_is_sent(void **state)
{
	static const struct turn turns[] = { { ANSWER("200 OK"), PEER_CLOSE } };
	const char *sender, *logged;
	struct outbox *outbox;
	bool sent, well;

	(void)state;
	answering(turns, 1);
	sender = a_webhook(peer.port);
	an_alert("first <&> \"one\"");
	outbox = the_outbox(sender);
	log_catch();
	assert_int_equal(message_send_next(&cx, outbox, &sent, &well), RC_OK);
	logged = log_caught();
	assert_non_null(strstr(logged, "level=info "));
	assert_non_null(strstr(logged, "channel=webhook outcome=sent\n"));
	assert_true(sent && well);
	assert_string_equal(states(), "sent 1");
	assert_string_equal(sql("SELECT notification_sent::text AS v FROM alert_logs"), "true");
	assert_int_equal(message_send_next(&cx, outbox, &sent, &well), RC_OK);
	assert_false(sent);
	assert_non_null(strstr(peer.received[0], "first <&> \\\"one\\\""));
}

/* The peer refuses for now: the alert waits, and counts as undelivered. */
static void
a_message_that_was_refused_waits(void **state)
{
	static const struct turn turns[] = { { ANSWER("503 Busy"), PEER_CLOSE } };
	const char *sender, *logged;
	bool sent, well;

	(void)state;
	answering(turns, 1);
	sender = a_webhook(peer.port);
	an_alert("one");
	log_catch();
	assert_int_equal(message_send_next(&cx, the_outbox(sender), &sent, &well), RC_OK);
	logged = log_caught();
	assert_non_null(strstr(logged, "level=warn "));
	assert_non_null(
	    strstr(logged, "channel=webhook outcome=retry detail=\"The webhook answered 503\"\n"));
	assert_true(sent && !well);
	assert_string_equal(states(), "pending 1");
	assert_string_equal(sql("SELECT (due_at > now())::text AS v FROM message_outbox"), "true");
	assert_string_equal(sql("SELECT notification_sent::text AS v FROM alert_logs"), "false");
}

static void
a_sender_has_one_worker(void **state)
{
	struct ctx other = rival_open();
	struct db_rows *rows;
	struct outbox *outbox;

	(void)state;
	assert_int_equal(db_row(&other, &SQL_message_sender_lock, &rows, V_TEXT("a sender")),
	    RC_OK);
	assert_int_equal(message_open_outbox(&cx, life, "a sender", &outbox), RC_OK);
	assert_null(outbox);
	rival_close(&other); /* its lock goes with its session, a moment later */
	for (int i = 0; i < 1000 && outbox == NULL; i++) {
		(void)usleep(20000);
		assert_int_equal(message_open_outbox(&cx, life, "a sender", &outbox), RC_OK);
	}
	assert_non_null(outbox);
}

/*
 * A worker was killed between the call and its outcome.  An alert goes again, under the same id; a
 * second WhatsApp message to a customer would be worse than a look by a person.
 */
static void
a_killed_workers_message_is_judged(void **state)
{
	const char *sender = a_webhook(1), *phone, *customer;

	(void)state;
	an_alert("one");
	(void)sql("UPDATE message_outbox SET state = 'sending', attempts = 1");
	(void)the_outbox(sender);
	assert_string_equal(states(), "pending 1");
	customer = sql("INSERT INTO customers (name, phone) VALUES ('Citra', '0812')"
		       " RETURNING id::text AS v");
	phone = sql("INSERT INTO notification_settings (channel, name, audience, config) VALUES"
		    " ('whatsapp', 'wa', 'customers', '{\"url\": \"http://127.0.0.1:1\"}')"
		    " RETURNING id::text AS v");
	(void)
	    sql("INSERT INTO message_outbox (event, channel, channel_id, customer_id, recipient,"
		" state, attempts) VALUES ('paid', 'whatsapp', '%s', '%s', '62812', 'sending', 1)",
		phone, customer);
	(void)the_outbox(phone);
	assert_string_equal(sql("SELECT state AS v FROM message_outbox WHERE event = 'paid'"),
	    "unknown");
}

/* A secret that no key opens spoils one message, not the others. */
static void
a_secret_that_no_key_opens_fails_one_message(void **state)
{
	static const struct turn turns[] = { { ANSWER("200 OK"), PEER_CLOSE } };
	const char *sender;
	struct outbox *outbox;
	bool sent, well;

	(void)state;
	answering(turns, 1);
	sender = a_webhook(peer.port);
	an_alert("one");
	(void)sql("UPDATE message_outbox SET secret = 's1.00000000.AAAA'");
	an_alert("two");
	outbox = the_outbox(sender);
	log_catch();
	assert_int_equal(message_send_next(&cx, outbox, &sent, &well), RC_OK);
	assert_non_null(strstr(log_caught(), "level=error"));
	assert_true(sent && !well);
	assert_int_equal(message_send_next(&cx, outbox, &sent, &well), RC_OK);
	assert_true(sent && well);
	assert_string_equal(states(), "failed 1, sent 1");
}

/* A person waits for a test: the reason is said, and the notifier does not try it again. */
static void
a_test_says_why_it_did_not_arrive(void **state)
{
	const char *id = a_webhook(1);

	(void)state;
	assert_int_equal(message_test(&cx, id), RC_UPSTREAM);
	assert_memory_equal(cx.err.msg, "The test message did not arrive: ", 33);
	assert_string_equal(states(), "failed 1");
}

static void
a_test_that_arrives(void **state)
{
	static const struct turn turns[] = { { ANSWER("204 No Content"), PEER_CLOSE } };

	(void)state;
	answering(turns, 1);
	assert_int_equal(message_test(&cx, a_webhook(peer.port)), RC_OK);
	assert_string_equal(states(), "sent 1");
}

static void
a_test_of_no_channel(void **state)
{
	(void)state;
	assert_int_equal(message_test(&cx, "00000000-0000-4000-8000-000000000000"), RC_INVALID);
}

/* Telegram turned a group into another kind of group, with another id: the next try goes there. */
static void
a_chat_that_moved_is_followed(void **state)
{
	static const struct turn turns[] = {
		{ "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
		  "{\"ok\":false,\"parameters\":{\"migrate_to_chat_id\":-1009}}",
		    PEER_CLOSE },
		{ "HTTP/1.1 403 No\r\nConnection: close\r\n\r\n{\"ok\":false}", PEER_CLOSE },
	};
	const char *sender;
	struct outbox *outbox;
	bool sent, well;

	(void)state;
	answering(turns, 2);
	(void)setenv("TELEGRAM_API_URL", arena_printf(cx.mem, "http://127.0.0.1:%d", peer.port), 1);
	(void)setenv("TELEGRAM_BOT_TOKEN", "TOK", 1);
	assert_int_equal(conf_load(&cx, "/dev/null", &conf), RC_OK);
	sender = sql("INSERT INTO notification_settings (channel, name, config, gap_ms) VALUES"
		     " ('telegram', 'group', '{\"chat_id\": \"-5\"}', 0) RETURNING id::text AS v");
	an_alert("one");
	outbox = the_outbox(sender);
	assert_int_equal(message_send_next(&cx, outbox, &sent, &well), RC_OK);
	assert_true(sent && !well);
	assert_string_equal(states(), "pending 1");
	assert_string_equal(sql("SELECT config ->> 'chat_id' AS v FROM notification_settings"),
	    "-1009");
	(void)sql("UPDATE message_outbox SET due_at = now()");
	assert_int_equal(message_send_next(&cx, outbox, &sent, &well), RC_OK);
	assert_string_equal(states(), "failed 2");
	assert_string_equal(sql("SELECT config ->> 'chat_id' AS v FROM notification_settings"),
	    "-1009");
	(void)unsetenv("TELEGRAM_API_URL");
	(void)unsetenv("TELEGRAM_BOT_TOKEN");
}

/* An outcome that cannot be kept is an error, even of a test that arrived. */
static void
a_test_whose_outcome_is_lost_is_an_error(void **state)
{
	static const struct turn turns[] = { { ANSWER("204 No Content"), PEER_CLOSE } };
	const char *id;

	(void)state;
	answering(turns, 1);
	id = a_webhook(peer.port);
	break_function("message_done");
	assert_int_not_equal(message_test(&cx, id), RC_OK);
	assert_non_null(strstr(cx.err.detail, "no message_done today"));
}

static void
an_outbox_that_does_not_recover_is_an_error(void **state)
{
	struct outbox *outbox;

	(void)state;
	break_function("message_recover");
	assert_int_not_equal(message_open_outbox(&cx, life, "a sender", &outbox), RC_OK);
}

static void
a_failing_database_is_an_error(void **state)
{
	const char *sender = a_webhook(1);
	struct outbox *outbox = the_outbox(sender), *other = NULL;
	bool sent = true, well = true;

	(void)state;
	break_database();
	assert_int_not_equal(message_open_outbox(&cx, life, sender, &other), RC_OK);
	assert_int_not_equal(message_send_next(&cx, outbox, &sent, &well), RC_OK);
	assert_int_not_equal(message_test(&cx, sender), RC_OK);
	assert_true(other == NULL && sent && well);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_message_that_arrived_is_sent),
		CASE(a_message_that_was_refused_waits),
		CASE(a_sender_has_one_worker),
		CASE(a_killed_workers_message_is_judged),
		CASE(a_secret_that_no_key_opens_fails_one_message),
		CASE(a_test_says_why_it_did_not_arrive),
		CASE(a_test_that_arrives),
		CASE(a_test_of_no_channel),
		CASE(a_chat_that_moved_is_followed),
		CASE(a_test_whose_outcome_is_lost_is_an_error),
		CASE(an_outbox_that_does_not_recover_is_an_error),
		CASE(a_failing_database_is_an_error),
	};

	return cmocka_run_group_tests_name("message", tests, rows_open, rows_close);
}
