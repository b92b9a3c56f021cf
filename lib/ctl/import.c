/* import.c: ispctl import: prints the rows that cannot be taken, then the counts. */
#include "billing/import.h"

#include <stdio.h>

#include "ctl/ctl.h"
#include "router/live.h"

struct job {
	struct ispctl *ctl;
	struct ctl_routers routers; /* of an import from routers */
	dump_row_fn take;
	void *take_arg;
	bool is_lost; /* rows were read that could not be stored */
};

static void
print_fault(const struct import_fault *f, void *arg)
{
	(void)arg;
	(void)printf("line %lld: %s: %s: %s\n", (long long)f->line, f->name != NULL ? f->name : "-",
	    f->field, f->text);
}

static void
print_counts(const struct import_counts *n, bool dry)
{
	(void)printf("%s%lld taken, %lld there already, %lld refused\n", dry ? "dry run: " : "",
	    (long long)n->created, (long long)n->unchanged, (long long)n->refused);
	if (n->left_out > 0)
		(void)printf("%lld objects left as they are: ours already, or no customers\n",
		    (long long)n->left_out);
}

static enum rc
import(struct ispctl *ctl, struct import_job work)
{
	struct job job = { .ctl = ctl };
	struct import_counts n;
	enum rc rc;

	work.day = ctl->args->val[OPT_DATE];
	work.until = ctl->args->val[OPT_UNTIL];
	work.dry_run = ctl->args->val[OPT_DRY_RUN] != NULL;
	work.report = print_fault;
	work.arg = &job;
	TRY(import_run(ctl->cx, &work, &n));
	print_counts(&n, work.dry_run);
	rc = ctl_routers_outcome(ctl, &job.routers);
	if (n.refused == 0)
		return rc;
	if (rc != RC_OK)
		(void)daemon_fail(ctl->cx, &command_program);
	return FAIL(ctl->cx, RC_CONFLICT, "%lld rows were refused", (long long)n.refused);
}

enum rc
cmd_import(struct ispctl *ctl)
{
	return import(ctl, (struct import_job){ .source = ctl->rest[0], .path = ctl->rest[1] });
}

static enum rc
take_row(struct ctx *cx, const struct dump_row *row, void *arg)
{
	struct job *job = arg;
	const enum rc rc = job->take(cx, row, job->take_arg);

	job->is_lost = job->is_lost || rc != RC_OK;
	return rc;
}

/* Read each router. One that fails holds up no other: what was read of it is imported, too. */
static enum rc
feed_routers(struct ctx *cx, dump_row_fn take, void *take_arg, void *arg)
{
	struct job *job = arg;
	struct ctl_routers *routers = &job->routers;

	job->take = take;
	job->take_arg = take_arg;
	TRY(ctl_routers_find(job->ctl, routers));
	for (size_t i = 0; i < routers->n; i++) {
		enum rc rc = live_read(cx, routers->ids[i], take_row, job);

		if (rc != RC_OK && !job->is_lost)
			rc = ctl_router_failed(job->ctl, routers);
		TRY(rc);
	}
	return routers->failed < routers->n ? RC_OK : ctl_routers_outcome(job->ctl, routers);
}

/* The last word of the command is the source. */
enum rc
cmd_import_routers(struct ispctl *ctl)
{
	return import(ctl, (struct import_job){ .source = ctl->rest[-1], .feed = feed_routers });
}
