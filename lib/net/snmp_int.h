/* snmp_int.h: the interface between the engine (snmp.c) and the values (snmp_value.c). */
#ifndef NET_SNMP_INT_H
#define NET_SNMP_INT_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "net/snmp.h"

/* Take all values of a reply; a bulk reply may have more than was asked for. */
void snmp_take_values(struct arena *, const netsnmp_pdu *, struct snmp_reply *ret);

#endif
