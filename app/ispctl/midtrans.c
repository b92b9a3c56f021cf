/* midtrans.c: payments, from the shell. */
#include <stdio.h>

#include "ispctl.h"
#include "midtrans/gateway.h"

enum rc
cmd_midtrans_reconcile(struct ispctl *ctl)
{
	struct ctx *cx = ctl->cx;
	struct gateway_count n;

	command_row_by_row(cx);
	cx->conf = ctl->cf;
	cx->gateway = gateway_new(cx->mem, ctl->cf);
	TRY(gateway_reconcile(cx, ctl->args->val[OPT_DUE] != NULL, &n));
	(void)printf("%zu asked about, %zu without an answer\n", n.asked, n.failed);
	if (n.failed > 0)
		return FAIL(cx, RC_UPSTREAM, "Midtrans gave no answer about %zu of %zu", n.failed,
		    n.asked);
	return RC_OK;
}
