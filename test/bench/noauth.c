/*
 * noauth.c: isp-api that asks nobody for a token, for test/bench/run: what
 * authentication costs is what the product takes more than this.  The same
 * route table, the same loop, the same connection; only the look-up is missing.
 *
 *	noauth SOCKET WORKERS CONNINFO URL DAY
 */
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "base/daemon.h"
#include "base/log.h"
#include "http/fcgi.h"
#include "http/prefork.h"

enum { CONNS_MAX = 1024, STATEMENT_MS = 20000, LOCK_MS = 5000, BACKLOG = 1024 };

static int
work(const struct pool *p, const struct pool_fds *fds, void *arg)
{
	char *const *argv = arg;
	_cleanup_(arena_freep) struct arena *mem = arena_new(65536);
	const struct db_conf conf = {
		.conninfo = argv[3],
		.role = "isp_api",
		.program = "noauth",
		.url = argv[4],
		.timezone = "Asia/Jakarta",
		.today = argv[5],
		.statement_ms = STATEMENT_MS,
		.lock_ms = LOCK_MS,
	};
	struct ctx cx = { .mem = mem, .db = db_new(&conf) };
	const struct http_policy policy = {
		.routes = api_routes,
		.nroutes = api_nroutes,
		.authenticate = NULL,
		.pass = db_gate_pass,
		.origins = "",
		.url = argv[4],
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

	prefork_ready();
	return fcgi_run(&worker) == RC_OK ? EXIT_DONE : EXIT_FAILED;
}

int
main(int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *mem = arena_new(16384);
	struct ctx cx = { .mem = mem };
	struct pool pool;

	if (argc != 6) {
		fputs("usage: noauth SOCKET WORKERS CONNINFO URL DAY\n", stderr);
		return EXIT_USAGE;
	}
	pool =
	    (struct pool){ "fast", argv[1], (int)strtol(argv[2], NULL, 10), BACKLOG, 0, CONNS_MAX };
	log_open("noauth");
	daemon_signals();
	return prefork_run(&cx, &pool, 1, work, argv) == RC_OK ? EXIT_DONE : EXIT_FAILED;
}
