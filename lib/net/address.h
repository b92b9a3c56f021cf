/*
 * address.h: whether an IP address belongs to the public Internet.
 *
 * A URL that an admin typed may lead into our own network, by its name too;
 * httpc.h asks about the address that is really dialled, after DNS.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <stdbool.h>

struct sockaddr;

/*
 * False for loopback, private, link-local, shared (100.64/10), benchmark,
 * documentation, multicast and reserved addresses, for IPv4 inside IPv6
 * (mapped, 6to4, NAT64) by the address inside, and for what is neither family.
 */
bool address_is_public(const struct sockaddr *);

#endif
