/* test_report.c: a run of billing as people read it. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "billing/report.h"

static const char *
printed(const struct billing_line *l)
{
	char *text = NULL;
	const char *kept;
	size_t n = 0;
	FILE *file = open_memstream(&text, &n);

	assert_non_null(file);
	report_line(file, l);
	(void)fclose(file);
	kept = arena_strdup(cx.mem, text);
	free(text);
	return kept;
}

static void
a_line_names_the_bill_and_the_customer(void **state)
{
	static const struct billing_line bill = { .step = "renew",
		.outcome = "done",
		.invoice_number = "INV-20261201-0004",
		.amount = 150000,
		.due_date = "2026-12-07",
		.username = "ani@home",
		.customer_name = "Ani Lestari",
		.detail = "" };
	static const struct billing_line held = { .step = "suspend",
		.outcome = "held",
		.detail = "Midtrans gave no answer" };
	static const struct billing_line bare = { .step = "late", .outcome = "done" };

	(void)state;
	assert_string_equal(printed(&bill),
	    "renew    done    INV-20261201-0004          150000  2026-12-07  ani@home  "
	    "Ani Lestari\n");
	assert_string_equal(printed(&held),
	    "suspend  held    -                               0  -           -  -  "
	    "(Midtrans gave no answer)\n");
	assert_string_equal(printed(&bare),
	    "late     done    -                               0  -           -  -\n");
}

#define NONE(step) step ": 0 done, 0 refused, 0 skipped, 0 held, 0 failed\n"
#define BEGUN      "begin: 1 done, 2 refused, 3 skipped, 4 held, 5 failed\n"
#define GUARDED                                                                                    \
	"suspend: 1 were due, more than the guard allows: none was switched off (--force does it)\n"

static void
totals_name_each_step(void **state)
{
	struct billing_report rep = { .date = "2026-12-01", .dry_run = true };

	(void)state;
	assert_string_equal(report_totals(cx.mem, &rep),
	    NONE("begin") NONE("renew") NONE("overdue") NONE("late") NONE("expire") NONE("suspend")
		NONE("remind") "2026-12-01: dry run, nothing changed");
	rep = (struct billing_report){ .date = "2026-12-01", .missed = "2026-11-30" };
	rep.count[BILLING_BEGIN] =
	    (struct billing_count){ .done = 1, .refused = 2, .skipped = 3, .held = 4, .failed = 5 };
	rep.count[BILLING_SUSPEND].guarded = 1;
	assert_string_equal(report_totals(cx.mem, &rep),
	    "days without a run: 2026-11-30\n" BEGUN NONE("renew") NONE("overdue") NONE("late")
		NONE("expire") NONE("suspend") GUARDED NONE("remind") "2026-12-01: done");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_line_names_the_bill_and_the_customer),
		FIXTURE_TEST(totals_name_each_step),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
