/* session.c: see session.h. */
#include "router/session.h"

#include <string.h>

#include "db/db.h"
#include "router/link.h"
#include "router/snapshot.h"
#include "sql.h"

enum { BUDGET_MS = 8000 };

/* Tables of sessions. Cookies go first: a device would come back by its cookie. */
static const struct table {
	const char *service, *menu, *prop;
	bool counts; /* a row is a session */
} tables[] = {
	{ "pppoe", "/ppp/active", "name", true },
	{ "hotspot", "/ip/hotspot/cookie", "user", false },
	{ "hotspot", "/ip/hotspot/active", "user", true },
};

enum rc
session_router(struct ctx *cx, const char *name, const char **ret)
{
	struct db_rows *rows;

	TRY(db_row(cx, &SQL_session_router, &rows, V_TEXT(name)));
	*ret = db_text(rows, 0, "id");
	return *ret != NULL ? RC_OK : FAIL(cx, RC_CONFLICT, "There is no active router.");
}

static enum rc
remove_rows(struct ctx *cx, struct routeros *ros, const char *menu, const struct routeros_ids *ids)
{
	struct routeros_reply reply;

	for (size_t i = 0; i < ids->n; i++) {
		struct ros_cmd cmd = ros_cmd_new(cx->mem, arena_printf(cx->mem, "%s/remove", menu));

		ros_cmd_set(&cmd, ".id", ids->id[i]);
		TRY(routeros_ask(cx, ros, &cmd, NULL, NULL, &reply));
		if (reply.ntraps > 0 && reply.traps[0].kind != TRAP_NO_ITEM)
			TRY(routeros_check(cx, ros, &cmd, &reply));
	}
	return RC_OK;
}

/* A router without the menu has no such sessions. */
static enum rc
end_in(struct ctx *cx, struct routeros *ros, const struct table *t, const char *name, size_t *count)
{
	struct routeros_ids ids;
	enum rc rc = routeros_ids(cx, ros, t->menu, t->prop, name, &ids);

	if (rc == RC_UPSTREAM && routeros_trap(ros)->kind == TRAP_NO_COMMAND)
		return RC_OK;
	TRY(rc);
	*count += t->counts ? ids.n : 0;
	return remove_rows(cx, ros, t->menu, &ids);
}

static enum rc
end_all(struct ctx *cx, struct routeros *ros, const char *service, const char *name, size_t *count)
{
	for (size_t i = 0; i < countof(tables); i++) {
		if (service == NULL || strcmp(service, tables[i].service) == 0)
			TRY(end_in(cx, ros, &tables[i], name, count));
	}
	return RC_OK;
}

enum rc
session_end(struct ctx *cx, const char *router_id, const char *service, const char *name)
{
	struct routeros *ros;
	size_t count = 0;
	enum rc rc;

	if (router_id == NULL)
		TRY(session_router(cx, name, &router_id));
	TRY(link_connect(cx, router_id, BUDGET_MS, &ros));
	rc = end_all(cx, ros, service, name, &count);
	routeros_close(ros);
	TRY(rc);
	TRY(snapshot_expire(cx, router_id));
	return count > 0 ? RC_OK : FAIL(cx, RC_NOT_FOUND, "%s is not online.", name);
}
