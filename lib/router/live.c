/* live.c: see live.h. */
#include "router/live.h"

#include "router/link.h"

enum { BUDGET_MS = 60000, COLUMNS = 11 };

static const struct menu {
	const char *table, *path;
	bool optional; /* a menu of the hotspot package, which not every router has */
	const char *columns[COLUMNS]; /* besides "router" */
} menus[] = {
	{ "ppp-profile", "/ppp/profile/print", false, { "name", "rate-limit" } },
	{ "hotspot-profile", "/ip/hotspot/user/profile/print", true,
	    { "name", "rate-limit", "on-login" } },
	{ "ppp", "/ppp/secret/print", false,
	    { "name", "password", "service", "profile", "remote-address", "disabled", "comment" } },
	{ "hotspot", "/ip/hotspot/user/print", true,
	    { "name", "password", "profile", "address", "disabled", "limit-uptime", "comment" } },
};

struct reading {
	const struct menu *menu;
	const char *router_id;
	dump_row_fn take;
	void *arg;
	size_t line;
};

static enum rc
read_row(struct ctx *cx, const struct ros_row *row, void *arg)
{
	struct reading *rd = arg;
	const char *columns[COLUMNS], *values[COLUMNS];
	size_t n = 0;

	columns[n] = "router";
	values[n++] = rd->router_id;
	for (size_t i = 0; rd->menu->columns[i] != NULL; i++) {
		columns[n] = rd->menu->columns[i];
		values[n++] = ros_row_get(row, rd->menu->columns[i]);
	}
	if (ros_row_get(row, "name") == NULL)
		return RC_OK;
	return rd->take(cx,
	    &(struct dump_row){
		.line = ++rd->line,
		.table = rd->menu->table,
		.n = n,
		.columns = columns,
		.values = values,
	    },
	    rd->arg);
}

static const char *
props_of(struct ctx *cx, const struct menu *m)
{
	struct sb out = sb_new(cx->mem);

	for (size_t i = 0; m->columns[i] != NULL; i++)
		sb_printf(&out, "%s%s", i > 0 ? "," : "", m->columns[i]);
	return out.buf;
}

static enum rc
read_menu(struct ctx *cx, struct routeros *ros, struct reading *rd)
{
	struct ros_cmd cmd = ros_cmd_new(cx->mem, rd->menu->path);

	ros_cmd_props(&cmd, props_of(cx, rd->menu));
	return routeros_print(cx, ros, &cmd, rd->menu->optional, read_row, rd);
}

enum rc
live_read(struct ctx *cx, const char *router_id, dump_row_fn take, void *arg)
{
	struct reading rd = { .router_id = router_id, .take = take, .arg = arg };
	struct routeros *ros;
	enum rc rc = RC_OK;

	TRY(link_connect(cx, router_id, BUDGET_MS, &ros));
	for (size_t i = 0; i < countof(menus) && rc == RC_OK; i++) {
		rd.menu = &menus[i];
		rc = read_menu(cx, ros, &rd);
	}
	routeros_close(ros);
	return rc;
}
