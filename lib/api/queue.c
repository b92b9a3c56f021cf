/* queue.c: simple queues of a router, one by one, and PPP secrets by their id on the router. */
#include <cJSON.h>
#include <string.h>

#include "api/api.h"
#include "api/form.h"
#include "api/mikrotik.h"
#include "base/jw.h"
#include "router/object.h"

/* clang-format off */
static const char *const services[] = { "pppoe", "any", NULL };

static const struct field secret_fields[] = {
	{ "name",           FT_TEXT,   FF_CREATE | FF_UPDATE | FF_NEEDED, 1, 64 },
	{ "password",       FT_SECRET, FF_CREATE | FF_UPDATE | FF_NEEDED, 1, 64,
	  .check = form_printable },
	{ "service",        FT_TEXT,   FF_CREATE | FF_UPDATE, .max = 16, .among = services,
	  .dflt = "\"pppoe\"" },
	{ "profile",        FT_TEXT,   FF_CREATE | FF_UPDATE, 1, 64 },
	{ "local_address",  FT_TEXT,   FF_CREATE | FF_UPDATE | FF_NULL, .max = 45,
	  .check = form_address },
	{ "remote_address", FT_TEXT,   FF_CREATE | FF_UPDATE | FF_NULL, .max = 45,
	  .check = form_address },
	{ "comment",        FT_TEXT,   FF_CREATE | FF_UPDATE | FF_NULL, .max = 255 },
	{ "disabled",       FT_BOOL,   FF_CREATE | FF_UPDATE },
};

static const struct field queue_fields[] = {
	{ "name",            FT_TEXT, FF_CREATE | FF_NEEDED, 1, 64 },
	{ "target",          FT_TEXT, FF_CREATE | FF_NEEDED, 1, 64, .check = form_printable },
	{ "max_limit",       FT_TEXT, FF_CREATE | FF_NEEDED, 1, 32, .check = form_printable,
	  .hint = "upload/download as RouterOS has it: 5M/20M" },
	{ "burst_limit",     FT_TEXT, FF_CREATE | FF_NULL, .max = 32, .check = form_printable },
	{ "burst_threshold", FT_TEXT, FF_CREATE | FF_NULL, .max = 32, .check = form_printable },
	{ "burst_time",      FT_TEXT, FF_CREATE | FF_NULL, .max = 32, .check = form_printable },
	{ "priority",        FT_INT,  FF_CREATE, 1, 8 },
	{ "comment",         FT_TEXT, FF_CREATE | FF_NULL, .max = 255 },
};

static const struct field object_parts[] = {
	{ "success", FT_BOOL },
	{ "id", FT_TEXT },
};

static const struct field mikrotik_queues_parts[] = {
	{ "id", FT_TEXT },
	{ "name", FT_TEXT },
	{ "target", FT_TEXT, FF_RARE },
	{ "max_limit", FT_TEXT, FF_RARE },
	{ "burst_limit", FT_TEXT, FF_RARE },
	{ "burst_threshold", FT_TEXT, FF_RARE },
	{ "burst_time", FT_TEXT, FF_RARE },
	{ "priority", FT_TEXT, FF_RARE },
	{ "comment", FT_TEXT, FF_RARE },
	{ "disabled", FT_BOOL, FF_RARE },
	{ "*", FT_JSON, FF_RARE },
};

const struct op mikrotik_queues_op = {
	.summary = "The simple queues of a router, as RouterOS prints them",
	.params = mikrotik_router_param, .nparams = 1,
	.answer = mikrotik_queues_parts, .nanswer = countof(mikrotik_queues_parts),
	.many = true,
};
const struct op queue_create_op = {
	.summary = "Add a simple queue: {success id}",
	.fields = queue_fields, .nfields = countof(queue_fields), .flag = FF_CREATE,
	.params = mikrotik_router_param, .nparams = 1, .status = 201,
	.answer = object_parts, .nanswer = countof(object_parts),
};
const struct op queue_delete_op = {
	.summary = "Remove a simple queue by its id on the router: {success id}",
	.params = mikrotik_router_param, .nparams = 1,
	.answer = object_parts, .nanswer = countof(object_parts),
};
const struct op router_secret_create_op = {
	.summary = "Add a PPP secret on a router: {success id}",
	.fields = secret_fields, .nfields = countof(secret_fields), .flag = FF_CREATE,
	.params = mikrotik_router_param, .nparams = 1, .status = 201,
	.answer = object_parts, .nanswer = countof(object_parts),
};
const struct op router_secret_update_op = {
	.summary = "Change a PPP secret by its id on the router; its sessions end: {success id}",
	.fields = secret_fields, .nfields = countof(secret_fields), .flag = FF_UPDATE,
	.params = mikrotik_router_param, .nparams = 1,
	.answer = object_parts, .nanswer = countof(object_parts),
};
const struct op router_secret_delete_op = {
	.summary = "Remove a PPP secret by its id on the router; its sessions end: {success id}",
	.params = mikrotik_router_param, .nparams = 1,
	.answer = object_parts, .nanswer = countof(object_parts),
};
const struct op router_secret_enable_op = {
	.summary = "Enable a PPP secret by its id on the router: {success id}",
	.params = mikrotik_router_param, .nparams = 1,
	.answer = object_parts, .nanswer = countof(object_parts),
};
const struct op router_secret_disable_op = {
	.summary = "Disable a PPP secret by its id on the router; its sessions end: {success id}",
	.params = mikrotik_router_param, .nparams = 1,
	.answer = object_parts, .nanswer = countof(object_parts),
};
/* clang-format on */

