/* command.c: the commands, each in a file of its noun. */
#include <string.h>

#include "ctl/ctl.h"

#define BIT(option) (1U << OPT_##option)
#define IMPORT      (BIT(DATE) | BIT(UNTIL) | BIT(DRY_RUN))

static const struct command commands[] = {
	{ "user add", 1, NEED_DATABASE, cmd_user_add, BIT(ADMIN) | BIT(ROLE) | BIT(NAME) },
	{ "user list", 0, NEED_DATABASE, cmd_user_list },
	{ "user passwd", 1, NEED_DATABASE, cmd_user_passwd },
	{ "key generate", 0, NEED_NOTHING, cmd_key_generate },
	{ "key rotate", 0, NEED_KEYS, cmd_key_rotate },
	{ "router list", 0, NEED_DATABASE, cmd_router_list },
	{ "router test", 1, NEED_KEYS, cmd_router_test },
	{ "router plan", 0, NEED_KEYS, cmd_router_plan, BIT(ROUTER) | BIT(JSON) },
	{ "router apply", 0, NEED_KEYS, cmd_router_apply, BIT(ROUTER) | BIT(FORCE) },
	{ "router isolate-commands", 1, NEED_DATABASE, cmd_router_isolate_commands },
	{ "billing preview", 0, NEED_DATABASE, cmd_billing_preview, BIT(DATE) },
	{ "billing runs", 0, NEED_DATABASE, cmd_billing_runs },
	{ "billing undo", 1, NEED_DATABASE, cmd_billing_undo },
	{ "midtrans reconcile", 0, NEED_DATABASE, cmd_midtrans_reconcile, BIT(DUE) },
	{ "import routers", 0, NEED_KEYS, cmd_import_routers, BIT(ROUTER) | IMPORT },
	{ "import mikhmon", 0, NEED_KEYS, cmd_import_routers, BIT(ROUTER) | IMPORT },
	{ "import", 2, NEED_KEYS, cmd_import, IMPORT },
	{ "health", 0, NEED_DATABASE, cmd_health },
	{ "check", 0, NEED_DATABASE, cmd_check, BIT(DATE) | BIT(DAYS) },
	{ "restore-proof", 2, NEED_DATABASE, cmd_restore_proof },
	{ "user setup-token", 0, NEED_DATABASE, cmd_user_setup_token },
};

static const struct daemon_option options[] = {
	[OPT_ADMIN] = { "--admin", NULL, "user add: with the role admin" },
	[OPT_ROLE] = { "--role", "ROLE", "user add: admin, operator or viewer (operator)" },
	[OPT_NAME] = { "--name", "NAME", "user add: the name of the person (the e-mail)" },
	[OPT_DATE] = { "--date", "D", "billing preview, import, check --days: the day (today)" },
	[OPT_DRY_RUN] = { "--dry-run", NULL, "import: print what would be done, change nothing" },
	[OPT_UNTIL] = { "--until", "D", "import: paid up to here, where a line names no day" },
	[OPT_DUE] = { "--due", NULL, "midtrans reconcile: only those whose back-off is over" },
	[OPT_ROUTER] = { "--router", "NAME",
	    "router plan, apply, import routers|mikhmon: this one (all active)" },
	[OPT_JSON] = { "--json", NULL, "router plan: as JSON" },
	[OPT_DAYS] = { "--days", NULL, "check: also the lines that owe days, and why" },
	[OPT_FORCE] = { "--force", NULL, "router apply: beyond the bounds too" },
};

const struct daemon command_program = {
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
	    "  billing runs           the last 20 runs, with their numbers\n"
	    "  billing undo NUMBER    switch on again all lines that a run switched off\n"
	    "  midtrans reconcile     ask Midtrans about every payment attempt that is still open\n"
	    "  import SOURCE FILE     take customers from csv (or XLSX), phpnuxbill, laravel\n"
	    "  import routers|mikhmon  take what live routers hold; nothing is written on them\n"
	    "  health                 is all well? exit 1 if not\n"
	    "  check                  hold every rule against the data: exit 1 naming rows\n"
	    "  user setup-token       print the token that the first registration asks for\n"
	    "  setup [OPTION ...]     make this machine a running system; see setup --help\n"
	    "  upgrade [OPTION ...]   follow a new package\n"
	    "  backup DIR [KEEP]      dump the database into DIR, keep the newest KEEP (30)\n"
	    "  restore FILE --into DB bring a dump back as another database\n"
	    "  restore-test FILE | --newest DIR   prove a dump in a cluster that is thrown away\n"
	    "  restore-proof FILE SECONDS         record such a proof, as restore-test does\n",
};

void
command_row_by_row(struct ctx *cx)
{
	daemon_signals();
	cx->stopping = daemon_stopping;
}

/* Count the arguments that are this command's words; 0: another command. */
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

const struct command *
command_find(const struct daemon_args *args, const char *const **ret_rest)
{
	for (size_t i = 0; i < countof(commands); i++) {
		size_t n = match(commands[i].words, args->args);

		if (n == 0 || args->nargs != n + commands[i].nargs)
			continue;
		*ret_rest = args->args + n;
		return &commands[i];
	}
	return NULL;
}

/* Say why no command was found: the words are unknown, or the number of arguments is wrong. */
static const char *
not_found(struct ctx *cx, const struct daemon_args *args)
{
	if (args->nargs == 0)
		return "a command must be given";
	for (size_t i = 0; i < countof(commands); i++) {
		size_t n = match(commands[i].words, args->args);

		if (n > 0)
			return arena_printf(cx->mem, "%s takes %zu argument%s, not %zu",
			    commands[i].words, commands[i].nargs, commands[i].nargs == 1 ? "" : "s",
			    args->nargs - n);
	}
	return "there is no such command";
}

const char *
command_usage_error(struct ctx *cx, const struct command *cmd, const struct daemon_args *args)
{
	if (cmd == NULL)
		return not_found(cx, args);
	for (size_t i = 0; i < countof(options); i++)
		if (args->val[i] != NULL && (cmd->takes & (1U << i)) == 0)
			return arena_printf(cx->mem, "%s takes no %s", cmd->words, options[i].name);
	if (args->val[OPT_ADMIN] != NULL && args->val[OPT_ROLE] != NULL)
		return "these exclude each other: --admin, --role";
	return NULL;
}

/* True when the error names an option of this command: a field has the name of its option. */
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

int
command_exit_code(const struct ctx *cx, const struct daemon_args *args, enum rc rc)
{
	if (rc == RC_OK)
		return EXIT_DONE;
	return is_usage(&cx->err, args) ? daemon_usage(&command_program, cx->err.msg)
					: daemon_fail(cx, &command_program);
}
