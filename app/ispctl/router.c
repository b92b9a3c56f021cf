/* router.c: the routers, from the shell. */
#include <stdio.h>

#include "ispctl.h"
#include "router/router_test.h"
#include "sql.h"

enum rc
cmd_router_list(struct ispctl *ctl)
{
	struct db_rows *rows;

	TRY(db_query0(ctl->cx, &SQL_router_listing, &rows));
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

/* The one router that has this name or id. */
static enum rc
find_router(struct ctx *cx, const char *name, const char **ret)
{
	struct db_rows *rows;

	TRY(db_query(cx, &SQL_router_named, &rows, V_TEXT(name)));
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
