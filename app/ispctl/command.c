/* command.c: the commands, each in a file of its noun. */
#include <string.h>

#include "ispctl.h"

static const struct command commands[] = {
	{ "user add", 1, NEED_DATABASE, cmd_user_add },
	{ "user list", 0, NEED_DATABASE, cmd_user_list },
	{ "user passwd", 1, NEED_DATABASE, cmd_user_passwd },
	{ "key generate", 0, NEED_NOTHING, cmd_key_generate },
	{ "key rotate", 0, NEED_KEYS, cmd_key_rotate },
	{ "router list", 0, NEED_DATABASE, cmd_router_list },
	{ "router test", 1, NEED_KEYS, cmd_router_test },
	{ "router plan", 0, NEED_KEYS, cmd_router_plan },
	{ "router apply", 0, NEED_KEYS, cmd_router_apply },
	{ "router isolate-commands", 1, NEED_DATABASE, cmd_router_isolate_commands },
	{ "billing preview", 0, NEED_DATABASE, cmd_billing_preview },
	{ "midtrans reconcile", 0, NEED_DATABASE, cmd_midtrans_reconcile },
	{ "import routers", 0, NEED_KEYS, cmd_import_routers },
	{ "import mikhmon", 0, NEED_KEYS, cmd_import_routers },
	{ "import", 2, NEED_KEYS, cmd_import },
	{ "health", 0, NEED_DATABASE, cmd_health },
	{ "check", 0, NEED_DATABASE, cmd_check },
	{ "restore-proof", 2, NEED_DATABASE, cmd_restore_proof },
	{ "user setup-token", 0, NEED_DATABASE, cmd_user_setup_token },
};

void
command_row_by_row(struct ctx *cx)
{
	daemon_signals();
	cx->stopping = daemon_stopping;
}

/* Count the arguments that are the words of this command; 0: another command. */
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
