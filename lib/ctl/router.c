/* router.c: the routers, from the shell. */
#include <stdio.h>
#include <string.h>

#include "base/conf.h"
#include "ctl/ctl.h"
#include "router/drift.h"
#include "router/provision.h"
#include "router/router_test.h"
#include "sql.h"

enum rc
cmd_router_list(struct ispctl *ctl)
{
	struct db_rows *rows;

	TRY(db_rows(ctl->cx, &SQL_router_listing, &rows));
	for (size_t i = 0; i < db_count(rows); i++) {
		const char *seen = db_text(rows, i, "last_connected_at");

		(void)printf("%s  %-24s %s:%lld%s  %s  last seen %s\n", db_text(rows, i, "id"),
		    db_text(rows, i, "name"), db_text(rows, i, "host"),
		    (long long)db_i64(rows, i, "port"), db_bool(rows, i, "ssl") ? " (TLS)" : "",
		    db_bool(rows, i, "is_active") ? "active" : "inactive",
		    seen != NULL ? seen : "never");
	}
	return RC_OK;
}

/* Find the one router with this name or id. */
static enum rc
find_router(struct ctx *cx, const char *name, const char **ret)
{
	struct db_rows *rows;

	TRY(db_rows(cx, &SQL_router_named, &rows, V_TEXT(name)));
	if (db_count(rows) == 0)
		return FAIL(cx, RC_NOT_FOUND, "there is no router %s", name);
	if (db_count(rows) > 1)
		return FAIL(cx, RC_CONFLICT, "several routers are called %s: give the id", name);
	*ret = db_text(rows, 0, "id");
	return RC_OK;
}

enum rc
cmd_router_test(struct ispctl *ctl)
{
	struct router_test rep;
	const char *id = NULL;

	TRY(find_router(ctl->cx, ctl->rest[0], &id));
	TRY(router_test(ctl->cx, id, &rep));
	(void)printf("%s\nidentity: %s\nversion: %s\nboard: %s\nuptime: %s\ncpu load: %s\n",
	    rep.message, rep.identity, rep.version, rep.board_name, rep.uptime, rep.cpu_load);
	return RC_OK;
}

/* ---- drift ---------------------------------------------------------------- */

enum rc
ctl_routers_find(struct ispctl *ctl, struct ctl_routers *ret)
{
	const char *name = ctl->args->val[OPT_ROUTER];

	*ret = (struct ctl_routers){ .n = 1 };
	if (name == NULL)
		return router_active_ids(ctl->cx, &ret->ids, &ret->n);
	ret->ids = arena_alloc(ctl->cx->mem, sizeof(*ret->ids));
	return find_router(ctl->cx, name, ret->ids);
}

enum rc
ctl_router_failed(struct ispctl *ctl, struct ctl_routers *routers)
{
	if (routers->n == 1)
		return ctl->cx->err.rc;
	routers->failed++;
	routers->rc = ctl->cx->err.rc;
	(void)daemon_fail(ctl->cx, &command_program);
	return RC_OK;
}

enum rc
ctl_routers_outcome(struct ispctl *ctl, const struct ctl_routers *routers)
{
	return routers->failed == 0 ? RC_OK
				    : FAIL(ctl->cx, routers->rc, "%zu of %zu routers failed",
					  routers->failed, routers->n);
}

typedef enum rc router_fn(struct ispctl *, const char *id, void *arg);

/* Do the work for each router. Name one that fails, and go on with the others. */
static enum rc
each_router(struct ispctl *ctl, router_fn *work, void *arg)
{
	struct ctl_routers routers;

	TRY(ctl_routers_find(ctl, &routers));
	for (size_t i = 0; i < routers.n; i++) {
		if (work(ctl, routers.ids[i], arg) == RC_OK)
			continue;
		TRY(ctl_router_failed(ctl, &routers));
		db_rollback(ctl->cx);
	}
	return ctl_routers_outcome(ctl, &routers);
}

struct plans {
	struct sb out;
	struct jw w;
	bool as_json;
};

