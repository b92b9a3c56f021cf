/* main.c: notifier, see notifier.8. */
#include "message/notifier.h"
#include "work/program.h"

enum { OPT_ONCE, OPT_SENDER };

static const struct daemon_option options[] = {
	[OPT_ONCE] = { "--once", NULL,
	    "send what may leave now, then end; 1 when not all arrived" },
	[OPT_SENDER] = { "--sender", "NAME", "the messages of this sender only, then end" },
};

static int
run(struct ctx *cx, const struct program *p, const struct daemon_args *args)
{
	const char *sender = args->val[OPT_SENDER];
	bool well = true;

	if (sender != NULL)
		return program_exit(cx, p, notifier_send_outbox(cx, sender), &well);
	if (!program_has_no_option(args))
		return program_exit(cx, p, notifier_once(cx, &well), &well);
	return notifier_serve(cx, args->env);
}

int
main(int argc, char **argv)
{
	static const struct program program = {
		.self = { "notifier", "[--once | --sender NAME]",
		    "sends alerts to the staff and messages to customers", options,
		    countof(options) },
		.role = "isp_notify",
		.opens_keys = true,
		.sets_actor = true,
		.lock_ms = 10000,
		.answer_ms = 60000,
		.is_service = program_has_no_option,
		.run = run,
	};

	return program_run(&program, argc, argv);
}
