/* serve.h: the loop of gateway-sync; cx->mem is emptied before each piece of work. */
#ifndef GATEWAY_SYNC_SERVE_H
#define GATEWAY_SYNC_SERVE_H

#include "base/ctx.h"

/* Work until a signal comes; an exit code. */
int serve(struct ctx *);

/*
 * Try each thing that is due once; nobody answering ends it.  well: all of it
 * was done.  Fails when the database goes away.
 */
enum rc serve_once(struct ctx *, bool *ret_well) _must_check_;

#endif
