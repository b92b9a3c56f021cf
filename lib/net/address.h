/*
 * address.h: tells whether an IP address belongs to the public Internet.
 *
 * A URL that an admin typed may lead into our own network, also through its host name;
 * httpc.h therefore checks the address that it dials, after DNS.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <stdbool.h>

struct sockaddr;

/*
 * False for loopback, private, link-local, shared (100.64/10), benchmark, documentation,
 * multicast and reserved addresses, and for any other family than IPv4 and IPv6. IPv4
 * inside IPv6 (mapped, 6to4, NAT64) is judged by the inner address.
 */
bool address_is_public(const struct sockaddr *);

#endif
