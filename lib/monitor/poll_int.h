/* poll_int.h: the job of a device; shared by poll.c and poll_reading.c. */
#ifndef MONITOR_POLL_INT_H
#define MONITOR_POLL_INT_H

#include "monitor/poll.h"
#include "monitor/walk.h"
#include "net/resolve.h"

enum { QUESTIONS = 5 }; /* values read for each interface */
enum phase { WAITING, RESOLVING, SYSTEM, WALKING, READING, OVER };

/* One value that a reading requests: the uptime, or a value of an interface. */
struct question {
	struct snmp_oid oid;
	struct device_interface *interface; /* NULL: of the device itself */
	enum { ASK_UPTIME, ASK_NAME, ASK_IN, ASK_OUT, ASK_STATUS, ASK_DISCONTINUITY } what;
};

struct job {
	struct fleet *fleet;
	struct device *device;
	struct arena *mem; /* until the job ends: of 1,000 jobs, 500 are under way */
	struct snmp_agent *agent;
	enum phase phase;
	struct resolve lookup;
	int64_t started_at, sent_at;
	struct question *questions;
	size_t nquestions, asked_from, asked; /* asked: those of the current request */
	struct walk walk;
	int rows_at_once;
	bool was_walked, has_answered;
};

struct fleet {
	struct ctx *cx;
	struct snmp_engine *engine;
	struct poll_run *run;
	struct job *jobs;
	size_t n, next, under_way;
	struct device **done; /* results that the database does not have yet */
	size_t ndone;
	struct ctx batch; /* of the results that it is storing: its arena ends with them */
	const char *boot;
};

/* CLOCK_BOOTTIME: rates need a clock that runs while the machine is suspended. */
int64_t poll_clock_ms(void);

/* Make the questions for a device: its uptime, and each interface at its index. */
void poll_reading_begin(struct job *);
void poll_reading_take(struct job *, const struct snmp_reply *);
/* True when an interface is no longer at its index. */
bool poll_reading_moved(const struct device *);
void poll_reading_drop_moved(struct device *);
/*
 * Add questions for the 32-bit counters of interfaces that answered without 64-bit ones; false:
 * there are no such interfaces.
 */
bool poll_reading_retry_32_bit(struct job *);

#endif
