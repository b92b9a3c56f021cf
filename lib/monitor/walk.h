/*
 * walk.h: collects the interface tables of a device from GETBULK replies.
 *
 * Values are assigned by their names, never by their position: agents send more, fewer and
 * other rows than requested. A column ends when its names leave it, do not grow or are
 * absent, so that an agent that repeats itself ends it, too; so does the limit of rows.
 */
#ifndef MONITOR_WALK_H
#define MONITOR_WALK_H

#include "monitor/device.h"

enum walk_column {
	WALK_DESCR,
	WALK_SPEED,
	WALK_ADMIN,
	WALK_OPER,
	WALK_NAME,
	WALK_HIGH_SPEED,
	WALK_ALIAS,
	WALK_COLUMNS
};

enum { WALK_ROWS_MAX = 4096 };

struct walk {
	struct arena *mem;
	struct device_row *rows; /* by index, ascending */
	size_t nrows, max;
	int64_t last[WALK_COLUMNS]; /* the last index received */
	bool is_over[WALK_COLUMNS];
	int first, count; /* the columns of the next request */
	enum walk_column asked[WALK_COLUMNS];
};

void walk_begin(struct walk *, struct arena *);
/* The names to request next, at most 4; 0: the walk is complete. */
size_t walk_next(struct walk *, struct snmp_oid *ret);
void walk_take(struct walk *, const struct snmp_var *, size_t n);
/* The agent lacks the column (version 1) of this question, counted from 0. */
void walk_skip(struct walk *, size_t question);
/*
 * The rows with their names: ifName, else ifDescr, else "ifN". Among rows with the same name
 * the one that is up, else the last, is kept: some devices keep dead rows.
 */
void walk_end(struct walk *);

#endif
