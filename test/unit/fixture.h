/*
 * fixture.h: a context with an arena in cx, made anew for each test; rows.h adds a database, and
 * state.h keeps the context in *state.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "unit.h"

#include "base/ctx.h"

static struct ctx cx;

static inline int
setup(void **state)
{
	(void)state;
	cx = (struct ctx){ .mem = arena_new(4096) };
	return 0;
}

static inline int
teardown(void **state)
{
	(void)state;
	arena_free(cx.mem);
	return 0;
}

#define FIXTURE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
