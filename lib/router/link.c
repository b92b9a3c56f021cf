/* link.c: see link.h. */
#include "router/link.h"

#include <string.h>
#include <time.h>

enum {
	PROBE_S = 10,
	LOCK_WAIT_MS = 5000,
	LOCK_STEP_MS = 50,
};

enum rc
link_target(struct ctx *cx, const struct router *r, struct routeros_target *ret)
{
	struct routeros_target t = {
		.name = r->name,
		.host = r->host,
		.port = (int)r->port,
		.username = r->username,
		.tls = ROS_PLAIN,
		.fingerprint = r->tls_fingerprint,
		.ca = r->tls_ca,
		.connect_ms = (int)r->connect_timeout_ms,
		.read_ms = (int)r->read_timeout_ms,
	};

	if (r->ssl && !routeros_tls_by_name(r->tls_verify, &t.tls))
		return FAIL(cx, RC_INTERNAL, "router %s: unknown tls_verify", r->name);
	TRY(router_password(cx, r, &t.password));
	*ret = t;
	return RC_OK;
}

enum rc
link_connect(struct ctx *cx, const char *router_id, int budget_ms, struct routeros **ret)
{
	struct routeros_target target;
	struct routeros *ros;
	struct router r;

	if (router_id == NULL)
		TRY(router_default(cx, &router_id));
	TRY(router_by_id(cx, router_id, &r));
	TRY(link_target(cx, &r, &target));
	target.budget_ms = budget_ms;
	ros = routeros_new(cx->mem, &target);
	TRY(routeros_open(cx, ros));
	*ret = ros;
	return RC_OK;
}

struct router_link *
link_new(struct arena *life, const char *router_id)
{
	struct router_link *l = arena_alloc(life, sizeof(*l));

	l->router_id = arena_strdup(life, router_id);
	return l;
}

void
link_close(struct router_link *l)
{
	if (l->mem != NULL)
		arena_free(l->mem);
	l->mem = NULL;
	l->ros = NULL;
}

static const char *
address_of(struct ctx *cx, const struct router *r)
{
	return arena_printf(cx->mem, "%s %d %s %s %d %s %s %s", r->host, (int)r->port, r->username,
	    r->password, r->ssl, r->tls_verify,
	    r->tls_fingerprint != NULL ? r->tls_fingerprint : "",
	    r->tls_ca != NULL ? r->tls_ca : "");
}

/* Open the breaker, give the reason to all waiting jobs, and drop the connection. */
static enum rc
broken(struct ctx *cx, struct router_link *l)
{
	const char *reason = arena_strdup(cx->mem, cx->err.msg);
	bool reached = l->ros == NULL || routeros_reached(l->ros);

	link_close(l);
	return router_broken(cx, l->router_id, reason, PROBE_S, reached);
}

/* The kept connection if it is still good, else a new one; *ret false: broken. */
enum rc
link_open(struct ctx *cx, struct router_link *l, const struct router *r, bool *ret)
{
	const char *address = address_of(cx, r), *version = NULL;
	struct routeros_target target;

	*ret = true;
	if (l->ros != NULL && strcmp(l->address, address) == 0 && routeros_alive(l->ros))
		return RC_OK;
	link_close(l);
	*ret = false;
	if (link_target(cx, r, &target) != RC_OK)
		return broken(cx, l);
	l->mem = arena_new(65536);
	l->address = arena_strdup(l->mem, address);
	l->ros = routeros_new(l->mem, &target);
	if (routeros_open(cx, l->ros) != RC_OK || routeros_version(cx, l->ros, &version) != RC_OK)
		return broken(cx, l);
	*ret = true;
	return router_healthy(cx, l->router_id, version);
}

void
link_sleep(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&t, NULL);
}

/* Release the lock whatever the outcome; a lost database has released it already. */
enum rc
link_unlock(struct ctx *cx, const char *router_id, enum rc rc)
{
	struct err kept = cx->err;
	enum rc done = router_unlock(cx, router_id);

	if (rc == RC_OK)
		return done;
	cx->err = kept;
	return rc;
}

static enum rc
lock_soon(struct ctx *cx, const struct router *r)
{
	bool mine = false;

	for (int waited = 0; waited < LOCK_WAIT_MS; waited += LOCK_STEP_MS) {
		TRY(router_lock(cx, r->id, &mine));
		if (mine)
			return RC_OK;
		link_sleep(LOCK_STEP_MS);
	}
	return FAIL(cx, RC_UPSTREAM, "router %s is busy; the change follows by itself", r->name);
}

/* Connect and call fn; the caller holds the lock. */
static enum rc
with_lock(struct ctx *cx, const struct router *r, int budget_ms, link_fn *fn, void *arg)
{
	struct router_link *l = link_new(cx->mem, r->id);
	bool ok;
	enum rc rc;

	TRY(link_open(cx, l, r, &ok));
	if (!ok)
		return FAIL(cx, RC_UPSTREAM, "%s", arena_strdup(cx->mem, cx->err.msg));
	routeros_budget(l->ros, budget_ms);
	rc = fn(cx, l, r, arg);
	link_close(l);
	return rc;
}

enum rc
link_locked(struct ctx *cx, const char *router_id, int budget_ms, link_fn *fn, void *arg)
{
	struct router r;

	TRY(router_by_id(cx, router_id, &r));
	if (!r.is_active)
		return FAIL(cx, RC_UPSTREAM, "%s is not active", r.name);
	TRY(lock_soon(cx, &r));
	return link_unlock(cx, r.id, with_lock(cx, &r, budget_ms, fn, arg));
}
