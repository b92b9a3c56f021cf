/* job.h: a check of one attempt with its next date, for jobs and reconciliation alike. */
#ifndef MIDTRANS_JOB_H
#define MIDTRANS_JOB_H

#include "midtrans/client.h"

/* Check an attempt; without an answer the next check is still due less and less often. */
enum rc midtrans_check_and_schedule(struct ctx *, const char *attempt_id) _must_check_;

#endif
