/* main.c: the sysadmin's command (ispctl.8): find the command, open what it needs, run it. */
#include <stdio.h>
#include <string.h>

#include "base/crypt.h"
#include "base/log.h"
#include "ispctl.h"

static const struct daemon_option options[] = {
	[OPT_ADMIN] = { "--admin", NULL, "user add: with the role admin" },
	[OPT_ROLE] = { "--role", "ROLE", "user add: admin, operator or viewer (operator)" },
	[OPT_NAME] = { "--name", "NAME", "user add: the name of the person (the e-mail)" },
	[OPT_DATE] = { "--date", "D", "billing preview: the business date (today)" },
	[OPT_DUE] = { "--due", NULL, "midtrans reconcile: only those whose turn it is" },
};

enum need { NEED_NOTHING, NEED_DATABASE, NEED_KEYS }; /* the last needs both */

static const struct command {
	const char *words;
	size_t nargs;
	enum need need;
	enum rc (*run)(struct ispctl *);
} commands[] = {
	{ "user add", 1, NEED_DATABASE, cmd_user_add },
	{ "user list", 0, NEED_DATABASE, cmd_user_list },
	{ "user passwd", 1, NEED_DATABASE, cmd_user_passwd },
	{ "key generate", 0, NEED_NOTHING, cmd_key_generate },
	{ "key rotate", 0, NEED_KEYS, cmd_key_rotate },
	{ "router list", 0, NEED_DATABASE, cmd_router_list },
	{ "router test", 1, NEED_KEYS, cmd_router_test },
	{ "billing preview", 0, NEED_DATABASE, cmd_billing_preview },
	{ "midtrans reconcile", 0, NEED_DATABASE, cmd_midtrans_reconcile },
	{ "health", 0, NEED_DATABASE, cmd_health },
	{ "check", 0, NEED_DATABASE, cmd_check },
	{ "setup", 0, NEED_DATABASE, cmd_setup },
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
	    "  billing preview        what the next billing run would do\n"
	    "  midtrans reconcile     ask Midtrans about every payment that is not over\n"
	    "  health                 is all well? exit 1 if not\n"
	    "  check                  hold every rule against the data: exit 1 naming rows\n"
	    "  setup                  print the token that the first registration asks for\n",
};

/* The words of a command at the start of the arguments; how many, 0: not this one. */
static size_t
match(const char *words, const char *const *args)
{
	size_t n = 0;

	for (const char *p = words; *p != '\0'; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");

		if (args[n] == NULL || strlen(args[n]) != len || strncmp(args[n], p, len) != 0)
			return 0;
		n++;
		p += len;
	}
	return n;
}

static const struct command *
find_command(const struct daemon_args *args, const char *const **rest)
{
	for (size_t i = 0; i < countof(commands); i++) {
		size_t n = match(commands[i].words, args->args);

		if (n == 0 || args->nargs != n + commands[i].nargs)
			continue;
		*rest = args->args + n;
		return &commands[i];
	}
	return NULL;
}

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
	*dc = (struct db_conf){
		.conninfo = conf_database(cx, cf),
		.program = self.name,
		.timezone = conf_text(cf, CONF_APP_TIMEZONE),
		.today = conf_text(cf, CONF_APP_TODAY),
		.lock_ms = 10000,
	};
	TRY(db_open(cx, dc, &cx->db));
	TRY(db_who(cx));
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
	daemon_args(&cx, &self, argv, &args);
	cmd = find_command(&args, &ctl.rest);
	if (cmd == NULL)
		return daemon_usage(&self,
		    args.nargs == 0 ? "a command must be given" : "there is no such command");
	code = exit_code(&cx, &args, open_and_run(&ctl, cmd, &cf, &dc));
	db_close(cx.db);
	return code;
}
