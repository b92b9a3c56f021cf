/* main.c: one nightly run, or a dry run of it (billing-cron.8). */
#include <stdio.h>

#include "billing/peer.h"
#include "billing/report.h"
#include "work/program.h"

enum { OPT_DATE, OPT_DRY_RUN, OPT_JSON, OPT_ONLY, OPT_AHEAD, OPT_FORCE };
static const struct daemon_option options[] = {
	[OPT_DATE] = { "--date", "D", "the business date (YYYY-MM-DD); today without it" },
	[OPT_DRY_RUN] = { "--dry-run", NULL,
	    "do all of it and undo it: only say what would happen" },
	[OPT_JSON] = { "--json", NULL, "the report as one JSON object" },
	[OPT_ONLY] = { "--only", "STEP,…",
	    "only these of begin, renew, overdue, late, expire, suspend, remind" },
	[OPT_AHEAD] = { "--ahead", NULL, "D may be later than tomorrow" },
	[OPT_FORCE] = { "--force", NULL, "switch off more lines than suspend_guard allows" },
};

static int
run(struct ctx *cx, const struct program *p, const struct daemon_args *args)
{
	struct billing_options opt = { .dry_run = args->val[OPT_DRY_RUN] != NULL,
		.force = args->val[OPT_FORCE] != NULL,
		.ahead = args->val[OPT_AHEAD] != NULL };
	bool json = args->val[OPT_JSON] != NULL;
	struct billing_report rep;
	enum rc rc = billing_options_read(cx, args->val[OPT_DATE], args->val[OPT_ONLY], &opt);

	if (rc == RC_INVALID)
		return daemon_usage(&p->self, cx->err.msg);
	if (rc == RC_OK)
		rc = peer_billing_run(cx, &opt, json ? NULL : report_line, stdout, &rep);
	if (rc == RC_OK)
		(void)puts(json ? billing_report_json(cx, &rep) : report_totals(cx->mem, &rep));
	if (rc == RC_OK && billing_failed(&rep) > 0)
		rc = FAIL(cx, RC_CONFLICT, "%zu failed or held", billing_failed(&rep));
	return program_exit(cx, p, rc, NULL);
}

int
main(int argc, char **argv)
{
	static const struct program program = {
		.self = { "billing-cron",
		    "[--date D] [--dry-run] [--json] [--only STEP,…] [--ahead] [--force]",
		    "Begin, bill, mark overdue, expire, suspend and remind: once, for one "
		    "business date.",
		    options, countof(options) },
		.role = "isp_billing",
		.sets_actor = true,
		.may_stop = true,
		.lock_ms = 5000,
		.answer_ms = 300000, /* or it would hold the lock of all nights to come */
		.run = run,
	};

	return program_run(&program, argc, argv);
}
