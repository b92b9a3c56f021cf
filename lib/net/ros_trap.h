/*
 * ros_trap.h: the meaning of a router's !trap.
 *
 * RouterOS describes errors in prose that varies by version; it is matched on parts,
 * ignoring case. The kind decides what to do, arg names the property at fault (in RouterOS
 * spelling, "" when the router names none).
 */
#ifndef NET_ROS_TRAP_H
#define NET_ROS_TRAP_H

#include "base/arena.h"

enum ros_trap_kind {
	TRAP_OTHER = 0,
	TRAP_EXISTS,     /* an object with this name, address or entry exists: adopt it, or 409 */
	TRAP_NO_ITEM,    /* the id or name is gone: look it up again; a removal has succeeded */
	TRAP_BAD_VALUE,  /* arg has a value that the router refuses */
	TRAP_NO_REF,     /* arg names a thing (profile, server ...) this router lacks */
	TRAP_NO_COMMAND, /* menu missing: package or version */
	TRAP_PERMISSION, /* the API user's group lacks a right */
	TRAP_BUSY,       /* try again later */
	TRAP_LOGIN,      /* user or password refused */
	TRAP_INTERRUPTED,
	TRAP_USAGE, /* unknown or missing parameter: our bug, or a difference of versions */
};

struct ros_trap {
	enum ros_trap_kind kind;
	int category;        /* -1: the router gives none */
	const char *message; /* one line, see ros_text_printable(); still untrusted */
	const char *arg;
};

/* category: the text of =category=, or NULL. Copies the parts that it keeps. */
struct ros_trap ros_trap_read(struct arena *, const char *message, const char *category);

#endif
