#include "unit.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "base/log.h"
#include "work/child.h"

static struct arena *life;

/* A child is this program again; its first argument says how it ends. */
static size_t
arguments(const void *work, const char *key, const char **ret)
{
	ret[0] = work;
	ret[1] = key;
	return 2;
}

static int
be_child(const char *how)
{
	if (strcmp(how, "well") == 0)
		return EXIT_DONE;
	if (strcmp(how, "badly") == 0)
		return EXIT_FAILED;
	if (strcmp(how, "deaf") == 0)
		(void)signal(SIGTERM, SIG_IGN);
	(void)sleep(30);
	return EXIT_DONE;
}

static struct child_plan
plan_of(const char *how, size_t most)
{
	return (struct child_plan){ .program = "test_child",
		.noun = "key",
		.most = most,
		.grace_ms = 300,
		.arguments = arguments,
		.work = how };
}

/* Wait for the end of all; a time at which the last was not known to have ended. */
static int64_t
wait_for_all(struct child_set *set)
{
	const int64_t until = clock_ms() + 20000;
	int64_t before = clock_ms();

	for (; child_reap(set) > 0 && before < until; before = clock_ms())
		(void)poll(NULL, 0, 5);
	assert_int_equal(child_reap(set), 0);
	return before;
}

static void
a_key_has_one_child(void **state)
{
	const struct child_plan plan = plan_of("long", 4);
	struct child_set *set = child_set_new(life, &plan);

	(void)state;
	assert_true(child_may_start(set, "a"));
	assert_true(child_start(set, "a"));
	assert_true(child_is_running(set, "a"));
	assert_false(child_may_start(set, "a"));
	assert_true(child_start(set, "a"));
	assert_false(child_is_running(set, "b"));
	assert_int_equal(child_reap(set), 1);
	child_end_all(set);
	assert_int_equal(child_reap(set), 0);
}

static void
a_full_set_starts_no_more(void **state)
{
	const struct child_plan plan = plan_of("long", 1);
	struct child_set *set = child_set_new(life, &plan);

	(void)state;
	assert_true(child_start(set, "a"));
	assert_false(child_may_start(set, "b"));
	assert_false(child_start(set, "b"));
	child_end_all(set);
}

static void
a_child_that_did_well_may_start_again_at_once(void **state)
{
	const struct child_plan plan = plan_of("well", 4);
	struct child_set *set = child_set_new(life, &plan);

	(void)state;
	assert_true(child_start(set, "a"));
	(void)wait_for_all(set);
	assert_true(child_may_start(set, "a"));
	assert_false(child_has_failed(set));
}

static void
a_child_that_failed_rests(void **state)
{
	const struct child_plan plan = plan_of("badly", 4);
	struct child_set *set = child_set_new(life, &plan);
	int64_t ended;

	(void)state;
	assert_true(child_start(set, "a"));
	ended = wait_for_all(set);
	assert_true(child_has_failed(set));
	assert_true(!child_start(set, "a") || clock_ms() - ended >= CHILD_REST_MS);
	assert_true(child_may_start(set, "b"));
	while (!child_may_start(set, "a") && clock_ms() < ended + 30000) {
		(void)poll(NULL, 0, 20);
		(void)child_reap(set);
	}
	assert_in_range(clock_ms() - ended, CHILD_REST_MS, CHILD_REST_MS + 20000);
}

static void
a_child_that_ignores_the_end_is_killed(void **state)
{
	const struct child_plan plan = plan_of("deaf", 4);
	struct child_set *set = child_set_new(life, &plan);
	int64_t since = clock_ms();

	(void)state;
	assert_true(child_start(set, "a"));
	(void)poll(NULL, 0, 300); /* until it ignores SIGTERM */
	child_end_all(set);
	assert_int_equal(child_reap(set), 0);
	assert_in_range(clock_ms() - since, 0, 20000);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_has_one_child),
		cmocka_unit_test(a_full_set_starts_no_more),
		cmocka_unit_test(a_child_that_did_well_may_start_again_at_once),
		cmocka_unit_test(a_child_that_failed_rests),
		cmocka_unit_test(a_child_that_ignores_the_end_is_killed),
	};
	int failed;

	if (argc > 1)
		return be_child(argv[1]);
	log_open("test_child");
	life = arena_new(4096);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(life);
	return failed;
}
