/* ctl.h: the interface between the commands of ispctl. */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include "base/daemon.h"
#include "db/db.h"

enum {
	OPT_ADMIN,
	OPT_ROLE,
	OPT_NAME,
	OPT_DATE,
	OPT_DUE,
	OPT_ROUTER,
	OPT_JSON,
	OPT_FORCE,
	OPT_DRY_RUN,
	OPT_UNTIL,
	OPT_DAYS
};

struct ispctl {
	struct ctx *cx; /* has a database, except for commands with NEED_NOTHING */
	const struct conf *cf;
	const struct daemon_args *args;
	const char *const *rest; /* the words after the command; ends with NULL */
};

enum need { NEED_NOTHING, NEED_DATABASE, NEED_KEYS }; /* NEED_KEYS includes the database */

struct command {
	const char *words; /* "user add" */
	size_t nargs;      /* number of arguments after the words */
	enum need need;
	enum rc (*run)(struct ispctl *);
	unsigned takes; /* the options that it reads, a bit each */
};

/* The name, options and help of ispctl. */
extern const struct daemon command_program;

/* The exit code for the outcome of a command; a failure is printed. */
int command_exit_code(const struct ctx *, const struct daemon_args *, enum rc);

/* Find the command that the arguments name; NULL: none.  *ret_rest: arguments after its words. */
const struct command *command_find(const struct daemon_args *, const char *const **ret_rest);

/*
 * Name the fault of a command (NULL: there is none of these words) or of its options; NULL: none.
 * An option that the command does not read is a fault: a dry run must not become a real one.
 */
const char *command_usage_error(struct ctx *, const struct command *, const struct daemon_args *);

/* Let a signal end this command between two rows; other commands end at once. */
void command_row_by_row(struct ctx *);

enum rc cmd_user_add(struct ispctl *);
enum rc cmd_user_list(struct ispctl *);
enum rc cmd_user_passwd(struct ispctl *);
enum rc cmd_key_generate(struct ispctl *);
enum rc cmd_key_rotate(struct ispctl *);
enum rc cmd_router_list(struct ispctl *);
enum rc cmd_router_test(struct ispctl *);
enum rc cmd_router_plan(struct ispctl *);
enum rc cmd_router_apply(struct ispctl *);
enum rc cmd_router_isolate_commands(struct ispctl *);
enum rc cmd_billing_preview(struct ispctl *);
enum rc cmd_billing_runs(struct ispctl *);
enum rc cmd_billing_undo(struct ispctl *);
enum rc cmd_midtrans_reconcile(struct ispctl *);
enum rc cmd_import(struct ispctl *);
enum rc cmd_import_routers(struct ispctl *);

/* The routers of a command, and how many of them failed so far. */
struct ctl_routers {
	const char **ids;
	size_t n, failed;
	enum rc rc; /* of the last that failed */
};

/* Find the router of --router; without it all active ones. */
enum rc ctl_routers_find(struct ispctl *, struct ctl_routers *ret) _must_check_;
/*
 * Print and count the failure of one router, so that the command goes on with the others. Returns
 * the failure, unprinted, where there are no others.
 */
enum rc ctl_router_failed(struct ispctl *, struct ctl_routers *) _must_check_;
/* Fail when any router failed. */
enum rc ctl_routers_outcome(struct ispctl *, const struct ctl_routers *) _must_check_;

enum rc cmd_health(struct ispctl *);
enum rc cmd_restore_proof(struct ispctl *);
enum rc cmd_check(struct ispctl *);
enum rc cmd_user_setup_token(struct ispctl *);

/* Become the script, if the command is one; else return. */
void script_run(char **argv);

#endif
