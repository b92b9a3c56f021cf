#include <expat.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/sb.h"
#include "sheet/sheet.h"
#include "sheet/zip.h"

enum {
	STRINGS_MAX = 1000000,
	CELLS_MAX = 2000000,
	TEXT_MAX = 1 << 16, /* bytes of a cell */
	STYLES_MAX = 65536,
	DAY_SECONDS = 86400,
	EPOCH_1900 = -25569, /* 1899-12-30, Excel's day 0, as days since 1970 */
	EPOCH_1904 = -24107,
};

struct texts {
	const char **item;
	size_t n, room;
};

/* The state of a workbook, before and while its sheet is read. */
struct workbook {
	struct ctx *cx;
	XML_Parser parser;
	enum rc rc; /* of the first failure inside a handler */
	struct sb text;
	bool in_text;
	struct texts strings;
	const char *sheet_id;   /* r:id of the first visible sheet */
	const char *sheet_path; /* path of the part with that id */
	bool from_1904;
	bool *is_date; /* by the number of a cell format */
	size_t nformats;
	struct texts date_codes; /* numbers of custom formats that show a date */
	bool in_cell_formats;
	/* receives the rows of the sheet */
	sheet_row_fn fn;
	void *arg;
	size_t line, column, ncells, columns;
	const char *cells[SHEET_COLUMNS];
	char type[12];
	size_t format;
	bool has_formula, has_value;
};

static const char *
local_name(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon != NULL ? colon + 1 : name;
}

static const char *
attribute(const char **attrs, const char *name)
{
	for (size_t i = 0; attrs[i] != NULL; i += 2)
		if (strcmp(attrs[i], name) == 0 || strcmp(local_name(attrs[i]), name) == 0)
			return attrs[i + 1];
	return NULL;
}

static bool
is_yes(const char *val)
{
	return val != NULL && (strcmp(val, "1") == 0 || strcmp(val, "true") == 0);
}

static void
stop(struct workbook *w, enum rc rc)
{
	if (w->rc == RC_OK)
		w->rc = rc;
	(void)XML_StopParser(w->parser, XML_FALSE);
}

static void
add_text(struct workbook *w, struct texts *t, const char *text)
{
	if (t->n == t->room) {
		size_t room = t->room == 0 ? 256 : t->room * 2;
		const char **more = arena_alloc(w->cx->mem, room * sizeof(*more));

		if (t->n > 0)
			memcpy(more, t->item, t->n * sizeof(*more));
		t->item = more;
		t->room = room;
	}
	t->item[t->n++] = text;
	if (t->n > STRINGS_MAX)
		stop(w, FAIL(w->cx, RC_INVALID, "The workbook has too many texts."));
}

static void XMLCALL
refuse_dtd(void *arg, const char *name, const char *system, const char *public, int internal)
{
	struct workbook *w = arg;

	(void)name, (void)system, (void)public, (void)internal;
	stop(w,
	    FAIL(w->cx, RC_INVALID, "The workbook declares a document type, as no workbook does."));
}

static void XMLCALL
take_text(void *arg, const char *s, int n)
{
	struct workbook *w = arg;

	if (!w->in_text)
		return;
	if (w->text.len + (size_t)n > TEXT_MAX) {
		stop(w, FAIL(w->cx, RC_INVALID, "A cell has more than 64 KiB of text."));
		return;
	}
	sb_add(&w->text, s, (size_t)n);
}

static void
close_parser(void *parser)
{
	XML_ParserFree(parser);
}

