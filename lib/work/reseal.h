/*
 * reseal.h: seals every secret at rest with the current APP_KEY.
 *
 * Each row is a transaction of its own: the work can be stopped at any moment and run
 * again, beside a running system; RC_RETRY between two rows when cx->stopping is true. A
 * secret that no key opens is reported and left as it is.
 */
#ifndef WORK_RESEAL_H
#define WORK_RESEAL_H

#include <stddef.h>

#include "base/ctx.h"

struct reseal_report {
	size_t seen, resealed, failed;
};

/* Called with the place of each secret that no key opens. */
typedef void (*reseal_fn)(void *arg, const char *place);

enum rc reseal_all(struct ctx *, reseal_fn report, void *arg,
    struct reseal_report *ret) _must_check_;

#endif
