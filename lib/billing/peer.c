#include "billing/peer.h"

#include "base/conf.h"
#include "db/db.h"
#include "midtrans/midtrans.h"

/* Open the connection when it is first needed. */
static struct ctx *
peer_open(struct ctx *cx, const char *date)
{
	struct db_conf *to = arena_alloc(cx->mem, sizeof(*to));
	struct ctx *gx = arena_alloc(cx->mem, sizeof(*gx));

	*to = db_conf_of(cx, cx->conf, "billing-cron", "isp_gateway");
	to->today = date;
	to->lock_ms = 5000;
	to->answer_ms = 300000; /* the same as the run's own connection */
	*gx = *cx;
	gx->db = db_new(to);
	gx->midtrans = midtrans_client_new(cx->mem, cx->conf);
	return gx;
}

enum rc
peer_billing_run(struct ctx *cx, struct billing_options *opt, billing_fn show, void *arg,
    struct billing_report *ret)
{
	enum rc rc;

	opt->gateway = peer_open(cx, opt->date);
	rc = billing_run(cx, opt, show, arg, ret);
	db_close(opt->gateway->db); /* the arena outlives it and refers to it */
	return rc;
}
