/* snapshot_read.h: one reading of a router: sends the commands, returns JSON. */
#ifndef ROUTER_SNAPSHOT_READ_H
#define ROUTER_SNAPSHOT_READ_H

#include "net/routeros.h"

/* Kinds of readings; "live" stores sessions and traffic as well. */
#define SNAPSHOT_LIVE          "live"
#define SNAPSHOT_INTERFACES    "interfaces"
#define SNAPSHOT_PROFILES      "profiles"
#define SNAPSHOT_SECRETS       "secrets"
#define SNAPSHOT_HOTSPOT_USERS "hotspot_users"
#define SNAPSHOT_DHCP_LEASES   "dhcp_leases"
#define SNAPSHOT_QUEUES        "queues"

/* Read the list of one menu as a JSON array. RC_NOT_FOUND: no such kind. */
enum rc snapshot_read_list(struct ctx *, struct routeros *, const char *kind,
    const char **ret) _must_check_;

/* Read the rates of one interface as a JSON object; RC_NOT_FOUND when none has this name. */
enum rc snapshot_read_interface(struct ctx *, struct routeros *, const char *name,
    const char **ret) _must_check_;

/* The parts of a live reading, as JSON. */
struct snapshot_live {
	const char *system;
	const char *ppp, *hotspot; /* sessions */
	const char *counters;      /* counters of the interfaces of sessions */
};
enum rc snapshot_read_live(struct ctx *, struct routeros *, struct snapshot_live *ret) _must_check_;

#endif
