/* value.h: whether a text is a date, a number, an address; shared by bodies and queries. */
#ifndef BASE_VALUE_H
#define BASE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool value_is_uuid(const char *);
bool value_is_date(const char *); /* YYYY-MM-DD, a day of the calendar, years 1900 to 2999 */
bool value_is_time(const char *); /* a date, T or blank, HH:MM[:SS[.f]][Z|+HH:MM] */
bool value_is_email(const char *);

/* A whole decimal number in JSON's form: 5, 5.0, 5e2, -3; exact, and false above 18 digits. */
bool value_whole(const char *, size_t n, int64_t *ret);

/*
 * The same as text: digits, perhaps with one or two zeros behind a point. "150.000" is
 * refused: in Indonesia the point separates thousands, and it was once read as Rp 150.
 */
bool value_whole_text(const char *, int64_t *ret);

#endif
