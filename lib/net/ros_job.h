/*
 * ros_job.h: one command for a router, and what its answer brought.
 */
#ifndef NET_ROS_JOB_H
#define NET_ROS_JOB_H

#include "base/ctx.h"
#include "net/ros_codec.h"
#include "net/ros_trap.h"

/*
 * One row.  It lives until the function returns: keep copies in cx->mem
 * (arena_strdup, ros_row_dup).  Returning other than RC_OK ends the reading:
 * the rest of the answer is dropped and the command fails with that.
 */
typedef enum rc routeros_row_fn(struct ctx *, const struct ros_row *, void *arg);

/* The answer besides its rows; in cx->mem. */
struct routeros_reply {
	bool done;       /* the router finished this command */
	const char *ret; /* =ret= of !done: the id after add, the count; else NULL */
	size_t rows;
	size_t ntraps; /* all that came; the first ROS_TRAPS_KEPT are in traps */
	struct ros_trap *traps;
};
#define ROS_TRAPS_KEPT 8

/* A command of many on one connection: see routeros_batch(). */
struct routeros_job {
	struct ros_cmd cmd;
	routeros_row_fn *row;
	void *arg;
	struct routeros_reply reply; /* filled in as answers come */
	bool sent;
};
#define ROS_WINDOW 16

#endif
