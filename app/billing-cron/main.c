/* main.c: one nightly run, or its rehearsal (billing-cron.8). */
#include <stdio.h>

#include "base/daemon.h"
#include "base/log.h"
#include "billing/billing.h"
#include "db/db.h"
#include "peer.h"
#include "report.h"

enum { OPT_DATE, OPT_DRY_RUN, OPT_JSON, OPT_ONLY, OPT_AHEAD, OPT_FORCE };

static const struct daemon_option options[] = {
	[OPT_DATE] = { "--date", "D", "the business date (YYYY-MM-DD); today without it" },
	[OPT_DRY_RUN] = { "--dry-run", NULL,
	    "do all of it and undo it: only say what would happen" },
	[OPT_JSON] = { "--json", NULL, "the report as one JSON object" },
	[OPT_ONLY] = { "--only", "STEP,…",
	    "only these of begin, renew, overdue, late, expire, suspend, remind" },
	[OPT_AHEAD] = { "--ahead", NULL, "D may be later than tomorrow" },
	[OPT_FORCE] = { "--force", NULL, "take more lines off than suspend_guard allows" },
};

static const struct daemon self = {
	.name = "billing-cron",
	.synopsis = "[--date D] [--dry-run] [--json] [--only STEP,…] [--ahead] [--force]",
	.summary =
	    "Begin, bill, mark overdue, expire, suspend and remind: once, for one business date.",
	.options = options,
	.noptions = countof(options),
};

static enum rc
open_all(struct ctx *cx, const struct daemon_args *args, struct conf *cf, struct db_conf *dc)
{
	TRY(conf_load(cx, args->env, cf));
	*dc = db_conf_of(cx, cf, self.name, "isp_billing");
	dc->lock_ms = 5000;
	dc->answer_ms = 300000; /* or it would hold the lock of all nights to come */
	cx->conf = cf;
	TRY(db_open(cx, dc, &cx->db));
	return db_set_actor(cx);
}

/* The acts that the command line names; a wrong word is a matter of usage. */
static enum rc
read_options(struct ctx *cx, const struct daemon_args *args, struct billing_options *ret)
{
	ret->dry_run = args->val[OPT_DRY_RUN] != NULL;
	ret->force = args->val[OPT_FORCE] != NULL;
	if (args->val[OPT_ONLY] != NULL)
		TRY(billing_steps_read(cx, args->val[OPT_ONLY], &ret->steps));
	TRY(billing_date(cx, args->val[OPT_DATE], &ret->date));
	return args->val[OPT_AHEAD] != NULL || ret->dry_run ? RC_OK
							    : billing_check_ahead(cx, ret->date);
}

static int
run(struct ctx *cx, const struct daemon_args *args)
{
	struct billing_options opt = { 0 };
	struct billing_report rep;
	bool json = args->val[OPT_JSON] != NULL;
	enum rc rc;

	if (read_options(cx, args, &opt) == RC_INVALID)
		return daemon_usage(&self, cx->err.msg);
	if (cx->err.rc != RC_OK)
		return daemon_fail(cx, &self);
	opt.gateway = peer_open(cx, opt.date);
	rc = billing_run(cx, &opt, json ? NULL : report_line, NULL, &rep);
	peer_close(opt.gateway);
	if (rc != RC_OK)
		return daemon_fail(cx, &self);
	if (json)
		(void)puts(billing_report_json(cx, &rep));
	else
		report_totals(&rep);
	if (billing_failed(&rep) == 0)
		return EXIT_DONE;
	(void)fprintf(stderr, "%s: %zu failed or held\n", self.name, billing_failed(&rep));
	return EXIT_FAILED;
}

int
main(int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *mem = arena_new(65536);
	struct ctx cx = { .mem = mem, .actor = { .name = self.name }, .request_id = "", .ip = "" };
	struct daemon_args args;
	struct db_conf dc;
	struct conf cf;
	int code;

	(void)argc;
	log_open(self.name);
	daemon_args(&cx, &self, argv, &args);
	if (args.nargs > 0)
		return daemon_usage(&self, "only options are understood");
	daemon_signals();
	cx.stopping = daemon_stopping;
	if (open_all(&cx, &args, &cf, &dc) == RC_OK)
		code = run(&cx, &args);
	else
		code = daemon_fail(&cx, &self);
	db_close(cx.db);
	return code;
}
