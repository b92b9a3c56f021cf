#include "sheet/dump.h"

#include <string.h>
#include <strings.h>

#include "base/sb.h"
#include "base/utf8.h"

enum { COLUMNS_MAX = 200, TABLES_MAX = 500, VALUE_MAX = 1 << 20 };

struct table {
	const char *name;
	size_t n;
	const char *columns[COLUMNS_MAX];
};

struct reader {
	struct ctx *cx;
	const char *start, *at, *end;
	const char *counted; /* `lines` counts the lines up to here */
	size_t lines;
	const char *const *wanted;
	dump_row_fn fn;
	void *arg;
	struct table *tables; /* tables of CREATE TABLE */
	size_t ntables;
};

/* The line number of a place; continues the last count, because a dump has many lines. */
static size_t
line_of(struct reader *r, const char *at)
{
	if (at < r->counted) {
		r->counted = r->start;
		r->lines = 1;
	}
	for (; r->counted < at; r->counted++)
		r->lines += *r->counted == '\n';
	return r->lines;
}

static enum rc
cut_off(struct reader *r, const char *at)
{
	return FAIL(r->cx, RC_INVALID, "The dump is cut off: what begins in line %zu has no end.",
	    line_of(r, at));
}

static bool
starts_with(const struct reader *r, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(r->end - r->at) >= n && strncasecmp(r->at, word, n) == 0;
}

/* Move behind the next occurrence of a text, or to the end. */
static void
skip_past(struct reader *r, const char *text)
{
	const char *found = memmem(r->at, (size_t)(r->end - r->at), text, strlen(text));

	r->at = found != NULL ? found + strlen(text) : r->end;
}

/* Skip blanks and comments, also comments that MySQL would execute. */
static void
skip_blanks(struct reader *r)
{
	for (;;) {
		if (r->at == r->end)
			return;
		if (strchr(" \t\r\n", *r->at) != NULL)
			r->at++;
		else if (starts_with(r, "--") || *r->at == '#')
			skip_past(r, "\n");
		else if (starts_with(r, "/*"))
			skip_past(r, "*/");
		else
			return;
	}
}

/* A doubled quote stands for the quote itself. */
static bool
is_last_quote(const struct reader *r, char quote)
{
	return *r->at == quote && (r->at + 1 == r->end || r->at[1] != quote);
}

/* The character at r->at; of an escape its meaning, with `at` moved to its last byte. */
static char
read_char(struct reader *r, char quote)
{
	static const char from[] = "nrt0Zb", to[] = "\n\r\t\0\032\b";
	const char *hit;

	if (*r->at == quote)
		return *++r->at;
	if (*r->at != '\\' || quote == '`' || r->at + 1 == r->end)
		return *r->at;
	hit = strchr(from, *++r->at);
	if (hit != NULL && *hit != '\0')
		return to[hit - from];
	return *r->at;
}

/* Read a quoted text and resolve its escapes; `at` is on the quote. */
static enum rc
read_quoted(struct reader *r, const char **ret)
{
	const char *begin = r->at;
	char quote = *r->at++;
	struct sb out = sb_new(r->cx->mem);

	for (; r->at < r->end && !is_last_quote(r, quote); r->at++)
		sb_putc(&out, read_char(r, quote));
	if (r->at == r->end)
		return cut_off(r, begin);
	r->at++;
	if (out.len > VALUE_MAX)
		return FAIL(r->cx, RC_INVALID, "Line %zu has a value of more than 1 MiB.",
		    line_of(r, begin));
	*ret = out.len > 0 ? out.buf : "";
	return RC_OK;
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '$' || c == '.' || c == '-' || c == '+';
}

static const char *
read_word(struct reader *r)
{
	const char *begin = r->at;

	while (r->at < r->end && is_word(*r->at))
		r->at++;
	return arena_printf(r->cx->mem, "%.*s", (int)(r->at - begin), begin);
}

static const char *
read_bare_name(struct reader *r)
{
	const char *begin = r->at;

	while (r->at < r->end && *r->at != '.' && is_word(*r->at))
		r->at++;
	return arena_printf(r->cx->mem, "%.*s", (int)(r->at - begin), begin);
}

