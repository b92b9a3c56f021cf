/* From SQLSTATE to rc, and to a sentence for people that holds no SQL. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "db/db.h"

static struct ctx cx;

/* clang-format off */
static const struct db_stmt make_place = { "e_place",
	"CREATE TEMP TABLE place (id int CONSTRAINT place_pk PRIMARY KEY)", 0 };
static const struct db_stmt make_thing = { "e_thing",
	"CREATE TEMP TABLE thing (id int, zip_code int NOT NULL DEFAULT 0,"
	" nick_name text CONSTRAINT thing_nick_name_key UNIQUE,"
	" size int CONSTRAINT thing_size_check CHECK (size > 0) CONSTRAINT smallness CHECK (size < 100),"
	" place_id int CONSTRAINT thing_place_id_fkey REFERENCES place,"
	" next int CONSTRAINT wherever REFERENCES place,"
	" span int4range, CONSTRAINT thing_span EXCLUDE USING gist (span WITH &&))", 0 };
static const struct db_stmt make_fail = { "e_fail",
	"CREATE FUNCTION pg_temp.fail(state text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
	" RAISE EXCEPTION USING ERRCODE = state, MESSAGE = 'words of the server'; END $$", 0 };
static const struct db_stmt fail_with = { "e_fail_with", "SELECT pg_temp.fail($1)", 1 };
static const struct db_stmt place = { "e_add_place", "INSERT INTO place VALUES ($1)", 1 };
static const struct db_stmt move = { "e_move_place", "UPDATE place SET id = id + 100 WHERE id = $1", 1 };
static const struct db_stmt leave = { "e_drop_place", "DELETE FROM place WHERE id = $1", 1 };
static const struct db_stmt leave_abroad = { "e_abroad",
	"DELETE FROM place WHERE id = $1 RETURNING pg_temp.fail('23503')", 1 };
static const struct db_stmt nick = { "e_nick", "INSERT INTO thing (nick_name) VALUES ($1)", 1 };
static const struct db_stmt size = { "e_size", "INSERT INTO thing (size) VALUES ($1)", 1 };
static const struct db_stmt zip = { "e_zip", "INSERT INTO thing (zip_code) VALUES ($1)", 1 };
static const struct db_stmt there = { "e_there", "INSERT INTO thing (place_id) VALUES ($1)", 1 };
static const struct db_stmt next = { "e_next", "INSERT INTO thing (next) VALUES ($1)", 1 };
static const struct db_stmt span = { "e_span", "INSERT INTO thing (span) VALUES (int4range($1, 9))", 1 };
static const struct db_stmt forget = { NULL, "DEALLOCATE ALL", 0 };
static const struct db_stmt one = { "e_one", "SELECT 1 AS one", 0 };
/* clang-format on */

static int
setup(void **state)
{
	const struct db_conf conf = { .conninfo = getenv("TEST_DB"), .program = "test_db_error" };

	(void)state;
	cx = (struct ctx){ .mem = arena_new(4096) };
	if (conf.conninfo == NULL || db_open(&cx, &conf, &cx.db) != RC_OK)
		return -1;
	return db_exec(&cx, &make_place) == RC_OK && db_exec(&cx, &make_thing) == RC_OK &&
		       db_exec(&cx, &make_fail) == RC_OK
		   ? 0
		   : -1;
}

static int
teardown(void **state)
{
	(void)state;
	arena_reset(cx.mem);
	db_close(cx.db);
	arena_free(cx.mem);
	return 0;
}

static const struct db_stmt slow_down = { "te_slow", "SELECT raise_throttled('slow down', 17)", 0 };

static void
a_throttled_caller_gets_the_seconds_to_wait(void **state)
{
	(void)state;
	assert_int_equal(db_exec(&cx, &slow_down), RC_THROTTLED);
	assert_string_equal(cx.err.msg, "slow down");
	assert_int_equal(cx.err.retry_after, 17);
}

