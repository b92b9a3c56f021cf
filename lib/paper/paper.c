/* paper.c: see paper.h. */
#include "paper/paper.h"

#include <hpdf.h>
#include <qrencode.h>
#include <string.h>

#include "base/sb.h"

#define FONT      "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
#define FONT_BOLD "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"

/* Measures of a paper in points; a roll's height is that of its text. */
static const struct measure {
	float width, height, margin, text, head, qr;
} measures[] = {
	[PAPER_A4] = { 595.28F, 841.89F, 50, 9.5F, 17, 110 },
	[PAPER_80] = { 226.77F, 0, 10, 8, 11, 130 },
	[PAPER_58] = { 164.41F, 0, 6, 7, 9, 110 },
};

enum { ROLL_MAX = 14000 }; /* points; PDF allows 14400 */

struct sheet {
	struct ctx *cx;
	const struct measure *m;
	HPDF_Doc pdf;
	HPDF_Page page;
	HPDF_Font font, bold;
	float height, y; /* height of the page, and of the next line above its lower edge */
	bool narrow;
};

/* ---- pages and texts ------------------------------------------------------------------------- */

static void
add_page(struct sheet *s)
{
	s->page = HPDF_AddPage(s->pdf);
	(void)HPDF_Page_SetWidth(s->page, s->m->width);
	(void)HPDF_Page_SetHeight(s->page, s->height);
	(void)HPDF_Page_SetLineWidth(s->page, 0.6F);
	s->y = s->height - s->m->margin;
}

/* Move down; at the end of a page begin the next one. */
static void
take_space(struct sheet *s, float space)
{
	if (s->y - space < s->m->margin)
		add_page(s);
	s->y -= space;
}

static float
right_edge(const struct sheet *s)
{
	return s->m->width - s->m->margin;
}

static float
width_of(struct sheet *s, HPDF_Font font, float size, const char *text)
{
	(void)HPDF_Page_SetFontAndSize(s->page, font, size);
	return HPDF_Page_TextWidth(s->page, text);
}

static void
put_at(struct sheet *s, HPDF_Font font, float size, float x, const char *text)
{
	(void)HPDF_Page_SetFontAndSize(s->page, font, size);
	(void)HPDF_Page_BeginText(s->page);
	(void)HPDF_Page_TextOut(s->page, x, s->y, text);
	(void)HPDF_Page_EndText(s->page);
}

static void
put_right(struct sheet *s, HPDF_Font font, float size, float x, const char *text)
{
	put_at(s, font, size, x - width_of(s, font, size, text), text);
}

/*
 * The bytes of text that fit into the width, ending at its line's end, or at a blank if
 * there is one; at least one letter.
 */
static size_t
fitting(struct sheet *s, HPDF_Font font, float size, const char *text, float width)
{
	size_t n = strcspn(text, "\n"), blank;

	while (n > 1 &&
	       width_of(s, font, size, arena_printf(s->cx->mem, "%.*s", (int)n, text)) > width)
		do
			n--;
		while (n > 1 && ((unsigned char)text[n] & 0xC0) == 0x80);
	if (text[n] == '\0' || text[n] == '\n')
		return n;
	for (blank = n; blank > 0 && text[blank] != ' '; blank--)
		;
	return blank > 0 ? blank : n;
}

/* Print a text in lines of that width; s->y is then at the last of them. */
static void
put_wrapped(struct sheet *s, HPDF_Font font, float size, float x, const char *text, float width)
{
	while (*text != '\0') {
		size_t n = fitting(s, font, size, text, width);

		put_at(s, font, size, x, arena_printf(s->cx->mem, "%.*s", (int)n, text));
		text += n;
		text += strspn(text, " ");
		text += *text == '\n';
		if (*text != '\0')
			take_space(s, size * 1.3F);
	}
}

static void
rule(struct sheet *s)
{
	take_space(s, s->m->text * 0.6F);
	(void)HPDF_Page_MoveTo(s->page, s->m->margin, s->y);
	(void)HPDF_Page_LineTo(s->page, right_edge(s), s->y);
	(void)HPDF_Page_Stroke(s->page);
	take_space(s, s->m->text * 0.6F);
}

/* 1234567 in the Indonesian form "Rp1.234.567". */
static const char *
money(struct ctx *cx, int64_t n)
{
	const char *digits = arena_printf(cx->mem, "%lld", (long long)(n < 0 ? -n : n));
	struct sb s = sb_new(cx->mem);
	size_t len = strlen(digits);

	sb_puts(&s, n < 0 ? "-Rp" : "Rp");
	for (size_t i = 0; i < len; i++)
		sb_printf(&s, "%s%c", i > 0 && (len - i) % 3 == 0 ? "." : "", digits[i]);
	return s.buf;
}

