/*
 * ros_talk.h: commands and their answers on an open connection.
 *
 * The inner half of routeros.h, for routeros.c only: one loop that sends, reads
 * and waits, for one command or many.  It knows tags, limits and deadlines; it
 * knows nothing of logins or of what a trap means.
 */
#ifndef NET_ROS_TALK_H
#define NET_ROS_TALK_H

#include "net/ros_conn.h"
#include "net/ros_job.h"

struct routeros {
	struct routeros_target to;
	struct arena *life;
	struct arena *session; /* the decoder and its buffers: from open to close */
	struct ros_conn conn;  /* conn.fd -1: closed */
	struct ros_decoder *in;
	int64_t budget; /* a time of clock_ms(), or INT64_MAX */
	unsigned tags;  /* tags used so far on this connection */
	enum routeros_fault fault;
	struct ros_trap trap;
	const char *version; /* the router's version, in session */
};

struct talk {
	struct routeros_job *jobs;
	size_t n;
	bool tagged;        /* false: one job at a time */
	int read_ms;        /* longest silence of the router */
	int total_ms;       /* longest time for each job */
	const char *why;    /* of a failure, for people */
	const char *path;   /* the command that failed */
	bool hung_up;       /* the router closed after its last answer: close the connection */
	enum rc row_rc;     /* of the first row function that failed; RC_OK: none did */
	struct err row_err; /* the error of that function */
};

/*
 * Send the jobs and read all their answers into their replies. After a fault the bytes on
 * the connection match no command: close it. row_rc is no fault.
 */
enum routeros_fault ros_talk(struct ctx *, struct routeros *, struct talk *);

#endif
