#include "net/smtp.h"

#include <curl/curl.h>
#include <string.h>

#include "base/value.h"
#include "net/easy.h"

enum { CONNECT_MS = 10000, TOTAL_MS = 60000, KEEP_MOST = 50, REPLY_MOST = 300 };

struct smtp {
	CURL *easy;
	struct smtp_host host;
	const char *url;
	enum smtp_fault fault;
	int sent; /* messages sent on this connection; hosts close one with too many */
};

/* One message being sent. */
struct transfer {
	struct easy_text unsent;
	char reply[REPLY_MOST + 1];
	char why[CURL_ERROR_SIZE];
};

struct smtp *
smtp_new(struct arena *life, const struct smtp_host *host)
{
	struct smtp *s = arena_alloc(life, sizeof(*s));
	bool is_ipv6 = strchr(host->host, ':') != NULL;

	s->host = *host;
	s->host.user = arena_strdup(life, host->user);
	s->host.password = arena_strdup(life, host->password);
	s->host.ca = arena_strdup(life, host->ca);
	s->url = arena_printf(life, "%s://%s%s%s:%d/%s",
	    host->security == SMTP_TLS ? "smtps" : "smtp", is_ipv6 ? "[" : "", host->host,
	    is_ipv6 ? "]" : "", host->port, host->helo != NULL ? host->helo : "");
	s->easy = easy_new(life);
	return s;
}

enum smtp_fault
smtp_fault(const struct smtp *s)
{
	return s->fault;
}

static const char *const sentences[] = {
	[SMTP_ADDRESS] = "is no address that mail can be sent to",
	[SMTP_UNREACHABLE] = "The mail host cannot be reached",
	[SMTP_LOGIN] = "The mail host refuses the user or password",
	[SMTP_LATER] = "The mail host refuses the message for now",
	[SMTP_REFUSED] = "The mail host refuses the message",
	[SMTP_UNKNOWN] = "The mail host took the message and gave no answer",
};

static enum rc
message_fails(struct ctx *cx, struct smtp *s, enum smtp_fault fault, const struct transfer *t)
{
	s->fault = fault;
	(void)FAIL(cx, RC_UPSTREAM, "%s: %.120s", sentences[fault],
	    t->reply[0] != '\0' ? t->reply : t->why);
	return err_detail(&cx->err, "%s; %s", t->why, t->reply);
}

/* ---- the conversation --------------------------------------------------------------------------
 */

/* Keep the host's last line. Ignore our own lines: one holds the password. */
static int
/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type of the callback */
keep_reply(CURL *easy, curl_infotype type, char *data, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = 0;

	(void)easy;
	if (type != CURLINFO_HEADER_IN || (t->reply[0] >= '4' && n > 0 && data[0] < '4'))
		return 0;
	for (; len < n && len < REPLY_MOST && data[len] != '\r' && data[len] != '\n'; len++)
		t->reply[len] = (char)((unsigned char)data[len] < 0x20 || data[len] == 0x7F ||
					       (data[len] & 0x80) != 0
					   ? '?'
					   : data[len]);
	t->reply[len] = '\0';
	return 0;
}

static void
set_host(CURL *easy, const struct smtp *s)
{
	const struct smtp_host *h = &s->host;

	(void)curl_easy_setopt(easy, CURLOPT_URL, s->url);
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(easy, CURLOPT_USE_SSL,
	    (long)(h->security == SMTP_PLAIN ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	(void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (h->ca != NULL)
		(void)curl_easy_setopt(easy, CURLOPT_CAINFO, h->ca);
	if (h->user == NULL)
		return;
	(void)curl_easy_setopt(easy, CURLOPT_USERNAME, h->user);
	(void)curl_easy_setopt(easy, CURLOPT_PASSWORD, h->password != NULL ? h->password : "");
}

static void
set_limits(CURL *easy, struct transfer *t)
{
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)TOTAL_MS);
	(void)curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L); /* for keep_reply() alone */
	(void)curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, keep_reply);
	(void)curl_easy_setopt(easy, CURLOPT_DEBUGDATA, t);
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->why);
}

static void
set_text(CURL *easy, struct transfer *t)
{
	(void)curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, easy_give);
	(void)curl_easy_setopt(easy, CURLOPT_READDATA, &t->unsent);
	(void)curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->unsent.len);
}

/* 354 asks for the text: when it is still the last code, the end of the text was not answered. */
static enum smtp_fault
meaning(CURLcode code, long reply, const struct transfer *t)
{
	if (code == CURLE_LOGIN_DENIED)
		return SMTP_LOGIN;
	if (t->unsent.len == 0 && reply < 400)
		return SMTP_UNKNOWN;
	if (reply == 421 || reply < 400)
		return SMTP_UNREACHABLE;
	/* Hosts often send 552 and 554 with "temporary" for quotas that pass. */
	if (reply < 500 ||
	    ((reply == 552 || reply == 554) && strcasestr(t->reply, "tempor") != NULL))
		return SMTP_LATER;
	return SMTP_REFUSED;
}

/* ret_reply: the last code of the host. */
static CURLcode
perform(struct smtp *s, const char *from, const char *to, struct transfer *t, long *ret_reply)
{
	struct curl_slist *recipients = curl_slist_append(NULL, to);
	CURLcode code;

	set_host(s->easy, s);
	set_limits(s->easy, t);
	set_text(s->easy, t);
	(void)curl_easy_setopt(s->easy, CURLOPT_MAIL_FROM, from);
	(void)curl_easy_setopt(s->easy, CURLOPT_MAIL_RCPT, recipients);
	if (++s->sent % KEEP_MOST == 0)
		(void)curl_easy_setopt(s->easy, CURLOPT_FORBID_REUSE, 1L);
	code = curl_easy_perform(s->easy);
	(void)curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, ret_reply);
	curl_easy_reset(s->easy); /* its options point into this message; its connection stays */
	curl_slist_free_all(recipients);
	return code;
}

enum rc
smtp_send(struct ctx *cx, struct smtp *s, const char *from, const char *to, const char *text)
{
	struct transfer t = { .unsent = { text, strlen(text) } };
	CURLcode code;
	long reply = 0;

	s->fault = SMTP_OK;
	/* ASCII only, as this client does not speak SMTPUTF8; no blanks, line ends or brackets */
	if (s->easy == NULL || !value_is_email(from) || !value_is_email(to)) {
		s->fault = SMTP_ADDRESS;
		return FAIL(cx, RC_UPSTREAM, "%.100s %s.", value_is_email(from) ? to : from,
		    sentences[SMTP_ADDRESS]);
	}
	code = perform(s, from, to, &t, &reply);
	if (code == CURLE_OK)
		return RC_OK;
	return message_fails(cx, s, meaning(code, reply, &t), &t);
}
