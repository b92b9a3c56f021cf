/*
 * An operator gives away up to bounds (a discount, days, the date of a payment), at each
 * address that gives: the same request is refused there to an operator and done for an admin.
 */
#include "subscriber.h"

static const char *clerk;

struct act {
	const char *method, *path, *body, *code;
};

/* Refused to an operator with the code of its bound, and to nobody else. */
static void
is_bounded(struct act act)
{
	struct answer a = ask_as(clerk, act.method, act.path, act.body);

	if (a.status != 403)
		fail_msg("%s %s %s: %d %s", act.method, act.path, act.body, a.status, a.body);
	assert_string_equal(text(&a, "code"), act.code);
	a = ask_it(act.method, act.path, act.body);
	if (a.status >= 300)
		fail_msg("%s %s %s: %d %s", act.method, act.path, act.body, a.status, a.body);
}

static int
begin(void **state)
{
	(void)ask_begin(state);
	clerk = user_with("operator", "\"*\"");
	return 0;
}

#define BOUNDS_TEST(f) cmocka_unit_test_setup_teardown(f, begin, ask_end)

/* An operator may lower no bill by a rupiah (operator_discount_max). */
static void
discounts_are_bounded(void **state)
{
	struct subscriber s = sign_up("");
	const char *items = FMT("%s/items", s.path), *item;

	(void)state;
	is_bounded((struct act){ "POST", items,
	    "{\"kind\":\"discount\",\"text\":\"t\",\"amount\":1}", "discount_bound" });
	item = id_of(ask_as(clerk, "POST", items,
	    "{\"kind\":\"item\",\"text\":\"camera\",\"amount\":1000}"));
	assert_string_not_equal(item, "");
	item =
	    id_of(want(201, "POST", items, "{\"kind\":\"discount\",\"text\":\"t\",\"amount\":1}"));
	is_bounded(
	    (struct act){ "PATCH", FMT("%s/%s", items, item), "{\"amount\":2}", "discount_bound" });
	is_bounded((struct act){ "POST", FMT("%s/prepay", s.path), "{\"periods\":2,\"discount\":1}",
	    "discount_bound" });
}

static void
lower_bills_are_bounded(void **state)
{
	struct subscriber s = sign_up(",\"issue_invoice\":true");
	const char *bill = FMT("/api/invoices/%s", only_invoice(&s)), *fee;

	(void)state;
	is_bounded((struct act){ "DELETE", FMT("%s?waive=1", bill), NULL, "discount_bound" });
	fee = FMT("{\"subscription_id\":\"%s\",\"kind\":\"other\",\"amount\":5000}", s.id);
	bill = FMT("/api/invoices/%s", id_of(want(201, "POST", "/api/invoices", fee)));
	is_bounded((struct act){ "PATCH", bill, "{\"amount\":4999}", "discount_bound" });
	is_bounded((struct act){ "DELETE", bill, NULL, "discount_bound" });
}

/* Each bill of a bulk act has its own outcome. */
static void
bills_cancelled_in_bulk_are_bounded(void **state)
{
	struct subscriber s = sign_up("");
	const char *fee =
	    FMT("{\"subscription_id\":\"%s\",\"kind\":\"other\",\"amount\":5000}", s.id);
	const char *act = FMT("{\"act\":\"cancel\",\"ids\":[\"%s\"]}",
	    id_of(want(201, "POST", "/api/invoices", fee)));
	struct answer a = ask_as(clerk, "POST", "/api/invoices/bulk", act);

	(void)state;
	assert_non_null(strstr(a.body, "\"discount_bound\""));
	a = want(200, "POST", "/api/invoices/bulk", act);
	assert_non_null(strstr(a.body, "\"ok\":true"));
}

/* An operator may give three days (operator_days_max). */
static void
days_are_bounded(void **state)
{
	struct subscriber s = sign_up("");

	(void)state;
	assert_int_equal(ask_as(clerk, "POST", FMT("%s/days", s.path), "{\"days\":3}").status, 200);
	is_bounded((struct act){ "POST", FMT("%s/days", s.path), "{\"days\":4}", "days_bound" });
	is_bounded((struct act){ "PATCH", s.path, "{\"end_date\":\"2026-05-31\"}", "days_bound" });
	is_bounded((struct act){ "POST", "/api/subscriptions",
	    FMT("{\"customer_id\":\"%s\",\"package_id\":\"%s\",\"mikrotik_username\":\"%sx\","
		"\"mikrotik_password\":\"p\",\"start_date\":\"2026-03-02\","
		"\"end_date\":\"2026-03-05\"}",
		s.customer, s.package, s.username),
	    "days_bound" });
}

/* An operator may date a payment today or yesterday, and undo cash of the same day alone. */
static void
payments_are_bounded(void **state)
{
	struct subscriber s = sign_up(",\"issue_invoice\":true");
	const char *bill = only_invoice(&s);
	struct answer a;

	(void)state;
	is_bounded((struct act){ "POST", "/api/payments",
	    FMT("{\"invoice_id\":\"%s\",\"amount\":1000,\"payment_date\":\"2026-02-28\"}", bill),
	    "payment_date_bound" });
	is_bounded((struct act){ "POST", FMT("/api/invoices/%s/mark-paid", bill),
	    "{\"amount\":2000,\"payment_date\":\"2026-02-28\"}", "payment_date_bound" });
	a = ask_as(clerk, "POST", "/api/payments",
	    FMT("{\"invoice_id\":\"%s\",\"amount\":3000,\"method\":\"transfer\"}", bill));
	is_bounded((
	    struct act){ "DELETE", FMT("/api/payments/%s", id_of(a)), NULL, "payment_undo_bound" });
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOUNDS_TEST(discounts_are_bounded),
		BOUNDS_TEST(lower_bills_are_bounded),
		BOUNDS_TEST(bills_cancelled_in_bulk_are_bounded),
		BOUNDS_TEST(days_are_bounded),
		BOUNDS_TEST(payments_are_bounded),
	};

	return cmocka_run_group_tests_name("bounds", tests, ask_open, ask_close);
}
