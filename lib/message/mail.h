/*
 * mail.h: one message in the form that a mail host takes (RFC 5322, MIME).
 *
 * All of it is 7-bit with lines of at most 76 characters ended by CRLF: quoted-printable
 * bodies, headers as encoded words. A control character in a header, CR and LF among them,
 * becomes a space, so that no name can add a header.
 */
#ifndef MESSAGE_MAIL_H
#define MESSAGE_MAIL_H

#include "base/ctx.h"

struct mail {
	const char *id; /* Message-ID is id@domain of from: the same in every try */
	const char *from, *from_name;
	const char *to;
	const char *subject;
	const char *text; /* lines ended by LF; sent as text/plain and text/html */
	int64_t date;     /* seconds since 1970 */
};

const char *mail_build(struct arena *, const struct mail *);

#endif
