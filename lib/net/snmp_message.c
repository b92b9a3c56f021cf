/* snmp_message.c: see snmp_message.h. */
#include "net/snmp_message.h"

#include <string.h>

#include "net/snmp_text.h"

enum { VALUES_MAX = 4096 };
enum { /* types of values */
	TYPE_COUNTER = 0x41,
	TYPE_GAUGE = 0x42,
	TYPE_TICKS = 0x43,
	TYPE_COUNTER64 = 0x46,
	TYPE_UNSIGNED = 0x47,
	NO_SUCH_OBJECT = 0x80,
	NO_SUCH_INSTANCE = 0x81,
	END_OF_VIEW = 0x82
};

/* ---- requests: written from the end, as lengths stand before what they measure ---- */

struct writer {
	unsigned char *buf;
	size_t at;
	bool is_full;
};

static void
put_bytes(struct writer *w, const void *bytes, size_t n)
{
	w->is_full = w->is_full || n > w->at;
	if (w->is_full)
		return;
	w->at -= n;
	memcpy(w->buf + w->at, bytes, n);
}

static void
put_octet(struct writer *w, unsigned octet)
{
	const unsigned char c = (unsigned char)octet;

	put_bytes(w, &c, 1);
}

/* Put the head of an element in front of what was written since `end`. */
static void
put_head(struct writer *w, unsigned tag, size_t end)
{
	const size_t len = end - w->at;

	put_octet(w, (unsigned)len & 0xff);
	if (len > 255)
		put_octet(w, (unsigned)(len >> 8));
	if (len > 127)
		put_octet(w, len > 255 ? 0x82 : 0x81);
	put_octet(w, tag);
}

/* Put a number of at most 31 bits. */
static void
put_number(struct writer *w, uint32_t number)
{
	const size_t end = w->at;

	do {
		put_octet(w, number & 0xff);
		number >>= 8;
	} while (number > 0);
	if (!w->is_full && w->buf[w->at] & 0x80)
		put_octet(w, 0);
	put_head(w, TAG_INTEGER, end);
}

static void
put_name(struct writer *w, const struct snmp_oid *name)
{
	const size_t end = w->at;

	for (size_t n = name->len; n-- > 2;) {
		uint32_t arc = name->sub[n];

		put_octet(w, arc & 0x7f);
		while ((arc >>= 7) > 0)
			put_octet(w, (arc & 0x7f) | 0x80);
	}
	put_octet(w, name->sub[0] * 40 + name->sub[1]);
	put_head(w, TAG_OID, end);
}

static void
put_varbinds(struct writer *w, const struct snmp_request *q)
{
	const size_t end = w->at;

	for (size_t n = q->n; n-- > 0;) {
		const size_t varbind_end = w->at;

		put_bytes(w, (const unsigned char[]){ TAG_NULL, 0 }, 2);
		put_name(w, &q->oids[n]);
		put_head(w, TAG_SEQUENCE, varbind_end);
	}
	put_head(w, TAG_SEQUENCE, end);
}

size_t
snmp_request_write(unsigned char buf[SNMP_REQUEST_MAX], const struct snmp_request *q)
{
	struct writer w = { .at = SNMP_REQUEST_MAX };
	size_t end;

	w.buf = buf;
	put_varbinds(&w, q);
	put_number(&w, q->kind == PDU_BULK ? (uint32_t)q->rows : 0);
	put_number(&w, 0);
	put_number(&w, q->id);
	put_head(&w, q->kind, SNMP_REQUEST_MAX);
	end = w.at;
	put_bytes(&w, q->community, strlen(q->community));
	put_head(&w, TAG_OCTETS, end);
	put_number(&w, q->is_v1 ? 0 : 1);
	put_head(&w, TAG_SEQUENCE, SNMP_REQUEST_MAX);
	return w.is_full ? 0 : SNMP_REQUEST_MAX - w.at;
}

/* ---- responses ---- */

