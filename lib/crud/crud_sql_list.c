/*
 * crud_sql_list.c: composes the statements of a list: a page of its rows, their number and sum.
 *
 * Only constants of resource tables become SQL text; values of a request are parameters.
 */
#include <string.h>

#include "base/sb.h"
#include "crud/crud_int.h"

static const char *
visible_of(const struct list_key *k)
{
	return k->hidden ? k->r->hidden : k->r->visible;
}

/* Is a search column one of another table that the view joins? */
static bool
has_joined_column(const struct resource *r)
{
	for (const char *const *c = r->search; *c != NULL; c++)
		if (strchr(*c, '.') != NULL)
			return true;
	return false;
}

static bool
is_joined(const struct resource *r)
{
	return has_joined_column(r) || r->nsearch_in > 0;
}

/* The columns that each query of a search over several tables gives, and its end: " LIMIT 100001".
 */
struct found {
	const char *columns, *first;
};

static void
put_place(struct sb *s, const char *lead, const char *column, int param)
{
	sb_puts(s, lead);
	crud_put_name(s, column);
	sb_printf(s, " ~* $%d", param);
}

/* Search columns of one table: joined by OR, as the planner combines their trigram indexes. */
static void
put_any(struct sb *s, const struct list_key *k, int param)
{
	const char *const *c = k->r->search;

	put_place(s, "(", *c, param);
	while (*++c != NULL)
		put_place(s, " OR ", *c, param);
	if (k->digits)
		put_place(s, " OR ", k->r->digits, param + 1);
	sb_putc(s, ')');
}

/* The rows found in the view: by one query where all search columns are of one table. */
static void
put_found(struct sb *s, const struct list_key *k, const char *from, int param, const char *first)
{
	const char *more = arena_printf(crud_sql_memory(), "%s) UNION %s", first, from);
	const struct resource *r = k->r;

	if (!has_joined_column(r)) {
		sb_puts(s, from);
		put_any(s, k, param);
	} else {
		for (const char *const *c = r->search; *c != NULL; c++)
			put_place(s, c == r->search ? from : more, *c, param);
		if (k->digits)
			put_place(s, more, r->digits, param + 1);
	}
	sb_printf(s, "%s)", first);
}

/*
 * Search several tables: there the planner combines no indexes, so each column finds its rows in a
 * query of its own, which has all conditions of the list and ends with `first`: it may stop after
 * its first rows. A word that stands in every one of 1,000,000 invoices was sought, sorted and
 * joined in all of them for a page of 20: 7 s.
 */
