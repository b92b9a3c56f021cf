/* Messages by the mail host of the env file: to whom, how, and what its answer means. */
#include "channel_peer.h"

#include "../net/smtp_peer.h"

/* The world of a channel, whose conf names a mail host. */
static void
begin_with_host(struct world *w, const struct smtp_peer *host, const char *encryption)
{
	static const struct turn none;

	(void)setenv("MAIL_HOST", "127.0.0.1", 1);
	(void)setenv("MAIL_FROM_ADDRESS", "billing@isp.example", 1);
	(void)setenv("MAIL_ENCRYPTION", encryption, 1);
	begin(w, &none, 0);
	(void)setenv("MAIL_PORT", arena_printf(w->cx.mem, "%d", host->port), 1);
	assert_int_equal(conf_load(&w->cx, "/dev/null", &w->conf), RC_OK);
}

static void
end_with_host(struct world *w, struct smtp_peer *host)
{
	static const char *const names[] = { "MAIL_HOST", "MAIL_FROM_ADDRESS", "MAIL_ENCRYPTION",
		"MAIL_PORT", "MAIL_USERNAME" };

	end(w);
	smtp_peer_stop(host);
	for (size_t i = 0; i < countof(names); i++)
		(void)unsetenv(names[i]);
}

/* The customer's address counts, else the channel's own; both messages go over one connection. */
static void
a_message_goes_to_its_recipient_or_the_channels(void **state)
{
	struct smtp_peer host = { 0 };
	struct world w;

	(void)state;
	smtp_peer_start(&host);
	begin_with_host(&w, &host, "none");
	w.message.recipient = "citra@c.example";
	send_over(&w, "email", "{\"email\":\"staff@isp.example\",\"x\":%d}");
	assert_int_equal(w.got.outcome, OUTCOME_SENT);
	assert_string_equal(w.got.detail, "");
	w.message.recipient = "";
	send_over(&w, "email", "{\"email\":\"staff@isp.example\",\"x\":%d}");
	assert_int_equal(w.got.outcome, OUTCOME_SENT);
	send_over(&w, "email", "{\"x\":%d}"); /* to nobody */
	assert_int_equal(w.got.outcome, OUTCOME_REFUSED);
	assert_int_equal(w.cx.err.msg[0], '\0');
	end_with_host(&w, &host);
	assert_int_equal(host.connections, 1);
	assert_memory_equal(host.received, "EHLO isp.example\r\nMAIL FROM:<billing@isp.example>",
	    48);
	assert_non_null(strstr(host.received, "\r\nRCPT TO:<citra@c.example>\r\n"));
	assert_non_null(strstr(host.received, "\r\nRCPT TO:<staff@isp.example>\r\n"));
	assert_non_null(
	    strstr(host.received, "\r\nFrom: ISP Billing <billing@isp.example>\r\nTo: <citra@"));
	assert_non_null(strstr(host.received, "\r\nMessage-ID: <0190-1@isp.example>\r\n"));
	assert_null(strstr(host.received, "Date: Thu, 01 Jan 1970"));
}

static void
an_answer_says_whether_to_try_again(void **state)
{
	static const struct {
		const char *rcpt, *end;
		enum outcome outcome;
		const char *detail;
	} all[] = {
		{ "550 no such user", NULL, OUTCOME_REFUSED,
		    "The mail host refuses the message: 550 no such user" },
		{ "450 greylisted", NULL, OUTCOME_RETRY,
		    "The mail host refuses the message for now: 450 greylisted" },
		{ "421 going down", NULL, OUTCOME_DOWN, NULL },
		{ NULL, "", OUTCOME_UNKNOWN, NULL },
	};

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		struct smtp_peer host = { .rcpt = all[i].rcpt, .end = all[i].end };
		struct world w;

		smtp_peer_start(&host);
		begin_with_host(&w, &host, "none");
		w.message.recipient = "citra@c.example";
		send_over(&w, "email", "{\"x\":%d}");
		assert_int_equal(w.got.outcome, all[i].outcome);
		if (all[i].detail != NULL)
			assert_string_equal(w.got.detail, all[i].detail);
		assert_int_equal(w.cx.err.msg[0], '\0');
		end_with_host(&w, &host);
	}
}

/* TLS from the beginning or by STARTTLS, and never without where one of the two is wanted. */
static void
the_env_file_says_how_to_encrypt(void **state)
{
	static const char *const all[] = { "tls", "ssl" };

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		struct smtp_peer host = { 0 };
		struct world w;

		smtp_peer_start(&host);
		begin_with_host(&w, &host, all[i]);
		w.message.recipient = "citra@c.example";
		send_over(&w, "email", "{\"x\":%d}");
		assert_int_equal(w.got.outcome, OUTCOME_DOWN);
		end_with_host(&w, &host);
		assert_null(strstr(host.received, "MAIL FROM"));
		assert_int_equal(strstr(host.received, "EHLO") != NULL, i == 0);
	}
}

static void
a_login_that_is_refused_keeps_the_queue(void **state)
{
	struct smtp_peer host = { .ehlo = "250-isp\r\n250 AUTH PLAIN", .login = "535 no" };
	struct world w;

	(void)state;
	smtp_peer_start(&host);
	(void)setenv("MAIL_USERNAME", "me", 1);
	begin_with_host(&w, &host, "none");
	w.message.recipient = "citra@c.example";
	send_over(&w, "email", "{\"x\":%d}");
	assert_int_equal(w.got.outcome, OUTCOME_DOWN);
	assert_non_null(strstr(w.got.detail, "refuses the user or password"));
	end_with_host(&w, &host);
}

static void
without_a_host_or_an_address_nothing_is_sent(void **state)
{
	static const char *const names[] = { "MAIL_HOST", "MAIL_FROM_ADDRESS" };

	(void)state;
	for (size_t i = 0; i < countof(names); i++) {
		struct smtp_peer host = { 0 };
		struct world w;

		smtp_peer_start(&host);
		begin_with_host(&w, &host, "none");
		(void)unsetenv(names[i]);
		assert_int_equal(conf_load(&w.cx, "/dev/null", &w.conf), RC_OK);
		w.message.recipient = "citra@c.example";
		send_over(&w, "email", "{\"x\":%d}");
		assert_int_equal(w.got.outcome, OUTCOME_DOWN);
		assert_string_equal(w.got.detail, "MAIL_HOST or MAIL_FROM_ADDRESS is not set");
		end_with_host(&w, &host);
		assert_int_equal(host.connections, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_goes_to_its_recipient_or_the_channels),
		cmocka_unit_test(an_answer_says_whether_to_try_again),
		cmocka_unit_test(the_env_file_says_how_to_encrypt),
		cmocka_unit_test(a_login_that_is_refused_keeps_the_queue),
		cmocka_unit_test(without_a_host_or_an_address_nothing_is_sent),
	};

	return cmocka_run_group_tests_name("email", tests, NULL, NULL);
}
