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

struct arena *
crud_sql_memory(void)
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
	struct entry *e = arena_alloc(crud_sql_memory(), sizeof(*e));

	e->next = *bucket;
	*bucket = e;
	return e;
}

/* ---- pieces ---------------------------------------------------------------------------------- */

void
crud_put_name(struct sb *s, const char *name)
{
	assert(name[0] != '\0' &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz_.0123456789")] == '\0');
	sb_printf(s, "\"%s\"", name);
}

const char *
crud_quoted(const char *name)
{
	struct sb s = sb_new(crud_sql_memory());

	crud_put_name(&s, name);
	return s.buf;
}

/* "a, b, c": the columns a verb may write. */
static const char *
columns(const struct resource *r, enum fflag flag)
{
	struct sb s = sb_new(crud_sql_memory());

	for (size_t i = 0; i < r->nfields; i++) {
		const struct field *f = &r->fields[i];

		if (!(f->flags & (unsigned)flag) || (f->flags & FF_LOCKED))
			continue;
		sb_puts(&s, ", ");
		crud_put_name(&s, f->name);
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

/* ---- lists ---------------------------------------------------------------------------------- */

static bool
same_key(const struct list_key *a, const struct list_key *b)
{
	return a->r == b->r && a->filters == b->filters && a->many == b->many &&
	       a->digits == b->digits && a->number == b->number && a->down == b->down &&
	       a->search == b->search && a->words == b->words && a->hidden == b->hidden &&
	       a->condition == b->condition && strcmp(a->sort, b->sort) == 0;
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
	e->list = crud_compose_list(k, ++nlists);
	return &e->list;
}

/* ---- one row --------------------------------------------------------------------------------- */

static struct db_stmt
compose_create(const struct resource *r)
{
	const char *cols = columns(r, FF_CREATE), *t = crud_quoted(r->table);

	return (struct db_stmt){ arena_printf(crud_sql_memory(), "%s_create", r->name),
		arena_printf(crud_sql_memory(),
		    "INSERT INTO %s (id%s) SELECT id%s"
		    " FROM jsonb_populate_record(NULL::%s, $1::jsonb)",
		    t, cols, cols, t),
		1 };
}

/* The current row is the base of the record: columns that the request lacks keep their values. */
static struct db_stmt
compose_update(const struct resource *r)
{
	const char *cols = columns(r, FF_UPDATE), *t = crud_quoted(r->table);

	return (struct db_stmt){ arena_printf(crud_sql_memory(), "%s_update", r->name),
		arena_printf(crud_sql_memory(),
		    "UPDATE %s t SET (updated_at%s) = (SELECT now()%s"
		    " FROM jsonb_populate_record(t, $2::jsonb)) WHERE t.id = $1",
		    t, cols, cols),
		2 };
}

static struct db_stmt
compose_audit(const struct resource *r)
{
	return (struct db_stmt){ arena_printf(crud_sql_memory(), "%s_audit", r->name),
		arena_printf(crud_sql_memory(),
		    "INSERT INTO audit_logs (subject_type, subject_id, user_id, actor, action, ip,"
		    " request_id, meta) SELECT '%s', t.id, $2::uuid, $3::text, $4::text, $5::text,"
		    " $6::text, CASE $4::text WHEN 'create' THEN $7::jsonb"
		    " WHEN 'update' THEN audit_change(to_jsonb(t), $7::jsonb)"
		    " ELSE audit_change(to_jsonb(t), $7::jsonb) - 'after' END"
		    " FROM %s t WHERE t.id = $1",
		    r->name, crud_quoted(r->table)),
		7 };
}

static struct db_stmt
compose_select(const struct resource *r, const char *verb, const char *from)
{
	return (struct db_stmt){ arena_printf(crud_sql_memory(), "%s_%s", r->name, verb),
		arena_printf(crud_sql_memory(), "SELECT * FROM %s WHERE id = $1",
		    crud_quoted(from)),
		1 };
}

static struct db_stmt
compose_delete(const struct resource *r)
{
	return (struct db_stmt){ arena_printf(crud_sql_memory(), "%s_delete", r->name),
		arena_printf(crud_sql_memory(), "DELETE FROM %s WHERE id = $1 RETURNING id",
		    crud_quoted(r->table)),
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
			arena_printf(crud_sql_memory(), "child_%u_%s", ++nlists, c->name),
			arena_printf(crud_sql_memory(),
			    "SELECT * FROM %s WHERE %s = $1 ORDER BY created_at DESC, id DESC",
			    crud_quoted(c->view), crud_quoted(c->column)),
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
