/* backoff.c: see backoff.h. */
#include "work/backoff.h"

int
backoff_next(struct backoff *b)
{
	if (b->ms == 0)
		b->ms = b->first_ms;
	else
		b->ms = b->ms < b->most_ms / 2 ? 2 * b->ms : b->most_ms;
	return b->ms;
}

void
backoff_reset(struct backoff *b)
{
	b->ms = 0;
}
