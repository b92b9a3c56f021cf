/*
 * notifier.h: the service that empties the outbox.
 *
 * The master finds new alerts and senders that have work, and gives each sender
 * a child of its own, so that a dead channel delays nobody else's messages.  A
 * child is this program again, with --sender; it lingers a while for more work.
 */
#ifndef MESSAGE_NOTIFIER_H
#define MESSAGE_NOTIFIER_H

#include <stdbool.h>

#include "base/ctx.h"

/* Serve until a signal comes; env: the file that children read, too. An exit code. */
int notifier_serve(struct ctx *, const char *env);

/* Send what may leave now, one sender after the other. *ret_ok: all of it arrived. */
enum rc notifier_once(struct ctx *, bool *ret_ok) _must_check_;

/* The child of one sender. */
enum rc notifier_send_line(struct ctx *, const char *sender) _must_check_;

#endif
