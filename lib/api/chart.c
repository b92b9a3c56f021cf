/* chart.c: see chart.h; history_period() in SQL has the density of each period. */
#include "api/chart.h"

#include "api/api.h"

static const char *const periods[] = { "1h", "6h", "24h", "7d", "30d", "1y", NULL };

const struct field chart_params[CHART_PARAMS] = {
	{ "period", FT_TEXT, .max = 3, .among = periods, .dflt = "\"24h\"" },
};

static enum rc
read_period(struct ctx *cx, const struct req *rq, const char **ret)
{
	const char *period = req_param(cx, rq, "period");

	if (period != NULL)
		TRY(shape_param(cx, &chart_params[0], period));
	*ret = period != NULL ? period : "24h";
	return RC_OK;
}

enum rc
chart_answer(struct ctx *cx, const struct req *rq, struct resp *rs, const struct chart *c)
{
	struct db_rows *points, *found;
	const char *id, *period;

	TRY(req_uuid(cx, rq, c->id, &id));
	TRY(read_period(cx, rq, &period));
	TRY(db_send_row_if_any(cx, c->exists, &found, V_TEXT(id)));
	TRY(db_send_rows(cx, c->points, &points, V_TEXT(id), V_TEXT(period)));
	TRY(db_sync(cx));
	if (db_count(found) == 0)
		return FAIL(cx, RC_NOT_FOUND, "%s", c->missing);
	return op_array(rs, points);
}
