/* snapshot.c: see snapshot.h. */
#include "router/snapshot.h"

#include <string.h>

#include "base/clock.h"
#include "db/db.h"
#include "router/link.h"
#include "router/snapshot_read.h"
#include "sql.h"

enum {
	READ_MS = 2700, /* with its overhead a request stays below 3 s */
	STEP_MS = 50,   /* between two looks for the result of another reader */
	SHARE_MS = 300, /* a reading is not begun with less than this */
};

#define TRAFFIC "traffic:" /* the kind for one interface: its name follows */
#define LINK    "link"

/* The row in the database. */
struct row {
	const char *data, *error;
	bool is_fresh;
};

/* One request for a reading. */
struct asking {
	const char *router_id, *kind;
	int64_t until;
};

static enum rc
look_at_row(struct ctx *cx, const struct asking *a, struct row *ret)
{
	struct db_rows *rows;

	TRY(db_row_if_any(cx, &SQL_snapshot_row, &rows, V_TEXT(a->router_id), V_TEXT(a->kind)));
	if (db_count(rows) == 0)
		return FAIL(cx, RC_NOT_FOUND, "There is no such router.");
	if (!db_bool(rows, 0, "is_active"))
		return FAIL(cx, RC_CONFLICT, "%s is not active.", db_text(rows, 0, "name"));
	*ret = (struct row){ db_text(rows, 0, "data"), db_text(rows, 0, "error"),
		db_bool(rows, 0, "is_fresh") };
	return RC_OK;
}

/* ---- reading ------------------------------------------------------------- */

static enum rc
store(struct ctx *cx, struct routeros *ros, const struct asking *a)
{
	struct snapshot_live live = { 0 };
	const char *data;

	if (strcmp(a->kind, SNAPSHOT_LIVE) == 0) {
		TRY(snapshot_read_live(cx, ros, &live));
		return db_exec(cx, &SQL_snapshot_live_store, V_TEXT(a->router_id),
		    V_TEXT(live.system), V_TEXT(live.ppp), V_TEXT(live.hotspot),
		    V_TEXT(live.counters));
	}
	if (strncmp(a->kind, TRAFFIC, strlen(TRAFFIC)) == 0)
		TRY(snapshot_read_interface(cx, ros, a->kind + strlen(TRAFFIC), &data));
	else
		TRY(snapshot_read_list(cx, ros, a->kind, &data));
	return db_exec(cx, &SQL_snapshot_store, V_TEXT(a->router_id), V_TEXT(a->kind),
	    V_TEXT(data));
}

/* Keep a failure for this kind, or for the whole router when it cannot be reached. */
static enum rc
keep_failure(struct ctx *cx, const struct asking *a, bool reached)
{
	struct err kept = cx->err;

	TRY(db_exec(cx, &SQL_snapshot_fail, V_TEXT(a->router_id), V_TEXT(reached ? a->kind : LINK),
	    V_TEXT(arena_strdup(cx->mem, cx->err.msg))));
	cx->err = kept;
	return RC_UPSTREAM;
}

static enum rc
read_router(struct ctx *cx, const struct asking *a)
{
	int64_t left = a->until - clock_ms();
	struct routeros *ros;
	bool reached = false;
	enum rc rc;

	rc = link_connect(cx, a->router_id, left < SHARE_MS ? SHARE_MS : (int)left, &ros);
	if (rc == RC_OK) {
		rc = store(cx, ros, a);
		reached = routeros_alive(ros);
		routeros_close(ros);
	}
	return rc == RC_UPSTREAM ? keep_failure(cx, a, reached) : rc;
}

/* Called with the lock held: another reader may have refreshed the row meanwhile. */
static enum rc
refresh(struct ctx *cx, const struct asking *a)
{
	struct row row = { 0 };

	TRY(look_at_row(cx, a, &row));
	return row.is_fresh ? RC_OK : read_router(cx, a);
}

static enum rc
try_refresh(struct ctx *cx, const struct asking *a, bool *ret)
{
	struct db_rows *rows;
	struct err kept;
	enum rc rc;

	TRY(db_row(cx, &SQL_snapshot_lock, &rows, V_TEXT(a->router_id)));
	*ret = db_bool(rows, 0, "locked");
	if (!*ret)
		return RC_OK;
	rc = refresh(cx, a);
	kept = cx->err;
	TRY(db_exec(cx, &SQL_snapshot_unlock, V_TEXT(a->router_id)));
	cx->err = kept;
	return rc;
}

/* ---- asking -------------------------------------------------------------- */

static enum rc
answer_snapshot(struct ctx *cx, const struct row *row, const char **ret)
{
	if (row->error != NULL)
		return FAIL(cx, RC_UPSTREAM, "%s", row->error);
	*ret = row->data;
	return RC_OK;
}

/* Refresh the reading, or wait until another reader has. */
static enum rc
get(struct ctx *cx, const struct asking *a, const char **ret)
{
	struct row row = { 0 };
	bool mine = false;

	for (;;) {
		TRY(look_at_row(cx, a, &row));
		if (row.is_fresh)
			return answer_snapshot(cx, &row, ret);
		if (clock_ms() + SHARE_MS > a->until)
			return FAIL(cx, RC_UPSTREAM, "the router could not be read in time");
		TRY(try_refresh(cx, a, &mine));
		/*
		 * Another request tries the router again, which failed before: answer that failure.
		 */
		if (!mine && row.error != NULL)
			return answer_snapshot(cx, &row, ret);
		if (!mine)
			link_sleep(STEP_MS);
	}
}

enum rc
snapshot_default(struct ctx *cx, const char **router_id)
{
	return *router_id != NULL ? RC_OK : router_default(cx, router_id);
}

enum rc
snapshot_get(struct ctx *cx, const char *router_id, const char *kind, const char **ret)
{
	struct asking a = { .kind = kind, .until = clock_ms() + READ_MS };

	TRY(snapshot_default(cx, &router_id));
	a.router_id = router_id;
	return get(cx, &a, ret);
}

enum rc
snapshot_interface(struct ctx *cx, const char *router_id, const char *name, const char **ret)
{
	return snapshot_get(cx, router_id, arena_printf(cx->mem, TRAFFIC "%s", name), ret);
}

enum rc
snapshot_live_all(struct ctx *cx)
{
	int64_t until = clock_ms() + READ_MS;
	struct db_rows *rows;
	const char *data;
	size_t done = 0;
	enum rc rc = RC_OK;

	TRY(db_rows(cx, &SQL_snapshot_routers, &rows));
	for (size_t i = 0; i < db_count(rows) && rc != RC_RETRY; i++) {
		struct asking a = { db_text(rows, i, "id"), SNAPSHOT_LIVE, until };
		const char *broken = db_text(rows, i, "broken");

		if (broken != NULL && db_count(rows) > 1)
			rc = FAIL(cx, RC_UPSTREAM, "%s", broken);
		else
			rc = get(cx, &a, &data);
		done += rc == RC_OK;
	}
	return done > 0 || db_count(rows) == 0 ? RC_OK : rc;
}

enum rc
snapshot_expire(struct ctx *cx, const char *router_id)
{
	return db_exec(cx, &SQL_snapshot_expire, V_TEXT(router_id));
}

enum rc
snapshot_sample(struct ctx *cx, const char *router_id, int budget_ms)
{
	struct asking a = { router_id, SNAPSHOT_LIVE, clock_ms() + budget_ms };
	bool mine;

	TRY(try_refresh(cx, &a, &mine));
	return db_exec(cx, &SQL_line_sample, V_TEXT(router_id));
}
