/* test_billing_line.c: the lines of a run and their counts; the whole report: test_billing.c. */
#include "fixture.h"

#include <string.h>

#include "billing/billing_int.h"

enum { KEPT_MOST = 1000 };

static struct billing_report rep;
static struct billing_count counted;

static void
put(billing_fn show, void *arg, const char *outcome)
{
	struct run run = { .cx = &cx, .show = show, .arg = arg, .rep = &rep };
	const struct work w = { .step = &billing_steps[BILLING_RENEW], .count = &counted };

	billing_put_line(&run, &w,
	    &(struct billing_line){ .step = "renew", .outcome = outcome, .username = "ani" });
}

static void
begin_report(void)
{
	rep = (struct billing_report){ .lines = sb_new(cx.mem), .not_done = sb_new(cx.mem) };
	counted = (struct billing_count){ 0 };
}

#define LINE(outcome)                                                                              \
	"{\"step\":\"renew\",\"outcome\":\"" outcome                                               \
	"\",\"subscription_id\":null,\"username\":\"ani\",\"customer_name\":null,"                 \
	"\"invoice_number\":null,\"amount\":0,\"due_date\":null,\"detail\":null}"

static void
each_outcome_is_counted_and_all_but_done_are_kept(void **state)
{
	static const char *const outcomes[] = { "done", "refused", "held", "failed", "failed",
		"skipped" };

	(void)state;
	begin_report();
	for (size_t i = 0; i < countof(outcomes); i++)
		put(NULL, NULL, outcomes[i]);
	assert_int_equal(counted.done, 1);
	assert_int_equal(counted.refused, 1);
	assert_int_equal(counted.held, 1);
	assert_int_equal(counted.failed, 2);
	assert_int_equal(counted.skipped, 1);
	assert_string_equal(rep.not_done.buf, LINE("refused") "," LINE("held") "," LINE(
						  "failed") "," LINE("failed") "," LINE("skipped"));
	assert_memory_equal(rep.lines.buf, LINE("done") ",", sizeof(LINE("done")));
}

static void
count_shown(void *arg, const struct billing_line *l)
{
	assert_string_equal(l->username, "ani");
	++*(int *)arg;
}

/* The list of runs keeps a thousand lines of one; who takes the lines gets them all. */
static void
a_thousand_lines_are_kept(void **state)
{
	int shown = 0;

	(void)state;
	begin_report();
	for (int i = 0; i <= KEPT_MOST; i++)
		put(count_shown, &shown, "held");
	assert_int_equal(shown, KEPT_MOST + 1);
	assert_int_equal(counted.held, KEPT_MOST + 1);
	assert_int_equal(rep.nnot_done, KEPT_MOST);
	assert_int_equal(rep.not_done.len, KEPT_MOST * sizeof(LINE("held")) - 1);
	assert_int_equal(rep.lines.len, 0);
}

static void
failures_are_all_that_was_not_done(void **state)
{
	(void)state;
	rep = (struct billing_report){ 0 };
	rep.count[BILLING_BEGIN] =
	    (struct billing_count){ .done = 1, .refused = 2, .skipped = 4, .failed = 8 };
	rep.count[BILLING_REMIND] = (struct billing_count){ .held = 16, .guarded = 32 };
	assert_int_equal(billing_failed(&rep), 56);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(each_outcome_is_counted_and_all_but_done_are_kept),
		FIXTURE_TEST(a_thousand_lines_are_kept),
		FIXTURE_TEST(failures_are_all_that_was_not_done),
	};

	return cmocka_run_group_tests_name("billing/line", tests, NULL, NULL);
}
