/*
 * crud_sql_list.c: composes the statements of a list: a page of its rows, their number and sum.
 *
 * Only constants of resource tables become SQL text; values of a request are parameters.
 */
#include <assert.h>
#include <string.h>

#include "base/sb.h"
#include "crud/crud_int.h"

/* ---- conditions ------------------------------------------------------------------------------ */

static const char *
visible_of(const struct list_key *k)
{
	return k->hidden ? k->r->hidden : k->r->visible;
}

static void
put_implied(struct sb *s, const struct resource *r, const struct filter *f, bool many, int param)
{
	for (const struct implied *m = r->implied; m < r->implied + r->nimplied; m++) {
		if (strcmp(m->column, f->column) != 0)
			continue;
		sb_printf(s, " AND (%s OR $%d", m->condition, param);
		sb_printf(s, many ? " && '%s')" : " = ANY ('%s'))", m->others);
	}
}

/* Compare e-mail addresses without regard to case. */
static void
put_filter(struct sb *s, const struct filter *f, bool many, int param)
{
	if (f->field->type == FT_EMAIL) {
		sb_printf(s, "lower(%s) %s lower($%d)", crud_quoted(f->column), f->op, param);
		return;
	}
	crud_put_name(s, f->column);
	if (many && strcmp(f->op, "=") == 0)
		sb_printf(s, " = ANY ($%d)", param);
	else
		sb_printf(s, " %s $%d", f->op, param);
}

/* The conditions of a list but its search; *nparams is the number of their parameters. */
static const char *
conditions_of(const struct list_key *k, int *nparams)
{
	struct sb s = sb_new(crud_sql_memory());
	const char *sep = "";
	struct filter f;

	if (visible_of(k) != NULL) {
		sb_printf(&s, "(%s)", visible_of(k));
		sep = " AND ";
	}
	if (k->condition != NULL) {
		sb_printf(&s, "%s%s = $%d", sep, crud_quoted(k->condition), ++*nparams);
		sep = " AND ";
	}
	for (size_t i = 0; crud_filter(k->r, i, &f); i++) {
		if (!((k->filters >> i) & 1))
			continue;
		sb_puts(&s, sep);
		put_filter(&s, &f, ((k->many >> i) & 1) != 0, ++*nparams);
		put_implied(&s, k->r, &f, ((k->many >> i) & 1) != 0, *nparams);
		sep = " AND ";
	}
	return s.buf;
}

static const char *
both(const char *a, const char *b)
{
	return arena_printf(crud_sql_memory(), "%s%s%s", a, *a != '\0' && *b != '\0' ? " AND " : "",
	    b);
}

/*
 * A list that is sorted by a column of another table has a row of that table for each of its own
 * (test_resources.c). If the statement says so, PostgreSQL may begin at that table's index and stop
 * after a page; by an outer join it would join and sort all rows.
 */
static const char *
sorted_of(const struct list_key *k)
{
	return strchr(k->sort, '.') == NULL
		   ? ""
		   : arena_printf(crud_sql_memory(), "%s IS NOT NULL", crud_quoted(k->sort));
}

/* ---- search ---------------------------------------------------------------------------------- */

/* Is a search column one of another table that the view joins? */
static bool
has_joined_column(const struct resource *r)
{
	for (const char *const *c = r->search; *c != NULL; c++)
		if (strchr(*c, '.') != NULL)
			return true;
	return false;
}

enum { WAYS_MAX = 8 };

/*
 * The ways to find a row by a search, each a condition. Columns of one table are one way, joined by
 * OR, as the planner combines their trigram indexes; over several tables it combines none. Another
 * table finds what the own columns do not: the columns of a row are tested sooner than the sums by
 * which it may be sorted are computed.
 */
struct ways {
	const char *conditions[WAYS_MAX];
	size_t n;
};

static void
put_place(struct sb *s, const struct list_key *k, const char *lead, const char *column, int param)
{
	sb_puts(s, lead);
	crud_put_name(s, column);
	if (k->number && strcmp(column, k->r->number.column) == 0)
		sb_printf(s, " LIKE $%d", param + 1);
	else
		sb_printf(s, k->words ? " ~* $%d" : " ILIKE $%d", param);
}

static void
add_way(struct ways *w, const char *condition)
{
	assert(w->n < WAYS_MAX);
	w->conditions[w->n++] = arena_printf(crud_sql_memory(), "(%s)", condition);
}

