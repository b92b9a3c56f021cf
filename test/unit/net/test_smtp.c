#include "net/smtp.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "net/smtp_peer.h"

static const char text[] = "Subject: x\r\n\r\n.dot\r\n";

/* Send one message to a host that answers so. */
static enum smtp_fault
send_one(struct smtp_peer *h, const char *from, const char *to, char *why, size_t size)
{
	struct ctx cx = { .mem = arena_new(4096), .request_id = "", .ip = "" };
	struct smtp *s;
	enum smtp_fault fault;
	enum rc rc;

	smtp_peer_start(h);
	s = smtp_new(cx.mem,
	    &(struct smtp_host){ .host = "127.0.0.1", .port = h->port, .helo = "isp.example" });
	rc = smtp_send(&cx, s, from, to, text);
	fault = smtp_fault(s);
	assert_int_equal(rc, fault == SMTP_OK ? RC_OK : RC_UPSTREAM);
	(void)snprintf(why, size, "%s", cx.err.msg);
	arena_free(cx.mem);
	smtp_peer_stop(h);
	return fault;
}

static void
test_sent(void **state)
{
	struct smtp_peer h = { 0 };
	char why[256];

	(void)state;
	(void)setenv("all_proxy", "http://127.0.0.1:1", 1); /* is not ours */
	assert_int_equal(send_one(&h, "a@isp.example", "b@c.example", why, sizeof(why)), SMTP_OK);
	(void)unsetenv("all_proxy");
	assert_non_null(
	    strstr(h.received, "EHLO isp.example\r\nMAIL FROM:<a@isp.example> SIZE=20\r\n"));
	assert_non_null(strstr(h.received, "RCPT TO:<b@c.example>\r\nDATA\r\n"));
	assert_non_null(strstr(h.received, "\r\n..dot\r\n.\r\n"));
}

static void
test_refusals(void **state)
{
	static const struct {
		struct smtp_peer host;
		enum smtp_fault fault;
		const char *why;
	} all[] = {
		{ { .rcpt = "550 5.1.1 no such user" }, SMTP_REFUSED, "550 5.1.1 no such user" },
		{ { .rcpt = "450 4.2.1 greylisted" }, SMTP_LATER, "450 4.2.1 greylisted" },
		{ { .mail = "452 4.3.1 full" }, SMTP_LATER, "452" },
		{ { .mail = "421 going down" }, SMTP_UNREACHABLE, "421" },
		{ { .end = "554 5.7.1 spam" }, SMTP_REFUSED, "554 5.7.1 spam" },
		{ { .end = "400 later" }, SMTP_LATER, "400" },
		{ { .rcpt = "499 later" }, SMTP_LATER, "499" },
		{ { .rcpt = "500 no" }, SMTP_REFUSED, "500" },
		{ { .end = "552 5.2.2 mailbox full, temporary" }, SMTP_LATER, "552" },
		{ { .end = "554 5.7.0 temporarily deferred" }, SMTP_LATER, "554" },
		{ { .end = "550 5.7.1 temporary address" }, SMTP_REFUSED, "550" },
		{ { .mail = "" }, SMTP_UNREACHABLE, "cannot be reached" },
		{ { .end = "" }, SMTP_UNKNOWN, "gave no answer" },
		/* A host of old knows no EHLO: that is not its answer to the mail. */
		{ { .ehlo = "502 what?" }, SMTP_OK, "" },
		{ { .ehlo = "502 what?", .rcpt = "451 greylisted" }, SMTP_LATER, "451" },
		{ { .ehlo = "502 what?", .mail = "" }, SMTP_UNREACHABLE, "cannot be reached" },
		{ { .ehlo = "502 what?", .end = "" }, SMTP_UNKNOWN, "gave no answer" },
	};
	char why[256];

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		struct smtp_peer h = all[i].host;

		assert_int_equal(send_one(&h, "a@isp.example", "b@c.example", why, sizeof(why)),
		    all[i].fault);
		if (strstr(why, all[i].why) == NULL)
			fail_msg("%zu: %s", i, why);
	}
}

