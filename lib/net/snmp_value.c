/* snmp_value.c: the values of a reply, out of net-snmp's structures. */
#include "net/snmp_int.h"

#include <string.h>

#include "net/snmp_text.h"

static struct snmp_oid
oid_of(const oid *name, size_t len)
{
	struct snmp_oid ret = { 0 };

	if (len > SNMP_OID_MAX)
		return ret; /* no name that we asked for is so long */
	for (size_t i = 0; i < len; i++)
		ret.sub[i] = (uint32_t)name[i];
	ret.len = (uint32_t)len;
	return ret;
}

static void
set_number(struct snmp_var *v, uint64_t number)
{
	v->type = SNMP_NUMBER;
	v->number = number;
}

static struct snmp_var
value_of(struct arena *mem, const netsnmp_variable_list *vp)
{
	struct snmp_var v = { .name = oid_of(vp->name, vp->name_length), .type = SNMP_UNKNOWN };

	switch (vp->type) {
	case ASN_INTEGER:
	case ASN_COUNTER:
	case ASN_GAUGE:
	case ASN_TIMETICKS:
	case ASN_UINTEGER:
		if (vp->val.integer != NULL)
			set_number(&v, (uint64_t)*vp->val.integer & 0xffffffff);
		break;
	case ASN_COUNTER64:
		if (vp->val.counter64 != NULL)
			set_number(&v, (uint64_t)vp->val.counter64->high << 32 |
					   (vp->val.counter64->low & 0xffffffff));
		break;
	case ASN_OCTET_STR:
		v.type = SNMP_TEXT;
		v.text = vp->val_len > 0 ? snmp_clean_text(mem, vp->val.string, vp->val_len) : "";
		break;
	case SNMP_NOSUCHOBJECT:
	case SNMP_NOSUCHINSTANCE:
	case SNMP_ENDOFMIBVIEW:
	case ASN_NULL:
		v.type = SNMP_ABSENT;
		break;
	default:
		break;
	}
	return v;
}

void
snmp_take_values(struct arena *mem, const netsnmp_pdu *pdu, struct snmp_reply *ret)
{
	enum { MOST = 4096 };
	struct snmp_var *vars;
	size_t n = 0;

	for (const netsnmp_variable_list *vp = pdu->variables; vp != NULL; vp = vp->next_variable)
		n++;
	n = n < MOST ? n : MOST;
	vars = arena_alloc(mem, (n + 1) * sizeof(*vars));
	ret->n = n;
	ret->vars = vars;
	for (const netsnmp_variable_list *vp = pdu->variables; n > 0; vp = vp->next_variable, n--)
		*vars++ = value_of(mem, vp);
}
