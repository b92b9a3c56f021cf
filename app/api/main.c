/* main.c: isp-api, the FastCGI workers behind nginx. */
#include "api/api.h"
#include "base/crypt.h"
#include "base/daemon.h"
#include "base/log.h"
#include "http/fcgi.h"
#include "http/prefork.h"
#include "isp_api.h"
#include "midtrans/gateway.h"

enum { STATEMENT_MS = 20000, LOCK_MS = 5000, ANSWER_MS = 25000 };

enum { OPT_ROUTES, OPT_SQL, OPT_ORIGINS };

static const struct daemon_option options[] = {
	[OPT_ROUTES] = { "--print-routes", NULL, "every address, its method and permission bits" },
	[OPT_SQL] = { "--print-sql", NULL, "the statements composed for plain resources" },
	[OPT_ORIGINS] = { "--print-origins", NULL,
	    "who may call from a browser, as nginx wants to know it" },
};

static const struct daemon program = {
	.name = "isp-api",
	.synopsis = "[--print-routes | --print-sql | --print-origins]",
	.summary = "Serves /api to a web server that speaks FastCGI.",
	.options = options,
	.noptions = countof(options),
};

/* Read anew by every worker: SIGHUP is enough to make a changed file count. */
static enum rc
configure(struct ctx *cx, const char *env, struct conf *cf)
{
	TRY(conf_load(cx, env, cf));
	return crypt_open(cx, conf_text(cf, CONF_APP_KEY), conf_text(cf, CONF_APP_PREVIOUS_KEYS));
}

static struct db *
database(struct ctx *cx, const struct conf *cf)
{
	struct db_conf dc = db_conf_of(cx, cf, program.name, "isp_api");

	dc.statement_ms = STATEMENT_MS;
	dc.lock_ms = LOCK_MS;
	dc.answer_ms = ANSWER_MS;
	return db_new(&dc);
}

static int
work(const struct pool *p, const struct pool_fds *fds, void *arg)
{
	const struct daemon_args *args = arg;
	_cleanup_(arena_freep) struct arena *life = arena_new(16384);
	_cleanup_(arena_freep) struct arena *mem = arena_new(65536);
	struct ctx cx = { .mem = life };
	struct conf cf;

	if (configure(&cx, args->env, &cf) != RC_OK)
		return daemon_fail(&cx, &program);
	cx.conf = &cf;
	cx.db = database(&cx, &cf);
	cx.gateway = gateway_new(life, &cf);
	const struct http_policy policy = {
		.routes = api_routes,
		.nroutes = api_nroutes,
		.authenticate = api_authenticate,
		.pass = db_gate_pass,
		.origins = isp_api_origins(&cx, &cf),
		.url = conf_text(&cf, CONF_APP_URL),
	};
	const struct fcgi_worker worker = {
		.cx = &cx,
		.policy = &policy,
		.listen_fd = fds->listen,
		.take_fd = fds->take,
		.give_fd = fds->give,
		.conns_max = p->conns_max,
		.wake_fd = daemon_signal_fd(),
		.stopping = daemon_stopping,
	};
	cx.mem = mem;
	prefork_ready();
	if (fcgi_run(&worker) != RC_OK)
		return daemon_fail(&cx, &program);
	db_close(cx.db);
	return EXIT_DONE;
}

int
main(int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(16384);
	struct ctx cx = { .mem = life };
	struct pool pools[ISP_API_POOLS];
	struct daemon_args args;
	struct conf cf;

	(void)argc;
	log_open(program.name);
	daemon_args(&cx, &program, argv, &args);
	if (args.nargs > 0)
		return daemon_usage(&program, "it takes no arguments");
	if (args.val[OPT_ROUTES] != NULL)
		return print_routes();
	if (args.val[OPT_SQL] != NULL)
		return print_sql(&cx);
	if (configure(&cx, args.env, &cf) != RC_OK)
		return daemon_fail(&cx, &program);
	if (args.val[OPT_ORIGINS] != NULL)
		return print_origins(&cx, &cf);
	isp_api_pools(&cx, &cf, pools);
	daemon_signals();
	log_event(LOG_INFO, "start", "version", ISP_VERSION, NULL);
	if (prefork_run(&cx, pools, ISP_API_POOLS, work, &args) != RC_OK)
		return daemon_fail(&cx, &program);
	log_event(LOG_INFO, "stop", NULL);
	return EXIT_DONE;
}
