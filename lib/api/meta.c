/* meta.c: is it alive, what does it speak, what are its fields. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/api.h"
#include "base/jw.h"
#include "sql.h"

const struct op meta_health_op = {
	.summary = "Alive? {status, version, time, database}; 503 without a database"
};
const struct op meta_openapi_op = { .summary = "This document" };
const struct op meta_fields_op = { .summary = "The fields of every resource, for forms and lists" };

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

/* ---- what the browser draws lists and forms from ---- */

struct meta {
	const char *path;
	const struct resource *res;
};

static const struct meta metas[] = {
	{ "/api/customers", &customer_resource },
	{ "/api/packages", &package_resource },
	{ "/api/subscriptions", &subscription_resource },
	{ "/api/invoices", &invoice_resource },
	{ "/api/payments", &payment_resource },
	{ "/api/router-settings", &router_resource },
	{ "/api/radius-settings", &radius_resource },
	{ "/api/settings", &setting_resource },
	{ "/api/notification-settings", &notification_setting_resource },
	{ "/api/message-templates", &message_template_resource },
	{ "/api/messages", &message_resource },
	{ "/api/users", &user_resource },
	{ "/api/auth/tokens", &token_resource },
	{ "/api/billing-logs", &billing_log_resource },
	{ "/api/midtrans-logs", &midtrans_log_resource },
	{ "/api/audit-logs", &audit_log_resource },
};

static const char *const types[] = {
	[FT_TEXT] = "text",
	[FT_INT] = "int",
	[FT_MONEY] = "money",
	[FT_BOOL] = "bool",
	[FT_DATE] = "date",
	[FT_UUID] = "uuid",
	[FT_EMAIL] = "email",
	[FT_SECRET] = "secret",
	[FT_LIST] = "list",
	[FT_JSON] = "json",
	[FT_TIME] = "time",
};

static void
put_flags(struct jw *w, unsigned flags)
{
	static const struct {
		unsigned flag;
		const char *name;
	} words[] = {
		{ FF_CREATE, "create" },
		{ FF_UPDATE, "update" },
		{ FF_NEEDED, "required" },
		{ FF_SHOWN, "shown" },
		{ FF_FILTER, "filter" },
		{ FF_SORT, "sort" },
		{ FF_NULL, "nullable" },
		{ FF_LINES, "lines" },
		{ FF_LOCKED, "locked" },
	};

	for (size_t i = 0; i < countof(words); i++)
		if ((flags & words[i].flag) != 0)
			jw_bool(w, words[i].name, true);
}

static void
put_field(struct jw *w, const struct field *f)
{
	jw_obj(w, NULL);
	jw_str(w, "name", f->name);
	jw_str(w, "type", types[f->type]);
	put_flags(w, f->flags);
	if (f->min != 0 || f->max != 0) {
		jw_i64(w, "min", f->min);
		jw_i64(w, "max", f->max);
	}
	if (f->among != NULL) {
		jw_arr(w, "among");
		for (const char *const *word = f->among; *word != NULL; word++)
			jw_str(w, NULL, *word);
		jw_end(w);
	}
	if (f->dflt != NULL)
		jw_raw(w, "default", f->dflt);
	if (f->hint != NULL)
		jw_str(w, "hint", f->hint);
	jw_end(w);
}

static void
put_meta(struct jw *w, const struct meta *m)
{
	jw_obj(w, NULL);
	jw_str(w, "name", m->res->name);
	jw_str(w, "path", m->path);
	jw_bool(w, "search", m->res->search != NULL);
	jw_arr(w, "fields");
	for (size_t i = 0; i < m->res->nfields; i++)
		put_field(w, &m->res->fields[i]);
	jw_end(w);
	jw_end(w);
}

enum rc
meta_fields(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct jw w = jw_new(&rs->body);

	(void)cx, (void)rq;
	rs->status = 200;
	jw_obj(&w, NULL);
	jw_arr(&w, "resources");
	for (size_t i = 0; i < countof(metas); i++)
		put_meta(&w, &metas[i]);
	jw_end(&w);
	jw_end(&w);
	return RC_OK;
}
