/* snmp_span.c: see snmp_span.h. */
#include "net/snmp_span.h"

enum { NUMBER_OCTETS = 9 }; /* 64 bits behind an octet of the sign */

/* Read the length of an element whose octets begin at in->at; false: incomplete. */
static bool
take_length(struct snmp_span *in, size_t *ret)
{
	size_t len = 0, octets;

	if (in->len == 0)
		return false;
	octets = in->at[0] & 0x80 ? in->at[0] & 0x7fU : 0;
	len = octets == 0 ? in->at[0] : 0;
	if (octets > 3 || octets + 1 > in->len || in->at[0] == 0x80)
		return false;
	for (size_t i = 1; i <= octets; i++)
		len = len << 8 | in->at[i];
	in->at += octets + 1;
	in->len -= octets + 1;
	*ret = len;
	return len <= in->len;
}

bool
snmp_span_next(struct snmp_span *in, unsigned char *tag, struct snmp_span *ret)
{
	if (in->len == 0)
		return false;
	*tag = in->at[0];
	in->at++;
	in->len--;
	if (!take_length(in, &ret->len))
		return false;
	ret->at = in->at;
	in->at += ret->len;
	in->len -= ret->len;
	return true;
}

bool
snmp_span_take(struct snmp_span *in, unsigned char tag, struct snmp_span *ret)
{
	unsigned char found;

	return snmp_span_next(in, &found, ret) && found == tag;
}

uint64_t
snmp_span_value(const struct snmp_span *s)
{
	uint64_t n = s->len > 0 && s->at[0] & 0x80 ? UINT64_MAX : 0;

	for (size_t i = 0; i < s->len; i++)
		n = n << 8 | s->at[i];
	return n;
}

bool
snmp_span_number(struct snmp_span *in, uint64_t *ret)
{
	struct snmp_span s;

	if (!snmp_span_take(in, TAG_INTEGER, &s) || s.len == 0 || s.len > NUMBER_OCTETS)
		return false;
	*ret = snmp_span_value(&s);
	return true;
}
