/* history.h: what every run that stores history begins and ends with. */
#ifndef MONITOR_HISTORY_H
#define MONITOR_HISTORY_H

#include "base/ctx.h"

/* Be the only run of this program, and have partitions a week ahead; RC_RETRY while another runs.
 */
enum rc history_begin(struct ctx *, const char *program) _must_check_;
/* Drop partitions past their time; one that readers hold is left for the next run. */
enum rc history_end(struct ctx *) _must_check_;

#endif