static void
put_union(struct sb *s, const struct list_key *k, const char *given, int param,
    const struct found *found)
{
	const struct resource *r = k->r;

	put_found(s, k,
	    arena_printf(crud_sql_memory(), "(SELECT %s FROM %s WHERE %s%s", found->columns,
		crud_quoted(r->view), given, *given != '\0' ? " AND " : ""),
	    param, found->first);
	for (size_t i = 0; i < r->nsearch_in; i++) {
		put_place(s,
		    arena_printf(crud_sql_memory(), " UNION (SELECT %s FROM %s WHERE ",
			crud_quoted(r->search_in[i].id), crud_quoted(r->search_in[i].table)),
		    r->search_in[i].column, param);
		sb_putc(s, ')');
	}
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

/* Are the rows that the queries of the search give those of the list, so that nothing is left to be
 * tested? */
static bool
is_found_whole(const struct list_key *k)
{
	return k->search && is_joined(k->r) && k->r->nsearch_in == 0;
}

/* " WHERE …" of a list; *nparams is the number of its parameters. */
static const char *
where_of(const struct list_key *k, int *nparams, const char *more, const char *first)
{
	const struct found ids = { "id", first };
	const char *given = both(conditions_of(k, nparams), more);
	struct sb s = sb_new(crud_sql_memory());

	if (k->search) {
		int param = ++*nparams;

		*nparams += k->digits;
		if (is_joined(k->r)) {
			sb_puts(&s, "id IN (");
			put_union(&s, k, given, param, &ids);
			sb_putc(&s, ')');
		} else {
			put_any(&s, k, param);
		}
		given = is_found_whole(k) ? s.buf : both(given, s.buf);
	}
	return *given != '\0' ? arena_printf(crud_sql_memory(), " WHERE %s", given) : "";
}

/* row_counts holds the visible rows only. */
static bool
is_counted(const struct list_key *k)
{
	return k->r->counted && k->filters == 0 && !k->search && !k->hidden && k->condition == NULL;
}

/* The rows of a list, no more of them than are counted. */
static const char *
counted_of(const struct list_key *k)
{
	struct sb s = sb_new(crud_sql_memory());
	const char *sum = k->r->sum != NULL ? crud_quoted(k->r->sum) : "";
	int n = 0;

	if (is_found_whole(k)) {
		const struct found found = { arena_printf(crud_sql_memory(), "id%s%s",
						 *sum != '\0' ? ", " : "", sum),
			" LIMIT 100001" };
		const char *given = conditions_of(k, &n);

		put_union(&s, k, given, n + 1, &found);
		return s.buf;
	}
	return arena_printf(crud_sql_memory(), "SELECT%s%s FROM %s%s", *sum != '\0' ? " " : "", sum,
	    crud_quoted(k->r->view), where_of(k, &n, "", " LIMIT 100001"));
}

static const char *
count_of(const struct list_key *k)
{
	if (is_counted(k))
		return arena_printf(crud_sql_memory(),
		    "SELECT sum(n)::bigint AS total FROM row_counts WHERE table_name = '%s'",
		    k->r->table);
	return arena_printf(crud_sql_memory(),
	    "SELECT count(*) AS total%s FROM (%s LIMIT 100001) found",
	    k->r->sum == NULL
		? ""
		: arena_printf(crud_sql_memory(), ", coalesce(sum(%s), 0)::bigint AS sum",
		      crud_quoted(k->r->sum)),
	    counted_of(k));
}

/*
 * A page of rows: find its ids first, by the columns that filter and sort, then read all
 * columns of those rows. In one step PostgreSQL would make the joins and sums of every
 * row, for a sort that drops most of them.
 */
static const char *
page_of(const struct list_key *k, int n)
{
	struct arena *mem = crud_sql_memory();
	const char *view = crud_quoted(k->r->view), *way = k->down ? "DESC" : "ASC", *order, *where;
	int again = 0;

	order = arena_printf(mem, " ORDER BY %s %s, id %s", crud_quoted(k->sort), way, way);
	where = where_of(k, &again, sorted_of(k),
	    arena_printf(mem, "%s LIMIT $%d::bigint + $%d::bigint", order, n + 1, n + 2));
	return arena_printf(mem,
	    "SELECT * FROM %s WHERE %sid = ANY (ARRAY("
	    "SELECT id FROM %s%s%s LIMIT $%d OFFSET $%d))%s",
	    view,
	    k->condition != NULL ? arena_printf(mem, "%s = $1 AND ", crud_quoted(k->condition))
				 : "",
	    view, where, order, n + 1, n + 2, order);
}

struct list_stmts
crud_compose_list(const struct list_key *k, unsigned number)
{
	struct arena *mem = crud_sql_memory();
	const char *view = crud_quoted(k->r->view), *where;
	struct list_stmts l = { .exact = is_counted(k) };
	int n = 0;

	where = where_of(k, &n, "", "");
	l.rows.name = arena_printf(mem, "%s_list_%u", k->r->name, number);
	l.rows.text = page_of(k, n);
	l.rows.nparams = n + 2;
	l.count.name = arena_printf(mem, "%s_count_%u", k->r->name, number);
	l.count.text = count_of(k);
	l.count.nparams = n;
	l.estimate.name = arena_printf(mem, "%s_estimate_%u", k->r->name, number);
	l.estimate.text = arena_printf(mem, "EXPLAIN (FORMAT JSON) SELECT FROM %s%s", view, where);
	l.estimate.nparams = n;
	return l;
}
