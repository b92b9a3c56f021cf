/* ros_job.h: one command for a router, and the parts of its answer. */
#ifndef NET_ROS_JOB_H
#define NET_ROS_JOB_H

#include "base/ctx.h"
#include "net/ros_codec.h"
#include "net/ros_trap.h"

/*
 * Takes one row, which lives until the function returns: keep copies in cx->mem
 * (arena_strdup, ros_row_dup). Any result but RC_OK ends the reading: the rest of the
 * answer is dropped and the command fails with that result.
 */
typedef enum rc routeros_row_fn(struct ctx *, const struct ros_row *, void *arg);

/* The parts of an answer besides its rows; in cx->mem. */
struct routeros_reply {
	bool done;       /* the router finished this command */
	const char *ret; /* =ret= of !done: the id after add, the count; else NULL */
	size_t rows;
	size_t ntraps; /* number of traps; traps has the first ROS_TRAPS_KEPT */
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
