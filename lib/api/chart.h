/* chart.h: the periods that charts have. */
#ifndef API_CHART_H
#define API_CHART_H

#include "http/http.h"
#include "http/shape.h"

enum { CHART_PARAMS = 1 };
extern const struct field chart_params[CHART_PARAMS];

/* ?period=, by default 24h. */
enum rc chart_period(struct ctx *, const struct req *, const char **ret) _must_check_;

#endif