static enum rc
parse(struct workbook *w, const char *xml, size_t len, XML_StartElementHandler start,
    XML_EndElementHandler end)
{
	w->parser = XML_ParserCreate(NULL);
	if (w->parser == NULL)
		abort();
	arena_defer(w->cx->mem, close_parser, w->parser);
	XML_SetUserData(w->parser, w);
	XML_SetElementHandler(w->parser, start, end);
	XML_SetCharacterDataHandler(w->parser, take_text);
	XML_SetStartDoctypeDeclHandler(w->parser, refuse_dtd);
	if (XML_Parse(w->parser, xml, (int)len, 1) == XML_STATUS_OK)
		return RC_OK;
	if (w->rc != RC_OK)
		return w->rc;
	return FAIL(w->cx, RC_INVALID, "The workbook is broken: %s.",
	    XML_ErrorString(XML_GetErrorCode(w->parser)));
}

static void XMLCALL
end_nothing(void *arg, const char *name)
{
	(void)arg, (void)name;
}

/* ---- workbook.xml and its relations: which part is the sheet -------------------------------- */

static void XMLCALL
start_workbook(void *arg, const char *name, const char **attrs)
{
	struct workbook *w = arg;
	const char *state = attribute(attrs, "state"), *id = attribute(attrs, "r:id");

	if (strcmp(local_name(name), "workbookPr") == 0)
		w->from_1904 = is_yes(attribute(attrs, "date1904"));
	if (strcmp(local_name(name), "sheet") != 0 || w->sheet_id != NULL || id == NULL)
		return;
	if (state == NULL || strcmp(state, "visible") == 0)
		w->sheet_id = arena_strdup(w->cx->mem, id);
}

static void XMLCALL
start_relation(void *arg, const char *name, const char **attrs)
{
	struct workbook *w = arg;
	const char *id = attribute(attrs, "Id"), *target = attribute(attrs, "Target");

	if (strcmp(local_name(name), "Relationship") != 0 || id == NULL || target == NULL)
		return;
	if (strcmp(id, w->sheet_id) == 0)
		w->sheet_path = target[0] == '/' ? arena_strdup(w->cx->mem, target + 1)
						 : arena_printf(w->cx->mem, "xl/%s", target);
}

/* ---- styles.xml: which cell formats show dates ----------------------------------------------- */

/* True when a format code shows a date: it has y, d or h outside quotes and brackets. */
static bool
is_date_code(const char *code)
{
	char inside = '\0';

	for (; *code != '\0'; code++) {
		if (inside != '\0') {
			if (*code == inside)
				inside = '\0';
		} else if (*code == '"' || *code == '[') {
			inside = *code == '"' ? '"' : ']';
		} else if (*code == '\\' && code[1] != '\0') {
			code++;
		} else if (strchr("yYdDhH", *code) != NULL) {
			return true;
		}
	}
	return false;
}

static bool
is_date_format(const struct workbook *w, const char *number)
{
	long n = strtol(number, NULL, 10);

	if ((n >= 14 && n <= 22) || (n >= 45 && n <= 47))
		return true;
	for (size_t i = 0; i < w->date_codes.n; i++)
		if (strcmp(w->date_codes.item[i], number) == 0)
			return true;
	return false;
}

static void XMLCALL
start_style(void *arg, const char *name, const char **attrs)
{
	struct workbook *w = arg;
	const char *local = local_name(name), *number = attribute(attrs, "numFmtId"),
		   *code = attribute(attrs, "formatCode");

	if (strcmp(local, "cellXfs") == 0)
		w->in_cell_formats = true;
	if (number == NULL)
		return;
	if (strcmp(local, "numFmt") == 0 && code != NULL && is_date_code(code))
		add_text(w, &w->date_codes, arena_strdup(w->cx->mem, number));
	if (strcmp(local, "xf") == 0 && w->in_cell_formats && w->nformats < STYLES_MAX)
		w->is_date[w->nformats++] = is_date_format(w, number);
}

static void XMLCALL
end_style(void *arg, const char *name)
{
	struct workbook *w = arg;

	if (strcmp(local_name(name), "cellXfs") == 0)
		w->in_cell_formats = false;
}

/* ---- sharedStrings.xml ----------------------------------------------------------------------- */

static void
begin_text(struct workbook *w)
{
	w->text = sb_new(w->cx->mem);
}

