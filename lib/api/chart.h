/* chart.h: charts over the periods that they can have. */
#ifndef API_CHART_H
#define API_CHART_H

#include "db/db.h"
#include "http/http.h"
#include "http/shape.h"

enum { CHART_PARAMS = 1 };
extern const struct field chart_params[CHART_PARAMS];

/* Answers with the points of an object: :id of the path, and ?period=, by default 24h. */
struct chart {
	const char *id; /* the name of the id in the path */
	const struct db_stmt *exists, *points;
	const char *missing; /* the sentence of 404 */
};

enum rc chart_answer(struct ctx *, const struct req *, struct resp *,
    const struct chart *) _must_check_;

#endif
