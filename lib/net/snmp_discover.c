/* snmp_discover.c: see snmp_discover.h. */
#include "net/snmp_discover.h"

#include <string.h>

enum { TAG_INTEGER = 0x02, TAG_OCTETS = 0x04, TAG_SEQUENCE = 0x30 };

enum { MSG_ID = 9, REQUEST_ID = 52 }; /* their offsets in the message */

/* clang-format off */
static const unsigned char question[SNMP_DISCOVER_LEN] = {
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

struct span {
	const unsigned char *at;
	size_t len;
};

static void
put_id(unsigned char *at, uint32_t id)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(id >> (24 - 8 * i));
}

void
snmp_discover_write(unsigned char msg[SNMP_DISCOVER_LEN], uint32_t id)
{
	memcpy(msg, question, SNMP_DISCOVER_LEN);
	put_id(msg + MSG_ID, id & 0x7fffffff);
	put_id(msg + REQUEST_ID, id & 0x7fffffff);
}

/* Read the length of an element whose octets begin at in->at; false: incomplete. */
static bool
take_length(struct span *in, size_t *ret)
{
	size_t len = 0, octets;

	if (in->len == 0)
		return false;
	octets = in->at[0] & 0x80 ? in->at[0] & 0x7fU : 0;
	len = octets == 0 ? in->at[0] : 0;
	if (octets > 3 || octets + 1 > in->len)
		return false;
	for (size_t i = 1; i <= octets; i++)
		len = len << 8 | in->at[i];
	in->at += octets + 1;
	in->len -= octets + 1;
	*ret = len;
	return len <= in->len;
}

/* Take the next element off the front; false: incomplete, or another tag. */
static bool
take_span(struct span *in, unsigned char tag, struct span *ret)
{
	if (in->len == 0 || in->at[0] != tag)
		return false;
	in->at++;
	in->len--;
	if (!take_length(in, &ret->len))
		return false;
	ret->at = in->at;
	in->at += ret->len;
	in->len -= ret->len;
	return true;
}

static bool
is_number(const struct span *value, uint32_t wanted)
{
	uint32_t n = 0;

	if (value->len == 0 || value->len > 4)
		return false;
	for (size_t i = 0; i < value->len; i++)
		n = n << 8 | value->at[i];
	return n == wanted;
}

bool
snmp_discover_read(const unsigned char *msg, size_t len, uint32_t id, struct snmp_engine_id *ret)
{
	struct span in = { msg, len }, whole, version, head, msg_id, security, fields, engine;

	if (!take_span(&in, TAG_SEQUENCE, &whole) || !take_span(&whole, TAG_INTEGER, &version) ||
	    !is_number(&version, 3) || !take_span(&whole, TAG_SEQUENCE, &head) ||
	    !take_span(&head, TAG_INTEGER, &msg_id) || !is_number(&msg_id, id & 0x7fffffff))
		return false;
	if (!take_span(&whole, TAG_OCTETS, &security) ||
	    !take_span(&security, TAG_SEQUENCE, &fields) ||
	    !take_span(&fields, TAG_OCTETS, &engine) || engine.len < 5 ||
	    engine.len > SNMP_ENGINE_ID_MAX)
		return false;
	ret->len = engine.len;
	memcpy(ret->id, engine.at, engine.len);
	return true;
}