/* The words of our own states are for people; of the server's, for the log alone. */
static void
each_state_has_its_code(void **state)
{
	static const struct {
		const char *state;
		enum rc rc;
		bool ours;
	} cases[] = {
		{ "IS403", RC_DENIED, true }, { "IS404", RC_NOT_FOUND, true },
		{ "IS409", RC_CONFLICT, true }, { "IS422", RC_INVALID, true },
		{ "IS429", RC_THROTTLED, true }, { "23505", RC_CONFLICT, false },
		{ "23503", RC_INVALID, false }, { "23001", RC_INVALID, false },
		{ "23514", RC_INVALID, false }, { "23P01", RC_CONFLICT, false },
		{ "22021", RC_MALFORMED, false }, { "22P05", RC_MALFORMED, false },
		{ "22003", RC_INVALID, false }, { "22P02", RC_INVALID, false },
		{ "55P03", RC_RETRY, false }, { "57014", RC_RETRY, false },
		{ "40001", RC_RETRY, false }, { "40P01", RC_RETRY, false },
		{ "08006", RC_RETRY, false }, { "53300", RC_RETRY, false },
		{ "57P01", RC_RETRY, false }, { "42P01", RC_INTERNAL, false },
		{ "P0001", RC_INTERNAL, false }, { "23000", RC_INTERNAL, false },
		{ "25006", RC_RETRY, false }, /* the last: the session is left afterwards */
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const char *words;

		if (db_exec(&cx, &fail_with, V_TEXT(cases[i].state)) != cases[i].rc)
			fail_msg("%s: %d, not %d", cases[i].state, cx.err.rc, cases[i].rc);
		words = strstr(cx.err.msg, "words of the server");
		assert_int_equal(words != NULL, cases[i].ours);
		assert_true(strlen(cx.err.msg) > 4);
		assert_non_null(strstr(cx.err.detail, "words of the server"));
		assert_non_null(strstr(cx.err.detail, cases[i].state));
		assert_non_null(strstr(cx.err.detail, "e_fail_with"));
		assert_false(cx.err.again); /* the server has answered: the outcome is known */
	}
}

static void
assert_field(const char *field, const char *msg)
{
	assert_non_null(cx.err.fields);
	assert_string_equal(cx.err.fields->field, field);
	assert_string_equal(cx.err.fields->msg, msg);
	assert_null(cx.err.fields->next);
	assert_string_equal(cx.err.msg, msg);
}

/* A rule that finds several fields wrong tells of all of them. */
static void
several_fields_are_raised_at_once(void **state)
{
	static const struct db_stmt st = { "te_all",
		"SELECT raise_invalid_all('{{a_day,\"The a day is none.\"},{b,No}}'"
		" || field_error(true, 'c', 'k', 'Nor this.') || field_error(NULL, 'd', 'k', 'x')"
		" || field_error(false, 'e', 'k', 'x'))",
		0 };
	static const struct db_stmt nothing = { "te_none", "SELECT raise_invalid_all('{}')", 0 };
	const struct field_err *f;

	(void)state;
	assert_int_equal(db_exec(&cx, &nothing), RC_OK);
	assert_int_equal(db_exec(&cx, &st), RC_INVALID);
	assert_string_equal(cx.err.msg, "The a day is none.");
	f = cx.err.fields;
	assert_string_equal(f->field, "a_day");
	assert_string_equal(f->msg, "The a day is none.");
	assert_string_equal(f->next->field, "b");
	assert_string_equal(f->next->msg, "No");
	assert_string_equal(f->next->next->field, "c");
	assert_string_equal(f->next->next->msg, "Nor this.");
	assert_null(f->next->next->next);
}

/* A rule gives its code beside its sentence, and with a field the bound that was broken. */
static void
rules_raise_codes(void **state)
{
	static const struct db_stmt conflict = { "te_paid",
		"SELECT raise_conflict('invoice_paid', 'The invoice is paid.')", 0 };
	static const struct db_stmt fields = { "te_most",
		"SELECT raise_invalid_all(field_error(true, 'amount', 'max', 'Too much.',"
		" '{\"max\": 5}') || '{{b,No code.}}')",
		0 };

	(void)state;
	assert_int_equal(db_exec(&cx, &conflict), RC_CONFLICT);
	assert_string_equal(cx.err.msg, "The invoice is paid.");
	assert_string_equal(cx.err.code, "invoice_paid");
	assert_int_equal(db_exec(&cx, &fields), RC_INVALID);
	assert_string_equal(cx.err.msg, "Too much.");
	assert_string_equal(cx.err.fields->msg, "Too much.");
	assert_string_equal(cx.err.fields->code, "{\"max\": 5, \"code\": \"max\"}");
	assert_string_equal(cx.err.fields->next->msg, "No code.");
	assert_null(cx.err.fields->next->code);
}

