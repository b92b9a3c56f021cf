/* crud.c: one row: show, create, change, delete. */
#include "crud/crud.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <cJSON.h>

#include "base/crypt.h"
#include "crud/crud_int.h"
#include "db/rowjson.h"
#include "sql.h"

/* ---- one row --------------------------------------------------------------------------------- */

struct shown {
	struct db_rows *row;
	struct db_rows **children;
};

static enum rc
send_show(struct ctx *cx, const struct resource *r, const char *id, struct shown *s)
{
	s->children = arena_alloc(cx->mem, (r->nchildren + 1) * sizeof(struct db_rows *));
	TRY(db_send_row_if_any(cx, crud_stmt(r, CRUD_SHOW), &s->row, V_TEXT(id)));
	for (size_t i = 0; i < r->nchildren; i++)
		TRY(db_send_rows(cx, crud_child_stmt(&r->children[i]), &s->children[i],
		    V_TEXT(id)));
	return RC_OK;
}

static enum rc
missing(struct ctx *cx, const struct resource *r)
{
	(void)FAIL(cx, RC_NOT_FOUND, "%s does not exist.", r->label);
	return err_code(&cx->err, arena_printf(cx->mem, "%s_not_found", r->name));
}

static enum rc
answer_row(struct ctx *cx, const struct resource *r, const struct shown *s, int status,
    struct resp *rs)
{
	struct sb *out = &rs->body;

	if (db_count(s->row) == 0)
		return missing(cx, r);
	rs->status = status;
	sb_putc(out, '{');
	rowjson_members(out, s->row, 0);
	for (size_t i = 0; i < r->nchildren; i++) {
		sb_printf(out, ",\"%s\":", r->children[i].name);
		rowjson_array(out, s->children[i]);
	}
	sb_putc(out, '}');
	return RC_OK;
}

enum rc
crud_answer(struct ctx *cx, const struct resource *r, const char *id, int status, struct resp *rs)
{
	struct shown s;

	TRY(send_show(cx, r, id, &s));
	TRY(db_sync(cx));
	return answer_row(cx, r, &s, status, rs);
}

