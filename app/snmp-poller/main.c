/* main.c: snmp-poller, see snmp-poller.8. */
#include "base/value.h"
#include "monitor/poller.h"
#include "work/program.h"

enum { OPT_ALL, OPT_DISCOVER };

static const struct daemon_option options[] = {
	[OPT_ALL] = { "--all", NULL, "also the devices polled in the last 150 seconds" },
	[OPT_DISCOVER] = { "--discover", "ID", "poll this device and list its interfaces again" },
};

static const char *
fault(struct ctx *cx, const struct daemon_args *args)
{
	const char *id = args->val[OPT_DISCOVER];

	(void)cx;
	return id != NULL && !value_is_uuid(id) ? "--discover: that is no device's id" : NULL;
}

static int
run(struct ctx *cx, const struct program *p, const struct daemon_args *args)
{
	const char *id = args->val[OPT_DISCOVER];
	enum rc rc =
	    id != NULL ? poller_discover(cx, id) : poller_run(cx, args->val[OPT_ALL] != NULL);

	return program_exit(cx, p, rc, NULL);
}

int
main(int argc, char **argv)
{
	static const struct program program = {
		.self = { "snmp-poller", "[--all | --discover ID]", "reads the SNMP devices once",
		    options, countof(options) },
		.role = "isp_snmp",
		.opens_keys = true,
		.may_stop = true,
		.answer_ms = 60000,
		.fault = fault,
		.run = run,
	};

	return program_run(&program, argc, argv);
}
