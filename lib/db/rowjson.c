/*
 * rowjson.c: the hot loop of every list.  All that is the same for each row of
 * a result (keys with their quotes and commas, nesting, how each type is
 * written) is planned once; a row then costs copies and one table look-up a byte of text.
 */
#include "db/rowjson.h"

#include <string.h>

#include "base/jw.h"
#include "db/db_int.h"
#include "db/db_type.h"

typedef void (*write_fn)(struct sb *, const char *val, size_t n);

enum op_kind { OP_COLUMN, OP_OPEN, OP_CLOSE };

/* One step of writing a row; lead is all that comes before the value. */
struct op {
	enum op_kind kind;
	const char *lead;
	size_t lead_len;
	int col;        /* OP_COLUMN; of OP_OPEN the first column inside */
	int end;        /* OP_OPEN: the column after the last inside */
	size_t skip;    /* OP_OPEN: the step after its OP_CLOSE */
	write_fn write; /* OP_COLUMN */
};

struct plan {
	struct op *ops;
	size_t n;
};

/* ---- values ---------------------------------------------------------------------------------- */

static void
write_raw(struct sb *out, const char *val, size_t n)
{
	sb_add(out, val, n);
}

/* JSON has no NaN and no Infinity: null. */
static void
write_number(struct sb *out, const char *val, size_t n)
{
	char last = val[n - 1];

	if (last >= '0' && last <= '9')
		sb_add(out, val, n);
	else
		sb_add(out, "null", 4);
}

static void
write_bool(struct sb *out, const char *val, size_t n)
{
	(void)n;
	if (*val == 't')
		sb_add(out, "true", 4);
	else
		sb_add(out, "false", 5);
}

/* A value of a type that never needs an escape. */
static void
write_plain(struct sb *out, const char *val, size_t n)
{
	char *to = sb_room(out, n + 2);

	to[0] = '"';
	memcpy(to + 1, val, n);
	to[n + 1] = '"';
	sb_took(out, n + 2);
}

/* "2026-01-31 10:00:00.5+00" becomes "2026-01-31T10:00:00.5Z"; infinity and BC stay as they are. */
static void
write_time(struct sb *out, const char *val, size_t n)
{
	char *to;

	if (!db_is_utc_time(val, n)) {
		write_plain(out, val, n);
		return;
	}
	to = sb_room(out, n);
	to[0] = '"';
	memcpy(to + 1, val, n - 3);
	to[11] = 'T';
	to[n - 2] = 'Z';
	to[n - 1] = '"';
	sb_took(out, n);
}

static void
write_array(struct sb *out, const char *val, size_t n, write_fn write)
{
	char *text = arena_alloc(out->mem, n + 1);
	const char *at = val;
	size_t len;
	bool is_null;

	sb_putc(out, '[');
	for (bool first = true; db_array_next(&at, text, &len, &is_null); first = false) {
		if (!first)
			sb_putc(out, ',');
		if (is_null)
			sb_puts(out, "null");
		else
			write(out, text, len);
	}
	sb_putc(out, ']');
}

static void
write_text_array(struct sb *out, const char *val, size_t n)
{
	write_array(out, val, n, jw_quote);
}

static void
write_int_array(struct sb *out, const char *val, size_t n)
{
	write_array(out, val, n, write_raw);
}

static write_fn
writer_of(unsigned type)
{
	switch (type) {
	case T_INT2:
	case T_INT4:
	case T_INT8:
	case T_OID:
	case T_JSON:
	case T_JSONB:
		return write_raw;
	case T_NUMERIC:
	case T_FLOAT4:
	case T_FLOAT8:
		return write_number;
	case T_BOOL:
		return write_bool;
	case T_UUID:
		return write_plain;
	case T_TIMESTAMPTZ:
		return write_time;
	case T_TEXT_ARRAY:
	case T_VARCHAR_ARRAY:
	case T_UUID_ARRAY:
		return write_text_array;
	case T_INT4_ARRAY:
	case T_INT8_ARRAY:
		return write_int_array;
	default:
		return jw_quote;
	}
}

/* ---- the plan -------------------------------------------------------------------------------- */

struct planner {
	struct arena *mem;
	const PGresult *res;
	struct plan plan;
	int ncols;
};

static const char *
lead_of(struct planner *p, bool first, const char *key, size_t n, const char *open)
{
	struct sb s = sb_new(p->mem);

	if (!first)
		sb_putc(&s, ',');
	jw_quote(&s, key, n);
	sb_putc(&s, ':');
	sb_puts(&s, open);
	return s.buf;
}

