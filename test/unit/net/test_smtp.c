#include "net/smtp.h"
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/macro.h"

/* A mail host of one connection: a reply to each command, by its first word. */
struct host {
	const char *mail, *rcpt, *data, *end; /* NULL: 250, 250, 354, 250; "": hang up */
	const char *ehlo;                     /* NULL: two lines of 250 */
	pthread_t thread;
	int lfd, port;
	char received[8192];
};

static const char *
reply_of(const struct host *h, const char *line)
{
	if (strncmp(line, "EHLO", 4) == 0)
		return h->ehlo != NULL ? h->ehlo : "250-isp\r\n250 SIZE 1000000";
	if (strncmp(line, "HELO", 4) == 0)
		return "250 isp";
	if (strncmp(line, "MAIL", 4) == 0)
		return h->mail != NULL ? h->mail : "250 ok";
	if (strncmp(line, "RCPT", 4) == 0)
		return h->rcpt != NULL ? h->rcpt : "250 ok";
	if (strncmp(line, "DATA", 4) == 0)
		return h->data != NULL ? h->data : "354 go on";
	if (strcmp(line, ".\r\n") == 0)
		return h->end != NULL ? h->end : "250 2.0.0 taken";
	return strncmp(line, "QUIT", 4) == 0 ? "221 bye" : NULL;
}

static void *
serve(void *arg)
{
	struct host *h = arg;
	int fd = accept(h->lfd, NULL, NULL);
	FILE *in = fdopen(fd, "r");
	char line[1024];
	bool in_text = false;

	(void)dprintf(fd, "220 host\r\n");
	while (fgets(line, sizeof(line), in) != NULL) {
		const char *reply;

		(void)snprintf(h->received + strlen(h->received),
		    sizeof(h->received) - strlen(h->received), "%s", line);
		if (in_text && strcmp(line, ".\r\n") != 0)
			continue;
		reply = reply_of(h, line);
		in_text = strncmp(line, "DATA", 4) == 0 && reply != NULL && reply[0] == '3';
		if (reply != NULL && reply[0] == '\0')
			break;
		(void)dprintf(fd, "%s\r\n", reply != NULL ? reply : "500 what?");
	}
	(void)fclose(in);
	return NULL;
}

static void
start(struct host *h)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	h->lfd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(h->lfd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(h->lfd, 4), 0);
	assert_int_equal(getsockname(h->lfd, (struct sockaddr *)&at, &len), 0);
	h->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&h->thread, NULL, serve, h), 0);
}

static const char text[] = "Subject: x\r\n\r\n.dot\r\n";

/* Send one message to a host that answers so. */
static enum smtp_fault
send_one(struct host *h, const char *from, const char *to, char *why, size_t size)
{
	struct ctx cx = { .mem = arena_new(4096), .request_id = "", .ip = "" };
	struct smtp *s;
	enum smtp_fault fault;
	enum rc rc;

	start(h);
	s = smtp_new(cx.mem,
	    &(struct smtp_host){ .host = "127.0.0.1", .port = h->port, .helo = "isp.example" });
	rc = smtp_send(&cx, s, from, to, text);
	fault = smtp_fault(s);
	assert_int_equal(rc, fault == SMTP_OK ? RC_OK : RC_UPSTREAM);
	(void)snprintf(why, size, "%s", cx.err.msg);
	arena_free(cx.mem);
	(void)shutdown(h->lfd, SHUT_RDWR);
	(void)close(h->lfd);
	(void)pthread_join(h->thread, NULL);
	return fault;
}

static void
test_sent(void **state)
{
	struct host h = { 0 };
	char why[256];

	(void)state;
	assert_int_equal(send_one(&h, "a@isp.example", "b@c.example", why, sizeof(why)), SMTP_OK);
	assert_non_null(
	    strstr(h.received, "EHLO isp.example\r\nMAIL FROM:<a@isp.example> SIZE=20\r\n"));
	assert_non_null(strstr(h.received, "RCPT TO:<b@c.example>\r\nDATA\r\n"));
	assert_non_null(strstr(h.received, "\r\n..dot\r\n.\r\n"));
}

static void
test_refusals(void **state)
{
	static const struct {
		struct host host;
		enum smtp_fault fault;
		const char *why;
	} all[] = {
		{ { .rcpt = "550 5.1.1 no such user" }, SMTP_REFUSED, "550 5.1.1 no such user" },
		{ { .rcpt = "450 4.2.1 greylisted" }, SMTP_LATER, "450 4.2.1 greylisted" },
		{ { .mail = "452 4.3.1 full" }, SMTP_LATER, "452" },
		{ { .mail = "421 going down" }, SMTP_UNREACHABLE, "421" },
		{ { .end = "554 5.7.1 spam" }, SMTP_REFUSED, "554 5.7.1 spam" },
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
		struct host h = all[i].host;

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
	struct host h = { .rcpt = reply };

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
		"<a@b.example>", "\xC3\xA9@b.example" };
	struct ctx cx = { .mem = arena_new(4096), .request_id = "", .ip = "" };
	struct smtp *s = smtp_new(cx.mem, &(struct smtp_host){ .host = "127.0.0.1", .port = 1 });

	(void)state;
	for (size_t i = 0; i < countof(wrong); i++) {
		assert_int_equal(smtp_send(&cx, s, "a@b.example", wrong[i], text), RC_UPSTREAM);
		assert_int_equal(smtp_fault(s), SMTP_ADDRESS);
		assert_int_equal(smtp_send(&cx, s, wrong[i], "a@b.example", text), RC_UPSTREAM);
		assert_int_equal(smtp_fault(s), SMTP_ADDRESS);
	}
	assert_int_equal(smtp_send(&cx, s, "a@b.example", "a@b.example", text), RC_UPSTREAM);
	assert_int_equal(smtp_fault(s), SMTP_UNREACHABLE);
	assert_non_null(strstr(cx.err.msg, "port 1")); /* libcurl's words, where no host spoke */
	arena_free(cx.mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sent),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_a_long_reply_is_cut),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
