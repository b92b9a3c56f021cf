#include "monitor/poller.h"

#include "base/conf.h"
#include "base/log.h"
#include "db/db.h"
#include "monitor/history.h"
#include "monitor/poll.h"
#include "sql.h"

enum { WINDOW = 512, DEADLINE_MS = 60000 };

/*
 * Load devices, poll them and store the results; *ret: the devices, *run: how many are up.  Sums
 * over what earlier runs have stored are made meanwhile, by a run over all.
 */
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
	if (only == NULL)
		TRY(db_send_exec(cx, &SQL_snmp_roll));
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

enum rc
poller_run(struct ctx *cx, bool everything)
{
	struct device *devices;
	struct poll_run run;
	size_t n;

	TRY(history_begin(cx, "snmp-poller"));
	TRY(poll_devices(cx, everything, NULL, &devices, &n, &run));
	TRY(db_exec(cx, &SQL_monitor_judge, V_TEXT("snmp")));
	if (run.before.rc != RC_OK) {
		cx->err = run.before;
		return cx->err.rc;
	}
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
