/* test_billing_chunk.c: how large a chunk is, and that all candidates are in one; their
 * transactions: test_billing.c. */
#include "rows.h"

#include "billing/billing_int.h"
#include "still_clock.h"

/* Above 150 ms it is halved, below 60 ms it is doubled; within bounds. */
static void
a_chunk_follows_the_time_of_the_last_one(void **state)
{
	static const struct {
		size_t size;
		int64_t took;
		size_t next;
	} cases[] = { { 256, 151, 128 }, { 256, 150, 256 }, { 256, 60, 256 }, { 256, 59, 512 },
		{ 17, 151, 8 }, { 16, 151, 16 }, { 512, 0, 1024 }, { 1024, 0, 1024 } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		if (billing_next_size(cases[i].size, cases[i].took) != cases[i].next)
			fail_msg("%zu after %d ms", cases[i].size, (int)cases[i].took);
}

/* A step that does nothing: each candidate with the size of its chunk. */
static const struct db_stmt nothing = { NULL,
	"SELECT 'unit' AS step,"
	" CASE WHEN $2::date IS NULL THEN 'failed' ELSE 'done' END AS outcome,"
	" id::text AS subscription_id, NULL AS invoice_number, NULL AS customer_name,"
	" NULL AS username, cardinality($1::uuid[])::bigint AS amount, NULL AS due_date,"
	" NULL AS detail FROM unnest($1::uuid[]) WITH ORDINALITY AS c (id, n) ORDER BY n",
	2 };

enum { CANDIDATES = 600 };

static struct {
	const char *ids[CANDIDATES];
	size_t n;
	int64_t size;
} seen;

static void
see(void *arg, const struct billing_line *l)
{
	(void)arg;
	assert_true(seen.n < CANDIDATES);
	assert_string_equal(l->subscription_id, seen.ids[seen.n++]);
	seen.size = l->amount;
}

/* Each candidate once and in its order, whichever chunk it is in. The first chunk has taken no
 * time: the second is twice as large, and holds all the rest. */
static void
all_candidates_are_in_a_chunk(void **state)
{
	static const struct step step = { "unit", &nothing };
	static const size_t numbers[] = { 0, 1, 256, 257, CANDIDATES };
	static const int64_t last[] = { 0, 1, 256, 1, CANDIDATES - 256 };
	const struct billing_options opt = { .date = "1999-01-25" };

	(void)state;
	for (size_t i = 0; i < CANDIDATES; i++)
		seen.ids[i] = crypt_uuid(&cx);
	for (size_t i = 0; i < countof(numbers); i++) {
		struct billing_report rep = { .lines = sb_new(cx.mem), .not_done = sb_new(cx.mem) };
		struct run run = { .cx = &cx, .opt = &opt, .show = see, .rep = &rep };
		struct billing_count count = { 0 };
		const struct work all = { &step, &count, seen.ids, numbers[i] };

		seen.n = 0;
		seen.size = 0;
		assert_int_equal(billing_run_chunks(&run, &all), RC_OK);
		assert_int_equal(seen.n, numbers[i]);
		assert_int_equal(count.done, numbers[i]);
		assert_int_equal(seen.size, last[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chunk_follows_the_time_of_the_last_one),
		cmocka_unit_test(all_candidates_are_in_a_chunk),
	};

	return cmocka_run_group_tests_name("billing/chunk", tests, rows_open, rows_close);
}