static void XMLCALL
start_string(void *arg, const char *name, const char **attrs)
{
	struct workbook *w = arg;

	(void)attrs;
	if (strcmp(local_name(name), "si") == 0)
		begin_text(w);
	w->in_text = strcmp(local_name(name), "t") == 0;
}

static void XMLCALL
end_string(void *arg, const char *name)
{
	struct workbook *w = arg;

	w->in_text = false;
	if (strcmp(local_name(name), "si") == 0)
		add_text(w, &w->strings,
		    arena_strdup(w->cx->mem, w->text.len > 0 ? w->text.buf : ""));
}

/* ---- the sheet ------------------------------------------------------------------------------- */

/* The column of a cell's name: of "AB12" it is 27. */
static size_t
column_of(const char *reference)
{
	size_t n = 0;

	for (; *reference >= 'A' && *reference <= 'Z' && n < 100000; reference++)
		n = n * 26 + (size_t)(*reference - 'A' + 1);
	return n > 0 ? n - 1 : 0;
}

static void
start_row(struct workbook *w, const char **attrs)
{
	const char *r = attribute(attrs, "r");

	w->line = r != NULL ? (size_t)strtoul(r, NULL, 10) : w->line + 1;
	w->columns = w->column = 0;
	for (size_t i = 0; i < SHEET_COLUMNS; i++)
		w->cells[i] = "";
}

static void
start_cell(struct workbook *w, const char **attrs)
{
	const char *r = attribute(attrs, "r"), *type = attribute(attrs, "t"),
		   *style = attribute(attrs, "s");

	w->column = r != NULL ? column_of(r) : w->column;
	w->format = style != NULL ? (size_t)strtoul(style, NULL, 10) : 0;
	w->type[0] = '\0';
	if (type != NULL && strlen(type) < sizeof(w->type))
		memcpy(w->type, type, strlen(type) + 1);
	w->has_formula = w->has_value = false;
	begin_text(w);
	if (++w->ncells > CELLS_MAX)
		stop(w, FAIL(w->cx, RC_INVALID, "The sheet has too many cells."));
}

static void XMLCALL
start_sheet(void *arg, const char *name, const char **attrs)
{
	struct workbook *w = arg;
	const char *local = local_name(name);

	if (strcmp(local, "row") == 0)
		start_row(w, attrs);
	else if (strcmp(local, "c") == 0)
		start_cell(w, attrs);
	else if (strcmp(local, "f") == 0)
		w->has_formula = true;
	w->in_text = strcmp(local, "v") == 0 || strcmp(local, "t") == 0;
	w->has_value = w->has_value || w->in_text;
}

static const char *
date_text(struct workbook *w, double serial)
{
	int64_t day = (int64_t)floor(serial);
	int64_t second = (int64_t)((serial - (double)day) * DAY_SECONDS + 0.5);
	time_t at =
	    (time_t)((day + (w->from_1904 ? EPOCH_1904 : EPOCH_1900)) * DAY_SECONDS + second);
	struct tm tm;
	char buf[32];

	if (gmtime_r(&at, &tm) == NULL)
		return "#DATE!";
	(void)strftime(buf, sizeof(buf), second == 0 ? "%Y-%m-%d" : "%Y-%m-%d %H:%M:%S", &tm);
	return arena_strdup(w->cx->mem, buf);
}

/* A number in people's form: 6.28123E+12 is 6281230000000. */
static const char *
number_text(struct workbook *w, const char *stored)
{
	char *end;
	double n = strtod(stored, &end);

	if (*end != '\0' || end == stored || !isfinite(n))
		return "#NUMBER!";
	if (w->format < w->nformats && w->is_date[w->format] && n >= 1 && n < 2958466)
		return date_text(w, n);
	if (n == floor(n) && fabs(n) < 1e15)
		return arena_printf(w->cx->mem, "%.0f", n);
	return arena_strdup(w->cx->mem, stored);
}

