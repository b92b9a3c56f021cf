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
