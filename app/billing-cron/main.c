/* main.c: one nightly run, or its rehearsal (billing-cron.8). */
#include <stdio.h>
#include <string.h>

#include "base/daemon.h"
#include "base/log.h"
#include "db/db.h"
#include "peer.h"
#include "service/billing.h"

enum { OPT_DATE, OPT_DRY_RUN, OPT_JSON, OPT_ONLY };

static const struct daemon_option options[] = {
	[OPT_DATE] = { "--date", "D", "the business date (YYYY-MM-DD); today without it" },
	[OPT_DRY_RUN] = { "--dry-run", NULL,
	    "do all of it and undo it: only say what would happen" },
	[OPT_JSON] = { "--json", NULL, "the report as one JSON object" },
	[OPT_ONLY] = { "--only", "STEP,…", "only these of renew, overdue, expire, suspend" },
};

static const struct daemon self = {
	.name = "billing-cron",
	.synopsis = "[--date D] [--dry-run] [--json] [--only STEP,…]",
	.summary =
	    "Issue invoices, mark overdue ones, expire and suspend: once, for one business date.",
	.options = options,
	.noptions = countof(options),
};

/* "renew    INV-20261201-0004     150000  2026-12-07  ani@home  Ani Lestari" */
static void
print_line(void *arg, const struct billing_line *l)
{
	(void)arg;
	(void)printf("%-8s %-7s %-20s %12lld  %-10s  %s  %s", l->step, l->outcome,
	    l->invoice_number != NULL ? l->invoice_number : "-", (long long)l->amount,
	    l->due_date != NULL ? l->due_date : "-", l->username != NULL ? l->username : "-",
	    l->customer_name != NULL ? l->customer_name : "-");
	if (l->detail != NULL && l->detail[0] != '\0')
		(void)printf("  (%s)", l->detail);
	(void)putchar('\n');
}

static void
print_totals(const struct billing_report *rep)
{
	if (rep->missed != NULL)
		(void)printf("days without a run: %s\n", rep->missed);
	for (enum billing_step s = 0; s < BILLING__STEPS; s++) {
		const struct billing_count *c = &rep->count[s];

		(void)printf("%s: %zu done, %zu refused, %zu skipped, %zu held, %zu failed\n",
		    billing_step_name(s), c->done, c->refused, c->skipped, c->held, c->failed);
	}
	(void)printf("%s%s\n", rep->date, rep->dry_run ? ": rehearsed, nothing changed" : ": done");
}

static enum rc
open_all(struct ctx *cx, const struct daemon_args *args, struct conf *cf, struct db_conf *dc)
{
	TRY(conf_load(cx, args->env, cf));
	*dc = (struct db_conf){
		.conninfo = conf_database(cx, cf),
		.role = "isp_billing",
		.program = self.name,
		.timezone = conf_text(cf, CONF_APP_TIMEZONE),
		.today = conf_text(cf, CONF_APP_TODAY),
		.lock_ms = 5000,
		.answer_ms = 300000, /* or it would hold the lock of all nights to come */
	};
	cx->conf = cf;
	TRY(db_open(cx, dc, &cx->db));
	return db_who(cx);
}

/* What the command line asks for; a word that is wrong is a matter of usage. */
static enum rc
read_options(struct ctx *cx, const struct daemon_args *args, struct billing_options *ret)
{
	ret->dry_run = args->val[OPT_DRY_RUN] != NULL;
	if (args->val[OPT_ONLY] != NULL)
		TRY(billing_steps_read(cx, args->val[OPT_ONLY], &ret->steps));
	return billing_date(cx, args->val[OPT_DATE], &ret->date);
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
	rc = billing_run(cx, &opt, json ? NULL : print_line, NULL, &rep);
	peer_close(opt.gateway);
	if (rc != RC_OK)
		return daemon_fail(cx, &self);
	if (json)
		(void)puts(billing_report_json(cx, &rep));
	else
		print_totals(&rep);
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
	if (open_all(&cx, &args, &cf, &dc) == RC_OK)
		code = run(&cx, &args);
	else
		code = daemon_fail(&cx, &self);
	db_close(cx.db);
	return code;
}
