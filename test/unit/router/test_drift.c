/* The bounds of a repair, and the diff that people read; the differences stand in test_provision.c.
 */
#include <string.h>

#include "fixture.h"
#include "router/drift.h"

static const char *
refusal(size_t cuts, size_t accounts, bool blank)
{
	const struct drift d = { .router_name = "Main",
		.cuts = cuts,
		.accounts = accounts,
		.is_blank = blank };

	return drift_refusal(&cx, &d);
}

/* A tenth, and at least five. */
static void
many_cuts_need_force(void **state)
{
	(void)state;
	assert_null(refusal(0, 0, false));
	assert_null(refusal(4, 8, false));
	assert_string_equal(refusal(5, 49, false),
	    "this would cut or remove 5 of 49 accounts on Main");
	assert_null(refusal(5, 50, false));
	assert_null(refusal(100, 1000, false));
	assert_non_null(refusal(101, 1000, false));
}

static void
a_blank_answer_needs_force(void **state)
{
	(void)state;
	assert_string_equal(refusal(0, 8, true),
	    "Main answers none of its accounts: is it the right router?");
}

static void
nothing_is_done_beyond_the_bounds(void **state)
{
	const struct drift d = { .router_name = "Main", .is_blank = true };
	struct drift_jobs jobs;

	(void)state;
	assert_int_equal(drift_apply(&cx, &d, false, &jobs), RC_CONFLICT);
	assert_non_null(strstr(cx.err.msg, "nothing is done without force"));
}

static void
it_reads_like_a_diff(void **state)
{
	struct drift_line lines[] = {
		{ DRIFT_MISSING, "/ppp/secret", "ani", "profile: home" },
		{ DRIFT_EXTRA, "/ppp/secret", "old", "" },
		{ DRIFT_CHANGED, "/queue/simple", "shop", "max-limit: 1M/1M -> 5M/10M" },
		{ DRIFT_SESSION, "/ppp/active", "budi", "" },
		{ DRIFT_FAULT, "/ppp/secret", "citra", "exists on Main and is not ours" },
	};
	const struct drift d = { .router_name = "Main",
		.accounts = 9,
		.lines = lines,
		.nlines = countof(lines) };
	struct sb out = sb_new(cx.mem);
	const char *at;

	(void)state;
	drift_print(&out, &d);
	at = out.buf;
	for (size_t i = 0; i < countof(lines); i++) {
		const char *line =
		    arena_printf(cx.mem, "%c %s %s", "+-~!?"[i], lines[i].menu, lines[i].name);

		at = strstr(at, line);
		assert_non_null(at);
	}
	assert_non_null(strstr(out.buf, "max-limit: 1M/1M -> 5M/10M"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(many_cuts_need_force),
		FIXTURE_TEST(a_blank_answer_needs_force),
		FIXTURE_TEST(nothing_is_done_beyond_the_bounds),
		FIXTURE_TEST(it_reads_like_a_diff),
	};

	return cmocka_run_group_tests_name("drift", tests, NULL, NULL);
}
