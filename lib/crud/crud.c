/* crud.c: the five handlers every plain resource shares. */
#include "crud/crud.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "crud/crud_int.h"
#include "db/rowjson.h"
#include "sql.h"

enum { TOTAL_EXACT_MAX = 100000, TOTAL_CACHE = 512, TOTAL_CACHE_MS = 5000, TOTAL_DEAR_MS = 20 };

/* ---- the parameters of a list ---------------------------------------------------------------- */

struct listing {
	struct list_key key;
	struct page page;
	struct db_val vals[CRUD_FILTERS_MAX + 3];
	size_t nvals; /* without limit and offset */
};

static const char *
param(struct ctx *cx, const struct req *rq, const char *name)
{
	const char *s;

	if (name == NULL || rq->query == NULL || rq->query[0] == '\0')
		return NULL;
	s = req_param(cx, rq, name);
	return s != NULL && s[0] != '\0' ? s : NULL;
}

static enum rc
read_filters(struct ctx *cx, const struct req *rq, const struct resource *r, struct listing *l)
{
	enum rc rc = RC_OK;
	struct filter f;

	for (size_t i = 0; crud_filter(r, i, &f); i++) {
		const char *s = param(cx, rq, f.param);
		struct field form;

		assert(i < CRUD_FILTERS_MAX);
		if (s == NULL)
			continue;
		form = *f.form;
		form.name = f.param; /* "due_from", where the form is that of any day */
		if (shape_param(cx, &form, s) != RC_OK)
			rc = RC_INVALID;
		l->key.filters |= UINT64_C(1) << i;
		l->vals[l->nvals++] = V_TEXT(s);
	}
	return rc;
}

static enum rc
read_hidden(struct ctx *cx, const struct req *rq, const struct resource *r, struct listing *l)
{
	const struct field form = { r->hidden_param, FT_BOOL, 0 };
	const char *s = param(cx, rq, r->hidden_param);

	if (s == NULL)
		return RC_OK;
	TRY(shape_param(cx, &form, s));
	l->key.hidden = *s == '1' || *s == 't';
	return RC_OK;
}

/* "name" up, "-name" down; the column is the table's own constant, never the request's text. */
static enum rc
read_sort(struct ctx *cx, const struct req *rq, const struct resource *r, struct listing *l)
{
	const char *s = param(cx, rq, "sort");

	l->key.sort = "created_at";
	l->key.down = s == NULL || *s == '-';
	if (s == NULL || strcmp(s + (*s == '-'), "created_at") == 0)
		return RC_OK;
	s += *s == '-';
	for (size_t i = 0; i < r->nfields; i++) {
		if (!(r->fields[i].flags & FF_SORT) || strcmp(r->fields[i].name, s) != 0)
			continue;
		l->key.sort = r->fields[i].name;
		return RC_OK;
	}
	return err_field(cx, "sort", "The sort must be a column this list can be sorted by.");
}

/* The text with what LIKE takes for a pattern made literal. */
static const char *
like_pattern(struct ctx *cx, const char *text)
{
	struct sb s = sb_new(cx->mem);

	sb_putc(&s, '%');
	for (; *text != '\0'; text++) {
		if (*text == '%' || *text == '_' || *text == '\\')
			sb_putc(&s, '\\');
		sb_putc(&s, *text);
	}
	sb_putc(&s, '%');
	return s.buf;
}

static enum rc
read_search(struct ctx *cx, const struct req *rq, const struct resource *r, struct listing *l)
{
	static const struct field form = { "search", FT_TEXT, 0, .max = 255 };
	const char *s = r->search != NULL ? param(cx, rq, "search") : NULL;

	if (s == NULL)
		return RC_OK;
	TRY(shape_param(cx, &form, s));
	l->key.search = true;
	l->vals[l->nvals++] = V_TEXT(like_pattern(cx, s));
	return RC_OK;
}

