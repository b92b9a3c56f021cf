/*
 * ros_conn.h: the bytes to and from one router: TCP or TLS, never blocking.
 *
 * Reading and writing transfer what is possible at once and set `wait` when they would
 * block; ros_conn_wait() then waits until a deadline, in milliseconds of clock_ms(). Any
 * failure sets fault and why (for people, no secrets), after which the connection can only
 * be closed.
 */
#ifndef NET_ROS_CONN_H
#define NET_ROS_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "net/ros_target.h"

struct ssl_st;
struct ssl_ctx_st;

struct ros_conn {
	int fd; /* -1: closed */
	struct ssl_ctx_st *tls;
	struct ssl_st *ssl; /* NULL: plain */
	short wait;         /* the event for which the last call would have blocked */
	bool dialed;        /* the last open reached the router: TCP was connected */
	enum routeros_fault fault;
	char why[120];
};

/* Resolve, connect (every address in turn) and do TLS; false: see fault. */
bool ros_conn_open(struct ros_conn *, const struct routeros_target *, int64_t deadline);
void ros_conn_close(struct ros_conn *);

/* More than 0: number of bytes. 0: would block, see wait. -1: see fault. */
ssize_t ros_conn_read(struct ros_conn *, char *, size_t);
ssize_t ros_conn_write(struct ros_conn *, const char *, size_t);

/* True when one of events, or an end, has come; false at the deadline. */
bool ros_conn_wait(const struct ros_conn *, short events, int64_t deadline);

/* True when nothing, not even an end of file, waits to be read. */
bool ros_conn_quiet(struct ros_conn *);

#endif