/* A reply longer than its buffer is cut. */
static void
test_a_long_reply_is_cut(void **state)
{
	char reply[600], why[256];
	struct smtp_peer h = { .rcpt = reply };

	(void)state;
	memset(reply, 'x', sizeof(reply));
	memcpy(reply, "550 ", 4);
	reply[sizeof(reply) - 1] = '\0';
	assert_int_equal(send_one(&h, "a@isp.example", "b@c.example", why, sizeof(why)),
	    SMTP_REFUSED);
	assert_non_null(strstr(why, "550 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
}

/* An address with a line end would be a command of its own. */
static void
test_addresses(void **state)
{
	static const char *const wrong[] = { "", "x", "a@b.example\r\nDATA", "a b@c.example",
		"<a@b.example", "a@b.example>", "a\x7f@b.example", "a@b\tc.example",
		"\xC3\xA9@b.example" };
	struct ctx cx = { .mem = arena_new(4096), .request_id = "", .ip = "" };
	struct smtp *s = smtp_new(cx.mem, &(struct smtp_host){ .host = "127.0.0.1", .port = 1 });

	(void)state;
	for (size_t i = 0; i < countof(wrong); i++) {
		assert_int_equal(smtp_send(&cx, s, "a@b.example", wrong[i], text), RC_UPSTREAM);
		assert_int_equal(smtp_fault(s), SMTP_ADDRESS);
		assert_string_equal(cx.err.msg,
		    arena_printf(cx.mem, "%s is no address that mail can be sent to.", wrong[i]));
		assert_int_equal(smtp_send(&cx, s, wrong[i], "a@b.example", text), RC_UPSTREAM);
		assert_int_equal(smtp_fault(s), SMTP_ADDRESS);
		assert_string_equal(cx.err.msg,
		    arena_printf(cx.mem, "%s is no address that mail can be sent to.", wrong[i]));
	}
	assert_int_equal(smtp_send(&cx, s, "a@b.example", "a@b.example", text), RC_UPSTREAM);
	assert_int_equal(smtp_fault(s), SMTP_UNREACHABLE);
	assert_non_null(strstr(cx.err.msg, "port 1")); /* libcurl's words, where no host spoke */
	arena_free(cx.mem);
}

/* Send so many messages by one handle. */
static enum smtp_fault
send_many(struct smtp_peer *h, struct smtp_host to, int n, struct err *ret)
{
	struct ctx cx = { .mem = arena_new(4096), .request_id = "", .ip = "" };
	struct smtp *s;
	enum smtp_fault fault = SMTP_OK;

	smtp_peer_start(h);
	to.host = "127.0.0.1";
	to.port = h->port;
	s = smtp_new(cx.mem, &to);
	for (int i = 0; i < n && fault == SMTP_OK; i++)
		fault = smtp_send(&cx, s, "a@b.example", "c@d.example", text) == RC_OK
			    ? SMTP_OK
			    : smtp_fault(s);
	*ret = cx.err;
	arena_free(cx.mem);
	smtp_peer_stop(h);
	return fault;
}

/* A connection is kept, but hosts close one with too many messages. */
static void
test_fifty_messages_a_connection(void **state)
{
	struct smtp_peer fifty = { 0 }, more = { 0 };
	struct err err;

	(void)state;
	assert_int_equal(send_many(&fifty, (struct smtp_host){ 0 }, 50, &err), SMTP_OK);
	assert_int_equal(fifty.connections, 1);
	assert_int_equal(send_many(&more, (struct smtp_host){ 0 }, 60, &err), SMTP_OK);
	assert_int_equal(more.connections, 2);
}

/* The host is shown the password, and nobody else. */
static void
test_login(void **state)
{
	static const struct {
		const char *password, *line;
	} all[] = { { "s3cret", "\r\nAG1lAHMzY3JldA==\r\n" }, { NULL, "\r\nAG1lAA==\r\n" } };
	static const char ehlo[] = "250-isp\r\n250 AUTH PLAIN";
	struct err err;

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		struct smtp_peer h = { .ehlo = ehlo }, no = { .ehlo = ehlo, .login = "535 no" };
		const struct smtp_host to = { .user = "me", .password = all[i].password };

		assert_int_equal(send_many(&h, to, 2, &err), SMTP_OK);
		assert_non_null(strstr(h.received, all[i].line));
		assert_int_equal(h.connections, 1);
		assert_int_equal(send_many(&no, to, 1, &err), SMTP_LOGIN);
		assert_null(strstr(no.received, "MAIL FROM"));
		assert_string_equal(err.msg, "The mail host refuses the user or password: 535 no");
		assert_null(strstr(err.detail, "s3cret"));
		assert_null(strstr(err.detail, "AG1l"));
	}
}

/* A host that speaks no TLS gets no mail where TLS is wanted. */
static void
test_tls_is_never_given_up(void **state)
{
	static const enum smtp_security all[] = { SMTP_STARTTLS, SMTP_TLS };
	struct err err;

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		struct smtp_peer h = { 0 };

		assert_int_equal(send_many(&h, (struct smtp_host){ .security = all[i] }, 1, &err),
		    SMTP_UNREACHABLE);
		assert_int_equal(h.connections, 1);
		assert_null(strstr(h.received, "MAIL FROM"));
		assert_int_equal(strstr(h.received, "EHLO") != NULL, all[i] == SMTP_STARTTLS);
	}
}

static void
test_a_host_of_ipv6(void **state)
{
	struct ctx cx = { .mem = arena_new(4096), .request_id = "", .ip = "" };
	struct smtp *s = smtp_new(cx.mem, &(struct smtp_host){ .host = "::1", .port = 1 });

	(void)state;
	assert_int_equal(smtp_send(&cx, s, "a@b.example", "a@b.example", text), RC_UPSTREAM);
	assert_non_null(strstr(cx.err.msg, "::1 port 1"));
	arena_free(cx.mem);
}

/* A reply may come into a log: its printable ASCII is kept. */
static void
test_an_odd_reply(void **state)
{
	struct smtp_peer h = { .rcpt = "550 a\x1f\x7f\xe9 ~\x01z" };
	char why[256];

	(void)state;
	assert_int_equal(send_one(&h, "a@isp.example", "b@c.example", why, sizeof(why)),
	    SMTP_REFUSED);
	assert_string_equal(why, "The mail host refuses the message: 550 a??? ~?z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sent),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_a_long_reply_is_cut),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_fifty_messages_a_connection),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_tls_is_never_given_up),
		cmocka_unit_test(test_a_host_of_ipv6),
		cmocka_unit_test(test_an_odd_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
