/* object.c: see object.h. */
#include "router/object.h"

#include <string.h>

#include "router/link.h"
#include "router/session.h"
#include "router/snapshot.h"

enum { BUDGET_MS = 8000, FIELD_MAX = 40 };

static const char *const paths[] = { "/ppp/secret", "/queue/simple" };

/* One change of an object. */
struct change {
	const char *router_id, *path;
	struct routeros *ros;
	const char *name; /* of the object before the change */
};

bool
object_is_id(const char *id)
{
	return id[0] == '*' && id[1] != '\0' && strlen(id) <= 9 &&
	       strspn(id + 1, "0123456789ABCDEFabcdef") == strlen(id + 1);
}

/* The API's name of a property: remote-address is remote_address. */
static const char *
field_of(struct ctx *cx, const char *arg)
{
	char *field = arena_printf(cx->mem, "%.*s", FIELD_MAX, arg);

	for (char *c = field; *c != '\0'; c++)
		*c = (char)(*c == '-' ? '_' : *c);
	return field;
}

/* Turn the router's refusal into an error on a field, where it names one. */
static enum rc
refused(struct ctx *cx, const struct change *c, const struct ros_cmd *cmd,
    const struct routeros_reply *reply)
{
	const struct ros_trap *trap = &reply->traps[0];

	switch (trap->kind) {
	case TRAP_EXISTS:
		return FAIL(cx, RC_CONFLICT, "The router has an object of this name already.");
	case TRAP_NO_ITEM:
		return FAIL(cx, RC_NOT_FOUND, "The router has no object with this id.");
	case TRAP_BAD_VALUE:
	case TRAP_NO_REF:
		return err_field(cx, field_of(cx, trap->arg), "The router refused it: %s",
		    trap->message);
	default:
		return routeros_check(cx, c->ros, cmd, reply);
	}
}

static enum rc
send(struct ctx *cx, const struct change *c, const struct ros_cmd *cmd, const char **ret)
{
	struct routeros_reply reply;

	TRY(routeros_ask(cx, c->ros, cmd, NULL, NULL, &reply));
	if (reply.ntraps > 0)
		return refused(cx, c, cmd, &reply);
	if (ret != NULL)
		*ret = reply.ret != NULL ? reply.ret : "";
	return RC_OK;
}

static struct ros_cmd
command(struct ctx *cx, const struct change *c, const char *verb, const char *id)
{
	struct ros_cmd cmd = ros_cmd_new(cx->mem, arena_printf(cx->mem, "%s/%s", c->path, verb));

	if (id != NULL)
		ros_cmd_set(&cmd, ".id", id);
	return cmd;
}

/* Find the object; a dynamic one, which the router made itself, is a conflict. */
static enum rc
find_object(struct ctx *cx, struct change *c, const char *id)
{
	struct ros_cmd cmd = command(cx, c, "print", NULL);
	const char *dynamic;
	struct ros_row row;

	ros_cmd_props(&cmd, "name,dynamic");
	ros_cmd_where(&cmd, ".id", id);
	TRY(routeros_one(cx, c->ros, &cmd, &row));
	if (row.nattrs == 0)
		return FAIL(cx, RC_NOT_FOUND, "The router has no object with this id.");
	dynamic = ros_row_get(&row, "dynamic");
	if (dynamic != NULL && strcmp(dynamic, "true") == 0)
		return FAIL(cx, RC_CONFLICT, "The router made this object itself.");
	c->name = ros_row_get(&row, "name");
	return RC_OK;
}

static enum rc
begin(struct ctx *cx, const char *router_id, enum object_menu menu, struct change *ret)
{
	if (router_id == NULL)
		TRY(router_default(cx, &router_id));
	*ret = (struct change){ .router_id = router_id, .path = paths[menu] };
	return link_connect(cx, router_id, BUDGET_MS, &ret->ros);
}

static enum rc
end(struct ctx *cx, struct change *c, enum rc rc)
{
	routeros_close(c->ros);
	TRY(rc);
	return snapshot_expire(cx, c->router_id);
}

static enum rc
add(struct ctx *cx, const struct change *c, const struct object_attr *attrs, size_t n,
    const char **ret)
{
	struct ros_cmd cmd = command(cx, c, "add", NULL);

	for (size_t i = 0; i < n; i++)
		ros_cmd_set(&cmd, attrs[i].key, attrs[i].val);
	return send(cx, c, &cmd, ret);
}

static enum rc
set(struct ctx *cx, struct change *c, const char *id, const struct object_attr *attrs, size_t n)
{
	struct ros_cmd cmd = command(cx, c, "set", id), unset;
	bool has = false;

	TRY(find_object(cx, c, id));
	for (size_t i = 0; i < n; i++) {
		has = has || attrs[i].val != NULL;
		ros_cmd_set(&cmd, attrs[i].key, attrs[i].val);
	}
	if (has)
		TRY(send(cx, c, &cmd, NULL));
	for (size_t i = 0; i < n; i++) {
		if (attrs[i].val != NULL)
			continue;
		unset = command(cx, c, "unset", id);
		ros_cmd_set(&unset, "value-name", attrs[i].key);
		TRY(send(cx, c, &unset, NULL));
	}
	return RC_OK;
}

static enum rc
removed(struct ctx *cx, struct change *c, const char *id)
{
	struct ros_cmd cmd = command(cx, c, "remove", id);

	TRY(find_object(cx, c, id));
	return send(cx, c, &cmd, NULL);
}

/* End its sessions, which would keep the old properties. */
static enum rc
end_sessions(struct ctx *cx, const struct change *c)
{
	enum rc rc = RC_OK;

	if (strcmp(c->path, paths[OBJECT_SECRET]) == 0 && c->name != NULL)
		rc = session_end(cx, c->router_id, "pppoe", c->name);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc
object_add(struct ctx *cx, const char *router_id, enum object_menu menu,
    const struct object_attr *attrs, size_t n, const char **ret)
{
	struct change c;

	TRY(begin(cx, router_id, menu, &c));
	return end(cx, &c, add(cx, &c, attrs, n, ret));
}

enum rc
object_set(struct ctx *cx, const char *router_id, enum object_menu menu, const char *id,
    const struct object_attr *attrs, size_t n)
{
	struct change c;

	TRY(begin(cx, router_id, menu, &c));
	TRY(end(cx, &c, set(cx, &c, id, attrs, n)));
	return end_sessions(cx, &c);
}

enum rc
object_remove(struct ctx *cx, const char *router_id, enum object_menu menu, const char *id)
{
	struct change c;

	TRY(begin(cx, router_id, menu, &c));
	TRY(end(cx, &c, removed(cx, &c, id)));
	return end_sessions(cx, &c);
}
