#include "monitor/poller.h"

#include "base/conf.h"
#include "base/log.h"
#include "db/db.h"
#include "monitor/history.h"
#include "monitor/poll.h"
#include "sql.h"

enum { WINDOW = 512, DEADLINE_MS = 60000 };

/* Load devices, poll them and store the results; *ret: the devices, *run: how many are up. */
static enum rc
poll_devices(struct ctx *cx, bool everything, const char *only, struct device **ret, size_t *nret,
    struct poll_run *run)
{
	struct snmp_engine *engine;
	enum rc rc;

	*run = (struct poll_run){ .window = WINDOW,
		.deadline_ms = DEADLINE_MS,
		.timeout_ms = (int)conf_int(cx->conf, CONF_SNMP_TIMEOUT_MS) };
	TRY(device_load(cx, everything, only, ret, nret));
	if (only != NULL && *nret == 0)
		return FAIL(cx, RC_NOT_FOUND, "there is no such device");
	TRY(snmp_engine_open(cx, &engine));
	rc = poll_run(cx, engine, *ret, *nret, run);
	snmp_engine_close(engine);
	return rc;
}

static void
log_polled(struct ctx *cx, const struct poll_run *run)
{
	log_event(LOG_INFO, "polled", "up", arena_printf(cx->mem, "%zu", run->up), "down",
	    arena_printf(cx->mem, "%zu", run->down), NULL);
}

/* Begin the roll-up of what earlier runs stored, on a connection of its own, beside the polls. */
static enum rc
rollup_begin(const struct ctx *cx, struct ctx *rollup)
{
	*rollup = *cx;
	rollup->mem = arena_new(4096);
	rollup->db = db_beside(cx->db);
	TRY(db_send_exec(rollup, &SQL_snmp_roll));
	db_start(rollup);
	return RC_OK;
}

static enum rc
rollup_end(struct ctx *rollup, enum rc begun)
{
	const enum rc rc = begun == RC_OK ? db_sync(rollup) : begun;

	arena_free(rollup->mem);
	db_close(rollup->db);
	return rc;
}

static enum rc
poll_and_judge(struct ctx *cx, bool everything, struct poll_run *run)
{
	struct device *devices;
	size_t n;

	TRY(poll_devices(cx, everything, NULL, &devices, &n, run));
	return db_exec(cx, &SQL_monitor_judge, V_TEXT("snmp"));
}

enum rc
poller_run(struct ctx *cx, bool everything)
{
	struct ctx rollup;
	struct poll_run run;
	enum rc rc, rolled;

	TRY(history_begin(cx, "snmp-poller"));
	rolled = rollup_begin(cx, &rollup);
	rc = poll_and_judge(cx, everything, &run);
	rolled = rollup_end(&rollup, rolled);
	if (rc == RC_OK && rolled != RC_OK)
		cx->err = rollup.err;
	TRY(rc);
	TRY(rolled);
	TRY(history_end(cx));
	log_polled(cx, &run);
	return RC_OK;
}

/* Poll one device for a person who waits, without waiting for a run of all devices. */
enum rc
poller_discover(struct ctx *cx, const char *device_id)
{
	struct device *devices;
	struct poll_run run;
	size_t n;

	TRY(db_exec(cx, &SQL_history_make));
	TRY(poll_devices(cx, false, device_id, &devices, &n, &run));
	if (!devices[0].is_up)
		return FAIL(cx, RC_UPSTREAM, "%s: %s", devices[0].name, devices[0].error);
	log_polled(cx, &run);
	return RC_OK;
}
