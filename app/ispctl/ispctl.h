/* ispctl.h: what the commands of ispctl share. */
#ifndef ISPCTL_H
#define ISPCTL_H

#include "base/daemon.h"
#include "db/db.h"

enum { OPT_ADMIN, OPT_ROLE, OPT_NAME, OPT_DATE, OPT_DUE };

struct ispctl {
	struct ctx *cx; /* with a database, but for commands that need none */
	const struct conf *cf;
	const struct daemon_args *args;
	const char *const *rest; /* the words after the command; ends with NULL */
};

enum need { NEED_NOTHING, NEED_DATABASE, NEED_KEYS }; /* the last needs both */

struct command {
	const char *words; /* "user add" */
	size_t nargs;      /* after the words */
	enum need need;
	enum rc (*run)(struct ispctl *);
};

/* Which command the arguments are; NULL: none.  *ret_rest: what stands after its words. */
const struct command *command_find(const struct daemon_args *, const char *const **ret_rest);

/* A signal ends this one between two rows; all others it ends where they are. */
void command_row_by_row(struct ctx *);

enum rc cmd_user_add(struct ispctl *);
enum rc cmd_user_list(struct ispctl *);
enum rc cmd_user_passwd(struct ispctl *);
enum rc cmd_key_generate(struct ispctl *);
enum rc cmd_key_rotate(struct ispctl *);
enum rc cmd_router_list(struct ispctl *);
enum rc cmd_router_test(struct ispctl *);
enum rc cmd_billing_preview(struct ispctl *);
enum rc cmd_midtrans_reconcile(struct ispctl *);
enum rc cmd_health(struct ispctl *);
enum rc cmd_check(struct ispctl *);
enum rc cmd_setup(struct ispctl *);

#endif