static void
a_constraint_names_its_column(void **state)
{
	(void)state;
	assert_int_equal(db_exec(&cx, &nick, V_TEXT("a")), RC_OK);
	assert_int_equal(db_exec(&cx, &nick, V_TEXT("a")), RC_INVALID);
	assert_field("nick_name", "The nick name has already been taken.");
	assert_int_equal(db_exec(&cx, &size, V_I64(0)), RC_INVALID);
	assert_field("size", "The size is not valid.");
	assert_int_equal(db_exec(&cx, &zip, V_NULL), RC_INVALID);
	assert_field("zip_code", "The zip code field is required.");
	assert_int_equal(db_exec(&cx, &there, V_I64(7)), RC_INVALID);
	assert_field("place_id", "The selected place id does not exist.");
}

static void
a_constraint_named_otherwise_names_none(void **state)
{
	(void)state;
	assert_int_equal(db_exec(&cx, &place, V_I64(1)), RC_OK);
	assert_int_equal(db_exec(&cx, &place, V_I64(1)), RC_CONFLICT);
	assert_null(cx.err.fields);
	assert_int_equal(db_exec(&cx, &size, V_I64(100)), RC_INVALID);
	assert_null(cx.err.fields);
	assert_int_equal(db_exec(&cx, &next, V_I64(7)), RC_INVALID);
	assert_null(cx.err.fields);
	assert_int_equal(db_exec(&cx, &span, V_I64(1)), RC_OK);
	assert_int_equal(db_exec(&cx, &span, V_I64(2)), RC_CONFLICT);
	assert_null(cx.err.fields);
}

/* A row that refers to nothing is bad input; a row that is referred to is in use. */
static void
a_row_that_others_refer_to_is_in_use(void **state)
{
	(void)state;
	assert_int_equal(db_exec(&cx, &place, V_I64(1)), RC_OK);
	assert_int_equal(db_exec(&cx, &there, V_I64(1)), RC_OK);
	assert_int_equal(db_exec(&cx, &leave, V_I64(1)), RC_CONFLICT);
	assert_string_equal(cx.err.msg, "This is still in use by thing.");
	assert_int_equal(db_exec(&cx, &move, V_I64(1)), RC_CONFLICT);
	/* A server that speaks another language. */
	assert_int_equal(db_exec(&cx, &leave_abroad, V_I64(1)), RC_CONFLICT);
}

/* After a pooler or an administrator threw our statements away. */
static void
forgotten_statements_are_prepared_again(void **state)
{
	(void)state;
	assert_int_equal(db_exec(&cx, &one), RC_OK);
	assert_int_equal(db_exec(&cx, &forget), RC_OK);
	assert_int_equal(db_exec(&cx, &one), RC_RETRY);
	assert_true(cx.err.again);
	assert_int_equal(db_exec(&cx, &one), RC_OK);

	assert_int_equal(db_begin(&cx), RC_OK);
	assert_int_equal(db_exec(&cx, &forget), RC_OK);
	assert_int_equal(db_exec(&cx, &one), RC_RETRY);
	assert_false(cx.err.again); /* half of a transaction is not to be repeated */
	db_rollback(&cx);
	/* The connection is given up at the first chance to say so. */
	assert_int_equal(db_exec(&cx, &one), RC_RETRY);
	assert_true(cx.err.again);
	assert_int_equal(db_exec(&cx, &one), RC_OK);
}

/* The error of before is not the error of now. */
static void
nothing_is_left_of_the_error_before(void **state)
{
	(void)state;
	assert_int_equal(db_exec(&cx, &size, V_I64(0)), RC_INVALID);
	assert_int_equal(db_exec(&cx, &zip, V_NULL), RC_INVALID);
	assert_string_equal(cx.err.fields->field, "zip_code");
	assert_null(cx.err.fields->next);
	assert_int_equal(db_exec(&cx, &fail_with, V_TEXT("IS409")), RC_CONFLICT);
	assert_null(cx.err.fields);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_state_has_its_code),
		CASE(a_throttled_caller_gets_the_seconds_to_wait),
		CASE(several_fields_are_raised_at_once),
		CASE(rules_raise_codes),
		CASE(a_constraint_names_its_column),
		CASE(a_constraint_named_otherwise_names_none),
		CASE(a_row_that_others_refer_to_is_in_use),
		CASE(forgotten_statements_are_prepared_again),
		CASE(nothing_is_left_of_the_error_before),
	};

	return cmocka_run_group_tests_name("db_error", tests, NULL, NULL);
}
