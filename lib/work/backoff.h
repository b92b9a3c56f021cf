/*
 * backoff.h: the pause between two tries, doubled with each failure.
 *
 * The one back-off of the programs; jobs in the database have theirs in SQL
 * (backoff() in sql/functions/work.sql).
 */
#ifndef WORK_BACKOFF_H
#define WORK_BACKOFF_H

struct backoff {
	int first_ms, most_ms;
	int ms; /* the pause after the last failure; 0: the last try succeeded */
};

/* A try failed: the pause before the next one, in ms. */
int backoff_next(struct backoff *);
/* A try succeeded. */
void backoff_reset(struct backoff *);

#endif