static enum rc
read_listing(struct ctx *cx, const struct req *rq, const struct resource *r, struct listing *l)
{
	bool fit = page_read(cx, rq, &l->page) == RC_OK;

	l->key.r = r;
	fit = read_filters(cx, rq, r, l) == RC_OK && fit;
	fit = read_search(cx, rq, r, l) == RC_OK && fit;
	fit = read_hidden(cx, rq, r, l) == RC_OK && fit;
	fit = read_sort(cx, rq, r, l) == RC_OK && fit;
	return fit ? RC_OK : cx->err.rc;
}

/* ---- totals ---------------------------------------------------------------------------------- */

/* Counts that were dear, for a few seconds; one a place, the newest stays. */
static struct remembered {
	const struct list_stmts *stmts;
	char vals[65]; /* SHA-256 of the parameters */
	int64_t total, at;
} totals[TOTAL_CACHE];

static struct remembered *
place_of(const char *hash, const struct list_stmts *st)
{
	size_t at =
	    ((uintptr_t)st >> 4) + strtoul((char[]){ hash[0], hash[1], hash[2], 0 }, NULL, 16);

	return &totals[at % TOTAL_CACHE];
}

static const char *
hash_of(struct ctx *cx, const struct listing *l)
{
	struct sb s = sb_new(cx->mem);

	for (size_t i = 0; i < l->nvals; i++)
		sb_printf(&s, "%zu:%s", strlen(l->vals[i].text), l->vals[i].text);
	return crypt_sha256_hex(cx, s.buf);
}

static bool
recall(const struct list_stmts *st, const char *hash, int64_t *ret)
{
	const struct remembered *m = place_of(hash, st);

	if (m->stmts != st || strcmp(m->vals, hash) != 0 || clock_ms() - m->at > TOTAL_CACHE_MS)
		return false;
	*ret = m->total;
	return true;
}

static void
remember(const struct list_stmts *st, const char *hash, int64_t total)
{
	struct remembered *m = place_of(hash, st);

	*m = (struct remembered){ .stmts = st, .total = total, .at = clock_ms() };
	memcpy(m->vals, hash, sizeof(m->vals));
}

/* The planner's guess stands in the outermost node of its plan. */
static enum rc
estimate(struct ctx *cx, const struct list_stmts *st, const struct listing *l, int64_t *ret)
{
	static const char key[] = "\"Plan Rows\":";
	struct db_rows *rows;
	const char *at;

	TRY(db_query_n(cx, &st->estimate, &rows, l->vals, l->nvals));
	at = strstr(db_text(rows, 0, "QUERY PLAN"), key);
	if (at == NULL)
		return FAIL(cx, RC_INTERNAL, "a plan without rows");
	*ret = strtoll(at + strlen(key), NULL, 10);
	if (*ret <= TOTAL_EXACT_MAX)
		*ret = TOTAL_EXACT_MAX + 1;
	return RC_OK;
}

/* ---- the list -------------------------------------------------------------------------------- */

static enum rc
send_rows(struct ctx *cx, const struct list_stmts *st, struct listing *l, struct db_rows **rows)
{
	l->vals[l->nvals] = V_I64(l->page.per_page);
	l->vals[l->nvals + 1] = V_I64((l->page.page - 1) * l->page.per_page);
	return db_send_n(cx, &st->rows, rows, l->vals, l->nvals + 2);
}

/* Count, unless that is remembered; then count is NULL. */
static enum rc
send_list(struct ctx *cx, const struct list_stmts *st, struct listing *l, struct db_rows **rows,
    struct db_rows **count)
{
	if (l->key.search)
		TRY(db_send_n(cx, &SQL_crud_custom_plan, NULL, NULL, 0));
	TRY(send_rows(cx, st, l, rows));
	if (count == NULL)
		return RC_OK;
	return db_send_n(cx, &st->count, count, l->vals, l->nvals);
}

