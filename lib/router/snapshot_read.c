/* snapshot_read.c: see snapshot_read.h. */
#include "router/snapshot_read.h"

#include <string.h>

#include "net/ros_json.h"

/* A menu that a browser may list. */
struct menu {
	const char *kind, *path, *props;
	const char *where, *is; /* only such rows; NULL: all */
	bool lasting;           /* without objects that the router made itself */
	bool optional;          /* a router without this menu has no such rows */
};

static const struct menu menus[] = {
	/* A router with many sessions has thousands of interfaces for them. */
	{ SNAPSHOT_INTERFACES, "/interface/print",
	    ".id,name,type,running,disabled,mtu,mac-address,rx-byte,tx-byte,dynamic,"
	    "comment",
	    NULL, NULL, true, false },
	{ SNAPSHOT_PROFILES, "/ppp/profile/print",
	    ".id,name,local-address,remote-address,rate-limit,only-one,default,comment", NULL, NULL,
	    false, false },
	{ SNAPSHOT_SECRETS, "/ppp/secret/print",
	    ".id,name,service,profile,local-address,remote-address,disabled,comment,"
	    "last-logged-out",
	    NULL, NULL, false, false },
	{ SNAPSHOT_HOTSPOT_USERS, "/ip/hotspot/user/print",
	    ".id,server,name,profile,address,limit-uptime,uptime,bytes-in,bytes-out,disabled,"
	    "comment",
	    NULL, NULL, false, true },
	{ SNAPSHOT_DHCP_LEASES, "/ip/dhcp-server/lease/print",
	    ".id,address,mac-address,server,status,host-name,expires-after,last-seen,dynamic,"
	    "disabled,comment",
	    NULL, NULL, false, true },
	{ SNAPSHOT_QUEUES, "/queue/simple/print",
	    ".id,name,target,max-limit,burst-limit,burst-threshold,burst-time,priority,dynamic,"
	    "disabled,comment",
	    NULL, NULL, false, false },
};

/* Rows are written as they arrive: 20,000 of them are never held in memory at once. */
struct listing {
	struct sb out;
	struct jw w;
	bool lasting;
};

static void
listing_open(struct ctx *cx, struct listing *l)
{
	l->lasting = false;
	l->out = sb_new(cx->mem);
	l->w = jw_new(&l->out);
	jw_arr(&l->w, NULL);
}

static const char *
listing_close(struct listing *l)
{
	jw_end(&l->w);
	return l->out.buf;
}

static enum rc
listing_row(struct ctx *cx, const struct ros_row *row, void *arg)
{
	struct listing *l = arg;

	(void)cx;
	/*
	 * Filter here, not in the query: an interface may lack the property, and a query would
	 * miss it.
	 */
	if (!l->lasting || !ros_json_flag(ros_row_get(row, "dynamic")))
		ros_json_row(&l->w, row);
	return RC_OK;
}

static enum rc
list(struct ctx *cx, struct routeros *ros, const struct menu *m, const char **ret)
{
	struct ros_cmd cmd = ros_cmd_new(cx->mem, m->path);
	struct listing l;

	listing_open(cx, &l);
	l.lasting = m->lasting;
	ros_cmd_props(&cmd, m->props);
	if (m->where != NULL)
		ros_cmd_where(&cmd, m->where, m->is);
	TRY(routeros_print(cx, ros, &cmd, m->optional, listing_row, &l));
	*ret = listing_close(&l);
	return RC_OK;
}

enum rc
snapshot_read_list(struct ctx *cx, struct routeros *ros, const char *kind, const char **ret)
{
	for (size_t i = 0; i < countof(menus); i++) {
		if (strcmp(menus[i].kind, kind) == 0)
			return list(cx, ros, &menus[i], ret);
	}
	return FAIL(cx, RC_NOT_FOUND, "There is no reading %s.", kind);
}

enum rc
snapshot_read_interface(struct ctx *cx, struct routeros *ros, const char *name, const char **ret)
{
	struct ros_cmd cmd = ros_cmd_new(cx->mem, "/interface/monitor-traffic");
	struct routeros_reply reply;
	struct listing l = { .out = sb_new(cx->mem) };

	l.w = jw_new(&l.out);
	ros_cmd_set(&cmd, "interface", name);
	ros_cmd_set(&cmd, "once", "");
	TRY(routeros_ask(cx, ros, &cmd, listing_row, &l, &reply));
	if (reply.ntraps > 0 &&
	    (reply.traps[0].kind == TRAP_NO_REF || reply.traps[0].kind == TRAP_NO_ITEM))
		return FAIL(cx, RC_NOT_FOUND, "This router has no interface of this name.");
	TRY(routeros_check(cx, ros, &cmd, &reply));
	if (reply.rows != 1)
		return FAIL(cx, RC_NOT_FOUND, "This router has no interface of this name.");
	*ret = l.out.buf;
	return RC_OK;
}

