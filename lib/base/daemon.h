/*
 * daemon.h: command line, exit codes and signals of every program.
 *
 * All programs understand --help, --version and --env FILE, and share a table of exit
 * codes: 0 done, 1 something failed (one line on stderr), 2 usage, 75 try later. SIGTERM
 * and SIGINT only raise a flag and make daemon_signal_fd() readable, so that a program
 * ends between two pieces of work. A program that puts daemon_stopping() into its context
 * as `stopping` also ends long work between two rows, with 75: finished rows stay, and the
 * next run does the rest.
 */
#ifndef BASE_DAEMON_H
#define BASE_DAEMON_H

#include <stdbool.h>

#include "base/conf.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_LATER = 75 };

struct daemon_option {
	const char *name;  /* "--date" */
	const char *value; /* "D", what it takes; NULL: nothing */
	const char *help;
};

struct daemon {
	const char *name;     /* "billing-cron" */
	const char *synopsis; /* "[--date D] [--dry-run]" */
	const char *summary;  /* one line */
	const struct daemon_option *options;
	size_t noptions;
	const char *more; /* more text for --help, or NULL */
};

enum { DAEMON_OPTIONS_MAX = 16 };

/* The parsed command line. */
struct daemon_args {
	const char *env;                     /* --env FILE, or NULL */
	const char *val[DAEMON_OPTIONS_MAX]; /* by index of the option; "" when it takes no value */
	const char *const *args;             /* arguments that are no options; ends with NULL */
	size_t nargs;
};

/*
 * Parse the command line. --help and --version print and end the process with 0; an
 * unknown option ends it with 2 and one line, and so do two options that the synopsis
 * separates by '|'. An option may stand anywhere; "--" ends the options. An empty value is
 * refused: a shell variable was never set.
 */
void daemon_args(struct ctx *, const struct daemon *, char **argv, struct daemon_args *ret);

/* One line on stderr: "NAME: msg" with detail, for a failure that ends the program; its exit code.
 */
int daemon_fail(const struct ctx *, const struct daemon *);
int daemon_exit(enum rc);
/* The same for a wrong command line: EXIT_USAGE. */
int daemon_usage(const struct daemon *, const char *what);

/* Catch SIGTERM, SIGINT and SIGHUP, ignore SIGPIPE. */
void daemon_signals(void);
bool daemon_stopping(void); /* SIGTERM or SIGINT came */
bool daemon_hup(void);      /* SIGHUP came since the last call */
int daemon_signal_fd(void); /* readable when a signal came; drained by the two above */

/* RC_RETRY when cx->stopping is true. Long work calls this between two rows. */
enum rc daemon_check_stop(struct ctx *) _must_check_;

#endif
