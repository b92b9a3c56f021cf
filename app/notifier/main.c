/* main.c: notifier, see notifier.8. */
#include "base/crypt.h"
#include "base/daemon.h"
#include "base/log.h"
#include "db/db.h"
#include "message/notifier.h"
#include "work/loop.h"

enum { OPT_ONCE, OPT_SENDER };

static const struct daemon_option options[] = {
	[OPT_ONCE] = { "--once", NULL,
	    "send what may leave now, then end; 1 when not all arrived" },
	[OPT_SENDER] = { "--sender", "NAME", "the messages of this sender only, then end" },
};

static const struct daemon program = {
	.name = "notifier",
	.synopsis = "[--once | --sender NAME]",
	.summary = "sends alerts to the staff and messages to customers",
	.options = options,
	.noptions = countof(options),
};

/* A service waits for a database that is away; the others end with 75. */
static enum rc
prepare(struct ctx *cx, const char *env, bool waits, struct conf *conf)
{
	struct db_conf to;

	TRY(conf_load(cx, env, conf));
	TRY(crypt_open(cx, conf_text(conf, CONF_APP_KEY), conf_text(conf, CONF_APP_PREVIOUS_KEYS)));
	to = db_conf_of(cx, conf, program.name, "isp_notify");
	to.lock_ms = 10000;
	to.answer_ms = 60000;
	cx->actor.name = program.name;
	cx->conf = conf;
	TRY(waits ? loop_connect(cx, &to) : db_open(cx, &to, &cx->db));
	return db_set_actor(cx);
}

static int
perform(struct ctx *cx, const struct daemon_args *args)
{
	bool well = true;
	enum rc rc;

	if (args->val[OPT_SENDER] != NULL)
		rc = notifier_send_line(cx, args->val[OPT_SENDER]);
	else if (args->val[OPT_ONCE] != NULL)
		rc = notifier_once(cx, &well);
	else
		return notifier_serve(cx, args->env);
	if (rc != RC_OK)
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
	bool waits;
	int code;

	(void)argc;
	log_open(program.name);
	daemon_args(&cx, &program, argv, &args);
	if (args.nargs > 0)
		return daemon_usage(&program, args.args[0]);
	waits = args.val[OPT_ONCE] == NULL && args.val[OPT_SENDER] == NULL;
	daemon_signals();
	if (prepare(&cx, args.env, waits, &conf) != RC_OK)
		return daemon_stopping() ? EXIT_DONE : daemon_fail(&cx, &program);
	cx.mem = mem;
	code = perform(&cx, &args);
	db_close(cx.db);
	return code;
}
