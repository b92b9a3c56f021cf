/* main.c: isp-api, the FastCGI workers behind nginx. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "base/conf.h"
#include "base/crypt.h"
#include "base/daemon.h"
#include "base/log.h"
#include "http/fcgi.h"
#include "http/prefork.h"
#include "service/gateway.h"

enum { CONNS_MAX = 1024, STATEMENT_MS = 20000, LOCK_MS = 5000, ANSWER_MS = 25000, POOLS = 4 };

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

/* A pool before its configuration. */
static const struct plan {
	const char *name;
	enum conf_key workers;
	int backlog, nice;
	size_t conns_max;
} plans[POOLS] = {
	{ "fast", CONF_API_FAST_WORKERS, 1024, 0, CONNS_MAX },
	{ "login", CONF_API_LOGIN_WORKERS, 64, 10, 1 },
	{ "router", CONF_API_ROUTER_WORKERS, 64, 0, 1 },
	{ "gateway", CONF_API_GATEWAY_WORKERS, 64, 0, 1 },
};

static int
print_routes(void)
{
	for (size_t i = 0; i < api_nroutes; i++)
		(void)printf("%-7s 0x%02x %s\n", api_routes[i].method, api_routes[i].perm,
		    api_routes[i].path);
	return EXIT_DONE;
}

static int
print_sql(struct ctx *cx)
{
	struct sb out = sb_new(cx->mem);

	for (size_t i = 0; i < api_nroutes; i++)
		if (api_routes[i].fn == crud_list)
			crud_print(&out, api_routes[i].arg);
	(void)fputs(out.buf, stdout);
	return EXIT_DONE;
}

/* In development browsers also come from the usual places of a development server. */
static const char *
origins(struct ctx *cx, const struct conf *cf)
{
	const char *own = conf_text(cf, CONF_FRONTEND_URL);

	if (conf_production(cf))
		return own;
	return arena_printf(cx->mem,
	    "%s,http://localhost:5173,http://localhost:3000,http://localhost:8080", own);
}

static int
print_origins(struct ctx *cx, const struct conf *cf)
{
	struct sb out = sb_new(cx->mem);

	http_print_origins(&out, origins(cx, cf));
	(void)fputs(out.buf, stdout);
	return EXIT_DONE;
}

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
	const char *today = conf_text(cf, CONF_APP_TODAY);
	const struct db_conf dc = {
		.conninfo = conf_database(cx, cf),
		.role = "isp_api",
		.program = program.name,
		.timezone = conf_text(cf, CONF_APP_TIMEZONE),
		.today = today[0] != '\0' ? today : NULL,
		.statement_ms = STATEMENT_MS,
		.lock_ms = LOCK_MS,
		.answer_ms = ANSWER_MS,
	};

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
		.origins = origins(&cx, &cf),
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

/* DIR/fast.sock and so on; of HOST:PORT the ports from there on. */
static const char *
address_of(struct ctx *cx, const char *where, size_t i)
{
	const char *colon = strrchr(where, ':');

	if (where[0] == '/' || colon == NULL)
		return arena_printf(cx->mem, "%s/%s.sock", where, plans[i].name);
	return arena_printf(cx->mem, "%.*s:%ld", (int)(colon - where), where,
	    strtol(colon + 1, NULL, 10) + (long)i);
}

static void
make_pools(struct ctx *cx, const struct conf *cf, struct pool *ret)
{
	for (size_t i = 0; i < POOLS; i++) {
		int workers = (int)conf_int(cf, plans[i].workers);

		ret[i] = (struct pool){
			.name = plans[i].name,
			.address = address_of(cx, conf_text(cf, CONF_API_SOCKET_DIR), i),
			.workers = workers > 0 ? workers : 2 * (int)sysconf(_SC_NPROCESSORS_ONLN),
			.backlog = plans[i].backlog,
			.nice = plans[i].nice,
			.conns_max = plans[i].conns_max,
		};
	}
}

int
main(int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(16384);
	struct ctx cx = { .mem = life };
	struct pool pools[POOLS];
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
	make_pools(&cx, &cf, pools);
	daemon_signals();
	log_event(LOG_INFO, "start", "version", ISP_VERSION, NULL);
	if (prefork_run(&cx, pools, POOLS, work, &args) != RC_OK)
		return daemon_fail(&cx, &program);
	log_event(LOG_INFO, "stop", NULL);
	return EXIT_DONE;
}
