/* router.c: see router.h; sql/functions/router.sql and profile.sql have the statements' rules. */
#include "router/router.h"

#include "base/crypt.h"
#include "base/jw.h"
#include "db/db.h"
#include "sql.h"

static const struct db_col router_cols[] = {
	DB_COLS(router, id, name, host, port, username, password, ssl, tls_verify, tls_fingerprint,
	    tls_ca, ppp_local_address, ppp_pool, connect_timeout_ms, read_timeout_ms, is_active,
	    is_broken, is_probe_due),
};

static const struct db_col work_cols[] = {
	DB_COLS(router_work, router_id, wait_ms),
};

static const struct db_col profile_cols[] = {
	DB_COLS(profile_job, id, generation, service, router_profile, bandwidth, burst, priority),
};

enum rc
router_by_id(struct ctx *cx, const char *id, struct router *ret)
{
	struct db_rows *rows;

	TRY(db_row_if_any(cx, &SQL_router_by_id, &rows, V_TEXT(id)));
	if (db_count(rows) == 0)
		return FAIL(cx, RC_NOT_FOUND, "No such router.");
	return db_scan(cx, rows, 0, router_cols, ret);
}

enum rc
router_default(struct ctx *cx, const char **ret)
{
	struct db_rows *rows;
	const char *id;

	TRY(db_row(cx, &SQL_router_default, &rows));
	id = db_text(rows, 0, "id");
	if (id == NULL)
		return FAIL(cx, RC_CONFLICT, "There is no active router.");
	*ret = id;
	return RC_OK;
}

/* The id of the router at that address, to which its password is bound; else a new id. */
static enum rc
id_at(struct ctx *cx, const char *host, int64_t port, const char **ret)
{
	struct db_rows *rows;

	TRY(db_row_if_any(cx, &SQL_router_at, &rows, V_TEXT(host), V_I64(port)));
	*ret = db_count(rows) > 0 ? db_text(rows, 0, "id") : crypt_uuid(cx);
	return RC_OK;
}

enum rc
router_first(struct ctx *cx, const struct conf *cf)
{
	const char *host = conf_text(cf, CONF_MIKROTIK_HOST), *id = NULL, *sealed;

	if (host[0] == '\0')
		return RC_OK;
	TRY(id_at(cx, host, conf_int(cf, CONF_MIKROTIK_PORT), &id));
	TRY(crypt_seal(cx, arena_printf(cx->mem, "router_settings:%s:password", id),
	    conf_text(cf, CONF_MIKROTIK_PASSWORD), &sealed));
	return db_exec(cx, &SQL_router_first, V_TEXT(id), V_TEXT(host),
	    V_I64(conf_int(cf, CONF_MIKROTIK_PORT)), V_TEXT(conf_text(cf, CONF_MIKROTIK_USERNAME)),
	    V_TEXT(sealed), V_BOOL(conf_bool(cf, CONF_MIKROTIK_SSL)));
}

static void
ids_of(struct ctx *cx, const struct db_rows *rows, const char ***ret, size_t *nret)
{
	const char **ids = arena_alloc(cx->mem, (db_count(rows) + 1) * sizeof(*ids));

	for (size_t i = 0; i < db_count(rows); i++)
		ids[i] = db_text(rows, i, "id");
	*ret = ids;
	*nret = db_count(rows);
}

enum rc
router_active_ids(struct ctx *cx, const char ***ret, size_t *nret)
{
	struct db_rows *rows;

	TRY(db_rows(cx, &SQL_router_active_ids, &rows));
	ids_of(cx, rows, ret, nret);
	return RC_OK;
}

enum rc
router_password(struct ctx *cx, const struct router *r, const char **ret)
{
	const char *place = arena_printf(cx->mem, "router_settings:%s:password", r->id);

	return crypt_unseal(cx, place, r->password, ret);
}