/* ---- live ---------------------------------------------------------------- */

/* Degrees Celsius: v6 has a property, v7 a row with this name. */
static enum rc
health_row(struct ctx *cx, const struct ros_row *row, void *arg)
{
	const char **ret = arg, *name = ros_row_get(row, "name");
	const char *val = ros_row_get(row, "temperature");

	if (val == NULL && name != NULL && strcmp(name, "temperature") == 0)
		val = ros_row_get(row, "value");
	if (val != NULL && *ret == NULL)
		*ret = arena_strdup(cx->mem, val);
	return RC_OK;
}

static void
put_number(struct jw *w, const char *key, const char *val)
{
	int64_t number;

	if (ros_json_number(val, &number))
		jw_i64(w, key, number);
	else
		jw_str(w, key, NULL);
}

static int64_t
number_of(const struct ros_row *row, const char *key)
{
	int64_t number;

	return ros_json_number(ros_row_get(row, key), &number) ? number : 0;
}

static int64_t
memory_percent(const struct ros_row *row)
{
	int64_t total = number_of(row, "total-memory"), unused = number_of(row, "free-memory");

	return total > 0 && unused <= total ? (total - unused) / (total / 100 > 0 ? total / 100 : 1)
					    : 0;
}

/* The fields of the plan, then those of the existing browser client. */
static const char *
system_json(struct ctx *cx, const struct ros_row *row, const char *temperature)
{
	struct sb out = sb_new(cx->mem);
	struct jw w = jw_new(&out);

	jw_obj(&w, NULL);
	jw_str(&w, "uptime", ros_row_get(row, "uptime"));
	jw_str(&w, "version", ros_row_get(row, "version"));
	put_number(&w, "cpu_load", ros_row_get(row, "cpu-load"));
	put_number(&w, "free_memory", ros_row_get(row, "free-memory"));
	put_number(&w, "total_memory", ros_row_get(row, "total-memory"));
	put_number(&w, "free_hdd", ros_row_get(row, "free-hdd-space"));
	put_number(&w, "total_hdd", ros_row_get(row, "total-hdd-space"));
	jw_str(&w, "architecture", ros_row_get(row, "architecture-name"));
	jw_str(&w, "board_name", ros_row_get(row, "board-name"));
	jw_i64(&w, "cpu", number_of(row, "cpu-load"));
	jw_i64(&w, "memory", memory_percent(row));
	jw_str(&w, "board", ros_row_get(row, "board-name"));
	put_number(&w, "temperature", temperature);
	jw_end(&w);
	return out.buf;
}

static enum rc
read_system(struct ctx *cx, struct routeros *ros, const char **ret)
{
	struct ros_cmd cmd = ros_cmd_new(cx->mem, "/system/resource/print");
	struct ros_cmd health = ros_cmd_new(cx->mem, "/system/health/print");
	const char *temperature = NULL;
	struct ros_row row;

	ros_cmd_props(&cmd, "uptime,version,cpu-load,free-memory,total-memory,free-hdd-space,"
			    "total-hdd-space,architecture-name,board-name");
	TRY(routeros_one(cx, ros, &cmd, &row));
	/* a board without sensors lacks the menu */
	TRY(routeros_ask(cx, ros, &health, health_row, &temperature, NULL));
	*ret = system_json(cx, &row, temperature);
	return RC_OK;
}

static const struct menu live_menus[] = {
	{ "ppp", "/ppp/active/print", ".id,name,service,caller-id,address,uptime", NULL, NULL,
	    false, false },
	{ "hotspot", "/ip/hotspot/active/print",
	    ".id,server,user,address,mac-address,uptime,session-time-left,bytes-in,bytes-out,"
	    "packets-in,packets-out",
	    NULL, NULL, false, true },
	{ "counters", "/interface/print", "name,rx-byte,tx-byte,rx-packet,tx-packet", "dynamic",
	    "true", false, false },
};

enum rc
snapshot_read_live(struct ctx *cx, struct routeros *ros, struct snapshot_live *ret)
{
	TRY(read_system(cx, ros, &ret->system));
	TRY(list(cx, ros, &live_menus[0], &ret->ppp));
	TRY(list(cx, ros, &live_menus[1], &ret->hotspot));
	return list(cx, ros, &live_menus[2], &ret->counters);
}