bool
snmp_response_read(const unsigned char *msg, size_t len, struct snmp_response *ret)
{
	struct snmp_span in = { msg, len }, whole, community, pdu;
	uint64_t version, id, status, index;

	if (!snmp_span_take(&in, TAG_SEQUENCE, &whole) || !snmp_span_number(&whole, &version) ||
	    version > 1 || !snmp_span_take(&whole, TAG_OCTETS, &community) ||
	    !snmp_span_take(&whole, PDU_RESPONSE, &pdu))
		return false;
	if (!snmp_span_number(&pdu, &id) || !snmp_span_number(&pdu, &status) ||
	    !snmp_span_number(&pdu, &index) || !snmp_span_take(&pdu, TAG_SEQUENCE, &ret->varbinds))
		return false;
	ret->id = (uint32_t)id;
	ret->status = (long)(int32_t)status;
	ret->index = (long)(int32_t)index;
	return true;
}

/* Read a name; one that is longer than any that is asked for is empty. */
static bool
read_name(const struct snmp_span *s, struct snmp_oid *ret)
{
	uint64_t arc = 0;
	size_t len = 2;

	if (s->len == 0 || s->at[s->len - 1] & 0x80)
		return false;
	ret->sub[0] = s->at[0] / 40;
	ret->sub[1] = s->at[0] % 40;
	for (size_t i = 1; i < s->len; i++) {
		arc = arc << 7 | (s->at[i] & 0x7f);
		if (arc > UINT32_MAX)
			return false;
		if (s->at[i] & 0x80)
			continue;
		if (len < SNMP_OID_MAX)
			ret->sub[len] = (uint32_t)arc;
		len++;
		arc = 0;
	}
	ret->len = len <= SNMP_OID_MAX ? (uint32_t)len : 0;
	return true;
}

static void
read_value(struct arena *mem, unsigned char type, const struct snmp_span *s, struct snmp_var *ret)
{
	switch (type) {
	case TAG_INTEGER:
	case TYPE_COUNTER:
	case TYPE_GAUGE:
	case TYPE_TICKS:
	case TYPE_UNSIGNED:
		ret->type = SNMP_NUMBER;
		ret->number = snmp_span_value(s) & UINT32_MAX;
		break;
	case TYPE_COUNTER64:
		ret->type = SNMP_NUMBER;
		ret->number = snmp_span_value(s);
		break;
	case TAG_OCTETS:
		ret->type = SNMP_TEXT;
		ret->text = snmp_clean_text(mem, s->at, s->len);
		break;
	case NO_SUCH_OBJECT:
	case NO_SUCH_INSTANCE:
	case END_OF_VIEW:
	case TAG_NULL:
		ret->type = SNMP_ABSENT;
		break;
	default:
		break;
	}
}

static bool
read_varbind(struct arena *mem, struct snmp_span *in, struct snmp_var *ret)
{
	struct snmp_span varbind, name, value;
	unsigned char type;

	*ret = (struct snmp_var){ .type = SNMP_UNKNOWN };
	if (!snmp_span_take(in, TAG_SEQUENCE, &varbind) ||
	    !snmp_span_take(&varbind, TAG_OID, &name) || !read_name(&name, &ret->name) ||
	    !snmp_span_next(&varbind, &type, &value))
		return false;
	read_value(mem, type, &value, ret);
	return true;
}

static size_t
count_varbinds(struct snmp_span in)
{
	struct snmp_span varbind;
	size_t n = 0;

	while (n < VALUES_MAX && snmp_span_take(&in, TAG_SEQUENCE, &varbind))
		n++;
	return n;
}

bool
snmp_response_values(struct arena *mem, const struct snmp_response *r, struct snmp_reply *ret)
{
	struct snmp_span in = r->varbinds;
	const size_t n = count_varbinds(in);
	struct snmp_var *vars = arena_alloc(mem, (n + 1) * sizeof(*vars));

	for (size_t i = 0; i < n; i++)
		if (!read_varbind(mem, &in, &vars[i]))
			return false;
	if (in.len > 0 && n < VALUES_MAX)
		return false;
	ret->vars = vars;
	ret->n = n;
	return true;
}
