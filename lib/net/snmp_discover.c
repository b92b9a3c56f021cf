/* snmp_discover.c: see snmp_discover.h. */
#include "net/snmp_discover.h"

#include <string.h>

#include "net/snmp_span.h"

enum { MSG_ID = 9, REQUEST_ID = 52 }; /* their offsets in the message */

/* clang-format off */
static const unsigned char request[SNMP_DISCOVER_LEN] = {
	0x30, 0x3e, 0x02, 0x01, 0x03,                               /* version 3 */
	0x30, 0x11, 0x02, 0x04, 0, 0, 0, 0,                         /* message id */
	0x02, 0x03, 0x00, 0xff, 0xe3, 0x04, 0x01, 0x04,             /* reportable */
	0x02, 0x01, 0x03,                                           /* user-based */
	0x04, 0x10, 0x30, 0x0e, 0x04, 0x00, 0x02, 0x01, 0x00, 0x02, /* no engine, */
	0x01, 0x00, 0x04, 0x00, 0x04, 0x00, 0x04, 0x00,             /* no user */
	0x30, 0x14, 0x04, 0x00, 0x04, 0x00, 0xa0, 0x0e,             /* GET */
	0x02, 0x04, 0, 0, 0, 0, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x00,
};
/* clang-format on */

static void
put_id(unsigned char *at, uint32_t id)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(id >> (24 - 8 * i));
}

void
snmp_discover_write(unsigned char msg[SNMP_DISCOVER_LEN], uint32_t id)
{
	memcpy(msg, request, SNMP_DISCOVER_LEN);
	put_id(msg + MSG_ID, id & 0x7fffffff);
	put_id(msg + REQUEST_ID, id & 0x7fffffff);
}

static bool
is_number(struct snmp_span *in, uint32_t wanted)
{
	uint64_t n;

	return snmp_span_number(in, &n) && n == wanted;
}

/* Read one part of the agent's clock, which has 31 bits. */
static bool
read_clock(struct snmp_span *in, uint32_t *ret)
{
	uint64_t n;

	if (!snmp_span_number(in, &n) || n > INT32_MAX)
		return false;
	*ret = (uint32_t)n;
	return true;
}

bool
snmp_discover_read(const unsigned char *msg, size_t len, uint32_t id, struct snmp_engine_id *ret)
{
	struct snmp_span in = { msg, len }, whole, head, security, fields, engine;

	if (!snmp_span_take(&in, TAG_SEQUENCE, &whole) || !is_number(&whole, 3) ||
	    !snmp_span_take(&whole, TAG_SEQUENCE, &head) || !is_number(&head, id & 0x7fffffff))
		return false;
	if (!snmp_span_take(&whole, TAG_OCTETS, &security) ||
	    !snmp_span_take(&security, TAG_SEQUENCE, &fields) ||
	    !snmp_span_take(&fields, TAG_OCTETS, &engine) || engine.len < 5 ||
	    engine.len > SNMP_ENGINE_ID_MAX)
		return false;
	if (!read_clock(&fields, &ret->boots) || !read_clock(&fields, &ret->seconds))
		return false;
	ret->len = engine.len;
	memcpy(ret->id, engine.at, engine.len);
	return true;
}
