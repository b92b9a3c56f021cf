/* pool.c: the pools of workers: short requests never wait behind long ones. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/worker.h"

enum { CONNS_MAX = 1024 };

/* The built-in settings of a pool. */
static const struct plan {
	const char *name;
	enum conf_key workers;
	int backlog, nice;
	size_t conns_max;
} plans[API_POOLS] = {
	{ "fast", CONF_API_FAST_WORKERS, 1024, 0, CONNS_MAX },
	{ "login", CONF_API_LOGIN_WORKERS, 64, 10, 1 },
	{ "router", CONF_API_ROUTER_WORKERS, 64, 0, 1 },
	{ "gateway", CONF_API_GATEWAY_WORKERS, 64, 0, 1 },
};

/* DIR/fast.sock and so on; for HOST:PORT consecutive ports from there on. */
static const char *
address_of(struct ctx *cx, const char *where, size_t i)
{
	const char *colon = strrchr(where, ':');

	if (where[0] == '/' || colon == NULL)
		return arena_printf(cx->mem, "%s/%s.sock", where, plans[i].name);
	return arena_printf(cx->mem, "%.*s:%ld", (int)(colon - where), where,
	    strtol(colon + 1, NULL, 10) + (long)i);
}

void
api_pools(struct ctx *cx, const struct conf *cf, struct pool ret[static API_POOLS])
{
	for (size_t i = 0; i < API_POOLS; i++) {
		int workers = (int)conf_int(cf, plans[i].workers);

		ret[i] = (struct pool){
			.name = plans[i].name,
			.address = address_of(cx, conf_text(cf, CONF_API_SOCKET_DIR), i),
			.workers = workers > 0 ? workers : 2 * (int)sysconf(_SC_NPROCESSORS_ONLN),
			.backlog = plans[i].backlog,
			.nice = plans[i].nice,
			.conns_max = plans[i].conns_max,
		};
	}
}
