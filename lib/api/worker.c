/* worker.c: one worker: its configuration, its database, its loop of requests. */
#include <string.h>

#include "api/api.h"
#include "api/worker.h"
#include "base/crypt.h"
#include "base/log.h"
#include "http/fcgi.h"
#include "midtrans/midtrans.h"
#include "people/user.h"

enum { STATEMENT_MS = 20000, LOCK_MS = 5000, ANSWER_MS = 25000 };

enum rc
api_configure(struct ctx *cx, const char *env, struct conf *cf)
{
	TRY(conf_load(cx, env, cf));
	return crypt_open(cx, conf_text(cf, CONF_APP_KEY), conf_text(cf, CONF_APP_PREVIOUS_KEYS));
}

static struct db *
database(struct ctx *cx, const struct conf *cf)
{
	struct db_conf dc = db_conf_of(cx, cf, api_program.name, "isp_api");

	dc.statement_ms = STATEMENT_MS;
	dc.lock_ms = LOCK_MS;
	dc.answer_ms = ANSWER_MS;
	return db_new(&dc);
}

/*
 * Warn of the administrator of development in production; an unreachable database is
 * reported by other calls.
 */
static void
warn_of_known_password(struct ctx *cx, const struct conf *cf)
{
	const char *email;

	if (user_with_known_password(cx, cf, &email) != RC_OK)
		log_err(LOG_WARN, "known_password", cx);
	else if (email != NULL)
		log_event(LOG_WARN, "known_password", "email", email, "msg",
		    "this user has the password of development: ispctl user passwd", NULL);
}

int
api_work(const struct pool *p, const struct pool_fds *fds, void *arg)
{
	const struct daemon_args *args = arg;
	_cleanup_(arena_freep) struct arena *life = arena_new(16384);
	_cleanup_(arena_freep) struct arena *mem = arena_new(65536);
	struct ctx cx = { .mem = life };
	struct conf cf;

	if (api_configure(&cx, args->env, &cf) != RC_OK)
		return daemon_fail(&cx, &api_program);
	cx.conf = &cf;
	cx.db = database(&cx, &cf);
	cx.midtrans = midtrans_client_new(life, &cf);
	const struct http_policy policy = {
		.routes = api_routes,
		.nroutes = api_nroutes,
		.authenticate = api_authenticate,
		.run = api_run,
		.pass = db_gate_pass,
		.refused = api_refused,
		.origins = api_origins(&cx, &cf),
		.pool = conf_production(&cf) ? NULL : p->name,
		.url = conf_text(&cf, CONF_APP_URL),
	};
	const struct fcgi_worker worker = {
		.cx = &cx,
		.policy = &policy,
		.listen_fd = fds->listen,
		.take_fd = fds->take,
		.give_fd = fds->give,
		.conns_max = p->conns_max,
		.wake_fd = daemon_signal_fd(),
		.stopping = daemon_stopping,
	};
	cx.mem = mem;
	prefork_ready();
	if (strcmp(p->name, "login") == 0)
		warn_of_known_password(&cx, &cf);
	if (fcgi_run(&worker) != RC_OK)
		return daemon_fail(&cx, &api_program);
	db_close(cx.db);
	return EXIT_DONE;
}
