/* report.h: a run of billing as text for people. */
#ifndef BILLING_REPORT_H
#define BILLING_REPORT_H

#include "billing/billing.h"

/* A billing_fn that prints each line into a FILE. */
void report_line(void *file, const struct billing_line *);

/* The totals of a run, several lines; the last without a newline. */
const char *report_totals(struct arena *, const struct billing_report *);

#endif
