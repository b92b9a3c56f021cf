#include "message/notifier.h"

#include <string.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "db/db.h"
#include "message/message.h"
#include "sql.h"
#include "work/child.h"
#include "work/loop.h"

#define CHANNEL "messages"

enum {
	CHILDREN_MOST = 32,
	SWEEP_MS = 30000,
	LINGER_MS = 5000,
	GRACE_MS = 20000, /* for the call under way: killing it would leave its message unknown */
};

/* ---- one sender ------------------------------------------------------------------------------ */

/* Milliseconds until this sender's next message may leave; -1: it has none. */
static enum rc
next_due(struct ctx *cx, const char *sender, int *ret)
{
	struct db_rows *rows;

	*ret = -1;
	TRY(db_rows(cx, &SQL_message_due_senders, &rows));
	for (size_t i = 0; i < db_count(rows); i++)
		if (strcmp(db_text(rows, i, "sender"), sender) == 0)
			*ret = (int)db_i64(rows, i, "wait_ms");
	return RC_OK;
}

/*
 * Wait until a message may leave, or LINGER_MS have passed since the last one; false: end
 * the child.
 */
static enum rc
linger(struct ctx *cx, const char *sender, int64_t idle_since, bool *ret)
{
	const char *payload;
	int ms, left = (int)(idle_since + LINGER_MS - clock_ms());

	*ret = false;
	TRY(next_due(cx, sender, &ms));
	if (left <= 0 || ms > LINGER_MS)
		return RC_OK;
	/* Due, but held by quiet hours or a daily cap. */
	if (ms == 0)
		return RC_OK;
	loop_wait(cx, ms > 0 && ms < left ? ms : left, &payload);
	*ret = true;
	return RC_OK;
}

enum rc
notifier_send_outbox(struct ctx *cx, const char *sender)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(16384);
	int64_t idle_since = clock_ms();
	struct outbox *outbox;
	bool sent, well, more = true;

	TRY(db_listen(cx, CHANNEL));
	TRY(message_open_outbox(cx, life, sender, &outbox));
	while (outbox != NULL && more && !daemon_stopping()) {
		arena_reset(cx->mem);
		TRY(message_send_next(cx, outbox, &sent, &well));
		if (sent)
			idle_since = clock_ms();
		else
			TRY(linger(cx, sender, idle_since, &more));
	}
	return RC_OK;
}

/* ---- the master --------------------------------------------------------------------------------
 */

static enum rc
fan_out(struct ctx *cx)
{
	struct db_rows *rows;

	do {
		TRY(db_row(cx, &SQL_message_fan_out, &rows));
	} while (db_bool(rows, 0, "more"));
	return RC_OK;
}

static enum rc
sweep_outbox(struct ctx *cx, void *work)
{
	(void)work;
	return db_exec(cx, &SQL_alert_sweep);
}

/* A running child serves its sender by itself; a sender that rests is tried again soon. */
static int
serve_sender(struct child_set *children, const char *sender, int wait_ms)
{
	if (child_is_running(children, sender))
		return SWEEP_MS;
	if (!child_may_start(children, sender))
		return CHILD_REST_MS;
	if (wait_ms > 0)
		return wait_ms;
	(void)child_start(children, sender);
	return SWEEP_MS;
}

static size_t
child_arguments(const void *env, const char *sender, const char **ret)
{
	ret[0] = "--sender";
	ret[1] = sender;
	if (env == NULL)
		return 2;
	ret[2] = "--env";
	ret[3] = env;
	return 4;
}

static enum rc
notifier_step(struct ctx *cx, void *work, struct loop_turn *ret)
{
	struct child_set *children = work;
	struct db_rows *rows;

	(void)child_reap(children);
	*ret = (struct loop_turn){ .outcome = LOOP_IDLE, .wait_ms = SWEEP_MS };
	TRY(fan_out(cx));
	TRY(db_rows(cx, &SQL_message_due_senders, &rows));
	for (size_t i = 0; i < db_count(rows); i++) {
		int ms = serve_sender(children, db_text(rows, i, "sender"),
		    (int)db_i64(rows, i, "wait_ms"));

		ret->wait_ms = ms < ret->wait_ms ? ms : ret->wait_ms;
	}
	return RC_OK;
}

int
notifier_serve(struct ctx *cx, const char *env)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(4096); /* the loop empties cx->mem */
	const struct child_plan plan = { .program = "notifier",
		.noun = "sender",
		.most = CHILDREN_MOST,
		.grace_ms = GRACE_MS,
		.arguments = child_arguments,
		.work = env };
	struct child_set *children = child_set_new(life, &plan);
	struct loop loop = { .channel = CHANNEL,
		.sweep_ms = SWEEP_MS,
		.work = children,
		.sweep = sweep_outbox,
		.step = notifier_step };
	int code = loop_run(cx, &loop);

	child_end_all(children);
	return code;
}

/* ---- once --------------------------------------------------------------------------------------
 */

/* Skip a sender that a running service serves. */
static enum rc
empty_outbox(struct ctx *cx, const char *sender, bool *ret_ok)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(16384);
	_cleanup_(arena_freep) struct arena *mem = arena_new(65536);
	struct ctx own = *cx;
	struct outbox *outbox;
	enum rc rc;
	bool sent = true, well = true;

	own.mem = mem;
	rc = message_open_outbox(&own, life, sender, &outbox);
	while (rc == RC_OK && outbox != NULL && sent && !daemon_stopping()) {
		arena_reset(mem);
		rc = message_send_next(&own, outbox, &sent, &well);
		*ret_ok = *ret_ok && well;
	}
	cx->err = own.err;
	cx->err.fields = NULL;
	return rc;
}

enum rc
notifier_once(struct ctx *cx, bool *ret_ok)
{
	struct db_rows *rows;

	*ret_ok = true;
	TRY(sweep_outbox(cx, NULL));
	TRY(fan_out(cx));
	TRY(db_rows(cx, &SQL_message_due_senders, &rows));
	for (size_t i = 0; i < db_count(rows); i++)
		TRY(empty_outbox(cx, db_text(rows, i, "sender"), ret_ok));
	return RC_OK;
}
