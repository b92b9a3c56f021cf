/* db_error.c: from SQLSTATE to rc, and to a sentence for people that holds no SQL. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/db_int.h"

typedef enum rc (*state_fn)(struct ctx *, const PGresult *, const struct db_stmt *);

static const char *
field_of(const PGresult *res, int which)
{
	const char *s = PQresultErrorField(res, which);

	return s != NULL ? s : "";
}

/*
 * The column of a constraint: of "invoices_due_date_check" on invoices with tail "_check",
 * due_date; "" for a constraint not named so.
 */
static const char *
constraint_column(struct ctx *cx, const PGresult *res, const char *tail)
{
	const char *table = field_of(res, PG_DIAG_TABLE_NAME);
	const char *name = field_of(res, PG_DIAG_CONSTRAINT_NAME);
	size_t nt = strlen(table), nn = strlen(name), ne = strlen(tail);

	if (nn <= nt + 1 + ne || strncmp(name, table, nt) != 0 || name[nt] != '_' ||
	    strcmp(name + nn - ne, tail) != 0)
		return "";
	return arena_printf(cx->mem, "%.*s", (int)(nn - nt - 1 - ne), name + nt + 1);
}

static enum rc
on_unique(struct ctx *cx, const PGresult *res, const struct db_stmt *st)
{
	const char *field = constraint_column(cx, res, "_key");

	(void)st;
	if (field[0] == '\0')
		return FAIL(cx, RC_CONFLICT, "this exists already");
	(void)err_field(cx, field, "The %s has already been taken.", err_field_words(cx, field));
	return err_field_code(cx, "taken", NULL);
}

/*
 * Tell a delete from an insert by the server's words; where those are in another language,
 * by our statement.
 */
static bool
is_delete(const PGresult *res, const struct db_stmt *st)
{
	return strncmp(field_of(res, PG_DIAG_MESSAGE_PRIMARY), "update or delete", 16) == 0 ||
	       strncmp(st->text, "DELETE", 6) == 0;
}

static enum rc
on_reference(struct ctx *cx, const PGresult *res, const struct db_stmt *st)
{
	const char *field = constraint_column(cx, res, "_fkey");

	if (is_delete(res, st)) {
		(void)FAIL(cx, RC_CONFLICT, "This is still in use by %s.",
		    err_field_words(cx, field_of(res, PG_DIAG_TABLE_NAME)));
		return err_code(&cx->err, "in_use");
	}
	if (field[0] == '\0')
		return FAIL(cx, RC_INVALID, "The request refers to something that does not exist.");
	(void)err_field(cx, field, "The selected %s does not exist.", err_field_words(cx, field));
	return err_field_code(cx, "unknown_reference", NULL);
}

static enum rc
on_check(struct ctx *cx, const PGresult *res, const struct db_stmt *st)
{
	const char *field = constraint_column(cx, res, "_check");

	(void)st;
	if (field[0] == '\0')
		return FAIL(cx, RC_INVALID, "The values given break a rule.");
	return err_field(cx, field, "The %s is not valid.", err_field_words(cx, field));
}

static enum rc
on_missing(struct ctx *cx, const PGresult *res, const struct db_stmt *st)
{
	const char *field = field_of(res, PG_DIAG_COLUMN_NAME);

	(void)st;
	(void)err_field(cx, field, "The %s field is required.", err_field_words(cx, field));
	return err_field_code(cx, "required", NULL);
}

/* The text before the next tab or end of line; *at moves behind that tab. */
static const char *
take_part(struct ctx *cx, const char **at)
{
	size_t n = strcspn(*at, "\t\n");
	const char *part = arena_printf(cx->mem, "%.*s", (int)n, *at);

	*at += n;
	*at += **at == '\t';
	return part;
}

/*
 * raise_invalid_all(): a line for each field: its name, a sentence for people, its
 * code and bounds as a JSON object (field_error(); none from older rules), each
 * behind a tab.
 */
static enum rc
on_raised_fields(struct ctx *cx, const PGresult *res, const struct db_stmt *st)
{
	const char *at = field_of(res, PG_DIAG_MESSAGE_DETAIL);

	(void)st;
	(void)FAIL(cx, RC_INVALID, "%s", field_of(res, PG_DIAG_MESSAGE_PRIMARY));
	while (*at != '\0') {
		const char *field = take_part(cx, &at), *sentence = take_part(cx, &at);
		const char *code = take_part(cx, &at);

		(void)err_field(cx, field, "%s", sentence);
		if (code[0] != '\0')
			(void)err_field_code_json(cx, code);
		at += *at == '\n';
	}
	return RC_INVALID;
}