/* The places of the view in which a search looks, each after `lead` but the first. */
static const char *
places_of(const struct list_key *k, const char *column, const char *lead, int param)
{
	struct sb s = sb_new(crud_sql_memory());

	put_place(&s, k, "", column, param);
	if (lead == NULL)
		return s.buf;
	for (const char *const *c = k->r->search + 1; *c != NULL; c++)
		put_place(&s, k, lead, *c, param);
	if (k->digits)
		put_place(&s, k, lead, k->r->digits, param + 1);
	return s.buf;
}

static struct ways
ways_of(const struct list_key *k, int param)
{
	const struct resource *r = k->r;
	struct ways w = { .n = 0 };

	if (has_joined_column(r)) {
		for (const char *const *c = r->search; *c != NULL; c++)
			add_way(&w, places_of(k, *c, NULL, param));
		if (k->digits)
			add_way(&w, places_of(k, r->digits, NULL, param + 1));
	} else {
		add_way(&w, places_of(k, r->search[0], " OR ", param));
	}
	for (const struct search_in *in = r->search_in; in < r->search_in + r->nsearch_in; in++) {
		struct sb s = sb_new(crud_sql_memory());

		sb_printf(&s, "id IN (SELECT %s FROM %s WHERE ", crud_quoted(in->id),
		    crud_quoted(in->table));
		put_place(&s, k, "", in->column, param);
		sb_putc(&s, ')');
		if (!has_joined_column(r))
			sb_printf(&s, " AND %s IS NOT TRUE", w.conditions[0]);
		add_way(&w, s.buf);
	}
	return w;
}

/* ---- statements ------------------------------------------------------------------------------ */

/* " FROM … WHERE …" of each way of a list's rows; without a search there is one. */
static struct ways
queries_of(const struct list_key *k, const char *more, int *nparams)
{
	struct arena *mem = crud_sql_memory();
	const char *view = crud_quoted(k->r->view), *given = both(conditions_of(k, nparams), more);
	struct ways w = { { "" }, 1 };

	if (k->search) {
		w = ways_of(k, ++*nparams);
		*nparams += k->digits + k->number;
	}
	for (size_t i = 0; i < w.n; i++) {
		const char *where = both(given, w.conditions[i]);

		w.conditions[i] =
		    arena_printf(mem, " FROM %s%s%s", view, *where != '\0' ? " WHERE " : "", where);
	}
	return w;
}

/* The rows of a list: by one query, or the UNION of several, each with `end`. */
static const char *
rows_of(const char *columns, const struct ways *w, const char *end)
{
	struct sb s = sb_new(crud_sql_memory());

	if (w->n == 1)
		return arena_printf(crud_sql_memory(), "SELECT%s%s", columns, w->conditions[0]);
	for (size_t i = 0; i < w->n; i++)
		sb_printf(&s, "%s(SELECT%s%s%s)", i > 0 ? " UNION " : "", columns, w->conditions[i],
		    end);
	return s.buf;
}

/* The rows of several ways for a statement that counts them. */
struct counted {
	const char *with; /* "WITH way_0 AS MATERIALIZED (…), …" */
	const char *rows; /* "SELECT * FROM way_0 …" */
};

/* " WHERE NOT EXISTS (…)": the rows of a way that none before it finds. */
static void
put_not_before(struct sb *s, size_t way)
{
	for (size_t i = 0; i < way; i++)
		sb_printf(s, " %s NOT EXISTS (SELECT FROM way_%zu WHERE way_%zu.id = way_%zu.id)",
		    i == 0 ? "WHERE" : "AND", i, i, way);
}

/*
 * Find the rows of each way once, no more than are counted. PostgreSQL reads the queries of a UNION
 * ALL one after the other and stops where it has enough rows: by UNION it read and compared 100,001
 * of each way for every count. That no row comes twice, each way leaves out what those before it
 * found; the last, which no other way looks at, is not kept.
 */
static struct counted
counted_of(const char *columns, const struct ways *w)
{
	struct sb with = sb_new(crud_sql_memory()), rows = sb_new(crud_sql_memory());
	const size_t last = w->n - 1;

	for (size_t i = 0; i < last; i++) {
		sb_printf(&with, "%s way_%zu AS MATERIALIZED (SELECT%s%s LIMIT %d)",
		    i == 0 ? "WITH" : ",", i, columns, w->conditions[i], TOTAL_EXACT_MAX + 1);
		sb_printf(&rows, "SELECT * FROM way_%zu", i);
		put_not_before(&rows, i);
		sb_puts(&rows, " UNION ALL ");
	}
	sb_printf(&rows, "SELECT * FROM (SELECT%s%s LIMIT %d) way_%zu", columns,
	    w->conditions[last], TOTAL_EXACT_MAX + 1, last);
	put_not_before(&rows, last);
	return (struct counted){ with.buf, rows.buf };
}

