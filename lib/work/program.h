/*
 * program.h: the way of every program from its command line to its work.
 *
 * program_run() reads the command line and the env file, opens the keys and the database with the
 * rights of the program's role, does its work and closes what it opened.  The work finds
 * its settings in cx->conf and has an arena of its own in cx->mem, which it may empty.
 */
#ifndef WORK_PROGRAM_H
#define WORK_PROGRAM_H

#include "base/daemon.h"

struct program {
	struct daemon self;
	const char *role; /* of the database */
	bool opens_keys;  /* the program reads sealed values */
	bool sets_actor;  /* its name goes into billing_logs and audit_logs */
	bool may_stop;    /* long work ends between two rows, see daemon.h */
	int lock_ms;      /* lock_timeout; 0: none */
	int answer_ms;    /* a database silent for so long is given up */
	/* The fault of the command line, or NULL.  Without this function only options are known. */
	const char *(*fault)(struct ctx *, const struct daemon_args *);
	/* True: wait for a database that cannot be reached.  NULL: never wait. */
	bool (*is_service)(const struct daemon_args *);
	/* True: run without settings and database.  NULL: never. */
	bool (*opens_nothing)(const struct daemon_args *);
	/* An exit code. */
	int (*run)(struct ctx *, const struct program *, const struct daemon_args *);
};

int program_run(const struct program *, int argc, char **argv);

/* An is_service of programs that end with any option: true without one but --env. */
bool program_has_no_option(const struct daemon_args *);

/*
 * The exit code for the outcome of the work. A failure (rc) is shown as by daemon_fail().
 * *well false: a part failed, and the program went on. NULL: no part can. It is a pointer,
 * because the work that sets it may stand in the same call, and C evaluates arguments in
 * any order.
 */
int program_exit(const struct ctx *, const struct program *, enum rc, const bool *well);

#endif