/* Read a name, in backticks or bare; of db.table the table. */
static enum rc
read_name(struct reader *r, const char **ret)
{
	skip_blanks(r);
	for (;;) {
		if (r->at < r->end && (*r->at == '`' || *r->at == '"'))
			TRY(read_quoted(r, ret));
		else
			*ret = read_bare_name(r);
		if (r->at == r->end || *r->at != '.')
			return RC_OK;
		r->at++;
	}
}

/* Skip to the end of a statement; a semicolon inside a text does not end it. */
static enum rc
skip_statement(struct reader *r)
{
	const char *begin = r->at, *text;

	while (r->at < r->end && *r->at != ';') {
		if (strchr("'\"`", *r->at) != NULL)
			TRY(read_quoted(r, &text));
		else if (starts_with(r, "/*") || starts_with(r, "-- "))
			skip_blanks(r);
		else
			r->at++;
	}
	if (r->at == r->end)
		return cut_off(r, begin);
	r->at++;
	return RC_OK;
}

/*
 * Skip triggers and procedures, which contain statements, up to the line that makes ; the
 * delimiter again.
 */
static void
skip_delimiter(struct reader *r)
{
	skip_past(r, "\n");
	skip_past(r, "DELIMITER ;");
}

static bool
is_wanted(const struct reader *r, const char *table)
{
	for (size_t i = 0; r->wanted[i] != NULL; i++)
		if (strcasecmp(r->wanted[i], table) == 0)
			return true;
	return false;
}

/* ---- CREATE TABLE ---------------------------------------------------------------------------- */

/* Skip to the comma or parenthesis that ends a column's definition. */
static enum rc
skip_definition(struct reader *r)
{
	const char *begin = r->at, *text;
	int depth = 0;

	for (; r->at < r->end; r->at++) {
		if (depth == 0 && (*r->at == ',' || *r->at == ')'))
			return RC_OK;
		if (*r->at == '\'' || *r->at == '"' || *r->at == '`') {
			TRY(read_quoted(r, &text));
			r->at--;
		}
		depth += *r->at == '(';
		depth -= *r->at == ')';
	}
	return cut_off(r, begin);
}

static enum rc
read_create(struct reader *r)
{
	struct table *t;
	const char *name = "";

	if (starts_with(r, "IF NOT EXISTS"))
		r->at += strlen("IF NOT EXISTS");
	TRY(read_name(r, &name));
	skip_blanks(r);
	if (!is_wanted(r, name) || r->ntables == TABLES_MAX || r->at == r->end || *r->at != '(')
		return skip_statement(r);
	t = &r->tables[r->ntables++];
	*t = (struct table){ .name = name };
	do {
		r->at++;
		skip_blanks(r);
		if (r->at < r->end && *r->at == '`' && t->n < COLUMNS_MAX)
			TRY(read_name(r, &t->columns[t->n++]));
		TRY(skip_definition(r));
	} while (r->at < r->end && *r->at == ',');
	return skip_statement(r);
}

static const struct table *
table_of(const struct reader *r, const char *name)
{
	for (size_t i = r->ntables; i-- > 0;)
		if (strcasecmp(r->tables[i].name, name) == 0)
			return &r->tables[i];
	return NULL;
}

/* ---- INSERT ---------------------------------------------------------------------------------- */

static bool
is_zero_date(const char *s)
{
	return strncmp(s, "0000-00-00", 10) == 0;
}

/* Read NULL, a number, or a text, also one behind a charset's name or x or b. */
static enum rc
read_literal(struct reader *r, const char **ret)
{
	const char *begin = r->at, *word = read_word(r);

	if (r->at == begin)
		return FAIL(r->cx, RC_INVALID, "Line %zu of the dump is not understood.",
		    line_of(r, begin));
	skip_blanks(r);
	if (r->at < r->end && *r->at == '\'')
		return read_quoted(r, ret);
	*ret = strcasecmp(word, "NULL") == 0 ? NULL : word;
	return RC_OK;
}

static enum rc
read_value(struct reader *r, const char **ret)
{
	const char *begin;

	*ret = NULL;
	skip_blanks(r);
	begin = r->at;
	if (r->at < r->end && (*r->at == '\'' || *r->at == '"'))
		TRY(read_quoted(r, ret));
	else
		TRY(read_literal(r, ret));
	if (*ret != NULL && is_zero_date(*ret))
		*ret = NULL;
	if (*ret != NULL && !utf8_valid(*ret, strlen(*ret)))
		return FAIL(r->cx, RC_INVALID,
		    "Line %zu of the dump holds bytes that are not UTF-8.", line_of(r, begin));
	return RC_OK;
}

