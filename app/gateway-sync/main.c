/* main.c: gateway-sync, see gateway-sync.8. */
#include <poll.h>

#include "base/daemon.h"
#include "base/log.h"
#include "db/db.h"
#include "midtrans/gateway.h"
#include "serve.h"

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

static enum rc
prepare(struct ctx *cx, const char *env, struct conf *conf)
{
	struct db_conf to;

	TRY(conf_load(cx, env, conf));
	to = db_conf_of(cx, conf, program.name, "isp_gateway");
	to.lock_ms = LOCK_MS;
	to.answer_ms = ANSWER_MS;
	cx->actor.name = program.name;
	cx->conf = conf;
	TRY(db_open(cx, &to, &cx->db));
	return db_set_actor(cx);
}

/* Without a key there is nothing to do, and nothing wrong. */
static int
idle(bool once)
{
	struct pollfd fd = { .fd = daemon_signal_fd(), .events = POLLIN };

	log_event(LOG_INFO, "online payment is not configured", NULL);
	while (!once && !daemon_stopping())
		(void)poll(&fd, 1, -1);
	return EXIT_DONE;
}

static int
once(struct ctx *cx)
{
	bool well;

	if (serve_once(cx, &well) != RC_OK)
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
	int code;

	(void)argc;
	log_open(program.name);
	daemon_args(&cx, &program, argv, &args);
	if (args.nargs > 0)
		return daemon_usage(&program, args.args[0]);
	daemon_signals();
	if (prepare(&cx, args.env, &conf) != RC_OK)
		return daemon_fail(&cx, &program);
	cx.gateway = gateway_new(life, &conf);
	cx.mem = mem;
	if (!gateway_is_on(&cx))
		code = idle(args.val[OPT_ONCE] != NULL);
	else
		code = args.val[OPT_ONCE] != NULL ? once(&cx) : serve(&cx);
	db_close(cx.db);
	return code;
}
