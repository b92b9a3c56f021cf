/* mikrotik.c: the objects and sessions on routers. */
#include "api/mikrotik.h"
#include "api/api.h"
#include "base/utf8.h"
#include "router/snapshot.h"
#include "sql.h"

const char *const mikrotik_user_kinds[] = { "pppoe", "hotspot", NULL };

/* clang-format off */
const struct field mikrotik_router_param[] = {
	{ "router_id", FT_UUID, .hint = "by default the default router" },
};

static const struct field interface_params[] = {
	{ "interface", FT_TEXT, FF_NEEDED, 1, 64, .hint = "its name on the router" },
	{ "router_id", FT_UUID, .hint = "by default the default router" },
};

static const struct field detail_params[] = {
	{ "username", FT_TEXT, FF_NEEDED, 1, 64 },
	{ "type",     FT_TEXT, .max = 16, .among = mikrotik_user_kinds, .hint = "by default both" },
};

static const struct field interfaces_parts[] = {
	{ "id", FT_TEXT },
	{ "name", FT_TEXT },
	{ "type", FT_TEXT, FF_RARE },
	{ "running", FT_BOOL, FF_RARE },
	{ "disabled", FT_BOOL, FF_RARE },
	{ "mtu", FT_JSON, FF_RARE },
	{ "mac_address", FT_TEXT, FF_RARE },
	{ "comment", FT_TEXT, FF_RARE },
	{ "rx_byte", FT_JSON, FF_RARE },
	{ "tx_byte", FT_JSON, FF_RARE },
	{ "*", FT_JSON, FF_RARE },
};

static const struct field profiles_parts[] = {
	{ "id", FT_TEXT },
	{ "name", FT_TEXT },
	{ "rate_limit", FT_TEXT, FF_RARE },
	{ "local_address", FT_TEXT, FF_RARE },
	{ "remote_address", FT_TEXT, FF_RARE },
	{ "comment", FT_TEXT, FF_RARE },
	{ "*", FT_JSON, FF_RARE },
};

static const struct field secrets_parts[] = {
	{ "id", FT_TEXT },
	{ "name", FT_TEXT },
	{ "service", FT_TEXT, FF_RARE },
	{ "profile", FT_TEXT, FF_RARE },
	{ "local_address", FT_TEXT, FF_RARE },
	{ "remote_address", FT_TEXT, FF_RARE },
	{ "disabled", FT_BOOL, FF_RARE },
	{ "comment", FT_TEXT, FF_RARE },
	{ "last_logged_out", FT_TEXT, FF_RARE },
	{ "*", FT_JSON, FF_RARE },
};

static const struct field hotspot_users_parts[] = {
	{ "id", FT_TEXT },
	{ "name", FT_TEXT },
	{ "profile", FT_TEXT, FF_RARE },
	{ "disabled", FT_BOOL, FF_RARE },
	{ "comment", FT_TEXT, FF_RARE },
	{ "uptime", FT_TEXT, FF_RARE },
	{ "bytes_in", FT_JSON, FF_RARE },
	{ "bytes_out", FT_JSON, FF_RARE },
	{ "*", FT_JSON, FF_RARE },
};

static const struct field dhcp_leases_parts[] = {
	{ "id", FT_TEXT },
	{ "address", FT_TEXT, FF_RARE },
	{ "mac_address", FT_TEXT, FF_RARE },
	{ "host_name", FT_TEXT, FF_RARE },
	{ "server", FT_TEXT, FF_RARE },
	{ "status", FT_TEXT, FF_RARE },
	{ "dynamic", FT_BOOL, FF_RARE },
	{ "comment", FT_TEXT, FF_RARE },
	{ "*", FT_JSON, FF_RARE },
};

static const struct field active_parts[] = {
	{ "id", FT_TEXT },
	{ "name", FT_TEXT },
	{ "service", FT_TEXT },
	{ "caller_id", FT_TEXT, FF_NULL },
	{ "address", FT_TEXT, FF_NULL },
	{ "uptime", FT_TEXT, FF_NULL },
};

static const struct field hotspot_active_parts[] = {
	{ "id", FT_TEXT },
	{ "user", FT_TEXT },
	{ "address", FT_TEXT, FF_NULL },
	{ "mac_address", FT_TEXT, FF_NULL },
	{ "uptime", FT_TEXT, FF_NULL },
	{ "bytes_in", FT_INT, FF_NULL },
	{ "bytes_out", FT_INT, FF_NULL },
	{ "packets_in", FT_INT, FF_NULL },
	{ "packets_out", FT_INT, FF_NULL },
};

#define LISTING(name, what)                                                                        \
	const struct op mikrotik_##name##_op = {                                                   \
		.summary = what ", as RouterOS prints it", .params = mikrotik_router_param, .nparams = 1,    \
		.answer = name##_parts, .nanswer = countof(name##_parts), .many = true,            \
	}
