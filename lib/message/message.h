/*
 * message.h: the outbox, one message at a time.
 *
 * A message goes pending -> sending (committed) -> the call -> sent, pending again, failed
 * or unknown; the rules are in sql/functions/message.sql. The worker of a sender's messages
 * holds its lock: message_open_outbox() takes it and recovers messages that a killed worker
 * left in `sending`.
 */
#ifndef MESSAGE_MESSAGE_H
#define MESSAGE_MESSAGE_H

#include "message/channel.h"

struct outbox; /* the messages of one sender, in order */

/* *ret NULL: another worker has it. The lock ends with the session of cx->db and with life. */
enum rc message_open_outbox(struct ctx *, struct arena *life, const char *sender,
    struct outbox **ret) _must_check_;

/* Send the next message; false: none may leave now. *well: it has arrived. */
enum rc message_send_next(struct ctx *, struct outbox *, bool *ret, bool *well) _must_check_;

/*
 * Send a test over this channel and wait for the outcome: RC_UPSTREAM with the reason when
 * it did not arrive.
 */
enum rc message_test(struct ctx *, const char *channel_id) _must_check_;

#endif