static enum rc
answer_object(struct resp *rs, int status, const char *id)
{
	struct jw w = jw_new(&rs->body);

	rs->status = status;
	jw_obj(&w, NULL);
	jw_bool(&w, "success", true);
	jw_str(&w, "id", id);
	jw_end(&w);
	return RC_OK;
}

/* RouterOS' name of a property: remote_address is remote-address. */
static const char *
property_name(struct ctx *cx, const char *name)
{
	char *key = arena_strdup(cx->mem, name);

	for (char *c = key; *c != '\0'; c++)
		if (*c == '_')
			*c = '-';
	return key;
}

static const char *
property_text(struct ctx *cx, const struct cJSON *in, const struct field *f)
{
	if (f->type == FT_BOOL)
		return shape_bool(in, f->name) ? "yes" : "no";
	if (f->type == FT_INT)
		return arena_printf(cx->mem, "%lld/%lld", (long long)shape_i64(in, f->name),
		    (long long)shape_i64(in, f->name));
	return shape_text(in, f->name);
}

/* Only fields of the table become properties, whatever else a body holds. */
static struct object_attr *
attrs_of(struct ctx *cx, const struct op *op, const struct cJSON *in, size_t *ret)
{
	struct object_attr *attrs = arena_alloc(cx->mem, op->nfields * sizeof(*attrs));

	*ret = 0;
	for (size_t i = 0; i < op->nfields; i++) {
		const struct field *f = &op->fields[i];
		const char *val = property_text(cx, in, f);

		/* a new object has nothing to clear */
		if (!shape_has(in, f->name) || (op->flag == FF_CREATE && val == NULL))
			continue;
		attrs[(*ret)++] = (struct object_attr){ property_name(cx, f->name), val };
	}
	return attrs;
}

/* The object's id in the path. */
static enum rc
object_id(struct ctx *cx, const struct req *rq, const char **ret)
{
	*ret = req_arg(rq, "id");
	return object_is_id(*ret)
		   ? RC_OK
		   : FAIL(cx, RC_NOT_FOUND, "The router has no object with this id.");
}

static enum rc
create(struct ctx *cx, const struct req *rq, struct resp *rs, enum object_menu menu,
    const struct op *op)
{
	const struct object_attr *attrs;
	const char *router_id, *id = NULL;
	struct cJSON *in;
	size_t n;

	TRY(mikrotik_router(cx, rq, &router_id));
	TRY(op_read(cx, op, rq, &in));
	attrs = attrs_of(cx, op, in, &n);
	TRY(object_add(cx, router_id, menu, attrs, n, &id));
	return answer_object(rs, op->status, id);
}

static enum rc
remove_object(struct ctx *cx, const struct req *rq, struct resp *rs, enum object_menu menu)
{
	const char *router_id, *id;

	TRY(mikrotik_router(cx, rq, &router_id));
	TRY(object_id(cx, rq, &id));
	TRY(object_remove(cx, router_id, menu, id));
	return answer_object(rs, 200, id);
}

enum rc
queue_create(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return create(cx, rq, rs, OBJECT_QUEUE, &queue_create_op);
}

enum rc
queue_delete(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return remove_object(cx, rq, rs, OBJECT_QUEUE);
}

enum rc
router_secret_create(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return create(cx, rq, rs, OBJECT_SECRET, &router_secret_create_op);
}

enum rc
router_secret_delete(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return remove_object(cx, rq, rs, OBJECT_SECRET);
}

enum rc
router_secret_update(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const struct object_attr *attrs;
	const char *router_id, *id;
	struct cJSON *in;
	size_t n;

	TRY(mikrotik_router(cx, rq, &router_id));
	TRY(op_read(cx, &router_secret_update_op, rq, &in));
	TRY(object_id(cx, rq, &id));
	attrs = attrs_of(cx, &router_secret_update_op, in, &n);
	if (n > 0)
		TRY(object_set(cx, router_id, OBJECT_SECRET, id, attrs, n));
	return answer_object(rs, 200, id);
}

static enum rc
set_disabled(struct ctx *cx, const struct req *rq, struct resp *rs, const char *val)
{
	const struct object_attr attr = { "disabled", val };
	const char *router_id, *id;

	TRY(mikrotik_router(cx, rq, &router_id));
	TRY(object_id(cx, rq, &id));
	TRY(object_set(cx, router_id, OBJECT_SECRET, id, &attr, 1));
	return answer_object(rs, 200, id);
}

enum rc
router_secret_enable(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return set_disabled(cx, rq, rs, "no");
}

enum rc
router_secret_disable(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	return set_disabled(cx, rq, rs, "yes");
}
