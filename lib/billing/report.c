#include "billing/report.h"

#include <stdio.h>

/* Prints "renew INV-20261201-0004 150000 2026-12-07 ani@home Ani Lestari". */
void
report_line(void *file, const struct billing_line *l)
{
	(void)fprintf(file, "%-8s %-7s %-20s %12lld  %-10s  %s  %s", l->step, l->outcome,
	    l->invoice_number != NULL ? l->invoice_number : "-", (long long)l->amount,
	    l->due_date != NULL ? l->due_date : "-", l->username != NULL ? l->username : "-",
	    l->customer_name != NULL ? l->customer_name : "-");
	if (l->detail != NULL && l->detail[0] != '\0')
		(void)fprintf(file, "  (%s)", l->detail);
	(void)fputc('\n', file);
}

const char *
report_totals(struct arena *mem, const struct billing_report *rep)
{
	struct sb out = sb_new(mem);

	if (rep->missed != NULL)
		sb_printf(&out, "days without a run: %s\n", rep->missed);
	for (enum billing_step s = 0; s < BILLING__STEPS; s++) {
		const struct billing_count *c = &rep->count[s];

		sb_printf(&out, "%s: %zu done, %zu refused, %zu skipped, %zu held, %zu failed\n",
		    billing_step_name(s), c->done, c->refused, c->skipped, c->held, c->failed);
		if (c->guarded > 0)
			sb_printf(&out,
			    "%s: %zu were due, more than the guard allows: none was switched off "
			    "(--force does it)\n",
			    billing_step_name(s), c->guarded);
	}
	sb_printf(&out, "%s%s", rep->date, rep->dry_run ? ": dry run, nothing changed" : ": done");
	return out.buf;
}
