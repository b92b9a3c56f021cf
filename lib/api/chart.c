/* chart.c: see chart.h; history_period() in SQL knows how dense each is. */
#include "api/chart.h"

static const char *const periods[] = { "1h", "6h", "24h", "7d", "30d", "1y", NULL };

const struct field chart_params[CHART_PARAMS] = {
	{ "period", FT_TEXT, .max = 3, .among = periods, .dflt = "\"24h\"" },
};

enum rc
chart_period(struct ctx *cx, const struct req *rq, const char **ret)
{
	const char *period = req_param(cx, rq, "period");

	if (period != NULL)
		TRY(shape_param(cx, &chart_params[0], period));
	*ret = period != NULL ? period : "24h";
	return RC_OK;
}
