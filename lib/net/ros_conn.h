/*
 * ros_conn.h: the bytes to and from one router: TCP or TLS, never blocking.
 *
 * Reading and writing take what is there and say when to wait; waiting is
 * ros_conn_wait() with a deadline, in milliseconds of clock_ms().  Any
 * failure leaves fault and why (for people, no secrets) and the connection
 * only fit to be closed.
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
	short wait;         /* what the last call that would have blocked waits for */
	bool dialed;        /* the last open reached the router: TCP was connected */
	enum routeros_fault fault;
	char why[120];
};

/* Resolve, connect (every address in turn) and do TLS; false: see fault. */
bool ros_conn_open(struct ros_conn *, const struct routeros_target *, int64_t deadline);
void ros_conn_close(struct ros_conn *);

/* More than 0: that many bytes.  0: would block, see wait.  -1: see fault. */
ssize_t ros_conn_read(struct ros_conn *, char *, size_t);
ssize_t ros_conn_write(struct ros_conn *, const char *, size_t);

/* True when something of events (or an end) is there, false at the deadline. */
bool ros_conn_wait(const struct ros_conn *, short events, int64_t deadline);

/* True when nothing, not even an end, waits to be read. */
bool ros_conn_quiet(struct ros_conn *);

#endif
