/*
 * reseal.h: seal every secret at rest with the present APP_KEY.
 *
 * Row by row, each its own transaction: it can be stopped at any moment and
 * run again, and goes on beside a running system; RC_RETRY between two rows
 * where cx->stopping says so.  A secret that no key opens is reported and left alone.
 */
#ifndef WORK_RESEAL_H
#define WORK_RESEAL_H

#include <stddef.h>

#include "base/ctx.h"

struct reseal_report {
	size_t seen, resealed, failed;
};

/* Called with each place that no key opens. */
typedef void (*reseal_fn)(void *arg, const char *place);

enum rc reseal_all(struct ctx *, reseal_fn report, void *arg,
    struct reseal_report *ret) _must_check_;

#endif
