/* test_rate.c: each row of contract 6 about rates, and what is refused. */
#include "fixture.h"

#include "base/macro.h"
#include "router/rate.h"

/* Bug: a package that provisioning refuses was accepted, sold, and never usable. */
static bool
is_accepted(const char *bandwidth, const char *burst)
{
	struct rate r;

	return rate_read(bandwidth, &r) &&
	       (burst == NULL || burst[0] == '\0' || rate_burst_ok(burst));
}

static void
limits_are_the_packages_texts_swapped(void **state)
{
	/* clang-format off */
	static const struct {
		const char *bandwidth, *burst; int priority; const char *limit;
	} rows[] = {
		{ "10M/10M", NULL, 8, "10M/10M" },
		{ "100M/20M", NULL, 8, "20M/100M" },
		{ "100M/20M", "", 8, "20M/100M" },
		{ "1.5M/512k", NULL, 8, "512k/1.5M" },
		{ "1G/500M", NULL, 8, "500M/1G" },
		{ "2000000/1000000", NULL, 8, NULL },
		{ "100M/20M", NULL, 3, "20M/100M 0/0 0/0 0/0 3" },
		{ "100M/20M", "150M/30M", 8, "20M/100M 30M/150M 15M/75M 10/10" },
		{ "10M/5M", "20M/10M", 8, "5M/10M 10M/20M 3750k/7500k 10/10" },
		{ "10M/5M", "20M/10M", 2, "5M/10M 10M/20M 3750k/7500k 10/10 2" },
		{ "10M/5M", "20M/10M 8M/4M 16/12", 8, "5M/10M 10M/20M 4M/8M 12/16" },
		{ "10M/5M", "20M/10M 8M/4M 16/12", 1, "5M/10M 10M/20M 4M/8M 12/16 1" },
		{ "10M/5M", "15M/15M 10M/10M 10/10 5s/5s", 8, NULL },
		{ "10M/5M", "20M", 8, NULL },
		{ "10M", NULL, 8, NULL },
		{ "10M/", NULL, 8, NULL },
		{ "10M/5M ", NULL, 8, NULL },
		{ "0/0", NULL, 8, NULL },
		{ "1.25M/1M", NULL, 8, NULL },
		{ "1.5/1M", NULL, 8, NULL },
		{ "99999999999999999999G/1M", NULL, 8, NULL },
		{ "1000G/1k", NULL, 8, "1k/1000G" },
		{ "1000.1G/1M", NULL, 8, NULL },
		{ "10M/5M", "20M/10M 8M/4M 3601/12", 8, NULL },
		{ "10M/5M", "20M/10M 8M/4M 3600/12", 8, "5M/10M 10M/20M 4M/8M 12/3600" },
		{ NULL, NULL, 8, NULL },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < countof(rows); i++) {
		const char *got =
		    rate_limit(cx.mem, rows[i].bandwidth, rows[i].burst, rows[i].priority);

		assert_int_equal(is_accepted(rows[i].bandwidth, rows[i].burst), got != NULL);
		if (rows[i].limit == NULL)
			assert_null(got);
		else
			assert_string_equal(got, rows[i].limit);
	}
}

static void
limits_compare_as_numbers(void **state)
{
	/* clang-format off */
	static const struct { const char *a, *b; bool same; } rows[] = {
		{ "10M/10M", "10M", true },
		{ "10M/10M", "10000k/10000000", true },
		{ "1.5M/1M", "1500k/1M", true },
		{ "10M/20M", "20M/10M", false },
		{ "10M/10M", "10M/10M 0/0 0/0 0/0 8", true },
		{ "10M/10M", "10M/10M 0/0 0/0 0/0 7", false },
		{ "10M/10M 20M/20M 7500k/7500k 10/10", "10M 20M 7.5M 10", true },
		{ "10M/10M 20M/20M 7500k/7500k 10/10", "10M/10M", false },
		{ "10M/10M", "", false },
		{ "", "", true },
		{ NULL, "", true },
		{ "10M/10M", "fast", false },
		{ "10M/10M", "10M/10M 1 1 1 8 1 1", false },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < countof(rows); i++) {
		assert_int_equal(rate_limit_same(rows[i].a, rows[i].b), rows[i].same);
		assert_int_equal(rate_limit_same(rows[i].b, rows[i].a), rows[i].same);
	}
}

static void
times_compare_as_seconds(void **state)
{
	/* clang-format off */
	static const struct { const char *a, *b; bool same; } rows[] = {
		{ "10s/10s", "10/10", true },
		{ "1m30s/1h", "90s/3600s", true },
		{ "1d/1h1m1s", "86400/3661", true },
		{ "0s/0s", NULL, true },
		{ "10s/20s", "20s/10s", false },
		{ "10s", "10s/10s", false },
		{ "10s/", "10s/0s", false },
		{ "/", NULL, false },
		{ "", NULL, false },
		{ "1x/1x", "1s/1s", false },
		{ "10s/10s/", "10s/10s", false },
		{ "s/s", NULL, false },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < countof(rows); i++) {
		assert_int_equal(rate_times_same(rows[i].a, rows[i].b), rows[i].same);
		assert_int_equal(rate_times_same(rows[i].b, rows[i].a), rows[i].same);
	}
}

static void
queues_take_whole_numbers(void **state)
{
	struct rate_queue q;

	(void)state;
	assert_true(rate_queue(cx.mem, "2.5M/1.5M", NULL, 8, &q));
	assert_string_equal(q.max_limit, "1500k/2500k");
	assert_string_equal(q.priority, "8/8");
	assert_null(q.burst_limit);
	assert_true(rate_queue(cx.mem, "10M/5M", "20M/10M", 1, &q));
	assert_string_equal(q.burst_limit, "10M/20M");
	assert_string_equal(q.burst_threshold, "3750k/7500k");
	assert_string_equal(q.burst_time, "10s/10s");
	assert_string_equal(q.priority, "1/1");
	assert_true(rate_queue(cx.mem, "10M/5M", "20M/10M 8M/4M 16/12", 8, &q));
	assert_string_equal(q.burst_threshold, "4M/8M");
	assert_string_equal(q.burst_time, "12s/16s");
	assert_false(rate_queue(cx.mem, "10M", NULL, 8, &q));
}

static void
forms_the_api_asks_for(void **state)
{
	struct rate r;

	(void)state;
	assert_true(rate_read("100M/20M", &r));
	assert_int_equal(r.down, 100000000);
	assert_int_equal(r.up, 20000000);
	assert_false(rate_read("100M/20X", &r));
	assert_false(rate_read("-1M/1M", &r));
	assert_true(rate_burst_ok("20M/20M"));
	assert_true(rate_burst_ok("20M/20M 8M/8M 10/10"));
	assert_false(rate_burst_ok(""));
	assert_false(rate_burst_ok("20M/20M 8M/8M"));
	assert_false(rate_burst_ok("20M/20M 8M/8M 10k/10k"));
	assert_false(rate_burst_ok("20M/20M 8M/8M 0/10"));
	assert_false(rate_burst_ok("15M/15M 10M/10M 10/10 5s/5s"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_the_packages_texts_swapped),
		cmocka_unit_test(limits_compare_as_numbers),
		cmocka_unit_test(times_compare_as_seconds),
		cmocka_unit_test(queues_take_whole_numbers),
		cmocka_unit_test(forms_the_api_asks_for),
	};

	return cmocka_run_group_tests_name("rate", tests, setup, teardown);
}