/* The total of a list that was counted just now, remembered when that was dear. */
static enum rc
take_total(struct ctx *cx, const struct list_stmts *st, struct listing *l, const char *hash,
    int64_t since)
{
	struct page *p = &l->page;

	if (st->exact)
		return RC_OK;
	if (p->total > TOTAL_EXACT_MAX)
		TRY(estimate(cx, st, l, &p->total));
	if (clock_ms() - since >= TOTAL_DEAR_MS)
		remember(st, hash, p->total);
	return RC_OK;
}

/* Rows and total in one round trip; a third statement only where too many rows fit. */
static enum rc
fetch(struct ctx *cx, const struct list_stmts *st, struct listing *l, struct db_rows **rows)
{
	const char *hash = st->exact ? "" : hash_of(cx, l);
	struct page *p = &l->page;
	bool known = !st->exact && recall(st, hash, &p->total);
	int64_t start = clock_ms();
	struct db_rows *count = NULL;

	TRY(send_list(cx, st, l, rows, known ? NULL : &count));
	TRY(db_sync(cx));
	if (count != NULL) {
		p->total = db_i64(count, 0, "total");
		TRY(take_total(cx, st, l, hash, start));
	}
	p->total_is_estimate = !st->exact && p->total > TOTAL_EXACT_MAX;
	return RC_OK;
}

enum rc
crud_list(struct ctx *cx, const struct req *rq, struct resp *rs, const void *arg)
{
	struct listing *l = arena_alloc(cx->mem, sizeof(*l));
	struct sb data = sb_new(cx->mem);
	struct db_rows *rows;

	TRY(read_listing(cx, rq, arg, l));
	TRY(fetch(cx, crud_list_stmts(&l->key), l, &rows));
	rowjson_array(&data, rows);
	page_write(cx, rq, rs, &l->page, data.buf, db_count(rows));
	return RC_OK;
}

/* ---- one row --------------------------------------------------------------------------------- */

struct shown {
	struct db_rows *row;
	struct db_rows **children;
};

static enum rc
send_show(struct ctx *cx, const struct resource *r, const char *id, struct shown *s)
{
	s->children = arena_alloc(cx->mem, (r->nchildren + 1) * sizeof(struct db_rows *));
	TRY(db_send(cx, crud_stmt(r, CRUD_SHOW), &s->row, V_TEXT(id)));
	for (size_t i = 0; i < r->nchildren; i++)
		TRY(db_send(cx, crud_child_stmt(&r->children[i]), &s->children[i], V_TEXT(id)));
	return RC_OK;
}

static enum rc
missing(struct ctx *cx, const struct resource *r)
{
	return FAIL(cx, RC_NOT_FOUND, "%s does not exist.", r->label);
}

static enum rc
answer(struct ctx *cx, const struct resource *r, const struct shown *s, int status, struct resp *rs)
{
	struct sb *out = &rs->body;

	if (db_count(s->row) == 0)
		return missing(cx, r);
	rs->status = status;
	rowjson_object(out, s->row, 0);
	for (size_t i = 0; i < r->nchildren; i++) {
		out->buf[--out->len] = '\0'; /* the closing brace comes after the children */
		sb_printf(out, ",\"%s\":", r->children[i].name);
		rowjson_array(out, s->children[i]);
		sb_putc(out, '}');
	}
	return RC_OK;
}

enum rc
crud_answer(struct ctx *cx, const struct resource *r, const char *id, int status, struct resp *rs)
{
	struct shown s;

	TRY(send_show(cx, r, id, &s));
	TRY(db_sync(cx));
	return answer(cx, r, &s, status, rs);
}

