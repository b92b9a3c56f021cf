/* main.c: pinger, see pinger.8. */
#include "base/daemon.h"
#include "base/log.h"
#include "db/db.h"
#include "monitor/ping.h"
#include "now.h"

enum { OPT_ONCE, OPT_NOW, OPT_COUNT, OPT_TIMEOUT };
enum { RUN_SECONDS = 55 };

static const struct daemon_option options[] = {
	[OPT_ONCE] = { "--once", NULL, "measure each target that is due one time, then end" },
	[OPT_NOW] = { "--now", "HOST", "ask one host and print the outcome; needs no database" },
	[OPT_COUNT] = { "--count", "N", "with --now: so many requests, 1 to 20 (4)" },
	[OPT_TIMEOUT] = { "--timeout", "MS", "with --now: of each, 10 to 10000 (1000)" },
};

static const struct daemon program = {
	.name = "pinger",
	.synopsis = "[--once | --now HOST [--count N] [--timeout MS]]",
	.summary = "measures latency and loss of the ping targets for a minute",
	.options = options,
	.noptions = countof(options),
};

/* Open what needs rights, then give them up: nothing that comes from a peer is read before. */
static enum rc
prepare(struct ctx *cx, const char *env, struct conf *conf, struct icmp **engine)
{
	struct db_conf to;

	TRY(conf_load(cx, env, conf));
	to = db_conf_of(cx, conf, program.name, "isp_ping");
	to.answer_ms = 60000;
	TRY(db_open(cx, &to, &cx->db));
	TRY(icmp_open(cx, engine));
	return icmp_drop_privileges(cx);
}

static int
measure(struct ctx *cx, struct icmp *engine, bool once)
{
	struct ping_run run = { .seconds = once ? 0 : RUN_SECONDS, .once = once };

	if (ping_run(cx, engine, &run) != RC_OK)
		return daemon_fail(cx, &program);
	log_event(LOG_INFO, "pinged", "measured", arena_printf(cx->mem, "%zu", run.measured),
	    "unmeasured", arena_printf(cx->mem, "%zu", run.unmeasured), NULL);
	return EXIT_DONE;
}

int
main(int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *mem = arena_new(65536);
	struct ctx cx = { .mem = mem, .request_id = "", .ip = "", .stopping = daemon_stopping };
	struct daemon_args args;
	struct icmp *engine;
	struct conf conf;
	int code;

	(void)argc;
	log_open(program.name);
	daemon_args(&cx, &program, argv, &args);
	if (args.nargs > 0)
		return daemon_usage(&program, "there are no arguments");
	if (args.val[OPT_NOW] != NULL)
		return now_run(&cx, &program,
		    &(struct now){ args.val[OPT_NOW], args.val[OPT_COUNT], args.val[OPT_TIMEOUT] });
	daemon_signals();
	cx.actor.name = program.name;
	if (prepare(&cx, args.env, &conf, &engine) != RC_OK)
		return daemon_fail(&cx, &program);
	code = measure(&cx, engine, args.val[OPT_ONCE] != NULL);
	icmp_close(engine);
	db_close(cx.db);
	return code;
}