static bool
take_char(struct reader *r, char c)
{
	skip_blanks(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static enum rc
read_columns(struct reader *r, struct table *t)
{
	do {
		if (t->n == COLUMNS_MAX)
			return FAIL(r->cx, RC_INVALID, "The table %s has too many columns.",
			    t->name);
		TRY(read_name(r, &t->columns[t->n++]));
	} while (take_char(r, ','));
	return take_char(r, ')') ? RC_OK : cut_off(r, r->at);
}

static enum rc
read_row(struct reader *r, const struct table *t, size_t line)
{
	const char **values = arena_alloc(r->cx->mem, (t->n + 1) * sizeof(*values)), *extra;
	size_t n = 0;

	do {
		TRY(read_value(r, n < t->n ? &values[n] : &extra));
		n++;
	} while (take_char(r, ','));
	if (!take_char(r, ')'))
		return cut_off(r, r->at);
	if (n != t->n)
		return FAIL(r->cx, RC_INVALID,
		    "Line %zu: a row of %s has %zu values for %zu columns.", line_of(r, r->at),
		    t->name, n, t->n);
	return r->fn(r->cx,
	    &(struct dump_row){ .line = line,
		.table = t->name,
		.n = n,
		.columns = t->columns,
		.values = values },
	    r->arg);
}

/* Find the columns of an INSERT: its own list, else that of the table's CREATE TABLE. */
static enum rc
read_insert_columns(struct reader *r, size_t line, struct table *listed, const struct table **ret)
{
	*ret = listed;
	if (take_char(r, '('))
		return read_columns(r, listed);
	*ret = table_of(r, listed->name);
	if (*ret == NULL)
		return FAIL(r->cx, RC_INVALID,
		    "Line %zu: the dump names no columns of %s: it has no CREATE TABLE.", line,
		    listed->name);
	return RC_OK;
}

static enum rc
read_insert(struct reader *r)
{
	const char *begin = r->at;
	size_t line = line_of(r, begin);
	struct table listed = { .name = "" };
	const struct table *t;

	TRY(read_name(r, &listed.name));
	if (!is_wanted(r, listed.name))
		return skip_statement(r);
	TRY(read_insert_columns(r, line, &listed, &t));
	skip_blanks(r);
	if (!starts_with(r, "VALUE"))
		return skip_statement(r);
	(void)read_word(r);
	do {
		if (!take_char(r, '('))
			return cut_off(r, begin);
		TRY(read_row(r, t, line));
	} while (take_char(r, ','));
	return take_char(r, ';') || r->at == r->end ? RC_OK : skip_statement(r);
}

static const struct statement {
	const char *words;
	enum rc (*read)(struct reader *);
} statements[] = {
	{ "CREATE TABLE ", read_create },
	{ "INSERT INTO ", read_insert },
	{ "INSERT IGNORE INTO ", read_insert },
	{ "REPLACE INTO ", read_insert },
};

static enum rc
read_statement(struct reader *r)
{
	for (size_t i = 0; i < countof(statements); i++)
		if (starts_with(r, statements[i].words)) {
			r->at += strlen(statements[i].words);
			return statements[i].read(r);
		}
	if (starts_with(r, "DELIMITER ")) {
		skip_delimiter(r);
		return RC_OK;
	}
	return skip_statement(r);
}

enum rc
dump_read(struct ctx *cx, const char *text, size_t len, const char *const *tables, dump_row_fn fn,
    void *arg)
{
	struct reader r = {
		.cx = cx,
		.start = text,
		.counted = text,
		.lines = 1,
		.at = text,
		.end = text + len,
		.wanted = tables,
		.fn = fn,
		.arg = arg,
	};

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		r.at += 3;
	r.tables = arena_alloc(cx->mem, TABLES_MAX * sizeof(*r.tables));
	for (skip_blanks(&r); r.at < r.end; skip_blanks(&r))
		TRY(read_statement(&r));
	return RC_OK;
}
