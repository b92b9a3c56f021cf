/*
 * notifier.h: the service that empties the outbox.
 *
 * The master finds new alerts and senders that have work, and gives each sender a child,
 * so that a dead channel delays no other sender's messages. A child is this program again,
 * with --sender; it waits a while for more work before it ends.
 */
#ifndef MESSAGE_NOTIFIER_H
#define MESSAGE_NOTIFIER_H

#include <stdbool.h>

#include "base/ctx.h"

/* Serve until a signal comes; env: the env file, passed on to the children. An exit code. */
int notifier_serve(struct ctx *, const char *env);

/*
 * Send all messages that may leave now, one sender after the other. *ret_ok: all of them
 * arrived.
 */
enum rc notifier_once(struct ctx *, bool *ret_ok) _must_check_;

/* The work of the child of one sender. */
enum rc notifier_send_outbox(struct ctx *, const char *sender) _must_check_;

#endif
