/* meta.c: the health of the system, its OpenAPI document, and its fields. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/api.h"
#include "base/jw.h"
#include "sql.h"

static const char *const database_states[] = { "ok", "away", NULL };

static const struct field health_parts[] = {
	{ "status", FT_TEXT },
	{ "message", FT_TEXT, FF_RARE },
	{ "version", FT_TEXT },
	{ "time", FT_TIME },
	{ "database", FT_TEXT, .among = database_states },
};

const struct op meta_health_op = {
	.summary = "Alive? 503 without a database",
	.answer = health_parts,
	.nanswer = countof(health_parts),
};
static const struct field document_parts[] = {
	{ "openapi", FT_TEXT },
	{ "info", FT_JSON },
	{ "security", FT_JSON },
	{ "paths", FT_JSON },
	{ "components", FT_JSON },
};

const struct op meta_openapi_op = {
	.summary = "This document",
	.answer = document_parts,
	.nanswer = countof(document_parts),
};

static const char *
now(struct ctx *cx)
{
	time_t t = time(NULL);
	struct tm tm;
	char buf[32];

	(void)gmtime_r(&t, &tm);
	(void)strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return arena_strdup(cx->mem, buf);
}

enum rc
meta_health(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct jw w = jw_new(&rs->body);
	bool up = db_exec(cx, &SQL_health) == RC_OK;

	(void)rq;
	rs->status = up ? 200 : 503;
	if (!up)
		resp_header(rs, "Retry-After", "2");
	jw_obj(&w, NULL);
	jw_str(&w, "status", up ? "ok" : "error");
	if (!up)
		jw_str(&w, "message", "The database is away.");
	jw_str(&w, "version", ISP_VERSION);
	jw_str(&w, "time", now(cx));
	jw_str(&w, "database", up ? "ok" : "away");
	jw_end(&w);
	return RC_OK;
}

enum rc
meta_openapi(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	(void)rq;
	return resp_json(rs, 200, openapi_json(cx));
}