LISTING(interfaces, "The interfaces of a router, without those of sessions");
LISTING(profiles, "The PPP profiles of a router");
LISTING(secrets, "The PPP secrets of a router, without passwords");
LISTING(hotspot_users, "The hotspot users of a router, without passwords");
LISTING(dhcp_leases, "The DHCP leases of a router");
LISTING(active, "The PPP sessions of a router");
LISTING(hotspot_active, "The hotspot sessions of a router");

static const struct field mikrotik_system_parts[] = {
	{ "uptime", FT_TEXT, FF_NULL },
	{ "version", FT_TEXT, FF_NULL },
	{ "cpu_load", FT_INT, FF_NULL },
	{ "free_memory", FT_INT, FF_NULL },
	{ "total_memory", FT_INT, FF_NULL },
	{ "free_hdd", FT_INT, FF_NULL },
	{ "total_hdd", FT_INT, FF_NULL },
	{ "architecture", FT_TEXT, FF_NULL },
	{ "board_name", FT_TEXT, FF_NULL },
	{ "cpu", FT_INT },
	{ "memory", FT_INT },
	{ "board", FT_TEXT, FF_NULL },
	{ "temperature", FT_INT, FF_NULL },
};

const struct op mikrotik_system_op = {
	.summary = "Load, memory and version of a router",
	.params = mikrotik_router_param, .nparams = 1,
	.answer = mikrotik_system_parts, .nanswer = countof(mikrotik_system_parts),
};
static const struct field mikrotik_interface_traffic_parts[] = {
	{ "name", FT_TEXT, FF_RARE },
	{ "rx_bits_per_second", FT_INT, FF_RARE },
	{ "tx_bits_per_second", FT_INT, FF_RARE },
	{ "rx_packets_per_second", FT_INT, FF_RARE },
	{ "tx_packets_per_second", FT_INT, FF_RARE },
	{ "*", FT_JSON, FF_RARE },
};

const struct op mikrotik_interface_traffic_op = {
	.summary = "The present rates of an interface in bits per second",
	.params = interface_params, .nparams = countof(interface_params),
	.answer = mikrotik_interface_traffic_parts, .nanswer = countof(mikrotik_interface_traffic_parts),
};
static const struct field mikrotik_online_users_parts[] = {
	{ "id", FT_TEXT },
	{ "username", FT_TEXT },
	{ "type", FT_TEXT },
	{ "address", FT_TEXT },
	{ "uptime", FT_TEXT },
	{ "downloadSpeed", FT_TEXT },
	{ "uploadSpeed", FT_TEXT },
	{ "router_id", FT_UUID },
};

const struct op mikrotik_online_users_op = {
	.summary = "All sessions of all active routers: [{id username type address uptime "
		   "downloadSpeed uploadSpeed router_id}]",
	.answer = mikrotik_online_users_parts, .nanswer = countof(mikrotik_online_users_parts),
	.many = true,
};
static const struct field mikrotik_traffic_parts[] = {
	{ "time", FT_TIME },
	{ "download", FT_NUMBER },
	{ "upload", FT_NUMBER },
};

const struct op mikrotik_traffic_op = {
	.summary = "What all subscribers used together in the last 10 minutes: [{time download "
		   "upload}] in Mbps",
	.params = mikrotik_router_param, .nparams = 1,
	.answer = mikrotik_traffic_parts, .nanswer = countof(mikrotik_traffic_parts),
	.many = true,
};
static const struct field mikrotik_user_detail_parts[] = {
	{ "username", FT_TEXT },
	{ "session.id", FT_TEXT },
	{ "session.address", FT_TEXT },
	{ "session.macAddress", FT_TEXT },
	{ "session.uptime", FT_TEXT },
	{ "session.service", FT_TEXT },
	{ "session.encoding", FT_TEXT },
	{ "bandwidth.rxRate", FT_TEXT },
	{ "bandwidth.txRate", FT_TEXT },
	{ "bandwidth.rxBytes", FT_TEXT },
	{ "bandwidth.txBytes", FT_TEXT },
	{ "bandwidth.rxPackets", FT_TEXT },
	{ "bandwidth.txPackets", FT_TEXT },
	{ "profile.profile", FT_TEXT, FF_NULL },
	{ "profile.maxLimit", FT_TEXT },
	{ "profile.limitAt", FT_TEXT },
	{ "profile.comment", FT_TEXT },
};

const struct op mikrotik_user_detail_op = {
	.summary = "The session of a user: {username session bandwidth profile}; 404 when offline",
	.params = detail_params, .nparams = countof(detail_params),
	.answer = mikrotik_user_detail_parts, .nanswer = countof(mikrotik_user_detail_parts),
};

/* clang-format on */