/* row_counts holds the visible rows only. */
static bool
is_counted(const struct list_key *k)
{
	return k->r->counted && k->filters == 0 && !k->search && !k->hidden && k->condition == NULL;
}

/* The total and the sum of these rows. */
static const char *
totals_of(const struct resource *r, const char *money)
{
	return r->sum == NULL
		   ? "SELECT count(*) AS total"
		   : arena_printf(crud_sql_memory(),
			 "SELECT count(*) AS total, coalesce(sum(%s), 0)::bigint AS sum", money);
}

/* Count the rows to the first that is one too many. */
static const char *
count_of(const struct list_key *k)
{
	struct arena *mem = crud_sql_memory();
	const char *sum = k->r->sum != NULL ? crud_quoted(k->r->sum) : NULL;
	struct counted counted;
	struct ways w;
	int n = 0;

	if (is_counted(k))
		return arena_printf(mem,
		    "SELECT sum(n)::bigint AS total FROM row_counts WHERE table_name = '%s'",
		    k->r->table);
	w = queries_of(k, "", &n);
	if (w.n == 1)
		return arena_printf(mem, "%s FROM (%s LIMIT %d) found", totals_of(k->r, sum),
		    rows_of(sum != NULL ? arena_printf(mem, " %s", sum) : "", &w, ""),
		    TOTAL_EXACT_MAX + 1);
	counted = counted_of(sum != NULL ? arena_printf(mem, " id, %s", sum) : " id", &w);
	return arena_printf(mem, "%s %s FROM (%s LIMIT %d) found", counted.with,
	    totals_of(k->r, sum), counted.rows, TOTAL_EXACT_MAX + 1);
}

/*
 * The rows of each way behind OFFSET 0, so that PostgreSQL finds all and then sorts them. If it
 * walks an index in the order of the list, it may pass all other rows before them: for the bills of
 * 2022 among 1,000,000, newest first, it took 2 s.
 */
static struct ways
found_of(const struct list_key *k, struct ways w)
{
	for (size_t i = 0; i < w.n; i++)
		w.conditions[i] = arena_printf(crud_sql_memory(),
		    " FROM (SELECT id, %s%s OFFSET 0) way", crud_quoted(k->sort), w.conditions[i]);
	return w;
}

/*
 * A page of rows: find its ids first, by the columns that filter and sort, then read all
 * columns of those rows. In one step PostgreSQL would make the joins and sums of every
 * row, for a sort that drops most of them.
 */
static const char *
page_of(const struct list_key *k, const struct ways *w, const char *order, int n)
{
	struct arena *mem = crud_sql_memory();
	const char *rows = rows_of(" id", w, ""), *condition = "";

	if (w->n > 1)
		rows = arena_printf(mem, "SELECT id FROM (%s) found",
		    rows_of(arena_printf(mem, " id, %s", crud_quoted(k->sort)), w,
			arena_printf(mem, "%s LIMIT $%d::bigint + $%d::bigint", order, n + 1,
			    n + 2)));
	if (k->condition != NULL)
		condition = arena_printf(mem, "%s = $1 AND ", crud_quoted(k->condition));
	return arena_printf(mem,
	    "SELECT * FROM %s WHERE %sid = ANY (ARRAY(%s%s LIMIT $%d OFFSET $%d))%s",
	    crud_quoted(k->r->view), condition, rows, order, n + 1, n + 2, order);
}

struct list_stmts
crud_compose_list(const struct list_key *k, unsigned number)
{
	struct arena *mem = crud_sql_memory();
	const char *way = k->down ? "DESC" : "ASC", *name = k->r->name;
	const char *order =
	    arena_printf(mem, " ORDER BY %s %s, id %s", crud_quoted(k->sort), way, way);
	int n = 0, again = 0;
	const struct ways all = queries_of(k, "", &n), found = found_of(k, all),
			  walked = queries_of(k, sorted_of(k), &again);

	return (struct list_stmts){
		.exact = is_counted(k),
		.rows = { arena_printf(mem, "%s_list_%u", name, number),
		    page_of(k, &walked, order, n), n + 2 },
		.sorted = { arena_printf(mem, "%s_sorted_%u", name, number),
		    page_of(k, &found, order, n), n + 2 },
		.count = { arena_printf(mem, "%s_count_%u", name, number), count_of(k), n },
		.estimate = { arena_printf(mem, "%s_estimate_%u", name, number),
		    arena_printf(mem, "EXPLAIN (FORMAT JSON) %s", rows_of(" id", &all, "")), n },
	};
}
