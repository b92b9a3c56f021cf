/*
 * ros_trap.h: what a router meant by a !trap.
 *
 * RouterOS words errors in prose that varies by version; it is matched on
 * parts, without regard to case.  The kind says what to do, arg which property
 * it was about (in RouterOS spelling, "" when it does not say).
 */
#ifndef NET_ROS_TRAP_H
#define NET_ROS_TRAP_H

#include "base/arena.h"

enum ros_trap_kind {
	TRAP_OTHER = 0,
	TRAP_EXISTS,     /* same name, entry, lease or pool already there: adopt or 409 */
	TRAP_NO_ITEM,    /* id or name gone: look up again; success for a removal */
	TRAP_BAD_VALUE,  /* arg has a value the router does not take */
	TRAP_NO_REF,     /* arg names a thing (profile, server ...) this router lacks */
	TRAP_NO_COMMAND, /* menu missing: package or version */
	TRAP_PERMISSION, /* the API user's group */
	TRAP_BUSY,       /* try again later */
	TRAP_LOGIN,      /* user or password refused */
	TRAP_INTERRUPTED,
	TRAP_USAGE, /* unknown or missing parameter: our bug, or a version's difference */
};

struct ros_trap {
	enum ros_trap_kind kind;
	int category;        /* -1 when it does not say */
	const char *message; /* one line, see ros_text_printable(); still untrusted */
	const char *arg;
};

/* category: the text of =category=, or NULL.  Copies what it keeps. */
struct ros_trap ros_trap_read(struct arena *, const char *message, const char *category);

#endif
