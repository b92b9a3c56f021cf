/* main.c: the sysadmin's command (ispctl.8): find the command, open what it needs, run it. */
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/log.h"
#include "ispctl.h"

static const struct daemon_option options[] = {
	[OPT_ADMIN] = { "--admin", NULL, "user add: with the role admin" },
	[OPT_ROLE] = { "--role", "ROLE", "user add: admin, operator or viewer (operator)" },
	[OPT_NAME] = { "--name", "NAME", "user add: the name of the person (the e-mail)" },
	[OPT_DATE] = { "--date", "D", "billing preview, check --days: the business date (today)" },
	[OPT_DRY_RUN] = { "--dry-run", NULL, "import: say what would be taken, change nothing" },
	[OPT_UNTIL] = { "--until", "D", "import: paid up to here, where a line names no day" },
	[OPT_DUE] = { "--due", NULL, "midtrans reconcile: only those whose turn it is" },
	[OPT_ROUTER] = { "--router", "NAME",
	    "router plan, apply, import routers: this one (all active ones)" },
	[OPT_JSON] = { "--json", NULL, "router plan: as JSON" },
	[OPT_DAYS] = { "--days", NULL, "check: also the lines that owe days, and why" },
	[OPT_FORCE] = { "--force", NULL, "router apply: beyond the bounds too" },
};

static const struct daemon self = {
	.name = "ispctl",
	.synopsis = "COMMAND",
	.summary = "See to an ISP Billing system from the shell.",
	.options = options,
	.noptions = countof(options),
	.more =
	    "commands:\n"
	    "  user add EMAIL         make a user; the password is read from standard input\n"
	    "  user list              who may log in\n"
	    "  user passwd EMAIL      a new password, read from standard input; ends all sessions\n"
	    "  key generate           print a new APP_KEY\n"
	    "  key rotate             seal every secret with the present APP_KEY\n"
	    "  router list            the routers\n"
	    "  router test NAME       log in to a router and say what answers\n"
	    "  router plan            what differs between the routers and the database\n"
	    "  router apply           put that right\n"
	    "  router isolate-commands NAME   what to type on a router for suspend_mode isolate\n"
	    "  billing preview        what the next billing run would do\n"
	    "  midtrans reconcile     ask Midtrans about every payment that is not over\n"
	    "  import SOURCE FILE     take customers from csv (or XLSX), phpnuxbill, laravel\n"
	    "  import routers|mikhmon take what live routers hold; nothing is written on them\n"
	    "  health                 is all well? exit 1 if not\n"
	    "  check                  hold every rule against the data: exit 1 naming rows\n"
	    "  user setup-token       print the token that the first registration asks for\n"
	    "  setup, upgrade         make this machine a running system; follow a new package\n"
	    "  backup DIR [KEEP]      dump the database into DIR\n"
	    "  restore FILE --into DB bring a dump back as another database\n"
	    "  restore-test FILE      prove a dump in a cluster that is thrown away\n",
};

static enum rc
open_and_run(struct ispctl *ctl, const struct command *cmd, struct conf *cf, struct db_conf *dc)
{
	struct ctx *cx = ctl->cx;

	if (cmd->need == NEED_NOTHING)
		return cmd->run(ctl);
	TRY(conf_load(cx, ctl->args->env, cf));
	if (cmd->need == NEED_KEYS)
		TRY(crypt_open(cx, conf_text(cf, CONF_APP_KEY),
		    conf_text(cf, CONF_APP_PREVIOUS_KEYS)));
	*dc = db_conf_of(cx, cf, self.name, NULL);
	dc->lock_ms = 10000;
	TRY(db_open(cx, dc, &cx->db));
	TRY(db_set_actor(cx));
	return cmd->run(ctl);
}

/* Fields are called as the options that fill them: a bad value of one is a matter of usage. */
static bool
is_usage(const struct err *e, const struct daemon_args *args)
{
	if (e->fields == NULL)
		return false;
	for (size_t i = 0; i < countof(options); i++)
		if (args->val[i] != NULL && strcmp(options[i].name + 2, e->fields->field) == 0)
			return true;
	return false;
}

static int
exit_code(const struct ctx *cx, const struct daemon_args *args, enum rc rc)
{
	if (rc == RC_OK)
		return EXIT_DONE;
	return is_usage(&cx->err, args) ? daemon_usage(&self, cx->err.msg) : daemon_fail(cx, &self);
}

int
main(int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *mem = arena_new(16384);
	struct ctx cx = { .mem = mem, .actor = { .name = self.name }, .request_id = "", .ip = "" };
	struct daemon_args args;
	struct conf cf;
	struct db_conf dc;
	struct ispctl ctl = { .cx = &cx, .cf = &cf, .args = &args };
	const struct command *cmd;
	int code;

	(void)argc;
	log_open(self.name);
	script_run(argv);
	/* The owner's commands: also where DATABASE_URL, as it should, names no user. */
	(void)setenv("PGUSER", "isp_owner", 0);
	daemon_args(&cx, &self, argv, &args);
	cmd = command_find(&args, &ctl.rest);
	if (cmd == NULL)
		return daemon_usage(&self,
		    args.nargs == 0 ? "a command must be given" : "there is no such command");
	code = exit_code(&cx, &args, open_and_run(&ctl, cmd, &cf, &dc));
	db_close(cx.db);
	return code;
}
