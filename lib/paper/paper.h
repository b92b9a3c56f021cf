/*
 * paper.h: a bill or its receipt as PDF.
 *
 * Pure: no database, no network, no clock; texts come as people read them.  The
 * font (DejaVu Sans, of the Debian package fonts-dejavu-core) is embedded with
 * the letters that are used.  A4 breaks into pages; on the roll of a receipt
 * printer (58 or 80 mm) the paper is as long as what stands on it.
 */
#ifndef PAPER_PAPER_H
#define PAPER_PAPER_H

#include <stddef.h>

#include "base/ctx.h"

enum paper_size { PAPER_A4, PAPER_80, PAPER_58 };

struct paper_line {
	const char *text;
	int64_t quantity, unit_price, amount;
};

struct paper_pair {
	const char *label, *value;
};

struct paper {
	const char *title; /* "TAGIHAN", "KUITANSI" */
	const char *number;
	const char *company, *address, *contact; /* "": left out */
	const struct paper_pair *facts; /* dates, customer; a value NULL or "" is left out */
	size_t nfacts;
	const struct paper_line *lines;
	size_t nlines;
	const struct paper_line *sums; /* text and amount; the last one is the total */
	size_t nsums;
	const struct paper_pair *payments; /* payments received, and their methods */
	size_t npayments;
	const char *link;      /* the pay address, as QR code; NULL: none */
	const char *link_text; /* beside the code */
	const char *footer;    /* the last lines; NULL or "": none */
};

/* The PDF in cx->mem.  RC_INTERNAL where the font is missing. */
enum rc paper_pdf(struct ctx *, const struct paper *, enum paper_size, const char **ret,
    size_t *nret) _must_check_;

#endif
