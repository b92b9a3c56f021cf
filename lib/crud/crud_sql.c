/*
 * crud_sql.c: composes the statements of a resource table, once a process.
 *
 * Only constants of resource tables become SQL text; values of a request are parameters.
 */
#include <assert.h>
#include <string.h>

#include "base/sb.h"
#include "crud/crud_int.h"

enum { BUCKETS = 256 };

/* A composed statement and the key by which it is found again. */
struct entry {
	struct entry *next;
	const void *of;
	int verb;
	struct list_key key;
	struct list_stmts list;
	struct db_stmt stmt;
};

/* Statements live as long as the process: connections identify them by address. */
static struct arena *life;
static struct entry *buckets[BUCKETS];
static unsigned nlists;

static struct arena *
memory(void)
{
	if (life == NULL)
		life = arena_new(16384);
	return life;
}

static struct entry **
bucket_of(const void *of, uint64_t more)
{
	return &buckets[((((uintptr_t)of >> 4) + more) * 0x9E3779B97F4A7C15U >> 40) % BUCKETS];
}

static struct entry *
add_entry(struct entry **bucket)
{
	struct entry *e = arena_alloc(memory(), sizeof(*e));

	e->next = *bucket;
	*bucket = e;
	return e;
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static void
put_name(struct sb *s, const char *name)
{
	assert(name[0] != '\0' &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz_.0123456789")] == '\0');
	sb_printf(s, "\"%s\"", name);
}

static const char *
quoted(const char *name)
{
	struct sb s = sb_new(memory());

	put_name(&s, name);
	return s.buf;
}

/* "a, b, c": the columns a verb may write. */
static const char *
columns(const struct resource *r, enum fflag flag)
{
	struct sb s = sb_new(memory());

	for (size_t i = 0; i < r->nfields; i++) {
		const struct field *f = &r->fields[i];

		if (!(f->flags & (unsigned)flag) || (f->flags & FF_LOCKED))
			continue;
		sb_puts(&s, ", ");
		put_name(&s, f->name);
	}
	return s.buf;
}

bool
crud_filter(const struct resource *r, size_t i, struct filter *ret)
{
	for (size_t f = 0; f < r->nfields; f++) {
		const char *name = r->fields[f].name;

		if (!(r->fields[f].flags & FF_FILTER))
			continue;
		if (i-- == 0) {
			*ret = (struct filter){ name, name, "=", &r->fields[f] };
			return true;
		}
	}
	if (i >= r->nfilters)
		return false;
	*ret = r->filters[i];
	return true;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static const char *
visible_of(const struct list_key *k)
{
	return k->hidden ? k->r->hidden : k->r->visible;
}

static bool
is_joined(const struct resource *r)
{
	for (const char *const *c = r->search; *c != NULL; c++)
		if (strchr(*c, '.') != NULL)
			return true;
	return r->nsearch_in > 0;
}

/* Search one column; with several tables each column finds its ids in a query of its own. */
static void
put_place(struct sb *s, const char *lead, const char *column, int param)
{
	sb_puts(s, lead);
	put_name(s, column);
	sb_printf(s, " ILIKE $%d", param);
}

/*
 * Columns of one table are joined by OR, because the planner combines their trigram
 * indexes. It cannot do so over several tables: there each column finds its ids in a query
 * of its own, which ends with `first`.
 */
static void
put_search(struct sb *s, const struct list_key *k, int param, const char *first)
{
	const struct resource *r = k->r;
	bool joined = is_joined(r);
	const char *from =
	    joined ? arena_printf(memory(), "(SELECT id FROM %s WHERE ", quoted(r->view)) : "";
	const char *more = joined ? arena_printf(memory(), "%s) UNION %s", first, from) : " OR ";

	sb_puts(s, joined ? "id IN (" : "(");
	for (const char *const *c = r->search; *c != NULL; c++)
		put_place(s, c == r->search ? from : more, *c, param);
	for (size_t i = 0; i < r->nsearch_in; i++)
		put_place(s,
		    arena_printf(memory(), ") UNION (SELECT %s FROM %s WHERE ",
			quoted(r->search_in[i].id), quoted(r->search_in[i].table)),
		    r->search_in[i].column, param);
	if (k->digits)
		put_place(s, more, r->digits, param + 1);
	sb_printf(s, joined ? "%s))" : ")", first);
}

static void
put_implied(struct sb *s, const struct implied *m, const struct filter *f, bool many, int param)
{
	if (m == NULL || strcmp(m->column, f->column) != 0)
		return;
	sb_printf(s, " AND (%s OR $%d", quoted(m->flag), param);
	sb_printf(s, many ? " && '%s')" : " = ANY ('%s'))", m->others);
}

/* Compare e-mail addresses without regard to case. */
static void
put_filter(struct sb *s, const struct filter *f, bool many, int param)
{
	if (f->field->type == FT_EMAIL) {
		sb_printf(s, "lower(%s) %s lower($%d)", quoted(f->column), f->op, param);
		return;
	}
	put_name(s, f->column);
	if (many && strcmp(f->op, "=") == 0)
		sb_printf(s, " = ANY ($%d)", param);
	else
		sb_printf(s, " %s $%d", f->op, param);
}

/*
 * Is the search all that chooses the rows, so that each column may stop after the first of its
 * rows? A word that stands in every one of 1,000,000 invoices was sought, sorted and joined
 * in all of them for a page of 20: 7 s.
 */
static bool
may_stop_early(const struct list_key *k)
{
	return k->search && is_joined(k->r) && k->r->nsearch_in == 0 && !k->digits &&
	       k->filters == 0 && k->condition == NULL && visible_of(k) == NULL;
}

/* " WHERE …" of a list; *nparams is the number of its parameters. */
static const char *
where_of(const struct list_key *k, int *nparams, const char *first)
{
	struct sb s = sb_new(memory());
	const char *sep = " WHERE ";
	struct filter f;

	if (visible_of(k) != NULL) {
		sb_printf(&s, "%s(%s)", sep, visible_of(k));
		sep = " AND ";
	}
	if (k->condition != NULL) {
		sb_printf(&s, "%s%s = $%d", sep, quoted(k->condition), ++*nparams);
		sep = " AND ";
	}
	for (size_t i = 0; crud_filter(k->r, i, &f); i++) {
		if (!((k->filters >> i) & 1))
			continue;
		sb_puts(&s, sep);
		put_filter(&s, &f, ((k->many >> i) & 1) != 0, ++*nparams);
		put_implied(&s, k->r->implied, &f, ((k->many >> i) & 1) != 0, *nparams);
		sep = " AND ";
	}
	if (k->search) {
		sb_puts(&s, sep);
		put_search(&s, k, ++*nparams, may_stop_early(k) ? first : "");
		*nparams += k->digits;
	}
	return s.buf;
}

/* row_counts holds the visible rows only. */
static bool
is_counted(const struct list_key *k)
{
	return k->r->counted && k->filters == 0 && !k->search && !k->hidden && k->condition == NULL;
}

static const char *
count_of(const struct list_key *k, const char *where)
{
	if (is_counted(k))
		return arena_printf(memory(),
		    "SELECT sum(n)::bigint AS total FROM row_counts WHERE table_name = '%s'",
		    k->r->table);
	if (k->r->sum != NULL)
		return arena_printf(memory(),
		    "SELECT count(*) AS total, coalesce(sum(%s), 0)::bigint AS sum"
		    " FROM (SELECT %s FROM %s%s LIMIT 100001) found",
		    quoted(k->r->sum), quoted(k->r->sum), quoted(k->r->view), where);
	return arena_printf(memory(),
	    "SELECT count(*) AS total FROM (SELECT FROM %s%s LIMIT 100001) found",
	    quoted(k->r->view), where);
}

/*
 * A page of rows: find its ids first, by the columns that filter and sort, then read all
 * columns of those rows. In one step PostgreSQL would make the joins and sums of every
 * row, for a sort that drops most of them.
 */
static const char *
page_of(const struct list_key *k, int n)
{
	struct arena *mem = memory();
	const char *view = quoted(k->r->view), *way = k->down ? "DESC" : "ASC", *order, *where;
	int again = 0;

	order = arena_printf(mem, " ORDER BY %s %s, id %s", quoted(k->sort), way, way);
	where = where_of(k, &again,
	    arena_printf(mem, "%s LIMIT $%d::bigint + $%d::bigint", order, n + 1, n + 2));
	return arena_printf(mem,
	    "SELECT * FROM %s WHERE %sid = ANY (ARRAY("
	    "SELECT id FROM %s%s%s LIMIT $%d OFFSET $%d))%s",
	    view,
	    k->condition != NULL ? arena_printf(mem, "%s = $1 AND ", quoted(k->condition)) : "",
	    view, where, order, n + 1, n + 2, order);
}

static struct list_stmts
compose_list(const struct list_key *k)
{
	struct arena *mem = memory();
	const char *view = quoted(k->r->view), *where;
	struct list_stmts l = { .exact = is_counted(k) };
	int n = 0, again = 0;

	where = where_of(k, &n, "");
	l.rows.name = arena_printf(mem, "%s_list_%u", k->r->name, ++nlists);
	l.rows.text = page_of(k, n);
	l.rows.nparams = n + 2;
	l.count.name = arena_printf(mem, "%s_count_%u", k->r->name, nlists);
	l.count.text = count_of(k, where_of(k, &again, " LIMIT 100001"));
	l.count.nparams = n;
	l.estimate.name = arena_printf(mem, "%s_estimate_%u", k->r->name, nlists);
	l.estimate.text = arena_printf(mem, "EXPLAIN (FORMAT JSON) SELECT FROM %s%s", view, where);
	l.estimate.nparams = n;
	return l;
}

static bool
same_key(const struct list_key *a, const struct list_key *b)
{
	return a->r == b->r && a->filters == b->filters && a->many == b->many &&
	       a->digits == b->digits && a->down == b->down && a->search == b->search &&
	       a->hidden == b->hidden && a->condition == b->condition &&
	       strcmp(a->sort, b->sort) == 0;
}

const struct list_stmts *
crud_list_stmts(const struct list_key *k)
{
	struct entry **bucket = bucket_of(k->r, k->filters), *e;

	for (e = *bucket; e != NULL; e = e->next)
		if (e->of == NULL && same_key(&e->key, k))
			return &e->list;
	e = add_entry(bucket);
	e->key = *k;
	e->list = compose_list(k);
	return &e->list;
}

/* ---- one row --------------------------------------------------------------------------------- */

static struct db_stmt
compose_create(const struct resource *r)
{
	const char *cols = columns(r, FF_CREATE), *t = quoted(r->table);

	return (struct db_stmt){ arena_printf(memory(), "%s_create", r->name),
		arena_printf(memory(),
		    "INSERT INTO %s (id%s) SELECT id%s"
		    " FROM jsonb_populate_record(NULL::%s, $1::jsonb)",
		    t, cols, cols, t),
		1 };
}

/* The current row is the base of the record: columns that the request lacks keep their values. */
static struct db_stmt
compose_update(const struct resource *r)
{
	const char *cols = columns(r, FF_UPDATE), *t = quoted(r->table);

	return (struct db_stmt){ arena_printf(memory(), "%s_update", r->name),
		arena_printf(memory(),
		    "UPDATE %s t SET (updated_at%s) = (SELECT now()%s"
		    " FROM jsonb_populate_record(t, $2::jsonb)) WHERE t.id = $1",
		    t, cols, cols),
		2 };
}

static struct db_stmt
compose_audit(const struct resource *r)
{
	return (struct db_stmt){ arena_printf(memory(), "%s_audit", r->name),
		arena_printf(memory(),
		    "INSERT INTO audit_logs (subject_type, subject_id, user_id, actor, action, ip,"
		    " request_id, meta) SELECT '%s', t.id, $2::uuid, $3::text, $4::text, $5::text,"
		    " $6::text, CASE $4::text WHEN 'create' THEN $7::jsonb"
		    " WHEN 'update' THEN audit_change(to_jsonb(t), $7::jsonb)"
		    " ELSE audit_change(to_jsonb(t), $7::jsonb) - 'after' END"
		    " FROM %s t WHERE t.id = $1",
		    r->name, quoted(r->table)),
		7 };
}

static struct db_stmt
compose_select(const struct resource *r, const char *verb, const char *from)
{
	return (struct db_stmt){ arena_printf(memory(), "%s_%s", r->name, verb),
		arena_printf(memory(), "SELECT * FROM %s WHERE id = $1", quoted(from)), 1 };
}

static struct db_stmt
compose_delete(const struct resource *r)
{
	return (struct db_stmt){ arena_printf(memory(), "%s_delete", r->name),
		arena_printf(memory(), "DELETE FROM %s WHERE id = $1 RETURNING id",
		    quoted(r->table)),
		1 };
}

static struct db_stmt
compose(const struct resource *r, enum crud_verb verb)
{
	switch (verb) {
	case CRUD_CREATE:
		return compose_create(r);
	case CRUD_UPDATE:
		return compose_update(r);
	case CRUD_DELETE:
		return compose_delete(r);
	case CRUD_AUDIT:
		return compose_audit(r);
	case CRUD_LOCKED:
		return compose_select(r, "locked", r->table);
	case CRUD_SHOW:
	case CRUD__MAX:
		break;
	}
	return compose_select(r, "show", r->view);
}

static struct entry *
find_entry(struct entry **bucket, const void *of, int verb)
{
	for (struct entry *e = *bucket; e != NULL; e = e->next)
		if (e->of == of && e->verb == verb)
			return e;
	return NULL;
}

const struct db_stmt *
crud_stmt(const struct resource *r, enum crud_verb verb)
{
	struct entry **bucket = bucket_of(r, verb), *e = find_entry(bucket, r, verb);

	if (e == NULL) {
		e = add_entry(bucket);
		e->of = r;
		e->verb = verb;
		e->stmt = compose(r, verb);
	}
	return &e->stmt;
}

const struct db_stmt *
crud_child_stmt(const struct child *c)
{
	struct entry **bucket = bucket_of(c, 0), *e = find_entry(bucket, c, 0);

	if (e == NULL) {
		e = add_entry(bucket);
		e->of = c;
		e->stmt = (struct db_stmt){
			arena_printf(memory(), "child_%u_%s", ++nlists, c->name),
			arena_printf(memory(),
			    "SELECT * FROM %s WHERE %s = $1 ORDER BY created_at DESC, id DESC",
			    quoted(c->view), quoted(c->column)),
			1,
		};
	}
	return &e->stmt;
}

static void
print(struct sb *out, const struct db_stmt *st)
{
	sb_printf(out, "-- %s (%d)\n%s;\n", st->name, st->nparams, st->text);
}

void
crud_print(struct sb *out, const struct resource *r)
{
	struct list_key all = { .r = r, .sort = "created_at", .down = true };
	const struct list_stmts *l = crud_list_stmts(&all);

	print(out, &l->rows);
	print(out, &l->count);
	all.search = r->search != NULL;
	print(out, &crud_list_stmts(&all)->rows);
	for (int verb = 0; verb < CRUD__MAX; verb++)
		print(out, crud_stmt(r, (enum crud_verb)verb));
	for (size_t i = 0; i < r->nchildren; i++)
		print(out, crud_child_stmt(&r->children[i]));
}
