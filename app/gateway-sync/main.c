/* main.c: gateway-sync, see gateway-sync.8. */
#include "base/log.h"
#include "midtrans/midtrans.h"
#include "work/loop.h"
#include "work/program.h"

enum { OPT_ONCE };

static const struct daemon_option options[] = {
	[OPT_ONCE] = { "--once", NULL, "do what is due, then end; 1 when something failed" },
};

static int
run(struct ctx *cx, const struct program *p, const struct daemon_args *args)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(4096);
	bool well = true;

	cx->midtrans = midtrans_client_new(life, cx->conf);
	if (!midtrans_is_configured(cx))
		log_event(LOG_INFO, "online payment is not configured", NULL);
	if (program_has_no_option(args))
		return loop_run(cx, &midtrans_loop);
	return program_exit(cx, p, loop_once(cx, &midtrans_loop, &well), &well);
}

int
main(int argc, char **argv)
{
	static const struct program program = {
		.self = { "gateway-sync", "[--once]",
		    "confirms, cancels and reconciles payments at Midtrans", options,
		    countof(options) },
		.role = "isp_gateway",
		.sets_actor = true,
		.lock_ms = 5000,
		.answer_ms = 60000,
		.is_service = program_has_no_option,
		.run = run,
	};

	return program_run(&program, argc, argv);
}