static const char *
shared_text(struct workbook *w, const char *number)
{
	unsigned long n = strtoul(number, NULL, 10);

	return n < w->strings.n ? w->strings.item[n] : "#TEXT!";
}

static const char *
cell_text(struct workbook *w)
{
	const char *stored = w->text.len > 0 ? w->text.buf : "";

	if (!w->has_value)
		return w->has_formula ? "#FORMULA!" : "";
	if (strcmp(w->type, "s") == 0)
		return shared_text(w, stored);
	if (strcmp(w->type, "b") == 0)
		return strcmp(stored, "1") == 0 ? "true" : "false";
	if (w->type[0] != '\0' && strcmp(w->type, "n") != 0)
		return arena_strdup(w->cx->mem, stored);
	return stored[0] == '\0' ? "" : number_text(w, stored);
}

static void
end_cell(struct workbook *w)
{
	const char *text = cell_text(w);

	if (w->column >= SHEET_COLUMNS) {
		if (text[0] != '\0')
			stop(w, FAIL(w->cx, RC_INVALID, "Line %zu has more than %d columns.",
				    w->line, SHEET_COLUMNS));
		return;
	}
	w->cells[w->column++] = text;
	if (text[0] != '\0')
		w->columns = w->column;
}

static void
end_row(struct workbook *w)
{
	enum rc rc;

	if (w->columns == 0)
		return;
	rc = w->fn(w->cx,
	    &(struct sheet_row){ .line = w->line, .n = w->columns, .cells = w->cells }, w->arg);
	if (rc != RC_OK)
		stop(w, rc);
}

static void XMLCALL
end_sheet(void *arg, const char *name)
{
	struct workbook *w = arg;

	w->in_text = false;
	if (strcmp(local_name(name), "c") == 0)
		end_cell(w);
	else if (strcmp(local_name(name), "row") == 0)
		end_row(w);
}

/* ---- all of it ------------------------------------------------------------------------------- */

struct part {
	const char *name;
	bool needed;
	XML_StartElementHandler start;
	XML_EndElementHandler end;
};

static enum rc
read_part(struct workbook *w, const char *data, size_t len, const struct part *p)
{
	const char *xml;
	size_t xml_len;

	TRY(zip_part(w->cx, data, len, p->name, &xml, &xml_len));
	if (xml == NULL && p->needed)
		return FAIL(w->cx, RC_INVALID, "The file is no Excel workbook: it has no %s.",
		    p->name);
	return xml == NULL ? RC_OK : parse(w, xml, xml_len, p->start, p->end);
}

enum rc
sheet_xlsx(struct ctx *cx, const char *data, size_t len, sheet_row_fn fn, void *arg)
{
	static const struct part head = { "xl/workbook.xml", true, start_workbook, end_nothing };
	static const struct part parts[] = {
		{ "xl/_rels/workbook.xml.rels", true, start_relation, end_nothing },
		{ "xl/styles.xml", false, start_style, end_style },
		{ "xl/sharedStrings.xml", false, start_string, end_string },
	};
	struct workbook *w = arena_alloc(cx->mem, sizeof(*w));

	*w = (struct workbook){ .cx = cx, .fn = fn, .arg = arg };
	w->text = sb_new(cx->mem);
	w->is_date = arena_alloc(cx->mem, STYLES_MAX * sizeof(*w->is_date));
	TRY(read_part(w, data, len, &head));
	if (w->sheet_id == NULL)
		return FAIL(cx, RC_INVALID, "The workbook has no visible sheet.");
	for (size_t i = 0; i < countof(parts); i++)
		TRY(read_part(w, data, len, &parts[i]));
	if (w->sheet_path == NULL)
		return FAIL(cx, RC_INVALID, "The workbook does not say where its sheet is.");
	return read_part(w, data, len,
	    &(struct part){ w->sheet_path, true, start_sheet, end_sheet });
}
