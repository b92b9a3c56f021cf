/* router_test.c: see router_test.h. */
#include "router/router_test.h"

#include "router/link.h"

enum { TEST_BUDGET_MS = 12000 };

static const char *
attr_text(const struct ros_row *row, const char *key)
{
	const char *val = ros_row_get(row, key);

	return val != NULL ? val : "";
}

static enum rc
ask_router(struct ctx *cx, struct routeros *ros, const char *path, const char *props,
    struct ros_row *ret)
{
	struct ros_cmd cmd = ros_cmd_new(cx->mem, path);

	ros_cmd_props(&cmd, props);
	return routeros_one(cx, ros, &cmd, ret);
}

static enum rc
read_both(struct ctx *cx, struct routeros *ros, struct router_test *ret)
{
	struct ros_row identity, resource;

	TRY(ask_router(cx, ros, "/system/identity/print", "name", &identity));
	TRY(ask_router(cx, ros, "/system/resource/print", "version,board-name,uptime,cpu-load",
	    &resource));
	*ret = (struct router_test){
		.identity = attr_text(&identity, "name"),
		.version = attr_text(&resource, "version"),
		.board_name = attr_text(&resource, "board-name"),
		.uptime = attr_text(&resource, "uptime"),
		.cpu_load = attr_text(&resource, "cpu-load"),
	};
	ret->message = arena_printf(cx->mem, "Connected to %s.", ret->identity);
	return RC_OK;
}

enum rc
router_test(struct ctx *cx, const char *router_id, struct router_test *ret)
{
	struct routeros *ros;
	enum rc rc;

	TRY(link_connect(cx, router_id, TEST_BUDGET_MS, &ros));
	rc = read_both(cx, ros, ret);
	routeros_close(ros);
	return rc;
}
