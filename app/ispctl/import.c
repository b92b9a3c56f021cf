/* import.c: ispctl import: the rows that cannot be taken, then the counts. */
#include "billing/import.h"

#include <stdio.h>

#include "ispctl.h"

static void
print_fault(const struct import_fault *f, void *arg)
{
	(void)arg;
	(void)printf("line %lld: %s: %s: %s\n", (long long)f->line, f->name != NULL ? f->name : "-",
	    f->field, f->text);
}

enum rc
cmd_import(struct ispctl *ctl)
{
	struct import_counts n;

	TRY(import_run(ctl->cx,
	    &(struct import_job){ .source = ctl->rest[0],
		.path = ctl->rest[1],
		.day = ctl->args->val[OPT_DATE],
		.dry_run = ctl->args->val[OPT_DRY_RUN] != NULL,
		.report = print_fault },
	    &n));
	(void)printf("%s%lld taken, %lld there already, %lld refused\n",
	    ctl->args->val[OPT_DRY_RUN] != NULL ? "dry run: " : "", (long long)n.created,
	    (long long)n.unchanged, (long long)n.refused);
	if (n.refused > 0)
		return FAIL(ctl->cx, RC_CONFLICT, "%lld rows were refused", (long long)n.refused);
	return RC_OK;
}