/* raise_throttled(): how long to wait stands in the hint. */
static enum rc
on_throttled(struct ctx *cx, const PGresult *res, const struct db_stmt *st)
{
	(void)st;
	(void)FAIL(cx, RC_THROTTLED, "%s", field_of(res, PG_DIAG_MESSAGE_PRIMARY));
	cx->err.retry_after = (int)strtol(field_of(res, PG_DIAG_MESSAGE_HINT), NULL, 10);
	return RC_THROTTLED;
}

/* The server lost our prepared statements, or may no longer use them: prepare anew. */
static enum rc
on_stale(struct ctx *cx, const PGresult *res, const struct db_stmt *st)
{
	(void)res;
	(void)st;
	(void)FAIL(cx, RC_RETRY, "the database has just changed, please try again");
	cx->err.again = !cx->db->in_tx;
	return RC_RETRY;
}

/* A standby, or a primary that became one: the next statement goes to another session. */
static enum rc
on_read_only(struct ctx *cx, const PGresult *res, const struct db_stmt *st)
{
	(void)res;
	(void)st;
	(void)FAIL(cx, RC_RETRY, "the database is read-only for the moment");
	cx->db->is_read_only = true;
	return RC_RETRY;
}

/* SQLSTATE prefix to rc; the first that fits wins.  No msg: the text raised, which is ours. */
static const struct state {
	const char *state;
	enum rc rc;
	const char *msg;
	state_fn fn;
} states[] = {
	{ "IS401", RC_UNAUTH, NULL, NULL },
	{ "IS403", RC_DENIED, NULL, NULL },
	{ "IS404", RC_NOT_FOUND, NULL, NULL },
	{ "IS409", RC_CONFLICT, NULL, NULL },
	{ "IS422", RC_INVALID, NULL, on_raised_fields },
	{ "IS429", RC_THROTTLED, NULL, on_throttled },
	{ "23505", RC_INVALID, "", on_unique },
	{ "23503", RC_INVALID, "", on_reference },
	{ "23001", RC_INVALID, "", on_reference },
	{ "23514", RC_INVALID, "", on_check },
	{ "23502", RC_INVALID, "", on_missing },
	{ "23P01", RC_CONFLICT, "this overlaps something that exists already", NULL },
	{ "22021", RC_MALFORMED, "the request is not valid UTF-8", NULL },
	{ "22P05", RC_MALFORMED, "the request holds a character that cannot be stored", NULL },
	{ "22", RC_INVALID, "a value is out of range or malformed", NULL },
	{ "55P03", RC_RETRY, "someone else is changing this, please try again", NULL },
	{ "57014", RC_RETRY, "this took too long, please try again", NULL },
	{ "40", RC_RETRY, "someone else changed this at the same time, please try again", NULL },
	{ "26000", RC_RETRY, "", on_stale },
	{ "0A000", RC_RETRY, "", on_stale },
	{ "25006", RC_RETRY, "", on_read_only },
	{ "08", RC_RETRY, "the database went away", NULL },
	{ "53", RC_RETRY, "the database is overloaded, please try again", NULL },
	{ "57P", RC_RETRY, "the database is restarting, please try again", NULL },
};

static const struct state *
state_of(const char *sqlstate)
{
	for (size_t i = 0; i < countof(states); i++)
		if (strncmp(sqlstate, states[i].state, strlen(states[i].state)) == 0)
			return &states[i];
	return NULL;
}

static void
set_error(struct ctx *cx, const PGresult *res, const struct db_stmt *st)
{
	const char *sqlstate = field_of(res, PG_DIAG_SQLSTATE);
	const struct state *s = state_of(sqlstate);

	if (s == NULL)
		(void)FAIL(cx, RC_INTERNAL, "internal error");
	else if (s->fn != NULL)
		(void)s->fn(cx, res, st);
	else
		(void)FAIL(cx, s->rc, "%s",
		    s->msg != NULL ? s->msg : field_of(res, PG_DIAG_MESSAGE_PRIMARY));
	/* Raised by sql/functions, whose code stands in the place of a constraint's name. */
	if (strncmp(sqlstate, "IS", 2) == 0)
		(void)err_code(&cx->err, field_of(res, PG_DIAG_CONSTRAINT_NAME));
}

enum rc
db_error(struct ctx *cx, const PGresult *res, const struct db_stmt *st)
{
	cx->err = (struct err){ 0 };
	set_error(cx, res, st);
	return err_detail(&cx->err, "%s: %s %s%s%s", st->name != NULL ? st->name : st->text,
	    field_of(res, PG_DIAG_SQLSTATE), field_of(res, PG_DIAG_MESSAGE_PRIMARY),
	    PQresultErrorField(res, PG_DIAG_CONTEXT) != NULL ? " | " : "",
	    field_of(res, PG_DIAG_CONTEXT));
}
