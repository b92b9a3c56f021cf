/* import.c: ispctl import: prints the rows that cannot be taken, then the counts. */
#include "billing/import.h"

#include <stdio.h>

#include "ctl/ctl.h"
#include "router/live.h"

static void
print_fault(const struct import_fault *f, void *arg)
{
	(void)arg;
	(void)printf("line %lld: %s: %s: %s\n", (long long)f->line, f->name != NULL ? f->name : "-",
	    f->field, f->text);
}

static enum rc
import(struct ispctl *ctl, struct import_job job)
{
	bool dry = ctl->args->val[OPT_DRY_RUN] != NULL;
	struct import_counts n;

	job.day = ctl->args->val[OPT_DATE];
	job.until = ctl->args->val[OPT_UNTIL];
	job.dry_run = dry;
	job.report = print_fault;
	job.arg = ctl;
	TRY(import_run(ctl->cx, &job, &n));
	(void)printf("%s%lld taken, %lld there already, %lld refused\n", dry ? "dry run: " : "",
	    (long long)n.created, (long long)n.unchanged, (long long)n.refused);
	if (n.left_out > 0)
		(void)printf("%lld objects left as they are: ours already, or no customers\n",
		    (long long)n.left_out);
	if (n.refused > 0)
		return FAIL(ctl->cx, RC_CONFLICT, "%lld rows were refused", (long long)n.refused);
	return RC_OK;
}

enum rc
cmd_import(struct ispctl *ctl)
{
	return import(ctl, (struct import_job){ .source = ctl->rest[0], .path = ctl->rest[1] });
}

static enum rc
feed_routers(struct ctx *cx, dump_row_fn take, void *take_arg, void *arg)
{
	const char **ids;
	size_t n;

	TRY(ispctl_routers(arg, &ids, &n));
	for (size_t i = 0; i < n; i++)
		TRY(live_read(cx, ids[i], take, take_arg));
	return RC_OK;
}

/* The last word of the command is the source. */
enum rc
cmd_import_routers(struct ispctl *ctl)
{
	return import(ctl, (struct import_job){ .source = ctl->rest[-1], .feed = feed_routers });
}