enum rc
router_work(struct ctx *cx, struct router_work **ret, size_t *nret)
{
	struct db_rows *rows;
	struct router_work *all;

	TRY(db_rows(cx, &SQL_router_work, &rows));
	all = arena_alloc(cx->mem, (db_count(rows) + 1) * sizeof(*all));
	for (size_t i = 0; i < db_count(rows); i++)
		TRY(db_scan(cx, rows, i, work_cols, &all[i]));
	*ret = all;
	*nret = db_count(rows);
	return RC_OK;
}

enum rc
router_night(struct ctx *cx, const char **ret)
{
	struct db_rows *rows;

	TRY(db_row(cx, &SQL_router_night, &rows));
	*ret = db_text(rows, 0, "night");
	return RC_OK;
}

enum rc
router_is_due(struct ctx *cx, const char *id, bool *ret)
{
	struct db_rows *rows;

	TRY(db_row(cx, &SQL_router_is_due, &rows, V_TEXT(id)));
	*ret = db_bool(rows, 0, "is_due");
	return RC_OK;
}

enum rc
router_lock(struct ctx *cx, const char *id, bool *ret)
{
	struct db_rows *rows;

	TRY(db_row(cx, &SQL_router_lock, &rows, V_TEXT(id)));
	*ret = db_bool(rows, 0, "locked");
	return RC_OK;
}

enum rc
router_unlock(struct ctx *cx, const char *id)
{
	return db_exec(cx, &SQL_router_unlock, V_TEXT(id));
}

enum rc
router_broken(struct ctx *cx, const char *id, const char *reason, int probe_s, bool reached)
{
	return db_exec(cx, &SQL_router_broken, V_TEXT(id), V_TEXT(reason), V_I64(probe_s),
	    V_BOOL(reached));
}

enum rc
router_fail_waiting(struct ctx *cx)
{
	return db_exec(cx, &SQL_router_fail_waiting);
}

enum rc
router_healthy(struct ctx *cx, const char *id, const char *version)
{
	return db_exec(cx, &SQL_router_healthy, V_TEXT(id), V_TEXT(version));
}

enum rc
profile_claim(struct ctx *cx, const char *router_id, const char *only, struct profile_job **ret,
    size_t *nret)
{
	struct db_rows *rows;
	struct profile_job *all;

	TRY(db_rows(cx, &SQL_profile_claim, &rows, V_TEXT(router_id), V_TEXT(only)));
	all = arena_alloc(cx->mem, (db_count(rows) + 1) * sizeof(*all));
	for (size_t i = 0; i < db_count(rows); i++)
		TRY(db_scan(cx, rows, i, profile_cols, &all[i]));
	*ret = all;
	*nret = db_count(rows);
	return RC_OK;
}

enum rc
profile_results(struct ctx *cx, const char *router_id, const struct profile_job *jobs, size_t n)
{
	struct sb out = sb_new(cx->mem);
	struct jw w = jw_new(&out);
	size_t written = 0;

	jw_arr(&w, NULL);
	for (size_t i = 0; i < n; i++) {
		if (jobs[i].generation == 0)
			continue;
		written++;
		jw_obj(&w, NULL);
		jw_str(&w, "id", jobs[i].id);
		jw_i64(&w, "generation", jobs[i].generation);
		jw_bool(&w, "ok", jobs[i].ok);
		jw_str(&w, "error", jobs[i].error);
		jw_end(&w);
	}
	jw_end(&w);
	if (written == 0)
		return RC_OK;
	return db_exec(cx, &SQL_profile_results, V_TEXT(router_id), V_TEXT(out.buf));
}

enum rc
profile_mark_dirty_on_all_routers(struct ctx *cx, const char *package_id, const char ***ret,
    size_t *nret)
{
	struct db_rows *rows;

	TRY(db_rows(cx, &SQL_profile_mark_dirty_on_all_routers, &rows, V_TEXT(package_id)));
	ids_of(cx, rows, ret, nret);
	return RC_OK;
}
