/* main.c: the sysadmin's command (ispctl.8): find the command, open what it needs, run it. */
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/log.h"
#include "ctl/ctl.h"

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
	*dc = db_conf_of(cx, cf, command_program.name, NULL);
	dc->lock_ms = 10000;
	TRY(db_open(cx, dc, &cx->db));
	db_set_actor(cx);
	return cmd->run(ctl);
}

int
main(int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *mem = arena_new(16384);
	struct ctx cx = { .mem = mem,
		.actor = { .name = command_program.name },
		.request_id = "",
		.ip = "" };
	struct daemon_args args;
	struct conf cf;
	struct db_conf dc;
	struct ispctl ctl = { .cx = &cx, .cf = &cf, .args = &args };
	const struct command *cmd;
	const char *why;
	int code;

	(void)argc;
	log_open(command_program.name);
	script_run(argv);
	/* The owner's commands: also where DATABASE_URL, as it should, names no user. */
	(void)setenv("PGUSER", "isp_owner", 0);
	daemon_args(&cx, &command_program, argv, &args);
	cmd = command_find(&args, &ctl.rest);
	why = command_usage_error(&cx, cmd, &args);
	if (why != NULL)
		return daemon_usage(&command_program, why);
	code = command_exit_code(&cx, &args, open_and_run(&ctl, cmd, &cf, &dc));
	db_close(cx.db);
	return code;
}