/* Write why a router has no plan, so that a program that reads the plans sees the failure. */
static void
write_failure(struct jw *w, const struct err *err, const char *id, const char *name)
{
	jw_obj(w, NULL);
	jw_str(w, "router_id", id);
	jw_str(w, "router", name);
	jw_str(w, "error", err->msg);
	jw_end(w);
}

static enum rc
plan_as_json(struct ctx *cx, const char *id, struct jw *w)
{
	struct db_rows *rows;
	struct drift d;
	enum rc rc;

	TRY(db_row(cx, &SQL_router_name, &rows, V_TEXT(id)));
	rc = drift_plan(cx, id, &d);
	if (rc == RC_OK)
		drift_json(w, NULL, drift_refusal(cx, &d), &d);
	else
		write_failure(w, &cx->err, id, db_text(rows, 0, "name"));
	return rc;
}

static enum rc
plan_router(struct ispctl *ctl, const char *id, void *arg)
{
	struct plans *p = arg;
	struct drift d;

	if (p->as_json)
		return plan_as_json(ctl->cx, id, &p->w);
	TRY(drift_plan(ctl->cx, id, &d));
	drift_print(&p->out, &d);
	return RC_OK;
}

enum rc
cmd_router_plan(struct ispctl *ctl)
{
	struct plans p = { .out = sb_new(ctl->cx->mem),
		.as_json = ctl->args->val[OPT_JSON] != NULL };
	enum rc rc;

	p.w = jw_new(&p.out);
	if (p.as_json)
		jw_arr(&p.w, NULL);
	rc = each_router(ctl, plan_router, &p);
	if (p.as_json)
		jw_end(&p.w);
	(void)printf("%s%s", p.out.buf, p.as_json ? "\n" : "");
	return rc;
}

enum { BATCHES_MOST = 200, PAUSE_MS = 200 };

/* Do the jobs here: router-sync need not run, and the exit code reports the outcome. */
static enum rc
carry_out(struct ctx *cx, const char *router_id)
{
	struct router_link *l = link_new(cx->mem, router_id);
	struct provision_report r = { .busy = true };
	const char *error = NULL;
	enum rc rc = RC_OK;
	size_t done = 0;

	for (int i = 0; i < BATCHES_MOST && rc == RC_OK; i++) {
		rc = provision_batch(cx, l, &r);
		if (rc == RC_OK && r.busy)
			link_sleep(PAUSE_MS);
		else if (r.done + r.failed == 0)
			break;
		done += r.done;
		error = r.error != NULL ? r.error : error;
	}
	link_close(l);
	(void)printf("%zu done\n", done);
	return rc != RC_OK || error == NULL ? rc : FAIL(cx, RC_UPSTREAM, "%s", error);
}

static enum rc
plan_and_print(struct ctx *cx, const char *router_id, struct drift *ret)
{
	struct sb out = sb_new(cx->mem);

	TRY(drift_plan(cx, router_id, ret));
	drift_print(&out, ret);
	(void)printf("%s", out.buf);
	return RC_OK;
}

/*
 * Compare again: a job that failed before waits and is not tried here, and router-sync may have
 * tried one in vain, so that no error is known of what is left.
 */
static enum rc
require_no_difference(struct ctx *cx, const char *router_id)
{
	struct drift d;

	TRY(plan_and_print(cx, router_id, &d));
	return d.nlines == 0
		   ? RC_OK
		   : FAIL(cx, RC_UPSTREAM, "%s still differs: see the lines above", d.router_name);
}

static enum rc
apply_to_router(struct ispctl *ctl, const char *id, void *arg)
{
	struct ctx *cx = ctl->cx;
	struct drift_jobs jobs;
	struct drift d;

	(void)arg;
	TRY(plan_and_print(cx, id, &d));
	TRY(drift_apply(cx, &d, ctl->args->val[OPT_FORCE] != NULL, &jobs));
	TRY(carry_out(cx, id));
	return require_no_difference(cx, id);
}

enum rc
cmd_router_apply(struct ispctl *ctl)
{
	return each_router(ctl, apply_to_router, NULL);
}

/* ---- the walled garden ----------------------------------------------------- */

