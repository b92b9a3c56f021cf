/* drift_int.h: differences in words; shared by drift.c and drift_text.c. */
#ifndef ROUTER_DRIFT_INT_H
#define ROUTER_DRIFT_INT_H

#include "router/provision_int.h"

struct drift;

void drift_text_task(struct ctx *, struct drift *, const struct task *);
void drift_text_profile(struct ctx *, struct drift *, const struct profile *);
void drift_text_unclaimed(struct ctx *, struct drift *, const struct account_object *);

#endif
