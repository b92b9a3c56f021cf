/* state.h: a context with an arena in *state, made anew for each test. */
#ifndef STATE_H
#define STATE_H

#include "unit.h"

#include "base/ctx.h"

static inline int
begin(void **state)
{
	static struct ctx cx;

	cx = (struct ctx){ .mem = arena_new(4096), .request_id = "", .ip = "" };
	*state = &cx;
	return 0;
}

static inline int
end(void **state)
{
	struct ctx *cx = *state;

	arena_free(cx->mem);
	return 0;
}

#endif
