#include "work/program.h"

#include "base/crypt.h"
#include "base/log.h"
#include "db/db.h"
#include "work/loop.h"

static enum rc
open_all(struct ctx *cx, const struct program *p, const char *env, bool waits, struct conf *conf)
{
	struct db_conf to;

	TRY(conf_load(cx, env, conf));
	if (p->opens_keys)
		TRY(crypt_open(cx, conf_text(conf, CONF_APP_KEY),
		    conf_text(conf, CONF_APP_PREVIOUS_KEYS)));
	to = db_conf_of(cx, conf, p->self.name, p->role);
	to.lock_ms = p->lock_ms;
	to.answer_ms = p->answer_ms;
	cx->conf = conf;
	TRY(waits ? loop_connect(cx, &to) : db_open(cx, &to, &cx->db));
	if (p->sets_actor)
		db_set_actor(cx);
	return RC_OK;
}

static const char *
fault_of(struct ctx *cx, const struct program *p, const struct daemon_args *args)
{
	if (args->nargs > 0)
		return arena_printf(cx->mem, "there is no argument %s", args->args[0]);
	return p->fault != NULL ? p->fault(cx, args) : NULL;
}

bool
program_has_no_option(const struct daemon_args *args)
{
	for (size_t i = 0; i < DAEMON_OPTIONS_MAX; i++)
		if (args->val[i] != NULL)
			return false;
	return true;
}

/* Open and work; a service that a signal ends while it waits for the database exits with 0. */
static int
open_and_run(struct ctx *cx, const struct program *p, const struct daemon_args *args,
    struct arena *mem)
{
	bool waits = p->is_service != NULL && p->is_service(args);
	struct conf conf;
	int code;

	if (open_all(cx, p, args->env, waits, &conf) != RC_OK)
		return waits && daemon_stopping() ? EXIT_DONE : daemon_fail(cx, &p->self);
	cx->mem = mem;
	code = p->run(cx, p, args);
	db_close(cx->db);
	return code;
}

int
program_run(const struct program *p, int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(16384);
	_cleanup_(arena_freep) struct arena *mem = arena_new(65536);
	struct ctx cx = { .mem = life,
		.actor = { .name = p->self.name },
		.request_id = "",
		.ip = "",
		.stopping = p->may_stop ? daemon_stopping : NULL };
	struct daemon_args args;
	const char *fault;

	(void)argc;
	log_open(p->self.name);
	daemon_args(&cx, &p->self, argv, &args);
	fault = fault_of(&cx, p, &args);
	if (fault != NULL)
		return daemon_usage(&p->self, fault);
	if (p->opens_nothing != NULL && p->opens_nothing(&args))
		return p->run(&cx, p, &args);
	daemon_signals();
	return open_and_run(&cx, p, &args, mem);
}

int
program_exit(const struct ctx *cx, const struct program *p, enum rc rc, const bool *well)
{
	if (rc != RC_OK)
		return daemon_fail(cx, &p->self);
	return well == NULL || *well ? EXIT_DONE : EXIT_FAILED;
}
