/*
 * child.h: a child process for each key that has work: a router, a sender.
 *
 * A slow peer then delays no other. A child is the same program, executed again with
 * arguments that name its key; it ends by itself after some time without work, and with
 * its parent. A child that failed rests CHILD_REST_MS before its next start, so that
 * neither a mistake nor a dead database makes it spin. SIGCHLD is blocked except in
 * loop_wait(), which it ends.
 */
#ifndef WORK_CHILD_H
#define WORK_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum { CHILD_ARGS_MAX = 6, CHILD_REST_MS = 2000 };

struct child_plan {
	const char *program; /* name of the program that runs, for its children too */
	const char *noun;    /* kind of a key, in the log: "router" */
	size_t most;         /* children at the same time */
	int grace_ms;        /* from SIGTERM to SIGKILL at the end */
	/* Write the arguments of the child for this key, at most CHILD_ARGS_MAX; their count. */
	size_t (*arguments)(const void *work, const char *key, const char **ret);
	const void *work;
};

struct child_set;

/* The plan and life must outlive the set. */
struct child_set *child_set_new(struct arena *life, const struct child_plan *);

bool child_is_running(const struct child_set *, const char *key);
/* True when the child of this key neither runs nor rests. */
bool child_may_start(const struct child_set *, const char *key);
/* Start the child of this key, if child_may_start(); true when it runs now. */
bool child_start(struct child_set *, const char *key);

/* Collect the children that have ended; returns how many still run. */
size_t child_reap(struct child_set *);
bool child_has_failed(const struct child_set *); /* some child has failed so far */

/* Send SIGTERM to all, SIGKILL to those that still run after grace_ms, and wait for the last. */
void child_end_all(struct child_set *);

#endif
