/*
 * Recurring extras and discounts of a line, charges of a customer, days given, periods paid ahead:
 * what is entered stands on the next bill, and what is refused changes nothing. Covers charge.c
 * and days.c.
 */
#include "subscriber.h"

/* The number of rows of a list. */
static int64_t
total(const char *path)
{
	struct answer a = want(200, "GET", path, NULL);

	return number(&a, "total");
}

static void
an_item_is_entered_changed_and_removed(void **state)
{
	struct subscriber s = sign_up("");
	const char *items = FMT("%s/items", s.path), *item;
	struct answer a;

	(void)state;
	a = want(201, "POST", items,
	    "{\"kind\":\"item\",\"text\":\"camera\",\"amount\":1000,\"quantity\":2}");
	assert_int_equal(number(&a, "amount"), 1000);
	assert_string_equal(text(&a, "subscription_id"), s.id);
	item = FMT("%s/%s", items, text(&a, "id"));
	a = want(200, "PATCH", item, "{\"amount\":1500}");
	assert_int_equal(number(&a, "amount"), 1500);
	assert_string_equal(text(&a, "text"), "camera");
	assert_int_equal(total(items), 1);
	(void)want(204, "DELETE", item, NULL);
	assert_int_equal(total(items), 0);
	(void)want(404, "DELETE", item, NULL);
}

static void
an_item_that_is_refused_is_none(void **state)
{
	struct subscriber s = sign_up(""), other = sign_up("");
	const char *items = FMT("%s/items", s.path), *id, *item;
	struct answer a;

	(void)state;
	a = want(422, "POST", items, "{\"kind\":\"item\",\"text\":\"t\",\"percent\":10}");
	assert_true(names(&a, "percent"));
	assert_int_equal(total(items), 0);
	id = id_of(want(201, "POST", items, "{\"kind\":\"item\",\"text\":\"t\",\"amount\":1}"));
	item = FMT("%s/%s", items, id);
	a = want(422, "PATCH", item, "{\"percent\":10}");
	assert_true(names(&a, "percent"));
	a = want(422, "PATCH", item, "{\"amount\":2,\"quantity\":0}");
	assert_true(names(&a, "quantity"));
	(void)want(404, "PATCH", FMT("%s/items/%s", other.path, id), "{\"amount\":2}");
	(void)want(404, "DELETE", FMT("%s/items/%s", other.path, id), NULL);
	a = want(200, "GET", items, NULL);
	assert_non_null(strstr(a.body, "\"amount\":1,"));
}

/* One for the next bill, and one with a bill of its own. */
static void
a_charge_waits_or_has_its_own_bill(void **state)
{
	struct subscriber s = sign_up("");
	const char *charges = FMT("/api/customers/%s/charges", s.customer);
	struct answer a;

	(void)state;
	a = want(201, "POST", charges, "{\"text\":\"cable\",\"amount\":5000,\"quantity\":3}");
	assert_string_equal(text(&a, "kind"), "charge");
	assert_string_equal(text(&a, "customer_id"), s.customer);
	assert_string_equal(text(&a, "invoice_number"), "");
	a = want(201, "POST", charges, "{\"text\":\"mast\",\"amount\":7000,\"own_bill\":true}");
	assert_string_not_equal(text(&a, "invoice_number"), "");
	a = want(422, "POST", charges, "{\"text\":\"\",\"amount\":0}");
	assert_true(names(&a, "text") && names(&a, "amount"));
	assert_int_equal(total(charges), 2);
}

static void
days_are_given_and_taken_back(void **state)
{
	struct subscriber s = sign_up("");
	const char *days = FMT("%s/days", s.path);
	const int64_t before = total(days);
	struct answer a;

	(void)state;
	a = want(200, "POST", days, "{\"days\":5,\"reason\":\"outage\"}");
	assert_string_equal(text(&a, "end_date"), "2026-04-05");
	a = want(200, "POST", days, "{\"days\":-2}");
	assert_string_equal(text(&a, "end_date"), "2026-04-03");
	a = want(422, "POST", days, "{\"days\":0}");
	assert_true(names(&a, "days"));
	assert_int_equal(total(days), before + 2);
}

static void
a_pause_begins_and_ends(void **state)
{
	struct subscriber s = sign_up("");
	struct answer a;

	(void)state;
	(void)want(409, "POST", FMT("%s/resume", s.path), NULL);
	a = want(200, "POST", FMT("%s/pause", s.path), "{\"reason\":\"away\"}");
	assert_string_equal(text(&a, "status"), "suspended");
	(void)want(409, "POST", FMT("%s/pause", s.path), NULL);
	a = want(200, "POST", FMT("%s/resume", s.path), NULL);
	assert_string_equal(text(&a, "status"), "active");
}

static void
periods_are_paid_ahead(void **state)
{
	struct subscriber s = sign_up("");
	const char *prepay = FMT("%s/prepay", s.path);
	struct answer a = want(200, "POST", prepay, "{\"periods\":3,\"dry_run\":true}");

	(void)state;
	assert_int_equal(number(&a, "amount"), 450000);
	(void)want(200, "POST", FMT("%s?dry_run=1", prepay), "{\"periods\":3}");
	a = want(422, "POST", FMT("%s?dry_run=maybe", prepay), "{\"periods\":3}");
	assert_true(names(&a, "dry_run"));
	assert_int_equal(total(FMT("/api/invoices?subscription_id=%s", s.id)), 0);
	a = want(201, "POST", prepay, "{\"periods\":2,\"discount\":10000}");
	assert_int_equal(number(&a, "amount"), 290000);
	assert_string_equal(text(&a, "period_start"), "2026-04-01");
	assert_int_equal(total(FMT("/api/invoices?kind=prepay&subscription_id=%s", s.id)), 1);
	a = want(422, "POST", prepay, "{\"periods\":1}");
	assert_true(names(&a, "periods"));
}

static void
a_package_is_changed_after_a_rehearsal(void **state)
{
	struct subscriber s = sign_up("");
	const char *change = FMT("%s/change", s.path), *wanted = package(300000);
	struct answer a = want(200, "POST", change,
	    FMT("{\"package_id\":\"%s\",\"prorate\":true,\"dry_run\":true}", wanted));

	(void)state;
	assert_string_equal(text(&a, "effective_from"), "2026-03-02");
	(void)want(200, "POST", FMT("%s?dry_run=1", change),
	    FMT("{\"package_id\":\"%s\"}", wanted));
	a = want(200, "GET", s.path, NULL);
	assert_string_equal(text(&a, "package_id"), s.package);
	(void)want(200, "POST", change, FMT("{\"package_id\":\"%s\"}", wanted));
	a = want(200, "GET", s.path, NULL);
	assert_string_equal(text(&a, "package_id"), wanted);
	a = want(422, "POST", change, FMT("{\"package_id\":\"%s\"}", nowhere));
	assert_true(names(&a, "package_id"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ASK_TEST(an_item_is_entered_changed_and_removed),
		ASK_TEST(an_item_that_is_refused_is_none),
		ASK_TEST(a_charge_waits_or_has_its_own_bill),
		ASK_TEST(days_are_given_and_taken_back),
		ASK_TEST(a_pause_begins_and_ends),
		ASK_TEST(periods_are_paid_ahead),
		ASK_TEST(a_package_is_changed_after_a_rehearsal),
	};

	return cmocka_run_group_tests_name("charge", tests, ask_open, ask_close);
}
