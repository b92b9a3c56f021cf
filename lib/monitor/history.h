/* history.h: the first and the last statements of every run that stores history. */
#ifndef MONITOR_HISTORY_H
#define MONITOR_HISTORY_H

#include "base/ctx.h"

/*
 * Lock out other runs of this program and make partitions a week ahead; RC_RETRY while
 * another runs.
 */
enum rc history_begin(struct ctx *, const char *program) _must_check_;
/* Drop partitions past their time; one with readers is left for the next run. */
enum rc history_end(struct ctx *) _must_check_;

#endif
