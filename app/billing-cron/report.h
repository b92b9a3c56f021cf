/* report.h: a run told to people, on standard output. */
#ifndef BILLING_CRON_REPORT_H
#define BILLING_CRON_REPORT_H

#include "billing/billing.h"

void report_line(void *arg, const struct billing_line *);
void report_totals(const struct billing_report *);

#endif
