/* drift.c: the differences between a router and the database, for the screen. */
#include <cJSON.h>

#include "api/api.h"
#include "api/mikrotik.h"
#include "base/jw.h"
#include "router/drift.h"
#include "router/snapshot.h"

/* clang-format off */
static const struct field difference_parts[] = {
	{ "kind", FT_TEXT },
	{ "menu", FT_TEXT },
	{ "name", FT_TEXT },
	{ "text", FT_TEXT },
};

static const struct field mikrotik_drift_parts[] = {
	{ "router_id", FT_UUID },
	{ "router", FT_TEXT },
	{ "accounts", FT_INT },
	{ "cuts", FT_INT },
	{ "refusal", FT_TEXT, FF_NULL },
	{ "differences", FT_ROWS, .parts = difference_parts, .nparts = countof(difference_parts) },
};

const struct op mikrotik_drift_op = {
	.summary = "What differs between a router and the database: {router_id router accounts cuts "
		   "differences [{kind menu name text}] refusal}; changes nothing",
	.params = mikrotik_router_param, .nparams = 1,
	.answer = mikrotik_drift_parts, .nanswer = countof(mikrotik_drift_parts),
};

static const struct field apply_fields[] = {
	{ "router_id", FT_UUID, FF_CREATE | FF_NULL, .hint = "by default the default router" },
	{ "force",     FT_BOOL, FF_CREATE, .dflt = "false",
	  .hint = "also where more than a tenth of the accounts would be cut or removed" },
};
static const struct field mikrotik_drift_apply_parts[] = {
	{ "success", FT_BOOL },
	{ "accounts", FT_INT },
	{ "profiles", FT_INT },
	{ "leaving", FT_INT },
};

const struct op mikrotik_drift_apply_op = {
	.summary = "Make jobs of the differences: {success accounts profiles leaving}; 409 beyond "
		   "the bounds without force",
	.fields = apply_fields, .nfields = countof(apply_fields), .flag = FF_CREATE,
	.answer = mikrotik_drift_apply_parts, .nanswer = countof(mikrotik_drift_apply_parts),
};
/* clang-format on */

enum rc
mikrotik_drift(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	const char *router_id;
	struct drift d;
	struct sb out;
	struct jw w;

	TRY(mikrotik_router(cx, rq, &router_id));
	TRY(api_set_actor(cx));
	TRY(snapshot_default(cx, &router_id));
	TRY(drift_plan(cx, router_id, &d));
	out = sb_new(cx->mem);
	w = jw_new(&out);
	drift_json(&w, NULL, drift_refusal(cx, &d), &d);
	return resp_json(rs, 200, out.buf);
}

static enum rc
answer_jobs(struct resp *rs, const struct drift_jobs *jobs)
{
	struct jw w = jw_new(&rs->body);

	rs->status = 200;
	jw_obj(&w, NULL);
	jw_bool(&w, "success", true);
	jw_i64(&w, "accounts", jobs->accounts);
	jw_i64(&w, "profiles", jobs->profiles);
	jw_i64(&w, "leaving", jobs->leaving);
	jw_end(&w);
	return RC_OK;
}

enum rc
mikrotik_drift_apply(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct drift_jobs jobs;
	const char *router_id;
	struct cJSON *in;
	struct drift d;

	TRY(op_read(cx, &mikrotik_drift_apply_op, rq, &in));
	router_id = shape_text(in, "router_id");
	TRY(mikrotik_body_router(cx, router_id));
	TRY(snapshot_default(cx, &router_id));
	TRY(drift_plan(cx, router_id, &d));
	TRY(drift_apply(cx, &d, shape_bool(in, "force"), &jobs));
	return answer_jobs(rs, &jobs);
}
