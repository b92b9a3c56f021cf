/*
 * smtp.h: hand finished messages to one mail host, by libcurl.
 *
 * A handle stands for one host and keeps its connection from message to
 * message.  It ends with the arena it was made in.  The text of a message is
 * whole: header lines, blank line, body, each line ended by CRLF (libcurl turns
 * no LF into CRLF, and hosts refuse a bare one); lib/message/mail.h builds it.
 *
 * smtp_send() fails with RC_UPSTREAM; smtp_fault() says of which kind, and the
 * last line of the host stands in err.detail.  Neither ever holds the password.
 */
#ifndef NET_SMTP_H
#define NET_SMTP_H

#include "base/ctx.h"

struct smtp;

enum smtp_security { SMTP_PLAIN, SMTP_STARTTLS, SMTP_TLS };

/* All text is copied by smtp_new(). */
struct smtp_host {
	const char *host;
	int port;
	enum smtp_security security; /* STARTTLS is required, never given up */
	const char *user, *password; /* NULL user: no login */
	const char *ca;              /* PEM file instead of the system's authorities; NULL */
	const char *helo;            /* our name; NULL: the machine's */
};

enum smtp_fault {
	SMTP_OK = 0,
	SMTP_ADDRESS,     /* malformed address; nothing was sent */
	SMTP_UNREACHABLE, /* host unreachable, no secure connection, or a refusing greeting */
	SMTP_LOGIN,       /* the host refuses our user */
	SMTP_LATER,       /* refused for now (4xx) */
	SMTP_REFUSED,     /* refused for good (5xx) */
	SMTP_UNKNOWN,     /* all was sent, but no answer came: delivery is unknown */
};

struct smtp *smtp_new(struct arena *life, const struct smtp_host *);

enum rc smtp_send(struct ctx *, struct smtp *, const char *from, const char *to,
    const char *text) _must_check_;

/* The failure of the last smtp_send(). */
enum smtp_fault smtp_fault(const struct smtp *);

#endif