enum rc
crud_show(struct ctx *cx, const struct req *rq, struct resp *rs, const struct resource *r)
{
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	return crud_answer(cx, r, id, 200, rs);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* The request for the audit log; of a secret it holds only that it is new. */
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

/* Names of the columns that the audit log may keep of a deleted row. */
static const char *
meta_of_delete(struct ctx *cx, const struct resource *r)
{
	cJSON *names = cJSON_CreateObject();
	const char *text;

	for (size_t i = 0; i < r->nfields; i++)
		if (r->fields[i].type != FT_SECRET)
			cJSON_AddNullToObject(names, r->fields[i].name);
	text = shape_json(cx, names);
	cJSON_Delete(names);
	return text;
}

static enum rc
send_audit(struct ctx *cx, const struct resource *r, const char *id, const char *action,
    const char *meta)
{
	if (!r->audited)
		return RC_OK;
	return db_send_exec(cx, crud_stmt(r, CRUD_AUDIT), V_TEXT(id), V_TEXT(cx->actor.id),
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
	(void)err_field(cx, f->name, "The %s cannot be set here%s%s.", f->name,
	    f->hint != NULL ? ": " : "", f->hint != NULL ? f->hint : "");
	return err_field_code(cx, "locked", NULL);
}

static bool
any_locked(const struct resource *r, const cJSON *in)
{
	for (size_t i = 0; i < r->nfields; i++)
		if ((r->fields[i].flags & FF_LOCKED) && shape_text(in, r->fields[i].name) != NULL)
			return true;
	return false;
}

/*
 * The value that a locked field has now, or starts with: a body may repeat it, and it is
 * ignored.
 */
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
		TRY(db_row_if_any(cx, crud_stmt(r, CRUD_LOCKED), &now, V_TEXT(id)));
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

/* The worse of two outcomes; after RC_INVALID the next check still runs, to find more faults. */
static enum rc
worse(enum rc a, enum rc b)
{
	return a == RC_OK || a == RC_INVALID ? (b != RC_OK ? b : a) : a;
}

/*
 * True for a text that the row holds already (an imported one): repeating it breaks no
 * rule anew.
 */
static bool
stands_already(const struct resource *r, const struct field_err *e, const cJSON *given,
    const struct db_rows *now)
{
	const char *text = shape_text(given, e->field), *present;

	for (const struct field *f = r->fields; f < r->fields + r->nfields; f++) {
		if (strcmp(f->name, e->field) != 0 || f->type != FT_TEXT || !(f->flags & FF_SHOWN))
			continue;
		present = db_text(now, 0, f->name);
		return text != NULL && present != NULL && strcmp(text, present) == 0;
	}
	return false;
}

/* Withdraw the refusals of such texts; RC_OK when no other refusal is left. */
static enum rc
forgive_present(struct ctx *cx, const struct resource *r, const char *id, const struct req *rq)
{
	struct field_err **at = &cx->err.fields;
	struct db_rows *now;
	cJSON *given;

	TRY(db_row_if_any(cx, crud_stmt(r, CRUD_SHOW), &now, V_TEXT(id)));
	if (db_count(now) == 0 || shape_whole(cx, rq, &given) != RC_OK)
		return RC_INVALID;
	while (*at != NULL)
		if (stands_already(r, *at, given, now))
			*at = (*at)->next;
		else
			at = &(*at)->next;
	if (cx->err.fields != NULL) {
		(void)snprintf(cx->err.msg, sizeof(cx->err.msg), "%s", cx->err.fields->msg);
		return RC_INVALID;
	}
	cx->err = (struct err){ 0 };
	return RC_OK;
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
	if (rc == RC_INVALID && id != NULL)
		rc = forgive_present(cx, r, id, rq);
	rc = worse(rc, check_locked(cx, r, id, in));
	if (r->check != NULL)
		rc = worse(rc, r->check(cx, id, in));
	if (rc == RC_OK)
		*ret = in;
	return rc;
}

/*
 * Write a row, its audit row, and read it back: one round trip, one transaction. The audit
 * row of a change comes first, because it keeps the row as it was.
 */
static enum rc
write_row(struct ctx *cx, const struct resource *r, const char *id, cJSON *in, enum crud_verb verb,
    struct shown *ret)
{
	const struct db_val create[] = { V_TEXT(shape_json(cx, in)) };
	const struct db_val update[] = { V_TEXT(id), create[0] };
	const char *meta = r->audited ? meta_of(cx, r, in) : NULL;
	bool creates = verb == CRUD_CREATE;

	db_set_actor(cx);
	if (!creates)
		TRY(send_audit(cx, r, id, "update", meta));
	TRY(db_send_n(cx, crud_stmt(r, verb), DB_EXEC, NULL, creates ? create : update,
	    creates ? 1 : 2));
	if (creates)
		TRY(send_audit(cx, r, id, "create", meta));
	TRY(send_show(cx, r, id, ret));
	return db_sync(cx);
}

enum rc
crud_create(struct ctx *cx, const struct req *rq, struct resp *rs, const struct resource *r)
{
	const char *id = crypt_uuid(cx);
	struct shown s;
	cJSON *in;

	TRY(crud_read(cx, r, NULL, rq, &in));
	TRY(seal_secrets(cx, r, id, in));
	cJSON_AddStringToObject(in, "id", id);
	TRY(write_row(cx, r, id, in, CRUD_CREATE, &s));
	return answer_row(cx, r, &s, 201, rs);
}

/* first: a statement that runs before the change, in its transaction; NULL: none. */
static enum rc
update(struct ctx *cx, const struct req *rq, const struct resource *r, const char *id,
    const struct db_stmt *first, struct shown *ret)
{
	cJSON *in;

	TRY(crud_read(cx, r, id, rq, &in));
	TRY(seal_secrets(cx, r, id, in));
	if (first != NULL)
		TRY(db_send_exec(cx, first));
	return write_row(cx, r, id, in, CRUD_UPDATE, ret);
}

enum rc
crud_update_with(struct ctx *cx, const struct req *rq, struct resp *rs, const struct resource *r,
    const struct db_stmt *first)
{
	struct shown s;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	TRY(update(cx, rq, r, id, first, &s));
	return answer_row(cx, r, &s, 200, rs);
}

/* The same for an id that the caller has found. */
static enum rc
update_by_id(struct ctx *cx, const struct req *rq, struct resp *rs, const struct resource *r,
    const char *id)
{
	struct shown s;

	TRY(update(cx, rq, r, id, NULL, &s));
	return answer_row(cx, r, &s, 200, rs);
}

enum rc
crud_update(struct ctx *cx, const struct req *rq, struct resp *rs, const struct resource *r)
{
	return crud_update_with(cx, rq, rs, r, NULL);
}

enum rc
crud_save(struct ctx *cx, const struct req *rq, struct resp *rs, const struct resource *r,
    crud_find find)
{
	const char *id = NULL;

	TRY(db_begin(cx));
	TRY(db_send_exec(cx, &SQL_op_alone, V_TEXT(r->table)));
	TRY(find(cx, rq, &id));
	if (id == NULL)
		TRY(crud_create(cx, rq, rs, r));
	else
		TRY(update_by_id(cx, rq, rs, r, id));
	return db_commit(cx);
}

/* Say "package_in_use" when rows that refer to this one prevent its deletion. */
static enum rc
name_conflict(struct ctx *cx, const struct resource *r, enum rc rc)
{
	if (rc == RC_CONFLICT)
		(void)err_code(&cx->err, arena_printf(cx->mem, "%s_in_use", r->name));
	return rc;
}

/* Write the audit row first: it is made from the row that the deletion removes. */
enum rc
crud_delete(struct ctx *cx, const struct req *rq, struct resp *rs, const struct resource *r)
{
	struct db_rows *gone;
	const char *id;

	TRY(req_uuid(cx, rq, "id", &id));
	db_set_actor(cx);
	TRY(send_audit(cx, r, id, "delete", r->audited ? meta_of_delete(cx, r) : NULL));
	TRY(db_send_row_if_any(cx, crud_stmt(r, CRUD_DELETE), &gone, V_TEXT(id)));
	TRY(name_conflict(cx, r, db_sync(cx)));
	if (db_count(gone) == 0)
		return missing(cx, r);
	rs->status = 204;
	return RC_OK;
}

enum rc
crud_dry_run(struct ctx *cx, const struct route *rt, const struct req *rq, struct resp *rs)
{
	TRY(db_begin(cx));
	TRY(http_run(cx, rt, rq, rs));
	resp_header(rs, "X-Dry-Run", "1");
	db_rollback(cx);
	return RC_OK;
}
