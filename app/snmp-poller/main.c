/* main.c: snmp-poller, see snmp-poller.8. */
#include "base/crypt.h"
#include "base/daemon.h"
#include "base/log.h"
#include "base/value.h"
#include "db/db.h"
#include "monitor/history.h"
#include "monitor/poll.h"
#include "sql.h"

enum { OPT_ALL, OPT_DISCOVER };
enum { WINDOW = 512, DEADLINE_MS = 60000 };

static const struct daemon_option options[] = {
	[OPT_ALL] = { "--all", NULL, "also the devices polled in the last 150 seconds" },
	[OPT_DISCOVER] = { "--discover", "ID", "poll this device and list its interfaces again" },
};

static const struct daemon program = {
	.name = "snmp-poller",
	.synopsis = "[--all | --discover ID]",
	.summary = "reads the SNMP devices once",
	.options = options,
	.noptions = countof(options),
};

static enum rc
prepare(struct ctx *cx, const char *env, struct conf *conf, struct snmp_engine **engine)
{
	struct db_conf to;

	TRY(conf_load(cx, env, conf));
	TRY(crypt_open(cx, conf_text(conf, CONF_APP_KEY), conf_text(conf, CONF_APP_PREVIOUS_KEYS)));
	to = db_conf_of(cx, conf, program.name, "isp_snmp");
	to.answer_ms = 60000;
	cx->actor.name = program.name;
	TRY(db_open(cx, &to, &cx->db));
	return snmp_engine_open(cx, engine);
}

static enum rc
/* NOLINTNEXTLINE(readability-function-size): one walk, read from top to bottom */
poll_devices(struct ctx *cx, struct snmp_engine *engine, const struct daemon_args *args,
    struct poll_run *run)
{
	const char *only = args->val[OPT_DISCOVER];
	struct device *devices;
	size_t n;

	/* A person waits for --discover: it does not wait for a round that is under way. */
	if (only == NULL)
		TRY(history_begin(cx, program.name));
	else
		TRY(db_exec(cx, &SQL_history_make));
	TRY(device_load(cx, args->val[OPT_ALL] != NULL, only, &devices, &n));
	if (only != NULL && n == 0)
		return FAIL(cx, RC_NOT_FOUND, "there is no such device");
	TRY(poll_run(cx, engine, devices, n, run));
	if (only != NULL)
		return devices[0].is_up
			   ? RC_OK
			   : FAIL(cx, RC_UPSTREAM, "%s: %s", devices[0].name, devices[0].error);
	TRY(db_exec(cx, &SQL_monitor_judge, V_TEXT("snmp")));
	TRY(db_exec(cx, &SQL_snmp_roll));
	return history_end(cx);
}

static int
run_once(struct ctx *cx, const struct conf *conf, struct snmp_engine *engine,
    const struct daemon_args *args)
{
	struct poll_run run = { .window = WINDOW,
		.deadline_ms = DEADLINE_MS,
		.timeout_ms = (int)conf_int(conf, CONF_SNMP_TIMEOUT_MS) };

	if (poll_devices(cx, engine, args, &run) != RC_OK)
		return daemon_fail(cx, &program);
	log_event(LOG_INFO, "polled", "up", arena_printf(cx->mem, "%zu", run.up), "down",
	    arena_printf(cx->mem, "%zu", run.down), NULL);
	return EXIT_DONE;
}

int
main(int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *mem = arena_new(262144);
	struct ctx cx = { .mem = mem, .request_id = "", .ip = "", .stopping = daemon_stopping };
	struct daemon_args args;
	struct snmp_engine *engine;
	struct conf conf;
	int code;

	(void)argc;
	log_open(program.name);
	daemon_args(&cx, &program, argv, &args);
	if (args.nargs > 0)
		return daemon_usage(&program, "there are no arguments");
	if (args.val[OPT_DISCOVER] != NULL && !value_is_uuid(args.val[OPT_DISCOVER]))
		return daemon_usage(&program, "--discover: that is no device's id");
	daemon_signals();
	if (prepare(&cx, args.env, &conf, &engine) != RC_OK)
		return daemon_fail(&cx, &program);
	code = run_once(&cx, &conf, engine, &args);
	snmp_engine_close(engine);
	db_close(cx.db);
	return code;
}