static struct op *
add_op(struct planner *p, enum op_kind kind, const char *lead)
{
	struct op *op = &p->plan.ops[p->plan.n++];

	*op = (struct op){ .kind = kind, .lead = lead, .lead_len = strlen(lead) };
	return op;
}

/* Count the columns from col on whose names share its first n bytes, dot included. */
static int
end_of_group(const struct planner *p, int col, size_t n)
{
	const char *name = PQfname(p->res, col);
	int end = col + 1;

	while (end < p->ncols && strncmp(PQfname(p->res, end), name, n) == 0)
		end++;
	return end;
}

/* Plan the columns [col, end) whose names, after `at` bytes, are keys of one object. */
static void
plan_object(struct planner *p, int col, int end, size_t at) /* NOLINT(misc-no-recursion) */
{
	for (int first = col; col < end;) {
		const char *key = PQfname(p->res, col) + at;
		size_t n = strcspn(key, ".");
		size_t mine;

		if (key[n] == '\0') {
			struct op *op = add_op(p, OP_COLUMN, lead_of(p, col == first, key, n, ""));

			op->write = writer_of(PQftype(p->res, col));
			op->col = col++;
			continue;
		}
		mine = p->plan.n;
		(void)add_op(p, OP_OPEN, lead_of(p, col == first, key, n, ""));
		p->plan.ops[mine].col = col;
		p->plan.ops[mine].end = end_of_group(p, col, at + n + 1);
		plan_object(p, col, p->plan.ops[mine].end, at + n + 1);
		(void)add_op(p, OP_CLOSE, "}");
		p->plan.ops[mine].skip = p->plan.n;
		col = p->plan.ops[mine].end;
	}
}

/* Each column makes at most one step and two for each dot of its name. */
static struct plan
make_plan(struct arena *mem, const PGresult *res)
{
	struct planner p = { .mem = mem, .res = res, .ncols = PQnfields(res) };
	size_t most = 0;

	for (int i = 0; i < p.ncols; i++) {
		most++;
		for (const char *s = PQfname(res, i); *s != '\0'; s++)
			most += *s == '.' ? 2 : 0;
	}
	p.plan.ops = arena_alloc(mem, (most + 1) * sizeof(*p.plan.ops));
	plan_object(&p, 0, p.ncols, 0);
	return p.plan;
}

static bool
all_null(const PGresult *res, int row, const struct op *op)
{
	for (int c = op->col; c < op->end; c++)
		if (!PQgetisnull(res, row, c))
			return false;
	return true;
}

static void
write_column(struct sb *out, const PGresult *res, int row, const struct op *op)
{
	int n = PQgetlength(res, row, op->col);

	if (n == 0 && PQgetisnull(res, row, op->col))
		sb_add(out, "null", 4);
	else
		op->write(out, PQgetvalue(res, row, op->col), (size_t)n);
}

static void
write_members(struct sb *out, const PGresult *res, int row, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct op *op = &plan->ops[i];

		sb_add(out, op->lead, op->lead_len);
		if (op->kind == OP_COLUMN) {
			write_column(out, res, row, op);
		} else if (op->kind == OP_OPEN && all_null(res, row, op)) {
			sb_add(out, "null", 4);
			i = op->skip - 1;
		} else if (op->kind == OP_OPEN) {
			sb_putc(out, '{');
		}
	}
}

static void
write_row(struct sb *out, const PGresult *res, int row, const struct plan *plan)
{
	sb_putc(out, '{');
	write_members(out, res, row, plan);
	sb_putc(out, '}');
}

void
rowjson_object(struct sb *out, const struct db_rows *rows, size_t row)
{
	struct plan plan = make_plan(out->mem, rows->res);

	write_row(out, rows->res, (int)row, &plan);
}

void
rowjson_members(struct sb *out, const struct db_rows *rows, size_t row)
{
	struct plan plan = make_plan(out->mem, rows->res);

	write_members(out, rows->res, (int)row, &plan);
}

void
rowjson_array(struct sb *out, const struct db_rows *rows)
{
	struct plan plan = make_plan(out->mem, rows->res);
	int n = PQntuples(rows->res);

	sb_putc(out, '[');
	for (int row = 0; row < n; row++) {
		if (row > 0)
			sb_putc(out, ',');
		write_row(out, rows->res, row, &plan);
	}
	sb_putc(out, ']');
}
