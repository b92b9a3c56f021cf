/* peer.c: see peer.h. */
#include "peer.h"

#include "base/conf.h"
#include "db/db.h"
#include "midtrans/midtrans.h"

struct ctx *
peer_open(struct ctx *cx, const char *date)
{
	struct db_conf *to = arena_alloc(cx->mem, sizeof(*to));
	struct ctx *gx = arena_alloc(cx->mem, sizeof(*gx));

	*to = db_conf_of(cx, cx->conf, "billing-cron", "isp_gateway");
	to->today = date;
	to->lock_ms = 5000;
	to->answer_ms = 300000; /* as the run's own connection: the night waits for this one, too */
	*gx = *cx;
	gx->db = db_new(to);
	gx->midtrans = midtrans_client_new(cx->mem, cx->conf);
	return gx;
}

/* Its connection holds on to the arena, which outlives it. */
void
peer_close(struct ctx *gx)
{
	db_close(gx->db);
}
