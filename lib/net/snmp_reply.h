/* snmp_reply.h: names, values and replies of SNMP. */
#ifndef NET_SNMP_REPLY_H
#define NET_SNMP_REPLY_H

#include <stddef.h>
#include <stdint.h>

enum { SNMP_OID_MAX = 20, SNMP_VARS_MAX = 60 };

struct snmp_oid {
	uint32_t len;
	uint32_t sub[SNMP_OID_MAX];
};

enum snmp_value { SNMP_NUMBER, SNMP_TEXT, SNMP_ABSENT, SNMP_UNKNOWN };

struct snmp_var {
	struct snmp_oid name;
	enum snmp_value type; /* ABSENT: no such object or instance, or the end of the view */
	uint64_t number;      /* of SNMP_NUMBER: any integer, gauge, counter or time */
	const char *text;     /* of SNMP_TEXT: clean UTF-8, at most 255 bytes */
};

enum snmp_outcome {
	SNMP_REPLIED,
	SNMP_FAULT,   /* the agent reports an error: status and index */
	SNMP_SILENT,  /* no answer in time */
	SNMP_REFUSED, /* by version 3: why tells the reason */
};

struct snmp_reply {
	enum snmp_outcome outcome;
	long status, index; /* of SNMP_FAULT, as the agent sent them; the index counts from 1 */
	const char *why;    /* of any outcome but SNMP_REPLIED: for people, the end of a sentence */
	const struct snmp_var *vars;
	size_t n;
};

#endif
