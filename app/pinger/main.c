/* main.c: pinger, see pinger.8. */
#include <stdio.h>

#include "monitor/now.h"
#include "monitor/ping.h"
#include "work/program.h"

enum { OPT_ONCE, OPT_NOW, OPT_COUNT, OPT_TIMEOUT };
static const struct daemon_option options[] = {
	[OPT_ONCE] = { "--once", NULL, "measure each target that is due one time, then end" },
	[OPT_NOW] = { "--now", "HOST", "ask one host and print the outcome; needs no database" },
	[OPT_COUNT] = { "--count", "N", "with --now: so many requests, 1 to 20 (4)" },
	[OPT_TIMEOUT] = { "--timeout", "MS", "with --now: of each, 10 to 10000 (1000)" },
};

static bool
is_now(const struct daemon_args *args)
{
	return args->val[OPT_NOW] != NULL;
}

static const char *
fault(struct ctx *cx, const struct daemon_args *args)
{
	(void)cx;
	return now_fault(args->val[OPT_NOW], args->val[OPT_COUNT], args->val[OPT_TIMEOUT]);
}

static int
run(struct ctx *cx, const struct program *p, const struct daemon_args *args)
{
	const char *json;

	if (!is_now(args))
		return program_exit(cx, p, ping_program(cx, args->val[OPT_ONCE] != NULL), NULL);
	if (now_json(cx, args->val[OPT_NOW], args->val[OPT_COUNT], args->val[OPT_TIMEOUT], &json) !=
	    RC_OK)
		return daemon_fail(cx, &p->self);
	(void)puts(json);
	return EXIT_DONE;
}

int
main(int argc, char **argv)
{
	static const struct program program = {
		.self = { "pinger", "[--once | --now HOST [--count N] [--timeout MS]]",
		    "measures latency and loss of the ping targets for a minute", options,
		    countof(options) },
		.role = "isp_ping",
		.may_stop = true,
		.answer_ms = 60000,
		.fault = fault,
		.opens_nothing = is_now,
		.run = run,
	};

	return program_run(&program, argc, argv);
}
