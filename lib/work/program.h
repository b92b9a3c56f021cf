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
	const char *role; /* at the database */
	bool opens_keys;  /* it reads sealed values */
	bool sets_actor;  /* its name stands in billing_logs and audit_logs */
	bool may_stop;    /* long work ends between two rows, see daemon.h */
	int lock_ms;      /* lock_timeout; 0: none */
	int answer_ms;    /* a database silent for so long is given up */
	/* The fault of the command line, NULL: none.  NULL: only options are understood. */
	const char *(*fault)(struct ctx *, const struct daemon_args *);
	/* A service waits for a database that is away; NULL: none does. */
	bool (*is_service)(const struct daemon_args *);
	/* Work without settings and database; NULL: none is. */
	bool (*opens_nothing)(const struct daemon_args *);
	/* An exit code. */
	int (*run)(struct ctx *, const struct program *, const struct daemon_args *);
};

int program_run(const struct program *, int argc, char **argv);

/* An is_service of programs whose every option ends them: nothing but --env was given. */
bool program_has_no_option(const struct daemon_args *);

/*
 * The exit code of work that ended so; a failure (rc) is shown as daemon_fail() does.  *well false:
 * something failed, though the program went on.  NULL: nothing can.  A pointer, because the work
 * that sets it may stand in the same call, and C evaluates arguments in any order.
 */
int program_exit(const struct ctx *, const struct program *, enum rc, const bool *well);

#endif
