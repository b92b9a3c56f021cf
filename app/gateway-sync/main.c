/* main.c: gateway-sync, see gateway-sync.8. */
#include "base/daemon.h"
#include "base/log.h"
#include "db/db.h"
#include "midtrans/midtrans.h"
#include "work/loop.h"

enum { LOCK_MS = 5000, ANSWER_MS = 60000 };

enum { OPT_ONCE };

static const struct daemon_option options[] = {
	[OPT_ONCE] = { "--once", NULL, "do what is due, then end; 1 when something failed" },
};

static const struct daemon program = {
	.name = "gateway-sync",
	.synopsis = "[--once]",
	.summary = "confirms, cancels and reconciles payments at Midtrans",
	.options = options,
	.noptions = countof(options),
};

/* A service waits for a database that is away; --once ends with 75. */
static enum rc
prepare(struct ctx *cx, const char *env, bool once, struct conf *conf)
{
	struct db_conf to;

	TRY(conf_load(cx, env, conf));
	to = db_conf_of(cx, conf, program.name, "isp_gateway");
	to.lock_ms = LOCK_MS;
	to.answer_ms = ANSWER_MS;
	cx->actor.name = program.name;
	cx->conf = conf;
	TRY(once ? db_open(cx, &to, &cx->db) : loop_connect(cx, &to));
	return db_set_actor(cx);
}

static int
run_once(struct ctx *cx, const struct loop *loop)
{
	bool well;

	if (loop_once(cx, loop, &well) != RC_OK)
		return daemon_fail(cx, &program);
	return well ? EXIT_DONE : EXIT_FAILED;
}

int
main(int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(16384);
	_cleanup_(arena_freep) struct arena *mem = arena_new(65536);
	struct ctx cx = { .mem = life, .request_id = "", .ip = "" };
	struct daemon_args args;
	struct conf conf;
	bool once;
	int code;

	(void)argc;
	log_open(program.name);
	daemon_args(&cx, &program, argv, &args);
	if (args.nargs > 0)
		return daemon_usage(&program, args.args[0]);
	once = args.val[OPT_ONCE] != NULL;
	daemon_signals();
	if (prepare(&cx, args.env, once, &conf) != RC_OK)
		return daemon_stopping() ? EXIT_DONE : daemon_fail(&cx, &program);
	cx.midtrans = midtrans_client_new(life, &conf);
	cx.mem = mem;
	if (!midtrans_is_configured(&cx))
		log_event(LOG_INFO, "online payment is not configured", NULL);
	code = once ? run_once(&cx, &midtrans_loop) : loop_run(&cx, &midtrans_loop);
	db_close(cx.db);
	return code;
}