enum rc
mikrotik_router(struct ctx *cx, const struct req *rq, const char **ret)
{
	const char *val = req_param(cx, rq, "router_id");

	*ret = NULL;
	if (val == NULL || val[0] == '\0')
		return RC_OK;
	TRY(shape_param(cx, mikrotik_router_param, val));
	*ret = val;
	return RC_OK;
}

enum rc
mikrotik_success(struct resp *rs)
{
	return resp_json(rs, 200, "{\"success\":true}");
}

/* ---- reading ------------------------------------------------------------- */

static enum rc
reading(struct ctx *cx, const struct req *rq, struct resp *rs, const char *kind)
{
	const char *router_id, *data = NULL;

	TRY(mikrotik_router(cx, rq, &router_id));
	TRY(api_set_actor(cx));
	TRY(snapshot_get(cx, router_id, kind, &data));
	return resp_json(rs, 200, data);
}

#define READING(name, kind)                                                                        \
	enum rc mikrotik_##name(struct ctx *cx, const struct req *rq, struct resp *rs)             \
	{                                                                                          \
		return reading(cx, rq, rs, kind);                                                  \
	}
READING(system, SNAPSHOT_LIVE)
READING(interfaces, SNAPSHOT_INTERFACES)
READING(profiles, SNAPSHOT_PROFILES)
READING(secrets, SNAPSHOT_SECRETS)
READING(hotspot_users, SNAPSHOT_HOTSPOT_USERS)
READING(dhcp_leases, SNAPSHOT_DHCP_LEASES)
READING(queues, SNAPSHOT_QUEUES)

/* The router that a request names, after a live reading has stored its rows. */
static enum rc
read_live(struct ctx *cx, const struct req *rq, const char **router_id)
{
	const char *data;

	TRY(mikrotik_router(cx, rq, router_id));
	TRY(api_set_actor(cx));
	TRY(snapshot_default(cx, router_id));
	return snapshot_get(cx, *router_id, SNAPSHOT_LIVE, &data);
}

static enum rc
sessions(struct ctx *cx, const struct req *rq, struct resp *rs, const struct db_stmt *stmt,
    const char *service)
{
	const char *router_id;
	struct db_rows *rows;

	TRY(read_live(cx, rq, &router_id));
	TRY(db_rows(cx, stmt, &rows, V_TEXT(router_id), V_TEXT(service)));
	return op_array(rs, rows);
}

enum rc
mikrotik_active(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return sessions(cx, rq, rs, &SQL_session_active, "pppoe");
}

enum rc
mikrotik_hotspot_active(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return sessions(cx, rq, rs, &SQL_session_hotspot, "hotspot");
}

enum rc
mikrotik_traffic(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *router_id;
	struct db_rows *rows;

	TRY(read_live(cx, rq, &router_id));
	TRY(db_rows(cx, &SQL_traffic_points, &rows, V_TEXT(router_id)));
	return op_array(rs, rows);
}

enum rc
mikrotik_interface_traffic(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *name = req_param(cx, rq, "interface"), *router_id, *data = NULL;

	if (name == NULL || name[0] == '\0')
		return err_field(cx, "interface", "The interface is required.");
	TRY(shape_param(cx, interface_params, name));
	TRY(mikrotik_router(cx, rq, &router_id));
	TRY(api_set_actor(cx));
	TRY(snapshot_interface(cx, router_id, name, &data));
	return resp_json(rs, 200, data);
}

enum rc
mikrotik_online_users(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;

	(void)rq;
	TRY(api_set_actor(cx));
	TRY(snapshot_live_all(cx));
	TRY(db_row(cx, &SQL_session_online, &rows));
	return resp_json(rs, 200, db_text(rows, 0, "rows"));
}

/* The user for whom details are requested; *type NULL: of any type. */
static enum rc
detail_of(struct ctx *cx, const struct req *rq, const char **name, const char **type)
{
	*name = req_param(cx, rq, "username");
	*type = req_param(cx, rq, "type");
	if (*name == NULL || (*name)[0] == '\0')
		return err_field(cx, "username", "The username is required.");
	TRY(shape_param(cx, &detail_params[0], *name));
	if (*type != NULL && (*type)[0] == '\0')
		*type = NULL;
	return *type == NULL ? RC_OK : shape_param(cx, &detail_params[1], *type);
}

enum rc
mikrotik_user_detail(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *name, *type;
	struct db_rows *rows;

	TRY(detail_of(cx, rq, &name, &type));
	TRY(api_set_actor(cx));
	TRY(snapshot_live_all(cx));
	TRY(db_row_if_any(cx, &SQL_session_detail, &rows, V_TEXT(name), V_TEXT(type)));
	if (db_count(rows) == 0)
		return FAIL(cx, RC_NOT_FOUND, "%.*s is not online.", (int)utf8_cut(name, 64), name);
	return op_answer(rs, 200, rows);
}
