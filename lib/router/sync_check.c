/* sync_check.c: compares all routers with the database, or samples them, one after another. */
#include <stdio.h>

#include "base/daemon.h"
#include "base/log.h"
#include "db/db.h"
#include "router/drift.h"
#include "router/router.h"
#include "router/snapshot.h"
#include "router/sync.h"
#include "sql.h"

static void
log_report(const char *router_id, const struct drift_findings *f)
{
	bool well = f->different + f->profiles + f->misplaced == 0 && f->refusal == NULL;
	char accounts[24], different[24], profiles[24], misplaced[24];

	(void)snprintf(accounts, sizeof(accounts), "%zu", f->accounts);
	(void)snprintf(different, sizeof(different), "%lld", (long long)f->different);
	(void)snprintf(profiles, sizeof(profiles), "%lld", (long long)f->profiles);
	(void)snprintf(misplaced, sizeof(misplaced), "%lld", (long long)f->misplaced);
	log_event(well ? LOG_INFO : LOG_WARN, "check", "router", router_id, "accounts", accounts,
	    "different", different, "profiles", profiles, "misplaced", misplaced, "refused",
	    f->refusal, NULL);
}

static enum rc
check(struct ctx *cx, const char *router_id)
{
	struct drift_findings f;
	enum rc rc = drift_check(cx, router_id, &f);

	if (rc == RC_OK)
		log_report(router_id, &f);
	else
		log_err(LOG_WARN, "check", cx);
	return rc;
}

int
sync_check(struct ctx *cx, const char *router_id)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(4096);
	struct ctx listing = *cx;
	const char **ids = &router_id;
	size_t n = 1;
	int code = EXIT_DONE;

	listing.mem = life; /* not from cx->mem, which each router empties */
	if (router_id == NULL && router_active_ids(&listing, &ids, &n) != RC_OK) {
		log_err(LOG_ERROR, "check", &listing);
		return daemon_exit(listing.err.rc);
	}
	for (size_t i = 0; i < n && !daemon_stopping(); i++) {
		arena_reset(cx->mem);
		if (check(cx, ids[i]) != RC_OK)
			code = daemon_exit(cx->err.rc);
	}
	return code;
}

enum { SAMPLE_MS = 20000 }; /* for the sessions of one router */

int
sync_sample(struct ctx *cx)
{
	_cleanup_(arena_freep) struct arena *life = arena_new(4096);
	struct ctx listing = *cx;
	struct db_rows *rows;
	int code = EXIT_DONE;

	listing.mem = life; /* not from cx->mem, which each router empties */
	if (db_rows(&listing, &SQL_line_sample_due, &rows) != RC_OK) {
		log_err(LOG_ERROR, "sample", &listing);
		return daemon_exit(listing.err.rc);
	}
	for (size_t i = 0; i < db_count(rows) && !daemon_stopping(); i++) {
		arena_reset(cx->mem);
		if (snapshot_sample(cx, db_text(rows, i, "id"), SAMPLE_MS) == RC_OK)
			continue;
		log_err(LOG_WARN, "sample", cx);
		code = daemon_exit(cx->err.rc);
	}
	return code;
}
