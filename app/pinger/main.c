/* main.c: pinger, see pinger.8. */
#include <stdio.h>
#include <string.h>

#include "base/daemon.h"
#include "base/jw.h"
#include "base/log.h"
#include "base/value.h"
#include "db/db.h"
#include "monitor/ping.h"
#include "net/oping.h"

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

static void
print_number(struct jw *w, struct arena *mem, const char *key, const struct oping *o, double ms)
{
	jw_raw(w, key, o->received > 0 ? arena_printf(mem, "%.3f", ms) : "null");
}

static void
print_outcome(struct arena *mem, const struct oping *o)
{
	struct sb out = sb_new(mem);
	struct jw w = jw_new(&out);

	jw_obj(&w, NULL);
	jw_str(&w, "address", o->address);
	jw_i64(&w, "sent", o->sent);
	jw_i64(&w, "received", o->received);
	jw_raw(&w, "packet_loss_percent",
	    arena_printf(mem, "%.1f", 100.0 * (o->sent - o->received) / o->sent));
	print_number(&w, mem, "latency_ms", o, o->mean_ms);
	print_number(&w, mem, "min_ms", o, o->min_ms);
	print_number(&w, mem, "max_ms", o, o->max_ms);
	print_number(&w, mem, "jitter_ms", o, o->jitter_ms);
	jw_str(&w, "status", o->received > 0 ? "up" : "down");
	jw_end(&w);
	puts(out.buf);
}

/* A number of the command line; NULL leaves it as it is. */
static bool
is_within(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	return text == NULL || (value_whole(text, strlen(text), ret) && *ret >= min && *ret <= max);
}

static int
ask_now(struct ctx *cx, const struct daemon_args *args)
{
	int64_t n = 4, ms = 1000;
	struct oping o;

	if (!is_within(args->val[OPT_COUNT], 1, ICMP_COUNT_MAX, &n))
		return daemon_usage(&program, "--count is a number from 1 to 20");
	if (!is_within(args->val[OPT_TIMEOUT], 10, 10000, &ms))
		return daemon_usage(&program, "--timeout is a number from 10 to 10000");
	if (oping_run(cx, args->val[OPT_NOW], (int)n, (int)ms, &o) != RC_OK)
		return daemon_fail(cx, &program);
	print_outcome(cx->mem, &o);
	return EXIT_DONE;
}

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
	struct ping_run run = { .seconds = RUN_SECONDS, .once = once };

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
		return ask_now(&cx, &args);
	daemon_signals();
	cx.actor.name = program.name;
	if (prepare(&cx, args.env, &conf, &engine) != RC_OK)
		return daemon_fail(&cx, &program);
	code = measure(&cx, engine, args.val[OPT_ONCE] != NULL);
	icmp_close(engine);
	db_close(cx.db);
	return code;
}