/* The host of a URL: between "//" and the next "/" or ":". */
static const char *
host_of(struct ctx *cx, const char *url)
{
	const char *from = strstr(url, "//");

	from = from != NULL ? from + 2 : url;
	return arena_printf(cx->mem, "%.*s", (int)strcspn(from, ":/"), from);
}

/* Hosts of the payment page, which a browser loads parts from. */
static const char *const gateway_hosts[] = { "app.midtrans.com", "api.midtrans.com",
	"app.sandbox.midtrans.com", "api.sandbox.midtrans.com",
	"snap-assets.al-pc-id-b.cdn.gtflabs.io" };

static void
print_hosts(const char *own)
{
	(void)
	    printf("/ip firewall address-list add list=isp-pay address=%s comment=\"isp: bills\"\n",
		own);
	for (size_t i = 0; i < countof(gateway_hosts); i++)
		(void)printf("/ip firewall address-list add list=isp-pay address=%s "
			     "comment=\"isp: payment\"\n",
		    gateway_hosts[i]);
}

static void
print_rules(const char *host, const char *port)
{
	(void)printf(
	    "# The page finds a line by its address: this rule comes before masquerade.\n"
	    "/ip firewall nat add chain=srcnat src-address-list=isp-isolated "
	    "dst-address=[:resolve \"%s\"] action=accept comment=\"isp: isolated 1\"\n"
	    "/ip firewall nat add chain=dstnat src-address-list=isp-isolated protocol=tcp "
	    "dst-port=80 dst-address-list=!isp-pay action=dst-nat to-addresses=[:resolve \"%s\"] "
	    "to-ports=%s comment=\"isp: isolated 2\"\n"
	    "# These come before fasttrack and before what accepts established connections.\n"
	    "/ip firewall filter add chain=forward src-address-list=isp-isolated "
	    "dst-address-list=isp-pay action=accept comment=\"isp: isolated 3\"\n"
	    "/ip firewall filter add chain=forward src-address-list=isp-isolated "
	    "dst-address=[:resolve \"%s\"] action=accept comment=\"isp: isolated 4\"\n"
	    "/ip firewall filter add chain=forward src-address-list=isp-isolated protocol=udp "
	    "dst-port=53 action=accept comment=\"isp: isolated 5\"\n"
	    "/ip firewall filter add chain=forward src-address-list=isp-isolated action=reject "
	    "reject-with=icmp-admin-prohibited comment=\"isp: isolated 6\"\n",
	    host, host, port, host);
	(void)printf("# First in their chains, in this order.\n");
	for (int i = 1; i <= 2; i++)
		(void)printf("/ip firewall nat move [find comment=\"isp: isolated %d\"] 0\n", i);
	for (int i = 6; i >= 3; i--)
		(void)printf("/ip firewall filter move [find comment=\"isp: isolated %d\"] 0\n", i);
}

enum rc
cmd_router_isolate_commands(struct ispctl *ctl)
{
	const char *host = host_of(ctl->cx, conf_text(ctl->cf, CONF_APP_URL)), *profile, *id;
	const char *listen = conf_text(ctl->cf, CONF_ISOLIR_LISTEN), *colon = strrchr(listen, ':');
	struct db_rows *rows;

	TRY(find_router(ctl->cx, ctl->rest[0], &id));
	if (listen[0] == '\0')
		return FAIL(ctl->cx, RC_CONFLICT,
		    "ISOLIR_LISTEN is not set: no server takes the requests of isolated customers");
	TRY(db_row(ctl->cx, &SQL_router_isolation, &rows));
	profile = db_text(rows, 0, "isolation_profile");
	(void)
	    printf("# On %s. Sessions with the profile %s reach only %s, the payment and names.\n",
		ctl->rest[0], profile, host);
	print_hosts(host);
	(void)printf("/ppp profile add name=\"%s\" copy-from=default address-list=isp-isolated "
		     "comment=\"isp: isolated\"\n"
		     "/ip hotspot user profile add name=\"%s\" address-list=isp-isolated\n",
	    profile, profile);
	print_rules(host, colon != NULL ? colon + 1 : listen);
	return RC_OK;
}
