/* form.h: checks of texts (field_check) whose forms only this product knows. */
#ifndef API_FORM_H
#define API_FORM_H

#include "http/shape.h"

bool form_phone(struct ctx *, const char *field, const char *val);     /* digits + - space ( ) */
bool form_rates(struct ctx *, const char *field, const char *val);     /* "10M/5.5M" */
bool form_burst(struct ctx *, const char *field, const char *val);     /* "D/U" or "D/U D/U s/s" */
bool form_printable(struct ctx *, const char *field, const char *val); /* printable ASCII */
bool form_moment(struct ctx *, const char *field, const char *val);    /* a date, or a time */
bool form_address(struct ctx *, const char *field, const char *val);   /* IPv4 or IPv6 */
bool form_host(struct ctx *, const char *field, const char *val);      /* a name or an address */
bool form_digest(struct ctx *, const char *field, const char *val);    /* SHA-256, colons or none */
bool form_fraction(struct ctx *, const char *field, const char *val);  /* "11/12" */
bool form_pem(struct ctx *, const char *field, const char *val);       /* certificates */

/* A regular expression for valid values of a field, as far as one can express them; else NULL. */
const char *form_pattern(struct ctx *, const struct field *);

#endif
