/* main.c: gateway-sync, see gateway-sync.8. */
#include <poll.h>
#include <time.h>

#include "base/daemon.h"
#include "base/log.h"
#include "db/db.h"
#include "service/gateway.h"

enum { OPT_ONCE };

enum {
	SWEEP_MS = 30000,
	PAUSE_MS = 1000, /* when nobody answers; doubled with each time, up to */
	PAUSE_MOST_MS = 30000,
	SILENCES_MOST = 2, /* in a row, with --once */
	LOCK_MS = 5000,
};

static const struct daemon_option options[] = {
	[OPT_ONCE] = { "--once", NULL, "do what is due, then end; 1 when something failed" },
};

static const struct daemon program = {
	.name = "gateway-sync",
	.synopsis = "[--once]",
	.summary = "confirms, cancels and reconciles payments at Midtrans",
	.options = options,
	.noptions = countof(options),
};

struct pace {
	int64_t sweep_at; /* when to sweep next */
	int pause;        /* Midtrans or the database is away: ms to wait before more is tried */
};

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum rc
prepare(struct ctx *cx, const char *env, struct conf *conf)
{
	struct db_conf to;

	TRY(conf_load(cx, env, conf));
	to = (struct db_conf){
		.conninfo = conf_database(cx, conf),
		.role = "isp_gateway",
		.program = program.name,
		.timezone = conf_text(conf, CONF_APP_TIMEZONE),
		.today = conf_text(conf, CONF_APP_TODAY),
		.lock_ms = LOCK_MS,
	};
	cx->actor.name = program.name;
	cx->conf = conf;
	TRY(db_open(cx, &to, &cx->db));
	return db_who(cx);
}

/* Until a NOTIFY, a signal or ms; where the database is away, a signal or ms. */
static void
rest(struct ctx *cx, int ms)
{
	struct pollfd fds[2] = { { .fd = daemon_signal_fd(), .events = POLLIN },
		{ .events = POLLIN } };
	const char *payload = NULL;
	bool deaf = db_wait(cx, 0, &payload) != RC_OK;

	if (payload != NULL || daemon_stopping())
		return;
	fds[1].fd = deaf ? -1 : db_socket(cx->db);
	(void)poll(fds, 2, ms);
	do {
		payload = NULL;
	} while (!deaf && db_wait(cx, 0, &payload) == RC_OK && payload != NULL);
}

/* Longer and longer, so that who is dead is not asked without end. */
static int
longer(struct pace *p)
{
	p->pause = p->pause > 0 ? 2 * p->pause : PAUSE_MS;
	if (p->pause > PAUSE_MOST_MS)
		p->pause = PAUSE_MOST_MS;
	return p->pause;
}

/*
 * Sweep when it is time, then one thing that is due; *ms: how long to rest.
 * What fails has a clock of its own and delays nothing else, unless nobody is
 * there; and even then somebody may ask for something now.
 */
static enum rc
step(struct ctx *cx, struct pace *p, int *ms)
{
	enum gateway_outcome came;

	*ms = 0;
	if (now_ms() >= p->sweep_at) {
		TRY(gateway_sweep(cx));
		p->sweep_at = now_ms() + SWEEP_MS;
	}
	TRY(gateway_work(cx, &came));
	if (came == GATEWAY_AWAY) {
		*ms = longer(p);
		return RC_OK;
	}
	p->pause = 0;
	return came == GATEWAY_IDLE ? gateway_wait(cx, ms) : RC_OK;
}

static int
serve(struct ctx *cx)
{
	struct pace pace = { 0 };
	int ms;

	if (db_listen(cx, "gateway_jobs") != RC_OK) {
		log_err(LOG_ERROR, "listen", cx);
		return daemon_exit(cx->err.rc);
	}
	while (!daemon_stopping()) {
		arena_reset(cx->mem);
		cx->err = (struct err){ 0 };
		if (step(cx, &pace, &ms) != RC_OK) {
			log_err(LOG_WARN, "work", cx);
			ms = longer(&pace);
		}
		if (ms > 0)
			rest(cx, ms);
	}
	return EXIT_DONE;
}

/* Each thing that is due is tried once; nobody answering, or the database going away, ends it. */
static int
serve_once(struct ctx *cx)
{
	enum gateway_outcome came = GATEWAY_DONE;
	int silences = 0;
	bool well = true;

	if (gateway_sweep(cx) != RC_OK)
		return daemon_fail(cx, &program);
	while (came != GATEWAY_IDLE && silences < SILENCES_MOST && !daemon_stopping()) {
		arena_reset(cx->mem);
		cx->err = (struct err){ 0 };
		if (gateway_work(cx, &came) != RC_OK)
			return daemon_fail(cx, &program);
		silences = came == GATEWAY_AWAY ? silences + 1 : 0;
		well = well && (came == GATEWAY_DONE || came == GATEWAY_IDLE);
	}
	return well ? EXIT_DONE : EXIT_FAILED;
}

/* Without a key there is nothing to do, and nothing wrong. */
static int
idle(bool once)
{
	struct pollfd fd = { .fd = daemon_signal_fd(), .events = POLLIN };

	log_event(LOG_INFO, "online payment is not configured", NULL);
	while (!once && !daemon_stopping())
		(void)poll(&fd, 1, -1);
	return EXIT_DONE;
}

int
main(int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(16384);
	_cleanup_(arena_freep) struct arena *mem = arena_new(65536);
	struct ctx cx = { .mem = life, .request_id = "", .ip = "" };
	struct daemon_args args;
	struct conf conf;
	int code;

	(void)argc;
	log_open(program.name);
	daemon_args(&cx, &program, argv, &args);
	if (args.nargs > 0)
		return daemon_usage(&program, args.args[0]);
	daemon_signals();
	if (prepare(&cx, args.env, &conf) != RC_OK)
		return daemon_fail(&cx, &program);
	cx.gateway = gateway_new(life, &conf);
	cx.mem = mem;
	if (!gateway_is_on(&cx))
		code = idle(args.val[OPT_ONCE] != NULL);
	else
		code = args.val[OPT_ONCE] != NULL ? serve_once(&cx) : serve(&cx);
	db_close(cx.db);
	return code;
}
