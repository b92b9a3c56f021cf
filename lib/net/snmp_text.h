/* snmp_text.h: texts that agents send, for people and the database. */
#ifndef NET_SNMP_TEXT_H
#define NET_SNMP_TEXT_H

#include "base/arena.h"

/*
 * Convert to clean UTF-8, from Latin-1 where it is none; without NUL and control characters, of at
 * most 255 bytes.
 */
const char *snmp_clean_text(struct arena *, const unsigned char *, size_t len);

#endif
