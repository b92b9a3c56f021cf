/* main.c: router-sync, see router-sync.8. */
#include "base/value.h"
#include "router/router.h"
#include "router/sync.h"
#include "work/program.h"

enum { OPT_ONCE, OPT_CHECK, OPT_SAMPLE, OPT_ROUTER };

static const struct daemon_option options[] = {
	[OPT_ONCE] = { "--once", NULL, "do what is due, then end; 1 when something failed" },
	[OPT_CHECK] = { "--check", NULL, "compare routers with the database, make jobs, then end" },
	[OPT_SAMPLE] = { "--sample", NULL, "sample the sessions of routers whose turn it is" },
	[OPT_ROUTER] = { "--router", "ID", "this router only" },
};

static const char *
fault(struct ctx *cx, const struct daemon_args *args)
{
	if (args->val[OPT_ROUTER] == NULL || value_is_uuid(args->val[OPT_ROUTER]))
		return NULL;
	return arena_printf(cx->mem, "--router: %s is no router's id", args->val[OPT_ROUTER]);
}

static int
run(struct ctx *cx, const struct program *p, const struct daemon_args *args)
{
	const struct sync s = { .env = args->env, .once = args->val[OPT_ONCE] != NULL };
	const char *router = args->val[OPT_ROUTER];

	if (router_first(cx, cx->conf) != RC_OK)
		return daemon_fail(cx, &p->self);
	if (args->val[OPT_CHECK] != NULL)
		return sync_check(cx, router);
	if (args->val[OPT_SAMPLE] != NULL)
		return sync_sample(cx);
	return router != NULL ? sync_worker(cx, &s, router) : sync_fleet(cx, &s);
}

int
main(int argc, char **argv)
{
	static const struct program program = {
		.self = { "router-sync", "[[--once | --check] [--router ID] | --sample]",
		    "makes routers hold what the database says", options, countof(options) },
		.role = "isp_router",
		.opens_keys = true,
		.answer_ms = 60000,
		.fault = fault,
		.is_service = program_has_no_option,
		.run = run,
	};

	return program_run(&program, argc, argv);
}
