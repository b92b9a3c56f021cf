/* main.c: isp-api, the FastCGI workers behind nginx. */
#include "base/daemon.h"
#include "base/log.h"
#include "http/limit.h"
#include "http/prefork.h"
#include "isp_api.h"

static const struct daemon_option options[] = {
	[OPT_ENV] = { "--print-env", NULL, "NAME=value of every key that is set, secrets too" },
	[OPT_LIBPQ] = { "--print-libpq", NULL,
	    "PG... variables of the database, for libpq's programs" },
	[OPT_ROUTES] = { "--print-routes", NULL,
	    "every address, its method, permission bits and pool" },
	[OPT_OPENAPI] = { "--print-openapi", NULL, "the OpenAPI document of every address" },
	[OPT_NGINX] = { "--print-nginx", NULL, "the pool of each address, as nginx reads it" },
	[OPT_SQL] = { "--print-sql", NULL, "the statements composed for plain resources" },
	[OPT_ORIGINS] = { "--print-origins", NULL,
	    "who may call from a browser, as nginx wants to know it" },
	[OPT_ISOLIR] = { "--print-isolir", NULL, "nginx's server for isolated customers" },
};

const struct daemon isp_api_program = {
	.name = "isp-api",
	.synopsis = "[--print-env | --print-libpq | --print-routes | --print-openapi |"
		    " --print-nginx | --print-sql | --print-origins | --print-isolir]",
	.summary = "Serves /api to a web server that speaks FastCGI.",
	.options = options,
	.noptions = countof(options),
};

int
main(int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(16384);
	struct ctx cx = { .mem = life };
	struct pool pools[ISP_API_POOLS];
	struct daemon_args args;
	struct conf cf;
	int code;

	(void)argc;
	log_open(isp_api_program.name);
	daemon_args(&cx, &isp_api_program, argv, &args);
	if (args.nargs > 0)
		return daemon_usage(&isp_api_program, "it takes no arguments");
	code = isp_api_print(&cx, &args);
	if (code >= 0)
		return code;
	if (isp_api_configure(&cx, args.env, &cf) != RC_OK)
		return daemon_fail(&cx, &isp_api_program);
	isp_api_pools(&cx, &cf, pools);
	limit_open();
	daemon_signals();
	log_event(LOG_INFO, "start", "version", ISP_VERSION, NULL);
	if (prefork_run(&cx, pools, ISP_API_POOLS, isp_api_work, &args) != RC_OK)
		return daemon_fail(&cx, &isp_api_program);
	log_event(LOG_INFO, "stop", NULL);
	return EXIT_DONE;
}
