/* package.c: packages: a speed, a price, a number of days. */
#include "api/api.h"
#include "api/form.h"
#include "sql.h"

static const char *const types[] = { "pppoe", "hotspot", "static", NULL };
static const char *const units[] = { "day", "month", NULL };

/* clang-format off */
static const struct field fields[] = {
	{ "name",           FT_TEXT,  RW | FF_NEEDED | FF_SORT, 1, 255 },
	{ "type",           FT_TEXT,  RW | FF_FILTER | FF_SORT, .max = 16, .among = types,
	  .dflt = "\"pppoe\"" },
	{ "bandwidth",      FT_TEXT,  RW | FF_NEEDED, 1, 32, .check = form_rates,
	  .hint = "download/upload with k, M or G: 10M/10M" },
	{ "burst",          FT_TEXT,  RW | FF_NULL, .max = 64, .check = form_burst,
	  .hint = "D/U, or D/U D/U s/s: rates, threshold, seconds" },
	{ "price",          FT_MONEY, RW | FF_NEEDED | FF_SORT, 0, 999999999999 },
	{ "priority",       FT_INT,   RW, 1, 8, .dflt = "8" },
	{ "period_unit",    FT_TEXT,  RW | FF_FILTER, .max = 8, .among = units, .dflt = "\"day\"",
	  .hint = "day: validity_days; month: validity_months" },
	{ "validity_days",  FT_INT,   RW, 1, 3660, .dflt = "30" },
	{ "validity_months", FT_INT,  RW, 1, 36, .dflt = "1" },
	{ "description",    FT_TEXT,  RW | FF_NULL | FF_LINES, .max = 1000 },
	{ "is_active",      FT_BOOL,  RW | FF_FILTER, .dflt = "true" },
	{ "router_profile", FT_TEXT,  FF_CREATE | RO, 1, 63, .chars = "._-",
	  .hint = "its profile on routers, fixed at creation; by default made of the name" },
	{ "download_rate",  FT_INT,   RO | FF_SORT, .hint = "of bandwidth, in bit/s" },
	{ "period_days",    FT_INT,   RO | FF_SORT, .hint = "of validity; a month counts 30" },
	{ "subscriptions_count", FT_INT, RO | FF_SORT, .hint = "active lines" },
	{ "monthly_value", FT_MONEY, RO | FF_SORT, .hint = "what they pay in a month" },
	{ "created_at",     FT_TIME,  RO | FF_SORT },
	{ "updated_at",     FT_TIME,  RO | FF_SORT },
};

static const char *const search[] = { "name", "description", NULL };

const struct resource package_resource = {
	.name = "package",
	.label = "The package",
	.table = "packages",
	.view = "package_rows",
	.search = search,
	.fields = fields, .nfields = countof(fields),
	.audited = true,
	.counted = true,
};

static const struct field params[] = {
	{ "kick", FT_BOOL,
	  .hint = "end the sessions of its subscribers, so that new rates act at once" },
};

const struct op package_update_op = {
	.summary = "Change a package; a new price counts for invoices issued from now on",
	.fields = fields, .nfields = countof(fields), .flag = FF_UPDATE,
	.params = params, .nparams = countof(params),
	.row = &package_resource,
	.dry_run = true,
};
/* clang-format on */

static const struct field profile_field[] = { { "router_profile", FT_TEXT, FF_UPDATE } };

/* The profile is on routers already: a form may send it back, but not change it. */
static enum rc
keep_profile(struct ctx *cx, const struct req *rq)
{
	struct db_rows *rows;
	struct cJSON *in;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(shape_read(cx, profile_field, 1, FF_UPDATE, rq, &in));
	if (shape_text(in, "router_profile") == NULL)
		return RC_OK;
	TRY(db_row_if_any(cx, &SQL_package_other_profile, &rows, V_TEXT(id),
	    V_TEXT(shape_text(in, "router_profile"))));
	if (db_count(rows) > 0) {
		(void)err_field(cx, "router_profile", "The router profile is fixed at creation.");
		return err_field_code(cx, "fixed", NULL);
	}
	return RC_OK;
}

enum rc
package_update(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	bool kick;

	TRY(op_flag(cx, rq, "kick", &kick));
	TRY(keep_profile(cx, rq));
	return crud_update_with(cx, rq, rs, &package_resource, kick ? &SQL_package_kick : NULL);
}
