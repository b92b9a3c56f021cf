#include "message/mail.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

#include "base/sb.h"
#include "message/markup.h"

/* ---- headers -----------------------------------------------------------------------------------
 */

/*
 * 52 letters of base64 with =?UTF-8?B? and ?= are 64 characters; the first word follows
 * "Subject: ".
 */
enum { WORD_BYTES = 39 };

/* The bytes of text for one word, at most WORD_BYTES, ending between characters. */
static size_t
word_length(const char *text)
{
	size_t n = strnlen(text, WORD_BYTES);

	while (text[n] != '\0' && n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
		n--;
	return n;
}

static bool
is_word(const char *text)
{
	size_t n =
	    strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .-");

	return n > 0 && n <= 60 && text[n] == '\0';
}

/* A header's text: plain ASCII as it is, any other in encoded words, one a line (RFC 2047). */
static void
add_words(struct sb *out, const char *value)
{
	char *text = arena_strdup(out->mem, value), word[128];

	for (char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7F)
			*p = ' ';
	if (is_word(text)) {
		sb_puts(out, text);
		return;
	}
	for (const char *p = text; *p != '\0';) {
		size_t n = word_length(p);

		(void)sodium_bin2base64(word, sizeof(word), (const unsigned char *)p, n,
		    sodium_base64_VARIANT_ORIGINAL);
		sb_printf(out, "%s=?UTF-8?B?%s?=", p == text ? "" : "\r\n ", word);
		p += n;
	}
}

static void
add_header(struct sb *out, const char *name, const char *value)
{
	sb_printf(out, "%s: ", name);
	add_words(out, value);
	sb_puts(out, "\r\n");
}

/* Names of days and months are English (RFC 5322), whatever the locale. */
static void
add_date(struct sb *out, int64_t seconds)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)seconds;
	struct tm tm;

	(void)gmtime_r(&t, &tm);
	sb_printf(out, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday],
	    tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void
add_headers(struct sb *out, const struct mail *m)
{
	const char *at = strrchr(m->from, '@');

	add_date(out, m->date);
	sb_puts(out, "From: ");
	add_words(out, m->from_name);
	sb_printf(out, " <%s>\r\nTo: <%s>\r\n", m->from, m->to);
	add_header(out, "Subject", m->subject);
	sb_printf(out, "Message-ID: <%s%s>\r\n", m->id, at != NULL ? at : "@localhost");
	sb_puts(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
}

/* ---- bodies ------------------------------------------------------------------------------------
 */

enum { LINE_MOST = 72 };

/*
 * Quoted-printable: write bytes that are no printable ASCII, and a blank at the end of a
 * line, as =XX.
 */
static void
add_quoted(struct sb *out, const char *text)
{
	size_t line = 0;

	for (const char *p = text; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;
		bool at_end = p[1] == '\0' || p[1] == '\n';

		if (c == '\n') {
			sb_puts(out, "\r\n");
			line = 0;
			continue;
		}
		if (line >= LINE_MOST) {
			sb_puts(out, "=\r\n");
			line = 0;
		}
		/*
		 * Encode a dot at the beginning of a line, too: libcurl doubles it, but a host on
		 * the way may not know of that.
		 */
		if (c < 0x20 || c >= 0x7F || c == '=' || (c == ' ' && at_end) ||
		    (c == '.' && line == 0)) {
			sb_printf(out, "=%02X", c);
			line += 3;
		} else {
			sb_putc(out, (char)c);
			line++;
		}
	}
	sb_puts(out, "\r\n");
}

static void
add_part(struct sb *out, const char *boundary, const char *type, const char *text)
{
	sb_printf(out, "--%s\r\nContent-Type: %s; charset=utf-8\r\n", boundary, type);
	sb_puts(out, "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	add_quoted(out, text);
}

/* The text as HTML: escaped, with links to the pages that it names. */
static const char *
html_of(struct arena *a, const char *text)
{
	struct sb out = sb_new(a);

	sb_puts(&out, "<!DOCTYPE html>\n<html><body>\n<p>");
	markup_html(&out, text, true);
	sb_puts(&out, "</p>\n</body></html>\n");
	return out.buf;
}

const char *
mail_build(struct arena *a, const struct mail *m)
{
	const char *boundary = arena_printf(a, "=_%s", m->id);
	struct sb out = sb_new(a);

	add_headers(&out, m);
	sb_printf(&out, "Content-Type: multipart/alternative; boundary=\"%s\"\r\n\r\n", boundary);
	add_part(&out, boundary, "text/plain", m->text);
	add_part(&out, boundary, "text/html", html_of(a, m->text));
	sb_printf(&out, "--%s--\r\n", boundary);
	return out.buf;
}