enum rc
crud_show(struct ctx *cx, const struct req *rq, struct resp *rs, const void *arg)
{
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	return crud_answer(cx, arg, id, 200, rs);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* What was asked for, for the audit log: of secrets only that they are new. */
static const char *
meta_of(struct ctx *cx, const struct resource *r, cJSON *in)
{
	struct cJSON *shown = cJSON_Duplicate(in, true);
	const char *text;

	for (size_t i = 0; i < r->nfields; i++)
		if (r->fields[i].type == FT_SECRET && shape_has(in, r->fields[i].name)) {
			cJSON_DeleteItemFromObjectCaseSensitive(shown, r->fields[i].name);
			cJSON_AddTrueToObject(shown,
			    arena_printf(cx->mem, "new_%s", r->fields[i].name));
		}
	text = shape_json(cx, shown);
	cJSON_Delete(shown);
	return text;
}

static enum rc
send_audit(struct ctx *cx, const struct resource *r, const char *id, const char *action,
    const char *meta)
{
	if (!r->audited)
		return RC_OK;
	return db_send(cx, crud_stmt(r, CRUD_AUDIT), NULL, V_TEXT(id), V_TEXT(cx->actor.id),
	    V_TEXT(cx->actor.name), V_TEXT(action), V_TEXT(cx->ip), V_TEXT(cx->request_id),
	    V_TEXT(meta));
}

static enum rc
seal_secrets(struct ctx *cx, const struct resource *r, const char *id, cJSON *in)
{
	for (size_t i = 0; i < r->nfields; i++) {
		const char *name = r->fields[i].name, *sealed;
		const char *plain = shape_text(in, name);

		if (r->fields[i].type != FT_SECRET || plain == NULL || plain[0] == '\0')
			continue;
		assert(r->secret_of != NULL);
		TRY(crypt_seal(cx, arena_printf(cx->mem, "%s:%s:%s", r->secret_of, id, name), plain,
		    &sealed));
		cJSON_ReplaceItemInObjectCaseSensitive(in, name, cJSON_CreateString(sealed));
	}
	return RC_OK;
}

static enum rc
refuse_locked(struct ctx *cx, const struct field *f)
{
	return err_field(cx, f->name, "The %s cannot be set here%s%s.", f->name,
	    f->hint != NULL ? ": " : "", f->hint != NULL ? f->hint : "");
}

static bool
any_locked(const struct resource *r, const cJSON *in)
{
	for (size_t i = 0; i < r->nfields; i++)
		if ((r->fields[i].flags & FF_LOCKED) && shape_text(in, r->fields[i].name) != NULL)
			return true;
	return false;
}

/* What a locked field holds, or starts with: the one value that may be given, and is ignored. */
static const char *
present_value(struct ctx *cx, const struct field *f, const struct db_rows *now)
{
	size_t n = f->dflt != NULL ? strlen(f->dflt) : 0;

	if (now != NULL)
		return db_text(now, 0, f->name);
	return n > 2 ? arena_printf(cx->mem, "%.*s", (int)(n - 2), f->dflt + 1) : NULL;
}

static enum rc
check_locked(struct ctx *cx, const struct resource *r, const char *id, cJSON *in)
{
	struct db_rows *now = NULL;
	enum rc rc = RC_OK;

	if (!any_locked(r, in))
		return RC_OK;
	if (id != NULL)
		TRY(db_query(cx, crud_stmt(r, CRUD_LOCKED), &now, V_TEXT(id)));
	if (id != NULL && db_count(now) == 0)
		return missing(cx, r);
	for (const struct field *f = r->fields; f < r->fields + r->nfields; f++) {
		const char *given = shape_text(in, f->name), *present;

		if (!(f->flags & FF_LOCKED) || given == NULL)
			continue;
		present = present_value(cx, f, now);
		if (present == NULL || strcmp(given, present) != 0)
			rc = refuse_locked(cx, f);
		cJSON_DeleteItemFromObjectCaseSensitive(in, f->name);
	}
	return rc;
}

/* The worse of two outcomes; what is only RC_INVALID lets the next look for more of it. */
static enum rc
worse(enum rc a, enum rc b)
{
	return a == RC_OK || a == RC_INVALID ? (b != RC_OK ? b : a) : a;
}

enum rc
crud_read(struct ctx *cx, const struct resource *r, const char *id, const struct req *rq,
    struct cJSON **ret)
{
	enum fflag flag = id == NULL ? FF_CREATE : FF_UPDATE;
	cJSON *in = NULL;
	enum rc rc = shape_read(cx, r->fields, r->nfields, flag, rq, &in);

	if (rc != RC_OK && rc != RC_INVALID)
		return rc;
	rc = worse(rc, check_locked(cx, r, id, in));
	if (r->check != NULL)
		rc = worse(rc, r->check(cx, id, in));
	if (rc == RC_OK)
		*ret = in;
	return rc;
}

/* Write, note who did it, and read the row back: one round trip, one transaction. */
static enum rc
write_row(struct ctx *cx, const struct resource *r, const char *id, cJSON *in, enum crud_verb verb,
    struct shown *ret)
{
	const struct db_val create[] = { V_TEXT(shape_json(cx, in)) };
	const struct db_val update[] = { V_TEXT(id), create[0] };
	bool creates = verb == CRUD_CREATE;

	TRY(db_set_actor(cx));
	TRY(db_send_n(cx, crud_stmt(r, verb), NULL, creates ? create : update, creates ? 1 : 2));
	TRY(send_audit(cx, r, id, creates ? "create" : "update",
	    r->audited ? meta_of(cx, r, in) : NULL));
	TRY(send_show(cx, r, id, ret));
	return db_sync(cx);
}

enum rc
crud_create(struct ctx *cx, const struct req *rq, struct resp *rs, const void *arg)
{
	const struct resource *r = arg;
	const char *id = crypt_uuid(cx);
	struct shown s;
	cJSON *in;

	TRY(crud_read(cx, r, NULL, rq, &in));
	TRY(seal_secrets(cx, r, id, in));
	cJSON_AddStringToObject(in, "id", id);
	TRY(write_row(cx, r, id, in, CRUD_CREATE, &s));
	return answer(cx, r, &s, 201, rs);
}

enum rc
crud_update_with(struct ctx *cx, const struct req *rq, struct resp *rs, const struct resource *r,
    const struct db_stmt *first)
{
	struct shown s;
	const char *id;
	cJSON *in;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(crud_read(cx, r, id, rq, &in));
	TRY(seal_secrets(cx, r, id, in));
	if (first != NULL)
		TRY(db_send_n(cx, first, NULL, NULL, 0));
	TRY(write_row(cx, r, id, in, CRUD_UPDATE, &s));
	return answer(cx, r, &s, 200, rs);
}

enum rc
crud_update(struct ctx *cx, const struct req *rq, struct resp *rs, const void *arg)
{
	return crud_update_with(cx, rq, rs, arg, NULL);
}

enum rc
crud_save(struct ctx *cx, const struct req *rq, struct resp *rs, const struct resource *r,
    crud_find find)
{
	struct req one = *rq;
	const char *id = NULL;

	TRY(db_begin(cx));
	TRY(db_send(cx, &SQL_op_alone, NULL, V_TEXT(r->table)));
	TRY(find(cx, rq, &id));
	one.args[0].name = "id";
	one.args[0].val = id;
	if (id == NULL)
		TRY(crud_create(cx, rq, rs, r));
	else
		TRY(crud_update(cx, &one, rs, r));
	return db_commit(cx);
}

/* The audit row first: it is written from the row that is about to go. */
enum rc
crud_delete(struct ctx *cx, const struct req *rq, struct resp *rs, const void *arg)
{
	const struct resource *r = arg;
	struct db_rows *gone;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(db_set_actor(cx));
	TRY(send_audit(cx, r, id, "delete", NULL));
	TRY(db_send(cx, crud_stmt(r, CRUD_DELETE), &gone, V_TEXT(id)));
	TRY(db_sync(cx));
	if (db_affected(gone) == 0)
		return missing(cx, r);
	rs->status = 204;
	return RC_OK;
}