/* ---- the parts of a paper -------------------------------------------------------------------- */

static void
put_line_if(struct sheet *s, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	take_space(s, s->m->text * 1.3F);
	put_wrapped(s, s->font, s->m->text, s->m->margin, text,
	    s->narrow ? right_edge(s) - s->m->margin : s->m->width / 2 - s->m->margin);
}

static void
put_head(struct sheet *s, const struct paper *p)
{
	float top = s->y - s->m->head, wide = right_edge(s) - s->m->margin;

	s->y = top;
	if (p->company != NULL)
		put_wrapped(s, s->bold, s->m->head, s->m->margin, p->company,
		    s->narrow ? wide : wide * 0.6F);
	put_line_if(s, p->address);
	put_line_if(s, p->contact);
	if (s->narrow) {
		rule(s);
		take_space(s, s->m->text);
		put_at(s, s->bold, s->m->text + 2, s->m->margin, p->title);
		put_line_if(s, p->number);
		return;
	}
	{
		float left = s->y;

		s->y = top;
		put_right(s, s->bold, s->m->head, right_edge(s), p->title);
		s->y -= s->m->head;
		put_right(s, s->font, s->m->text + 1, right_edge(s), p->number);
		s->y = left < s->y ? left : s->y;
	}
}

static void
put_pair(struct sheet *s, const struct paper_pair *pair)
{
	float indent = s->narrow ? s->m->width * 0.38F : 110;

	if (pair->value == NULL || pair->value[0] == '\0')
		return;
	take_space(s, s->m->text * 1.45F);
	put_at(s, s->font, s->m->text, s->m->margin, pair->label);
	put_wrapped(s, s->font, s->m->text, s->m->margin + indent, pair->value,
	    right_edge(s) - s->m->margin - indent);
}

static void
put_pairs(struct sheet *s, const struct paper_pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_pair(s, &pairs[i]);
}

/*
 * Print a line of the bill: text, quantity, amount. On a roll the amount stands below a
 * long text.
 */
static void
put_bill_line(struct sheet *s, const struct paper_line *l)
{
	const char *amount = money(s->cx, l->amount), *text = l->text;
	float room = right_edge(s) - s->m->margin - 95;

	if (l->quantity > 1)
		text = arena_printf(s->cx->mem, "%s (%lld x %s)", text, (long long)l->quantity,
		    money(s->cx, l->unit_price));
	take_space(s, s->m->text * 1.5F);
	if (s->narrow && width_of(s, s->font, s->m->text, text) > room) {
		put_wrapped(s, s->font, s->m->text, s->m->margin, text,
		    right_edge(s) - s->m->margin);
		take_space(s, s->m->text * 1.3F);
	} else {
		put_wrapped(s, s->font, s->m->text, s->m->margin, text, room);
	}
	put_right(s, s->font, s->m->text, right_edge(s), amount);
}

static void
put_sums(struct sheet *s, const struct paper *p)
{
	for (size_t i = 0; i < p->nsums; i++) {
		bool total = i + 1 == p->nsums;
		HPDF_Font font = total ? s->bold : s->font;
		float size = total ? s->m->text + 1.5F : s->m->text;

		take_space(s, size * 1.5F);
		if (s->narrow)
			put_at(s, font, size, s->m->margin, p->sums[i].text);
		else
			put_right(s, font, size, right_edge(s) - 110, p->sums[i].text);
		put_right(s, font, size, right_edge(s), money(s->cx, p->sums[i].amount));
	}
}

static void
free_code(void *code)
{
	QRcode_free(code);
}

/* Draw the dark modules of the code as one filled path. */
static void
draw_code(struct sheet *s, const QRcode *code, float x, float side)
{
	float module = side / (float)code->width;

	for (int i = 0; i < code->width * code->width; i++) {
		int row = i / code->width, column = i % code->width;

		if ((code->data[i] & 1) != 0)
			(void)HPDF_Page_Rectangle(s->page, x + module * (float)column,
			    s->y + side - module * (float)(row + 1), module, module);
	}
	(void)HPDF_Page_Fill(s->page);
}

