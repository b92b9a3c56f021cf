#include "monitor/poller.h"

#include "base/conf.h"
#include "base/log.h"
#include "db/db.h"
#include "monitor/history.h"
#include "monitor/poll.h"
#include "sql.h"

enum { WINDOW = 512, DEADLINE_MS = 60000 };

/* Load devices, ask them and store the outcome; *ret: the devices. */
static enum rc
poll_devices(struct ctx *cx, bool everything, const char *only, struct device **ret, size_t *nret)
{
	struct poll_run run = { .window = WINDOW,
		.deadline_ms = DEADLINE_MS,
		.timeout_ms = (int)conf_int(cx->conf, CONF_SNMP_TIMEOUT_MS) };
	struct snmp_engine *engine;
	enum rc rc;

	TRY(device_load(cx, everything, only, ret, nret));
	TRY(snmp_engine_open(cx, &engine));
	rc = poll_run(cx, engine, *ret, *nret, &run);
	snmp_engine_close(engine);
	if (rc == RC_OK)
		log_event(LOG_INFO, "polled", "up", arena_printf(cx->mem, "%zu", run.up), "down",
		    arena_printf(cx->mem, "%zu", run.down), NULL);
	return rc;
}

enum rc
poller_run(struct ctx *cx, bool everything)
{
	struct device *devices;
	size_t n;

	TRY(history_begin(cx, "snmp-poller"));
	TRY(poll_devices(cx, everything, NULL, &devices, &n));
	TRY(db_exec(cx, &SQL_monitor_judge, V_TEXT("snmp")));
	TRY(db_exec(cx, &SQL_snmp_roll));
	return history_end(cx);
}

/* A person waits: this does not wait for a round that is under way. */
enum rc
poller_discover(struct ctx *cx, const char *device_id)
{
	struct device *devices;
	size_t n;

	TRY(db_exec(cx, &SQL_history_make));
	TRY(poll_devices(cx, false, device_id, &devices, &n));
	if (n == 0)
		return FAIL(cx, RC_NOT_FOUND, "there is no such device");
	if (!devices[0].is_up)
		return FAIL(cx, RC_UPSTREAM, "%s: %s", devices[0].name, devices[0].error);
	return RC_OK;
}
