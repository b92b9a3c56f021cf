#include <iconv.h>
#include <string.h>

#include "base/sb.h"
#include "base/utf8.h"
#include "sheet/sheet.h"

enum { CELL_MAX = 1 << 16 };

struct reader {
	const char *at, *end;
	char separator;
	size_t line; /* number of the line at `at` */
	const char *cells[SHEET_COLUMNS];
	size_t n;
};

static void
close_iconv(void *conv)
{
	(void)iconv_close(conv);
}

/* Convert the text to UTF-8; bytes that the charset lacks are an error. */
static enum rc
convert(struct ctx *cx, const char *from, const char *data, size_t len, const char **ret,
    size_t *ret_len)
{
	iconv_t conv = iconv_open("UTF-8", from);
	size_t room = len * 4 + 1, left = room;
	char *out = arena_alloc(cx->mem, room), *to = out;
	char *in = (char *)(uintptr_t)data; /* iconv(3) takes it without const and only reads it */

	if (conv == (iconv_t)-1)
		return FAIL(cx, RC_INTERNAL, "iconv knows no %s", from);
	arena_defer(cx->mem, close_iconv, conv);
	if (iconv(conv, &in, &len, &to, &left) == (size_t)-1)
		return FAIL(cx, RC_INVALID, "The file is neither UTF-8 nor %s.", from);
	*ret = out;
	*ret_len = room - left;
	return RC_OK;
}

static enum rc
to_utf8(struct ctx *cx, const char *data, size_t len, const char **ret, size_t *ret_len)
{
	if (len >= 2 && (memcmp(data, "\xff\xfe", 2) == 0 || memcmp(data, "\xfe\xff", 2) == 0))
		return convert(cx, "UTF-16", data, len, ret, ret_len);
	if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
		data += 3;
		len -= 3;
	}
	if (!utf8_valid(data, len))
		return convert(cx, "WINDOWS-1252", data, len, ret, ret_len);
	*ret = data;
	*ret_len = len;
	return RC_OK;
}

/* Count a separator in the first line, outside quotes. */
static size_t
count_in_heading(const struct reader *r, char separator)
{
	bool quoted = false;
	size_t n = 0;

	for (const char *p = r->at; p < r->end && (quoted || (*p != '\n' && *p != '\r')); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (*p == separator && !quoted)
			n++;
	}
	return n;
}

static void
skip_line_end(struct reader *r)
{
	if (r->at < r->end && *r->at == '\r')
		r->at++;
	if (r->at < r->end && *r->at == '\n')
		r->at++;
	r->line++;
}

/* Excel may write sep=; as a line of its own, which names the separator. */
static void
find_separator(struct reader *r)
{
	static const char candidates[] = ",;\t";
	size_t most = 0;

	if (r->end - r->at > 5 && strncmp(r->at, "sep=", 4) == 0) {
		r->separator = r->at[4];
		r->at += 5;
		skip_line_end(r);
		return;
	}
	r->separator = ',';
	for (const char *c = candidates; *c != '\0'; c++)
		if (count_in_heading(r, *c) > most) {
			most = count_in_heading(r, *c);
			r->separator = *c;
		}
}

static enum rc
read_quoted(struct ctx *cx, struct reader *r, struct sb *out)
{
	size_t begun = r->line;

	for (r->at++; r->at < r->end; r->at++) {
		if (*r->at == '"' && (r->at + 1 == r->end || r->at[1] != '"')) {
			r->at++;
			return RC_OK;
		}
		if (*r->at == '"')
			r->at++;
		if (*r->at == '\n')
			r->line++;
		sb_putc(out, *r->at);
	}
	return FAIL(cx, RC_INVALID, "Line %zu: a quote is opened and never closed.", begun);
}

static bool
is_cell_end(const struct reader *r)
{
	return r->at == r->end || *r->at == r->separator || *r->at == '\n' || *r->at == '\r';
}

static char *
trim(char *s)
{
	size_t n = strlen(s);

	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		s[--n] = '\0';
	return s + strspn(s, " \t");
}

static enum rc
read_cell(struct ctx *cx, struct reader *r)
{
	struct sb out = sb_new(cx->mem);

	if (r->n == SHEET_COLUMNS)
		return FAIL(cx, RC_INVALID, "Line %zu has more than %d columns.", r->line,
		    SHEET_COLUMNS);
	if (r->at < r->end && *r->at == '"')
		TRY(read_quoted(cx, r, &out));
	for (; !is_cell_end(r); r->at++)
		sb_putc(&out, *r->at);
	if (out.len > CELL_MAX)
		return FAIL(cx, RC_INVALID, "Line %zu has a cell of more than 64 KiB.", r->line);
	r->cells[r->n++] = out.len > 0 ? trim(out.buf) : "";
	return RC_OK;
}

static bool
has_text(const char *const *cells, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cells[i][0] != '\0')
			return true;
	return false;
}

static enum rc
read_row(struct ctx *cx, struct reader *r, sheet_row_fn fn, void *arg)
{
	size_t line = r->line;

	r->n = 0;
	TRY(read_cell(cx, r));
	while (r->at < r->end && *r->at == r->separator) {
		r->at++;
		TRY(read_cell(cx, r));
	}
	skip_line_end(r);
	if (!has_text(r->cells, r->n))
		return RC_OK;
	return fn(cx, &(struct sheet_row){ .line = line, .n = r->n, .cells = r->cells }, arg);
}

static enum rc
read_csv(struct ctx *cx, const char *data, size_t len, sheet_row_fn fn, void *arg)
{
	struct reader r = { .line = 1 };

	TRY(to_utf8(cx, data, len, &data, &len));
	if (memchr(data, '\0', len) != NULL)
		return FAIL(cx, RC_INVALID, "The file is no text: it holds a NUL byte.");
	r.at = data;
	r.end = data + len;
	find_separator(&r);
	while (r.at < r.end)
		TRY(read_row(cx, &r, fn, arg));
	return RC_OK;
}

enum rc
sheet_read(struct ctx *cx, const char *data, size_t len, sheet_row_fn fn, void *arg)
{
	if (len >= 4 && memcmp(data, "PK\3\4", 4) == 0)
		return sheet_xlsx(cx, data, len, fn, arg);
	if (len >= 4 && memcmp(data, "\xd0\xcf\x11\xe0", 4) == 0)
		return FAIL(cx, RC_INVALID,
		    "The file is an old Excel workbook (.xls): save it as .xlsx or CSV.");
	return read_csv(cx, data, len, fn, arg);
}
