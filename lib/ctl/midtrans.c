/* midtrans.c: payments, from the shell. */
#include <stdio.h>

#include "ctl/ctl.h"
#include "midtrans/midtrans.h"

enum rc
cmd_midtrans_reconcile(struct ispctl *ctl)
{
	struct ctx *cx = ctl->cx;
	struct midtrans_count n;

	command_row_by_row(cx);
	cx->conf = ctl->cf;
	cx->midtrans = midtrans_client_new(cx->mem, ctl->cf);
	TRY(midtrans_reconcile(cx, ctl->args->val[OPT_DUE] != NULL, &n));
	(void)printf("%zu asked about, %zu without an answer\n", n.asked, n.failed);
	if (n.failed > 0)
		return FAIL(cx, RC_UPSTREAM, "Midtrans gave no answer about %zu of %zu", n.failed,
		    n.asked);
	return RC_OK;
}
