#include "fixture.h"
#include "message/mail.h"

#include <string.h>

static struct mail
sample(void)
{
	return (struct mail){ .id = "0190-1",
		.from = "noreply@isp.example",
		.from_name = "ISP Billing",
		.to = "a@b.example",
		.subject = "Hello",
		.text = "one\ntwo",
		.date = 0 };
}

/* Lines of at most 76 characters, ended by CRLF, of printable ASCII. */
static void
assert_strict(const char *text)
{
	size_t line = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\r') {
			assert_int_equal(p[1], '\n');
			p++;
			line = 0;
			continue;
		}
		assert_true(*p >= 0x20 && *p < 0x7F);
		if (++line > 76)
			fail_msg("a long line: %.80s", p - line + 1);
	}
	assert_int_equal(line, 0);
}

static void
test_headers(void **state)
{
	struct mail m = sample();
	const char *text = mail_build(cx.mem, &m);

	(void)state;
	assert_strict(text);
	assert_memory_equal(text, "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n", 39);
	assert_non_null(strstr(text, "\r\nFrom: ISP Billing <noreply@isp.example>\r\n"));
	assert_non_null(strstr(text, "\r\nTo: <a@b.example>\r\nSubject: Hello\r\n"));
	assert_non_null(strstr(text, "\r\nMessage-ID: <0190-1@isp.example>\r\n"));
	assert_non_null(strstr(text, "\r\n\r\none\r\ntwo\r\n"));
	assert_non_null(strstr(text, "one<br>\r\ntwo"));
}

static void
test_whole_mail(void **state)
{
	struct mail m = sample();

	(void)state;
	assert_string_equal(mail_build(cx.mem, &m),
	    "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"
	    "From: ISP Billing <noreply@isp.example>\r\n"
	    "To: <a@b.example>\r\n"
	    "Subject: Hello\r\n"
	    "Message-ID: <0190-1@isp.example>\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/alternative; boundary=\"=_0190-1\"\r\n"
	    "\r\n"
	    "--=_0190-1\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n"
	    "\r\n"
	    "one\r\n"
	    "two\r\n"
	    "--=_0190-1\r\n"
	    "Content-Type: text/html; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n"
	    "\r\n"
	    "<!DOCTYPE html>\r\n"
	    "<html><body>\r\n"
	    "<p>one<br>\r\n"
	    "two</p>\r\n"
	    "</body></html>\r\n"
	    "\r\n"
	    "--=_0190-1--\r\n");
}

/* Bug: a customer named "Budi\r\nBcc: all@example.net" added a header. */
static void
test_a_line_break_adds_no_header(void **state)
{
	struct mail m = sample();
	const char *text;

	(void)state;
	m.subject = "Budi\r\nBcc: all@example.net";
	m.from_name = "x\n\nBcc: y";
	text = mail_build(cx.mem, &m);
	assert_strict(text);
	assert_null(strstr(text, "Bcc"));
	assert_non_null(
	    strstr(text, "Subject: =?UTF-8?B?QnVkaSAgQmNjOiBhbGxAZXhhbXBsZS5uZXQ=?=\r\n"));
}

/* No character is cut in two: a reader decodes each word by itself. */
static void
test_long_subject(void **state)
{
	struct mail m = sample();
	const char *text;

	(void)state;
	m.subject = "ééééééééééééééééééééééééééééééééééééééééééééé";
	text = mail_build(cx.mem, &m);
	assert_strict(text);
	assert_non_null(strstr(text, "Subject: =?UTF-8?B?w6nDqcOpw6nDqcOpw6nDqcOp"
				     "w6nDqcOpw6nDqcOpw6nDqcOpw6k=?=\r\n =?UTF-8?B?w6nDqcOp"));
}

static void
test_body_is_quoted(void **state)
{
	struct mail m = sample();
	const char *text;

	(void)state;
	m.text = "a=b \n.\nd\xC3\xA9 <script>\n"
		 "a line that is much longer than a line of a mail may be, so that it has to go on";
	text = mail_build(cx.mem, &m);
	assert_strict(text);
	assert_non_null(strstr(text, "\r\n\r\na=3Db=20\r\n=2E\r\nd=C3=A9 <script>\r\n"));
	assert_non_null(strstr(text, "may be, so that it has =\r\nto go on"));
	assert_non_null(strstr(text, "&lt;script&gt;"));
}

/* Plain up to 60 letters, digits and a few marks; the rest in encoded words. */
static void
test_words(void **state)
{
	static const char sixty[] = "123456789 123456789 123456789 123456789 123456789 123456789.";
	struct mail m = sample();

	(void)state;
	m.subject = sixty;
	assert_non_null(
	    strstr(mail_build(cx.mem, &m), arena_printf(cx.mem, "Subject: %s\r\n", sixty)));
	m.subject = arena_printf(cx.mem, "%s1", sixty);
	assert_non_null(strstr(mail_build(cx.mem, &m), "Subject: =?UTF-8?B?"));
	m.subject = "a\x1F"
		    "b\x7F"
		    "c";
	assert_non_null(strstr(mail_build(cx.mem, &m), "Subject: a b c\r\n"));
	m.subject = "";
	assert_non_null(strstr(mail_build(cx.mem, &m), "Subject: \r\n"));
}

static void
test_a_day_of_the_year(void **state)
{
	struct mail m = sample();

	(void)state;
	m.date = 1798761599;
	m.from = "local";
	assert_memory_equal(mail_build(cx.mem, &m), "Date: Thu, 31 Dec 2026 23:59:59 +0000\r\n",
	    39);
	assert_non_null(strstr(mail_build(cx.mem, &m), "\r\nMessage-ID: <0190-1@localhost>\r\n"));
}

static void
test_quoted_bytes(void **state)
{
	struct mail m = sample();

	(void)state;
	m.text = "a.b\t~\x7F\x1F x ";
	assert_non_null(strstr(mail_build(cx.mem, &m), "\r\n\r\na.b=09~=7F=1F x=20\r\n--"));
	m.text = "123456789 123456789 123456789 123456789 123456789 123456789 123456789 12";
	assert_non_null(strstr(mail_build(cx.mem, &m), " 12\r\n--"));
	m.text = "123456789 123456789 123456789 123456789 123456789 123456789 123456789 123";
	assert_non_null(strstr(mail_build(cx.mem, &m), " 12=\r\n3\r\n--"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(test_headers),
		FIXTURE_TEST(test_whole_mail),
		FIXTURE_TEST(test_a_line_break_adds_no_header),
		FIXTURE_TEST(test_long_subject),
		FIXTURE_TEST(test_body_is_quoted),
		FIXTURE_TEST(test_words),
		FIXTURE_TEST(test_a_day_of_the_year),
		FIXTURE_TEST(test_quoted_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
