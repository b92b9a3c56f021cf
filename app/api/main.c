/* main.c: isp-api, the FastCGI workers behind nginx. */
#include <stdio.h>

#include "api/worker.h"
#include "base/log.h"
#include "http/limit.h"

static enum rc
serve(struct ctx *cx, struct daemon_args *args)
{
	struct pool pools[API_POOLS];
	struct conf cf;

	TRY(api_configure(cx, args->env, &cf));
	api_pools(cx, &cf, pools);
	limit_open();
	daemon_signals();
	log_event(LOG_INFO, "start", "version", ISP_VERSION, NULL);
	TRY(prefork_run(cx, pools, API_POOLS, api_work, args));
	log_event(LOG_INFO, "stop", NULL);
	return RC_OK;
}

int
main(int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(16384);
	struct ctx cx = { .mem = life };
	struct sb out = sb_new(life);
	struct daemon_args args;
	bool is_print;

	(void)argc;
	log_open(api_program.name);
	daemon_args(&cx, &api_program, argv, &args);
	if (args.nargs > 0)
		return daemon_usage(&api_program, "it takes no arguments");
	if (api_print(&cx, &args, &out, &is_print) != RC_OK)
		return daemon_fail(&cx, &api_program);
	if (is_print)
		(void)fputs(out.buf, stdout);
	else if (serve(&cx, &args) != RC_OK)
		return daemon_fail(&cx, &api_program);
	return EXIT_DONE;
}
