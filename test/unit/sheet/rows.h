/* rows.h: what a reader of sheets handed out, as one text: cells joined by |, rows by newlines. */
#ifndef SHEET_ROWS_H
#define SHEET_ROWS_H

#include "base/sb.h"
#include "sheet/sheet.h"

static inline enum rc
join_row(struct ctx *unused, const struct sheet_row *row, void *arg)
{
	struct sb *out = arg;

	(void)unused;
	sb_printf(out, "%zu:", row->line);
	for (size_t i = 0; i < row->n; i++)
		sb_printf(out, "%s%s", i > 0 ? "|" : "", row->cells[i]);
	sb_putc(out, '\n');
	return RC_OK;
}

#endif
