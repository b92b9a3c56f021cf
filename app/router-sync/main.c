/* main.c: router-sync, see router-sync.8. */
#include "base/crypt.h"
#include "base/daemon.h"
#include "base/log.h"
#include "base/value.h"
#include "db/db.h"
#include "router/router.h"
#include "sync.h"

enum { OPT_ONCE, OPT_CHECK, OPT_ROUTER };

static const struct daemon_option options[] = {
	[OPT_ONCE] = { "--once", NULL, "do what is due, then end; 1 when something failed" },
	[OPT_CHECK] = { "--check", NULL, "compare routers with the database, make jobs, then end" },
	[OPT_ROUTER] = { "--router", "ID", "this router only" },
};

static const struct daemon program = {
	.name = "router-sync",
	.synopsis = "[--once | --check] [--router ID]",
	.summary = "makes routers hold what the database says",
	.options = options,
	.noptions = countof(options),
};

static enum rc
prepare(struct ctx *cx, const char *env, struct conf *conf)
{
	struct db_conf to;

	TRY(conf_load(cx, env, conf));
	TRY(crypt_open(cx, conf_text(conf, CONF_APP_KEY), conf_text(conf, CONF_APP_PREVIOUS_KEYS)));
	to = db_conf_of(cx, conf, program.name, "isp_router");
	to.answer_ms = 60000;
	cx->actor.name = program.name;
	TRY(db_open(cx, &to, &cx->db));
	return router_first(cx, conf);
}

/* The fault of the command line; NULL: none. */
static const char *
wrong_words(struct ctx *cx, const struct daemon_args *args)
{
	const char *router = args->val[OPT_ROUTER];

	if (args->nargs > 0)
		return arena_printf(cx->mem, "there is no argument %s", args->args[0]);
	if (router != NULL && !value_is_uuid(router))
		return arena_printf(cx->mem, "--router: %s is no router's id", router);
	return NULL;
}

int
main(int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(16384);
	_cleanup_(arena_freep) struct arena *mem = arena_new(65536);
	struct ctx cx = { .mem = life, .request_id = "", .ip = "" };
	struct daemon_args args;
	struct conf conf;
	struct sync s;
	const char *wrong;
	int code;

	(void)argc;
	log_open(program.name);
	daemon_args(&cx, &program, argv, &args);
	wrong = wrong_words(&cx, &args);
	if (wrong != NULL)
		return daemon_usage(&program, wrong);
	daemon_signals();
	if (prepare(&cx, args.env, &conf) != RC_OK)
		return daemon_fail(&cx, &program);
	s = (struct sync){ .env = args.env, .once = args.val[OPT_ONCE] != NULL };
	cx.mem = mem;
	if (args.val[OPT_CHECK] != NULL)
		code = check_run(&cx, args.val[OPT_ROUTER]);
	else if (args.val[OPT_ROUTER] != NULL)
		code = worker_run(&cx, &s, args.val[OPT_ROUTER]);
	else
		code = fleet_run(&cx, &s);
	db_close(cx.db);
	return code;
}
