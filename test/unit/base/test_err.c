#include "fixture.h"

#include <string.h>

static void
a_failure_knows_its_words_and_its_place(void **state)
{
	int line = __LINE__ + 3;

	(void)state;
	assert_int_equal(FAIL(&cx, RC_CONFLICT, "no %d", 1), RC_CONFLICT);
	assert_int_equal(cx.err.line, line);
	assert_non_null(strstr(cx.err.file, "test_err.c"));
	assert_int_equal(cx.err.rc, RC_CONFLICT);
	assert_string_equal(cx.err.msg, "no 1");
	assert_int_equal(err_detail(&cx.err, "because of %s", "that"), RC_CONFLICT);
	assert_string_equal(cx.err.msg, "no 1");
	assert_string_equal(cx.err.detail, "because of that");
}

static void
a_new_failure_keeps_nothing_of_the_old(void **state)
{
	(void)state;
	(void)err_field(&cx, "name", "The name is silly.");
	(void)err_detail(&cx.err, "an old detail");
	cx.err.again = true;
	cx.err.retry_after = 9;
	assert_int_equal(FAIL(&cx, RC_RETRY, "later"), RC_RETRY);
	assert_string_equal(cx.err.detail, "");
	assert_null(cx.err.fields);
	assert_false(cx.err.again);
	assert_int_equal(cx.err.retry_after, 0);
}

/* A code is for programs: the failure keeps it, a new failure does not. */
static void
codes_stand_beside_the_texts(void **state)
{
	(void)state;
	(void)FAIL(&cx, RC_CONFLICT, "The invoice is paid.");
	assert_int_equal(err_code(&cx.err, "invoice_paid"), RC_CONFLICT);
	assert_string_equal(cx.err.code, "invoice_paid");
	(void)err_field(&cx, "amount", "Too much.");
	assert_string_equal(cx.err.code, "");
	assert_int_equal(err_field_code(&cx, "max", "\"max\":5"), RC_INVALID);
	(void)err_field(&cx, "name", "The name field is required.");
	(void)err_field_code(&cx, "required", NULL);
	assert_string_equal(cx.err.fields->code, "{\"code\":\"max\",\"max\":5}");
	assert_string_equal(cx.err.fields->next->code, "{\"code\":\"required\"}");
}

static void
long_words_are_cut_not_spilled(void **state)
{
	char text[2000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	(void)FAIL(&cx, RC_INTERNAL, "%s", text);
	(void)err_detail(&cx.err, "%s", text);
	assert_int_equal(strlen(cx.err.msg), sizeof(cx.err.msg) - 1);
	assert_int_equal(strlen(cx.err.detail), sizeof(cx.err.detail) - 1);
	assert_int_equal(cx.err.rc, RC_INTERNAL);
}

static void
fields_are_collected_in_their_order(void **state)
{
	char name[] = "b";

	(void)state;
	(void)FAIL(&cx, RC_CONFLICT, "something before");
	assert_int_equal(err_field(&cx, "a", "first"), RC_INVALID);
	assert_int_equal(err_field(&cx, name, "%s", "second"), RC_INVALID);
	name[0] = 'x'; /* the caller's buffer is its own */
	assert_int_equal(err_field(&cx, "a", "third"), RC_INVALID);
	assert_int_equal(cx.err.rc, RC_INVALID);
	assert_string_equal(cx.err.msg, "first");
	assert_string_equal(cx.err.fields->field, "a");
	assert_string_equal(cx.err.fields->next->field, "b");
	assert_string_equal(cx.err.fields->next->msg, "second");
	assert_string_equal(cx.err.fields->next->next->msg, "third");
	assert_null(cx.err.fields->next->next->next);
}

/* The one macro that returns. */
static enum rc
attempt(enum rc rc, bool *reached)
{
	*reached = false;
	TRY(rc);
	*reached = true;
	return RC_OK;
}

static void
try_passes_a_failure_up(void **state)
{
	bool reached;

	(void)state;
	assert_int_equal(attempt(RC_DENIED, &reached), RC_DENIED);
	assert_false(reached);
	assert_int_equal(attempt(RC_OK, &reached), RC_OK);
	assert_true(reached);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_failure_knows_its_words_and_its_place),
		FIXTURE_TEST(a_new_failure_keeps_nothing_of_the_old),
		FIXTURE_TEST(codes_stand_beside_the_texts),
		FIXTURE_TEST(long_words_are_cut_not_spilled),
		FIXTURE_TEST(fields_are_collected_in_their_order),
		FIXTURE_TEST(try_passes_a_failure_up),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