static enum rc
put_code(struct sheet *s, const struct paper *p)
{
	float side = s->m->qr, x = s->narrow ? (s->m->width - side) / 2 : s->m->margin, lowest;
	QRcode *code;

	if (p->link == NULL)
		return RC_OK;
	code = QRcode_encodeString8bit(p->link, 0, QR_ECLEVEL_M);
	if (code == NULL)
		return FAIL(s->cx, RC_INTERNAL, "no QR code of %s", p->link);
	arena_defer(s->cx->mem, free_code, code);
	take_space(s, side + s->m->text * 2);
	draw_code(s, code, x, side);
	lowest = s->y;
	if (!s->narrow)
		s->y += side - s->m->text;
	else
		take_space(s, s->m->text * 1.6F);
	x = s->narrow ? s->m->margin : x + side + 15;
	put_wrapped(s, s->bold, s->m->text, x, p->link_text, right_edge(s) - x);
	take_space(s, s->m->text * 1.4F);
	put_wrapped(s, s->font, s->m->text - 1, x, p->link, right_edge(s) - x);
	s->y = s->y < lowest ? s->y : lowest;
	return RC_OK;
}

static void
put_footer(struct sheet *s, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	rule(s);
	take_space(s, s->m->text);
	put_wrapped(s, s->font, s->m->text, s->m->margin, text, right_edge(s) - s->m->margin);
}

static enum rc
put_paper(struct sheet *s, const struct paper *p)
{
	put_head(s, p);
	rule(s);
	put_pairs(s, p->facts, p->nfacts);
	rule(s);
	for (size_t i = 0; i < p->nlines; i++)
		put_bill_line(s, &p->lines[i]);
	rule(s);
	put_sums(s, p);
	if (p->npayments > 0)
		rule(s);
	put_pairs(s, p->payments, p->npayments);
	TRY(put_code(s, p));
	put_footer(s, p->footer);
	return RC_OK;
}

/* ---- the document ---------------------------------------------------------------------------- */

static void
free_pdf(void *pdf)
{
	HPDF_Free(pdf);
}

static HPDF_Font
load_font(HPDF_Doc pdf, const char *path)
{
	const char *name = HPDF_LoadTTFontFromFile(pdf, path, HPDF_TRUE);

	return name != NULL ? HPDF_GetFont(pdf, name, "UTF-8") : NULL;
}

static enum rc
open_sheet(struct ctx *cx, enum paper_size size, float height, struct sheet *ret)
{
	struct sheet s = { .cx = cx,
		.m = &measures[size],
		.height = height,
		.narrow = size != PAPER_A4 };

	s.pdf = HPDF_New(NULL, NULL);
	if (s.pdf == NULL)
		return FAIL(cx, RC_INTERNAL, "no memory for a PDF");
	arena_defer(cx->mem, free_pdf, s.pdf);
	(void)HPDF_SetCompressionMode(s.pdf, HPDF_COMP_ALL);
	(void)HPDF_UseUTFEncodings(s.pdf);
	s.font = load_font(s.pdf, FONT);
	s.bold = load_font(s.pdf, FONT_BOLD);
	if (s.font == NULL || s.bold == NULL)
		return FAIL(cx, RC_INTERNAL,
		    "the font %s cannot be read (Debian package fonts-dejavu-core)", FONT);
	add_page(&s);
	*ret = s;
	return RC_OK;
}

/* Measure a roll by printing it once on a paper that is long enough. */
static enum rc
height_of(struct ctx *cx, const struct paper *p, enum paper_size size, float *ret)
{
	struct sheet s;

	if (measures[size].height > 0) {
		*ret = measures[size].height;
		return RC_OK;
	}
	TRY(open_sheet(cx, size, ROLL_MAX, &s));
	TRY(put_paper(&s, p));
	*ret = ROLL_MAX - s.y + s.m->margin + s.m->text;
	return RC_OK;
}

static enum rc
save(struct sheet *s, const char **ret, size_t *nret)
{
	HPDF_UINT32 n;
	char *buf;

	if (HPDF_SaveToStream(s->pdf) != HPDF_OK)
		return FAIL(s->cx, RC_INTERNAL, "the PDF failed: error 0x%lx",
		    HPDF_GetError(s->pdf));
	n = HPDF_GetStreamSize(s->pdf);
	buf = arena_alloc(s->cx->mem, n + 1);
	(void)HPDF_ResetStream(s->pdf);
	(void)HPDF_ReadFromStream(s->pdf, (HPDF_BYTE *)buf, &n);
	*ret = buf;
	*nret = n;
	return RC_OK;
}

enum rc
paper_pdf(struct ctx *cx, const struct paper *p, enum paper_size size, const char **ret,
    size_t *nret)
{
	struct sheet s;
	float height;

	TRY(height_of(cx, p, size, &height));
	TRY(open_sheet(cx, size, height, &s));
	(void)HPDF_SetInfoAttr(s.pdf, HPDF_INFO_TITLE, p->number);
	TRY(put_paper(&s, p));
	return save(&s, ret, nret);
}
