#include "unit.h"

#include <string.h>

#include "base/macro.h"
#include "base/value.h"

typedef bool is_fn(const char *);

static void
all_are(bool what, is_fn *is, const char *const *texts)
{
	for (; *texts != NULL; texts++)
		if (is(*texts) != what)
			fail_msg("%s", *texts);
}

static void
uuids(void **state)
{
	static const char *const good[] = { "00000000-0000-4000-8000-000000000000",
		"ABCDEFab-cdef-0123-4567-89abCDEF0000", NULL };
	static const char *const bad[] = { "", "1", "00000000-0000-4000-8000-00000000000",
		"00000000-0000-4000-8000-0000000000000", "00000000_0000-4000-8000-000000000000",
		"g0000000-0000-4000-8000-000000000000", "{0000000-0000-4000-8000-000000000000",
		"00000000-0000-4000-8000-000000000000 ", NULL };

	(void)state;
	all_are(true, value_is_uuid, good);
	all_are(false, value_is_uuid, bad);
}

static void
dates_are_days_of_the_calendar(void **state)
{
	static const char *const good[] = { "2026-01-31", "2024-02-29", "2000-02-29", "1900-01-01",
		"2999-12-31", NULL };
	static const char *const bad[] = { "2026-02-29", "1900-02-29", "2100-02-29", "2026-04-31",
		"2026-00-10", "2026-13-01", "2026-01-00", "2026-01-32", "1899-12-31", "3000-01-01",
		"2026-1-01", "26-01-01", "2026-01-01 ", "2026-01-01T00:00", "2026/01/01", "",
		NULL };

	(void)state;
	all_are(true, value_is_date, good);
	all_are(false, value_is_date, bad);
}

static void
times_are_of_a_day_and_a_zone(void **state)
{
	static const char *const good[] = { "2026-01-02T03:04", "2026-01-02 23:59:59",
		"2026-01-02T03:04:05.1", "2026-01-02T03:04:05.123456789Z", "2026-01-02T00:00Z",
		"2026-01-02T03:04:05+07:00", "2026-01-02T03:04-15:59", NULL };
	static const char *const bad[] = { "2026-01-02", "2026-02-30T03:04", "2026-01-02T24:00",
		"2026-01-02T03:60", "2026-01-02T03:04:60", "2026-01-02T3:04", "2026-01-02T03",
		"2026-01-02t03:04", "2026-01-02T03:04z", "2026-01-02T03:04:05.",
		"2026-01-02T03:04:05.1234567890", "2026-01-02T03:04.5", "2026-01-02T03:04+7:00",
		"2026-01-02T03:04+16:00", "2026-01-02T03:04+07:60", "2026-01-02T03:04+0700",
		"2026-01-02T03:04 +07:00", "2026-01-02T03:04Zx", NULL };

	(void)state;
	all_are(true, value_is_time, good);
	all_are(false, value_is_time, bad);
}

static void
addresses_of_mail(void **state)
{
	static const char *const good[] = { "a@b.c", "ani.wati+isp@mail.example.co.id",
		"o'brien@example.net", "1@1-2.x", NULL };
	static const char *const bad[] = { "", "@", "a@", "@b.c", "a@b", "a@b.", "a@.b", "a@b..c",
		"a..b@c.d", ".a@b.c", "a.@b.c", "a b@c.d", "a@b_c.d", "a@-b.c", "a@b-.c", "a@b@c.d",
		"a@b.c\n", "é@b.c", "a@b.c ", "\"a\"@b.c", NULL };

	(void)state;
	all_are(true, value_is_email, good);
	all_are(false, value_is_email, bad);
}

/* 64 before the at, 63 between dots. */
static void
parts_of_mail_addresses_have_a_length(void **state)
{
	char text[80];

	(void)state;
	for (size_t n = 60; n < 70; n++) {
		memset(text, 'x', n);
		memcpy(text + n, "@b.c", 5);
		assert_int_equal(value_is_email(text), n <= 64);
		memset(text + 2, 'x', n);
		memcpy(text, "a@", 2);
		memcpy(text + 2 + n, ".c", 3);
		assert_int_equal(value_is_email(text), n <= 63);
	}
}

static void
whole_numbers_are_exact(void **state)
{
	static const struct {
		const char *text;
		int64_t val;
	} good[] = { { "0", 0 }, { "-0", 0 }, { "0.000", 0 }, { "5", 5 }, { "-3", -3 },
		{ "5.0", 5 }, { "5e2", 500 }, { "5E+2", 500 }, { "500e-2", 5 }, { "12.50e1", 125 },
		{ "0.5e1", 5 }, { "007", 7 }, { "0e9999", 0 }, { "0e-9999", 0 },
		{ "999999999999999999", 999999999999999999 },
		{ "-999999999999999999", -999999999999999999 }, { "1e17", 100000000000000000 },
		{ "100000000000000000000e-20", 1 } };
	int64_t val;

	(void)state;
	for (size_t i = 0; i < countof(good); i++) {
		assert_true(value_whole(good[i].text, strlen(good[i].text), &val));
		assert_int_equal(val, good[i].val);
	}
}

static void
a_number_with_a_fraction_is_refused(void **state)
{
	static const char *const bad[] = { "", "-", ".", ".5", "5.", "5.5", "5e", "5e+", "5e-1",
		"e5", "+5", " 5", "5 ", "1,000", "0x10", "--5", "5e99999", "1000000000000000000",
		"1e18", "1e9999", "5.000000000000000000000000001", "5e1.0", "1.2.3", "NaN", "Inf" };
	int64_t val = 42;

	(void)state;
	for (size_t i = 0; i < countof(bad); i++)
		if (value_whole(bad[i], strlen(bad[i]), &val))
			fail_msg("%s", bad[i]);
	assert_int_equal(val, 42); /* untouched on failure */
}

/* The text is part of a body: what stands behind it is not its business. */
static void
only_so_many_bytes_are_read(void **state)
{
	char digits[80];
	int64_t val;

	(void)state;
	assert_true(value_whole("123}", 3, &val));
	assert_int_equal(val, 123);
	assert_true(value_whole("1.5", 1, &val));
	assert_int_equal(val, 1);
	memset(digits, '0', sizeof(digits));
	assert_true(value_whole(digits, 64, &val));
	assert_false(value_whole(digits, 65, &val));
}

/* Bug: "150.000" was booked as 150 rupiah: in Indonesia the point separates thousands. */
static void
money_as_text_is_strict(void **state)
{
	static const char *const good[] = { "150000", "150000.0", "150000.00" };
	static const char *const bad[] = { "150.000", "150000.", "150000.000", "150,000", "1.5",
		"1e5", "", " 1", "1 ", "+1", "Rp1", ".0", "-" };
	int64_t n;

	(void)state;
	for (size_t i = 0; i < countof(good); i++) {
		assert_true(value_whole_text(good[i], &n));
		assert_int_equal(n, 150000);
	}
	for (size_t i = 0; i < countof(bad); i++)
		if (value_whole_text(bad[i], &n))
			fail_msg("%s", bad[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uuids),
		cmocka_unit_test(dates_are_days_of_the_calendar),
		cmocka_unit_test(times_are_of_a_day_and_a_zone),
		cmocka_unit_test(addresses_of_mail),
		cmocka_unit_test(parts_of_mail_addresses_have_a_length),
		cmocka_unit_test(whole_numbers_are_exact),
		cmocka_unit_test(a_number_with_a_fraction_is_refused),
		cmocka_unit_test(only_so_many_bytes_are_read),
		cmocka_unit_test(money_as_text_is_strict),
	};

	return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
